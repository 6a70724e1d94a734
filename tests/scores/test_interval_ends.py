"""Ends of intervals against scipy's bootstrap and textbook formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from cyclspec.compiler.scores.intervals import design_effect, ends, standard_error
from cyclspec.compiler.seeds import resampling_counts

Floats = NDArray[np.float64]
DRAWS = 20_000


def resampled(values: Floats, seed: int = 1) -> Floats:
    counts = resampling_counts(seed, DRAWS, len(values))
    return counts @ values / len(values)


def interval(
    values: Floats, draws: Floats, method: str, *, corrected: bool = False, level: float = 0.9
) -> Floats:
    found = ends(
        np.array(values.mean()),
        draws,
        level=level,
        method=method,  # type: ignore[arg-type]
        freedom=np.array(len(values) - 1.0),
        shortfall=np.array(len(values) / (len(values) - 1.0)),
        corrected=corrected,
    )
    return np.array([found.low, found.high, found.error, found.bias])


@pytest.mark.parametrize("number", [12, 40, 300])
def test_percentiles_are_those_of_scipy_at_the_level_that_few_clusters_ask_for(number: int) -> None:
    """Both have 20,000 draws of their own: 5 standard errors of a quantile of normal draws."""
    values = np.random.default_rng(number).gamma(2.0, size=number)
    low, high, _, _ = interval(values, resampled(values), "percentile")
    tail = stats.norm.cdf(-np.sqrt(number / (number - 1)) * stats.t.ppf(0.95, number - 1))
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=DRAWS, confidence_level=1 - 2 * tail, method="percentile", rng=3
    ).confidence_interval
    spread = values.std() / np.sqrt(number)
    slack = 5 * np.sqrt(2 * tail * (1 - tail) / DRAWS) / stats.norm.pdf(stats.norm.ppf(tail)) * spread
    assert abs(low - found.low) < slack
    assert abs(high - found.high) < slack


def test_with_many_clusters_percentiles_are_plain() -> None:
    values = np.random.default_rng(1).normal(size=5000)
    draws = values[:2000] / 10.0
    found = interval(values, draws, "percentile")
    np.testing.assert_allclose(found[:2], np.quantile(draws, [0.05, 0.95]), rtol=0, atol=2e-3)


@pytest.mark.parametrize("number", [5, 12, 40])
def test_a_t_interval_of_a_mean_is_the_textbook_one(number: int) -> None:
    """The standard error of 20,000 draws has a relative error of 1 / sqrt(40,000): 5 of these."""
    values = np.random.default_rng(number).gamma(2.0, size=number)
    low, high, error, _ = interval(values, resampled(values), "t")
    wanted = stats.t.interval(0.9, number - 1, values.mean(), stats.sem(values))
    slack = 5 / np.sqrt(2 * DRAWS) * (wanted[1] - wanted[0]) / 2 * 1.1
    np.testing.assert_allclose([low, high], wanted, rtol=0, atol=slack)
    assert abs(error / stats.sem(values) - 1.0) < 0.03


def test_a_corrected_interval_is_of_the_value_less_its_bias() -> None:
    values = np.random.default_rng(2).normal(size=200)
    draws = resampled(values) + 0.4
    for method in ("percentile", "t"):
        shifted = interval(values, draws, method, corrected=True)
        centred = interval(values, draws - 0.4, method)
        assert abs(shifted[3] - 0.4 - centred[3]) < 1e-12
        shift = 0.4 + (centred[3] if method == "t" else 2 * centred[3])
        np.testing.assert_allclose(shifted[:2], centred[:2] - shift, rtol=0, atol=1e-12)


def test_draws_that_leave_nothing_are_left_out_and_one_is_none() -> None:
    draws = np.array([[1.0, np.nan, 3.0, 2.0], [np.nan, np.nan, np.nan, 2.0]])
    np.testing.assert_allclose(standard_error(draws), [1.0, np.nan])
    found = ends(
        np.array([2.0, 2.0]),
        draws,
        level=0.9,
        method="percentile",
        freedom=np.array([3.0, 3.0]),
        shortfall=np.ones(2),
        corrected=False,
    )
    assert np.isfinite(found.low[0]) and np.isnan(found.low[1]) and np.isnan(found.high[1])


def test_the_design_effect_is_a_ratio_of_variances() -> None:
    draws = np.array([[0.0, 2.0], [1.0, 1.0]])
    found = design_effect(np.array([2.0, 2.0]), draws, np.array([1.0, 1.0]))
    np.testing.assert_allclose(found, [2.0, np.nan])
