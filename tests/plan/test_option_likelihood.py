"""Sequences, probes, replies and scores of requests, against arithmetic by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec.compiler.plan.likelihood import joint_mass, option_logprobs, option_sums
from cyclspec.compiler.plan.reads import Labels, Options, Read, Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence, reply_of, sequences_of
from cyclspec.language.diagnostics import InternalError

OPTIONS = Options(ids=((5, 6), (5, 7, 8), (9,)), byte_counts=(4, 12, 2), context=(1,))


def request(read: Read) -> Request:
    return Request("k", "m", "d", (), "", "text", (1, 2, 3), read, ("a", "b", "c"), ("1", "2", "3"), False)


def test_labels_are_one_text_asked_once_at_its_end() -> None:
    found = sequences_of(request(Labels(((10, 11), (12,)))))
    assert found == (Sequence((1, 2, 3), (Probe(3, (10, 11, 12)),)),)


def test_options_are_texts_without_their_last_token_asked_before_each_of_their_tokens() -> None:
    found = sequences_of(request(replace(OPTIONS, context=())))
    assert found == (
        Sequence((1, 2, 3, 5), (Probe(3, (5,)), Probe(4, (6,)))),
        Sequence((1, 2, 3, 5, 7), (Probe(3, (5,)), Probe(4, (7,)), Probe(5, (8,)))),
        Sequence((1, 2, 3), (Probe(3, (9,)),)),
    )


def test_options_without_the_prompt_follow_the_context_alone() -> None:
    found = sequences_of(request(OPTIONS))
    assert found[:3] == sequences_of(request(replace(OPTIONS, context=())))
    assert found[3:] == (
        Sequence((1, 5), (Probe(1, (5,)), Probe(2, (6,)))),
        Sequence((1, 5, 7), (Probe(1, (5,)), Probe(2, (7,)), Probe(3, (8,)))),
        Sequence((1,), (Probe(1, (9,)),)),
    )


def test_a_text_to_be_written_is_its_prompt() -> None:
    writing = request(Writing(1.0, 1.0, 8, (2,), (0, 1)))
    assert sequences_of(writing) == (Sequence((1, 2, 3), ()),)
    with pytest.raises(InternalError, match="written, not scored"):
        reply_of(writing, np.zeros(0, np.float32))


def test_the_variants_of_a_label_are_added_up() -> None:
    labels = request(Labels(((10, 11), (12,), (13, 14, 15))))
    probs = np.array([0.1, 0.2, 0.05, 0.01, 0.0, 0.02])
    with np.errstate(divide="ignore"):
        reply = reply_of(labels, np.log(probs).astype(np.float32))
    assert reply.dtype == np.float32
    np.testing.assert_allclose(np.exp(reply), [0.3, 0.05, 0.03], rtol=1e-6)


def test_the_reply_of_options_keeps_every_token() -> None:
    logprobs = np.arange(12, dtype=np.float32)
    np.testing.assert_array_equal(reply_of(request(OPTIONS), logprobs), logprobs)
    with pytest.raises(InternalError, match="6 log-probabilities of 12"):
        reply_of(request(OPTIONS), logprobs[:6])


def test_scores_by_hand() -> None:
    reply = np.array([-1, -2, -1, -4, -5, -3, -0.5, -1.5, -0.5, -2, -3, -1], np.float32)
    asked = request(OPTIONS)
    by = {
        n: option_logprobs(asked, reply, n).tolist() for n in ("none", "by_token", "by_byte", "unconditional")
    }
    assert by == {
        "none": [-3, -10, -3],
        "by_token": [-1.5, -10 / 3, -3],
        "by_byte": [-3 / 4, -10 / 12, -3 / 2],
        "unconditional": [-1, -4.5, -2],
    }
    np.testing.assert_array_equal(option_sums(asked, reply), [-3, -10, -3])


def test_an_unconditional_score_needs_options_that_were_asked_alone() -> None:
    asked = request(replace(OPTIONS, context=()))
    assert option_logprobs(asked, np.zeros(6, np.float32), "none").tolist() == [0, 0, 0]
    with pytest.raises(InternalError, match="without its prompt"):
        option_logprobs(asked, np.zeros(6, np.float32), "unconditional")
    with pytest.raises(InternalError, match="not read by its options"):
        option_sums(request(Labels(((1,),))), np.zeros(1, np.float32))


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), min_size=1, max_size=6, unique_by=tuple))
def test_mass_is_the_measure_of_all_texts_that_begin_with_an_option(options: list[list[int]]) -> None:
    rates = (0.5, 0.3, 0.2)
    ids = tuple(map(tuple, options))
    read = Options(ids=ids, byte_counts=(1,) * len(ids), context=())
    sums = np.array([sum(math.log(rates[token]) for token in one) for one in ids])
    whole = [(a, b, c) for a in range(3) for b in range(3) for c in range(3)]
    begun = [text for text in whole if any(start in ids for start in accumulate((t,) for t in text))]
    expected = sum(math.prod(rates[token] for token in text) for text in begun)
    assert joint_mass(request(read), sums) == pytest.approx(expected, rel=1e-12)
