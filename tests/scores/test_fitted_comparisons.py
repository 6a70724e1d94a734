"""Reducers of choices between two items, in the graph: points and resamples against a loop, and the libraries' own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import choix
import numpy as np
import scipy.sparse.csgraph
from fitted_world import (
    CODES,
    DRAWS,
    FIRST,
    ITEMS,
    LEVEL,
    OK,
    SECOND,
    SHAPE,
    Bools,
    Floats,
    chosen,
    mass,
    over,
    scored,
    statistic,
    world,
)
from numpy.typing import NDArray
from score_terms import NUMBER, attribute, measure, tails

from cyclspec.compiler.seeds import resampling_counts, seed_of
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d


def strengths(codes: NDArray[np.int64], ok: Bools, items: NDArray[np.int64]) -> Floats | None:
    """Strengths of the three items; None where their comparisons do not connect them both ways."""
    won = wins(codes, ok, items)
    if scipy.sparse.csgraph.connected_components(won, connection="strong")[0] > 1:
        return None
    data = [(int(a), int(b)) for a, b in zip(*np.nonzero(won), strict=True) for _ in range(int(won[a, b]))]
    return np.asarray(choix.ilsr_pairwise(3, data, tol=1e-12))


def compared(reducer: str = "bradley_terry", *more: str) -> h.Term:
    """What choices between the two principles of each item say, with an axis more where it is of each principle."""
    level = k.Of(ITEMS)
    items = h.VocabularyTerm(type=k.Type(k.ScaleValue(ITEMS)), span=mass.span, vocabulary=ITEMS)
    first, second = (attribute("item", side, level) for side in ("first", "second"))
    term = statistic(reducer, over, chosen, first=first, second=second, items=items)
    return replace(term, type=k.Type(NUMBER, frozenset({"model", *more})))


def fit() -> h.Term:
    """Strengths from choices between the two principles of each item."""
    return compared("bradley_terry", "principle")


def wins(codes: NDArray[np.int64], ok: Bools, items: Iterable[int]) -> Floats:
    """How often each of the three principles won against each other."""
    found = np.zeros((3, 3))
    for item in items:
        a, b = ("abc".index(side[item]) for side in (FIRST, SECOND))
        for repeat in np.flatnonzero(ok[item]):
            found[(a, b) if codes[item, repeat] == 0 else (b, a)] += 1
    return found


def test_shares_of_wins_and_circles_of_majorities_equal_those_of_a_loop() -> None:
    binary = CODES % 2
    binary[1] = 0  # a over b, b over c, c over a
    found = scored(
        measure(
            "s",
            ["model", "principle"],
            compared("win_share", "principle"),
            d.Interval(("item",), DRAWS, LEVEL),
        ),
        measure("t", ["model"], compared("nontransitive_triples"), d.Interval(("item",), DRAWS, LEVEL)),
        codes=binary,
        grid_=world(2, principle=3),
    )
    counts = resampling_counts(seed_of(3, "bootstrap", "s", "item"), DRAWS, 14).astype(np.int64)
    for model in range(2):
        won = wins(binary[model], OK[model], range(14))
        np.testing.assert_allclose(
            found["s"].value[model], won.sum(axis=1) / (won + won.T).sum(axis=1), rtol=0, atol=1e-14
        )
        drawn = [wins(binary[model], OK[model], np.repeat(np.arange(14), row)) for row in counts]
        shares = [one[0].sum() / (one + one.T)[0].sum() for one in drawn]
        ends = np.quantile(shares, tails(int(found["s"].n_clusters[model, 0]), LEVEL))
        np.testing.assert_allclose([found["s"].low[model, 0], found["s"].high[model, 0]], ends, atol=1e-10)
        majorities = np.sign(won - won.T)[[0, 1, 2], [1, 2, 0]]
        circle = float(abs(majorities.sum()) == 3) if majorities.all() else np.nan
        np.testing.assert_array_equal(found["t"].value[model], circle)
    assert found["t"].value[1] == 1.0
    assert found["t"].n_used.tolist() == OK.sum(axis=(1, 2)).tolist()


def test_strengths_have_the_axis_of_their_items_and_are_refitted_in_every_resample() -> None:
    binary = CODES % 2
    term = measure("s", ["model", "principle"], fit(), d.Interval(("item",), DRAWS, LEVEL))
    found = scored(term, codes=binary, grid_=world(2, principle=3))["s"]
    assert found.value.shape == (2, 3)
    counts = resampling_counts(seed_of(3, "bootstrap", "s", "item"), DRAWS, 14).astype(np.int64)
    for model in range(2):
        wanted = strengths(binary[model], OK[model], np.arange(14))
        assert wanted is not None
        np.testing.assert_allclose(found.value[model], wanted, rtol=0, atol=1e-8)
        draws = (strengths(binary[model], OK[model], np.repeat(np.arange(14), row)) for row in counts)
        drawn = [one for one in draws if one is not None]
        assert len(drawn) > 20
        for item in range(3):
            low, high = np.quantile(
                [one[item] for one in drawn], tails(int(found.n_clusters[model, item]), LEVEL)
            )
            np.testing.assert_allclose(found.low[model, item], low, rtol=0, atol=1e-7)
            np.testing.assert_allclose(found.high[model, item], high, rtol=0, atol=1e-7)


def test_strengths_of_items_that_never_lose_are_missing_with_that_reason() -> None:
    always_first = np.zeros(SHAPE, dtype=np.int64)
    always_first[:, np.array(FIRST) == "c"] = 1
    found = scored(
        measure("s", ["model", "principle"], fit()), codes=always_first, grid_=world(2, principle=3)
    )["s"]
    assert np.isnan(found.value).all() and (found.n_used == 0).all()
    for model in range(2):
        assert (found.missing["not connected"][model] == OK[model].sum()).all()
