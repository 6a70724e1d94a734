"""The keys that stored replies are found by."""

from __future__ import annotations

from cyclspec.compiler.plan.reads import Labels, Options, Writing
from cyclspec.compiler.plan.requests import request_key


def test_a_first_token_key_is_the_one_that_stores_were_written_with() -> None:
    key = request_key("d0", (1, 5, 9), Labels(((3, 4), (7,))), "float32")
    assert key == "7d1e2e6dcecd7b1a262385ff2be494f79455ea0e12069b7cd4cc9e3d1332856e"


def test_a_key_names_all_that_an_answer_depends_on() -> None:
    options = Options(ids=((3, 4), (7,)), byte_counts=(5, 2), context=())
    writing = Writing(temperature=0.7, top_p=0.9, max_tokens=8, stop_ids=(2,), seed=(0, 1))
    keys = [
        request_key("d0", (1, 5), Labels(((3, 4), (7,))), "float32"),
        request_key("d1", (1, 5), Labels(((3, 4), (7,))), "float32"),
        request_key("d0", (1, 6), Labels(((3, 4), (7,))), "float32"),
        request_key("d0", (1, 5), Labels(((3,), (4, 7))), "float32"),
        request_key("d0", (1, 5), Labels(((3, 4), (7,))), "bfloat16"),
        request_key("d0", (1, 5), options, "float32"),
        request_key("d0", (1, 5), Options(((3,), (4, 7)), (5, 2), ()), "float32"),
        request_key("d0", (1, 5), Options(((3, 4), (7,)), (6, 2), ()), "float32"),
        request_key("d0", (1, 5), Options(((3, 4), (7,)), (5, 2), (1,)), "float32"),
        request_key("d0", (1, 5), writing, "float32"),
        request_key("d0", (1, 5), Writing(0.8, 0.9, 8, (2,), (0, 1)), "float32"),
        request_key("d0", (1, 5), Writing(0.7, 0.8, 8, (2,), (0, 1)), "float32"),
        request_key("d0", (1, 5), Writing(0.7, 0.9, 9, (2,), (0, 1)), "float32"),
        request_key("d0", (1, 5), Writing(0.7, 0.9, 8, (3,), (0, 1)), "float32"),
        request_key("d0", (1, 5), Writing(0.7, 0.9, 8, (2,), (0, 2)), "float32"),
    ]
    assert len(set(keys)) == len(keys)
