"""Stored replies: numbers and texts come back as they were, old parts are read, what is no reply is not believed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec.compiler.readings.likeliest import TopTokens
from cyclspec.compiler.readings.reading import Served, WrittenText
from cyclspec.runtime.store.files import parquet_bytes
from cyclspec.runtime.store.replies import ReplyStore

DIGEST = "d" * 64
NUMBERS = np.array([-0.1, -np.inf, -3.25e-7], dtype=np.float32)


def put(folder: Path, table: pa.Table) -> Path:
    """A part as something else may have written it, under the name of its content."""
    data = parquet_bytes(table)
    part = folder / DIGEST[:16] / f"{hashlib.sha256(data).hexdigest()[:32]}.parquet"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(data)
    return part


def part_of(rows: list[dict[str, Any]], version: str) -> pa.Table:
    schema = pa.schema(
        [
            pa.field("request", pa.string()),
            pa.field("logprobs", pa.list_(pa.float32())),
            pa.field("token_ids", pa.list_(pa.int32())),
            pa.field("text", pa.string()),
            pa.field("ended", pa.string()),
        ],
        metadata={"schema_version": version},
    )
    return pa.Table.from_pylist(rows, schema=schema)


def test_numbers_and_texts_come_back_as_they_were(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    text = WrittenText((7, 0, 9), " Guten \n Tag \N{PILE OF POO}", "length")
    empty = WrittenText((), "", "stop")
    served = Served("far-1", "fp_1")
    refused = WrittenText((), "No.", "refused", served)
    likeliest = TopTokens(("A", " A", ""), (-0.1, -2.5, -9999.0), served)
    store.add(DIGEST, {"a": NUMBERS, "b": text, "c": empty, "d": refused, "e": likeliest})
    found = ReplyStore(tmp_path).find(DIGEST, ["a", "b", "c", "d", "e", "x"])
    assert isinstance(found["a"], np.ndarray)
    assert (found["a"].dtype, found["a"].tolist()) == (np.float32, NUMBERS.tolist())
    assert {key: found[key] for key in "bcde"} == {"b": text, "c": empty, "d": refused, "e": likeliest}
    assert "x" not in found
    parts = list(tmp_path.glob("*/*.parquet"))
    store.add(DIGEST, {"e": likeliest, "d": refused, "c": empty, "b": text, "a": NUMBERS})
    assert list(tmp_path.glob("*/*.parquet")) == parts


@given(st.lists(st.integers(0, 2**31 - 1)), st.text(), st.sampled_from(["stop", "length"]))
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, ids: list[int], text: str, ended: Any
) -> None:
    reply = WrittenText(tuple(ids), text.encode("utf-8", "replace").decode(), ended)
    store = ReplyStore(tmp_path_factory.mktemp("replies"))
    store.add(DIGEST, {"a": reply})
    assert store.find(DIGEST, ["a"]) == {"a": reply}


def test_parts_of_the_first_schema_are_read(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            pa.field("request", pa.string(), nullable=False),
            pa.field("logprobs", pa.list_(pa.float32()), nullable=False),
        ],
        metadata={"schema_version": "1"},
    )
    put(tmp_path, pa.table({"request": ["a"], "logprobs": [NUMBERS.tolist()]}, schema=schema))
    store = ReplyStore(tmp_path)
    store.add(DIGEST, {"b": WrittenText((1,), "x", "stop")})
    found = store.find(DIGEST, ["a", "b"])
    assert np.asarray(found["a"]).tolist() == NUMBERS.tolist()
    assert found["b"] == WrittenText((1,), "x", "stop")
    assert store.damaged == []


def test_parts_of_a_later_schema_are_left_alone(tmp_path: Path) -> None:
    part = put(tmp_path, part_of([{"request": "a", "logprobs": [0.0]}], "4"))
    store = ReplyStore(tmp_path)
    assert store.find(DIGEST, ["a"]) == {}
    assert (part.exists(), store.damaged) == (True, [])


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"logprobs": [0.0], "text": "x"},
        {"token_ids": [1], "text": "x"},
        {"token_ids": [1], "text": "x", "ended": "never"},
        {"logprobs": [0.0], "token_ids": [1], "text": "x", "ended": "stop"},
    ],
)
def test_what_is_no_reply_is_set_aside(tmp_path: Path, row: dict[str, Any]) -> None:
    part = put(tmp_path, part_of([{"request": "a", **row}], "2"))
    store = ReplyStore(tmp_path)
    assert store.find(DIGEST, ["a"]) == {}
    assert store.damaged == [part]
    assert part.with_suffix(".damaged").exists()
