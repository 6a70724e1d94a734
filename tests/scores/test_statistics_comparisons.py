"""Shares of wins and circular triples against a walk over all triples and the published formula."""

from __future__ import annotations

from itertools import combinations

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from cyclspec.compiler.scores.statistics.comparisons import nontransitive_triples, win_share

Floats = NDArray[np.float64]


def walked(wins: Floats) -> float:
    """Circles among the triples in which every pair has a winner."""
    beats = wins > wins.T
    circles = triples = 0
    for a, b, c in combinations(range(len(wins)), 3):
        pairs = (beats[a, b], beats[b, c], beats[c, a])
        back = (beats[b, a], beats[c, b], beats[a, c])
        if all(x or y for x, y in zip(pairs, back, strict=True)):
            triples += 1
            circles += all(pairs) or all(back)
    return circles / triples if triples else np.nan


def triples_of(wins: Floats) -> float:
    with jax.enable_x64(True):
        return float(nontransitive_triples(jax.numpy.asarray(wins)))


@pytest.mark.parametrize("items", [3, 4, 7, 12])
@pytest.mark.parametrize("most", [1, 2, 9])
def test_circles_are_those_of_a_walk_over_all_triples(items: int, most: int) -> None:
    """With few comparisons many pairs are tied or were never compared."""
    rng = np.random.default_rng(items)
    for _ in range(20):
        wins = rng.integers(0, most + 1, (items, items)) * (1.0 - np.eye(items))
        np.testing.assert_allclose(triples_of(wins), walked(wins), rtol=0, atol=1e-14)


@pytest.mark.parametrize("items", [3, 5, 8, 9])
def test_a_whole_tournament_has_the_published_number_of_circles(items: int) -> None:
    """Kendall and Babington Smith 1940: n(n - 1)(n - 2)/6 - sum of s (s - 1)/2 over the scores s."""
    rng = np.random.default_rng(items)
    upper = np.triu(rng.integers(0, 2, (items, items)), 1)
    wins = (upper + np.tril(1 - upper.T, -1)) * 1.0
    scores, every = wins.sum(axis=1), items * (items - 1) * (items - 2) / 6
    wanted = every - (scores * (scores - 1) / 2).sum()
    assert triples_of(wins) * every == pytest.approx(wanted, abs=1e-10)


def test_most_circles_are_a_regular_tournament_and_a_ranking_has_none() -> None:
    items = 7
    regular = np.array([[float((b - a) % items in (1, 2, 3)) for b in range(items)] for a in range(items)])
    assert triples_of(regular) * 35 == pytest.approx((items**3 - items) / 24, abs=1e-10)
    assert triples_of(np.triu(np.ones((items, items)), 1)) == 0.0


def test_nothing_is_said_of_fewer_than_three_items_or_of_ties() -> None:
    assert np.isnan(triples_of(np.array([[0.0, 3.0], [1.0, 0.0]])))
    assert np.isnan(triples_of(np.ones((4, 4))))


def test_shares_of_wins() -> None:
    wins = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    with jax.enable_x64(True):
        found = np.asarray(win_share(jax.numpy.asarray(wins)))
    np.testing.assert_array_equal(found, [0.75, 0.25, np.nan])
