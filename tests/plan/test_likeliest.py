"""Labels among the likeliest tokens: shares of what was told of, and an honest bound on what was not."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec.compiler.readings.likeliest import OUTSIDE, TopTokens, label_shares, label_texts


def told(shares: dict[str, float], count: int) -> TopTokens:
    """What a server tells of a whole distribution: its `count` likeliest tokens."""
    kept = sorted(shares.items(), key=lambda pair: -pair[1])[:count]
    return TopTokens(tuple(token for token, _ in kept), tuple(math.log(share) for _, share in kept))


@st.composite
def distributions(draw: st.DrawFn) -> tuple[dict[str, float], int, int]:
    """A vocabulary with labels somewhere in it, how many labels, and how many tokens are told of."""
    seed = draw(st.integers(0, 2**32))
    labels, others, count = draw(st.integers(2, 6)), draw(st.integers(5, 60)), draw(st.integers(3, 25))
    chance = random.Random(seed)
    words = [
        *"ABCDEF"[:labels],
        *(f" {letter}" for letter in "ABCDEF"[:labels]),
        *(f"w{i}" for i in range(others)),
    ]
    weights = {word: chance.lognormvariate(0, 2.5) for word in words}
    total = sum(weights.values())
    return {word: weight / total for word, weight in weights.items()}, labels, count


@given(distributions(), st.sampled_from(["exact", "union"]))
def test_the_truth_lies_between_what_was_told_and_its_bound(
    found: tuple[dict[str, float], int, int], variants: str
) -> None:
    shares, labels, count = found
    texts = label_texts("letters", variants, labels)  # type: ignore[arg-type]
    truth = [sum(shares[text] for text in names) for names in texts]
    read = label_shares(told(shares, count), texts, count)
    assert read.mass <= sum(truth) + 1e-12
    assert sum(truth) <= read.mass + read.unseen + 1e-12
    if not read.reason:
        wanted = [share / sum(truth) for share in truth]
        assert max(abs(a - b) for a, b in zip(read.shares, wanted, strict=True)) <= 0.005 + 1e-9
        assert sum(read.shares) == pytest.approx(1.0)


def test_all_labels_told_of_are_exact() -> None:
    top = told({"A": 0.5, "B": 0.3, "I": 0.15, "x": 0.05}, 3)
    read = label_shares(top, label_texts("letters", "exact", 2), 3)
    assert read.shares == pytest.approx((0.625, 0.375))
    assert (read.mass, read.unseen, read.reason) == (pytest.approx(0.8), 0.0, "")
    assert read.logprobs == pytest.approx((math.log(0.5), math.log(0.3)))


def test_a_label_that_is_not_told_of_has_at_most_what_the_last_one_has() -> None:
    top = told({"A": 0.6, "B": 0.3, "I": 0.002, "C": 0.0015, **{f"w{i}": 0.00048 for i in range(200)}}, 3)
    read = label_shares(top, label_texts("letters", "exact", 3), 3)
    assert read.logprobs[2] is None
    assert read.shares[2] == 0.0
    assert read.unseen == pytest.approx(0.002)
    assert not read.reason


def test_two_labels_that_are_not_told_of_share_what_is_left() -> None:
    top = told({"A": 0.9, "I": 0.06, "C": 0.03, "D": 0.01}, 2)
    read = label_shares(top, label_texts("letters", "exact", 4), 2)
    assert read.unseen == pytest.approx(0.04)
    assert read.reason == OUTSIDE


def test_fewer_tokens_than_were_asked_for_bound_nothing_but_what_is_left() -> None:
    """Some servers fold tokens of one text together: the least likely one is then not the twentieth."""
    top = TopTokens(("A", "I"), (math.log(0.7), math.log(0.0001)))
    assert label_shares(top, label_texts("letters", "exact", 2), 2).unseen == pytest.approx(0.0001)
    assert label_shares(top, label_texts("letters", "exact", 2), 20).unseen == pytest.approx(0.2999)


def test_the_token_that_was_written_bounds_nothing() -> None:
    """It stands last where it is not among the likeliest, and may be very unlikely."""
    top = TopTokens(("A", "I", "zebra"), (math.log(0.9), math.log(0.05), math.log(1e-9)))
    assert label_shares(top, label_texts("letters", "exact", 2), 2).unseen == pytest.approx(0.05, abs=1e-8)


def test_spellings_are_added_up_where_that_is_asked_for() -> None:
    top = told({"A": 0.3, " A": 0.2, "\u2581B": 0.4, "x": 0.1}, 4)
    union = label_shares(top, label_texts("letters", "union", 2), 4)
    assert union.shares == pytest.approx((0.5 / 0.9, 0.4 / 0.9))
    exact = label_shares(top, label_texts("letters", "exact", 2), 4)
    assert exact.shares == (1.0, 0.0)


def test_no_label_told_of_is_no_answer() -> None:
    read = label_shares(told({"I": 0.9, "x": 0.1}, 2), label_texts("numbers", "exact", 3), 2)
    assert (read.mass, read.reason, read.shares) == (0.0, OUTSIDE, (0.0, 0.0, 0.0))
