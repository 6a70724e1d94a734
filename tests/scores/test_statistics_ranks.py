"""Ranks, quantiles, modes and correlations against scipy and pandas, on values and on counts of values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from numpy.typing import NDArray

from cyclspec.compiler.scores.statistics.correlation import kendall, pearson, spearman
from cyclspec.compiler.scores.statistics.location import mode, quantile
from cyclspec.compiler.scores.statistics.ties import mean_ranks

Floats = NDArray[np.float64]
RNG = np.random.default_rng(20)
CORRELATIONS: dict[str, tuple[Callable[..., jax.Array], Callable[[Floats, Floats], Any]]] = {
    "pearson": (pearson, lambda x, y: scipy.stats.pearsonr(x, y).statistic),
    "spearman": (spearman, lambda x, y: scipy.stats.spearmanr(x, y).statistic),
    "kendall": (kendall, lambda x, y: scipy.stats.kendalltau(x, y, variant="b").statistic),
}


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def pairs() -> Iterator[tuple[Floats, Floats, Floats]]:
    """Values with and without ties, and how often each pair counts: zero, once, or more."""
    for size in (2, 7, 130):
        for levels in (None, 3, 6):
            x, y = RNG.normal(size=(2, size))
            y = y + 0.6 * x
            if levels is not None:
                x, y = (np.digitize(z, np.quantile(z, np.linspace(0, 1, levels + 1)[1:-1])) for z in (x, y))
            yield x.astype(np.float64), y.astype(np.float64), np.ones(size)
            yield x.astype(np.float64), y.astype(np.float64), RNG.integers(0, 4, size).astype(np.float64)


def written_out(values: Floats, often: Floats) -> Floats:
    return np.repeat(values, often.astype(np.int64))


@pytest.mark.parametrize("name", CORRELATIONS)
def test_a_correlation_equals_that_of_scipy_on_the_values_written_out(name: str) -> None:
    kernel, oracle = CORRELATIONS[name]
    compared = 0
    for x, y, often in pairs():
        left, right = written_out(x, often), written_out(y, often)
        found = float(kernel(x, y, often))
        if len(np.unique(left)) < 2 or len(np.unique(right)) < 2:
            assert math.isnan(found)
            continue
        assert abs(found - oracle(left, right)) < 1e-12
        compared += 1
    assert compared > 10


@pytest.mark.parametrize("name", CORRELATIONS)
def test_a_correlation_is_undefined_where_a_side_does_not_vary(name: str) -> None:
    kernel, _ = CORRELATIONS[name]
    rising, alike, all_there = np.arange(4.0), np.full(4, 0.1), np.ones(4)
    for x, y, often in (
        (alike, rising, all_there),
        (rising, alike, all_there),
        (rising, rising, np.array([0.0, 3.0, 0.0, 0.0])),
        (rising, rising, np.zeros(4)),
        (np.zeros(1), np.zeros(1), np.ones(1)),
    ):
        assert math.isnan(float(kernel(x, y, often)))


def test_a_correlation_of_tiny_or_huge_values_keeps_its_digits() -> None:
    x, y = RNG.normal(size=(2, 30))
    wanted = scipy.stats.pearsonr(x, y).statistic
    for scale in (1e-170, 1e170):
        assert abs(float(pearson(x * scale, y / scale, np.ones(30))) - wanted) < 1e-12
    assert float(pearson(x, 3.0 * x + 1e6, np.ones(30))) <= 1.0


def test_published_rank_correlations() -> None:
    """Ten people's IQ and hours of television, rho = -29/165 (the worked example of Wikipedia's article on Spearman's
    coefficient); two short vectors with ties, tau-b = -0.4714045 (scipy's documentation).
    """
    iq = np.array([106, 100, 86, 101, 99, 103, 97, 113, 112, 110], dtype=np.float64)
    hours = np.array([7, 27, 2, 50, 28, 29, 20, 12, 6, 17], dtype=np.float64)
    assert abs(float(spearman(iq, hours, np.ones(10))) + 29 / 165) < 1e-12
    first, second = np.array([12.0, 2, 1, 12, 2]), np.array([1.0, 4, 7, 1, 0])
    assert abs(float(kendall(first, second, np.ones(5))) + math.sqrt(2) / 3) < 1e-12


def test_ranks_are_the_mean_ranks_of_pandas() -> None:
    for x, _, often in pairs():
        counted = pd.Series(written_out(x, often)).rank(method="average")
        found = np.asarray(mean_ranks(x, often))
        np.testing.assert_allclose(written_out(found, often), counted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("at", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_a_quantile_equals_that_of_numpy_on_the_values_written_out(at: float) -> None:
    for x, _, often in pairs():
        values = written_out(x, often)
        found = float(quantile(x, often, at))
        if not len(values):
            assert math.isnan(found)
            continue
        assert abs(found - np.quantile(values, at)) < 1e-12
    assert math.isnan(float(quantile(np.ones(3), np.zeros(3), at)))


def test_the_mode_is_the_value_with_the_most_weight_and_says_where_two_have_as_much() -> None:
    for x, _, often in pairs():
        sums = pd.Series(often).groupby(x).sum()
        found = mode(x, often)
        if sums.max() == 0.0:
            assert math.isnan(float(found.value)) and not bool(found.tied)
            continue
        best = sums[sums == sums.max()].index
        assert bool(found.tied) == (len(best) > 1)
        assert float(found.value) in best


def test_weights_that_sum_to_the_same_are_tied_whatever_their_rounding() -> None:
    values = np.array([0.0, 0.0, 0.0, 1.0, 2.0])
    assert 0.1 + 0.2 + 0.3 != 0.6
    assert bool(mode(values, np.array([0.1, 0.2, 0.3, 0.6, 0.5])).tied)
    assert not bool(mode(values, np.array([0.1, 0.2, 0.3, 0.6 + 1e-9, 0.5])).tied)
