"""P-values against scipy's permutation test, adjustment against statsmodels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cyclspec.compiler.scores.significance import adjusted, permutation, sign_flip


def by_scipy(differences: Any, resamples: float) -> float:
    """The two-sided test of paired samples: labels within each pair are exchanged, which flips the sign."""
    found = stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda x, y, axis: np.abs(np.sum(x - y, axis=axis)),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(3),
    )
    return float(found.pvalue)


@pytest.mark.parametrize("number", [2, 5, 9, 13])
def test_few_clusters_have_the_exact_p_value(number: int) -> None:
    """Every arrangement is counted: equal to scipy's to the last digit."""
    parts = np.random.default_rng(number).normal(0.3, 1.0, (6, number)) / number
    found = sign_flip(parts, 10_000, seed=1)
    np.testing.assert_allclose(found, [by_scipy(row, np.inf) for row in parts], rtol=0, atol=1e-12)
    assert found.min() >= 2.0 / 2**number


def test_many_clusters_have_a_p_value_by_chance() -> None:
    """20,000 sign patterns against 20,000 of scipy's: 5 standard errors of the difference of two such shares."""
    parts = np.random.default_rng(4).normal(0.25, 1.0, (4, 40))
    found = sign_flip(parts, 20_000, seed=2)
    for p_value, row in zip(found, parts, strict=True):
        wanted = by_scipy(row, 20_000)
        assert abs(p_value - wanted) < 5 * np.sqrt(2 * wanted * (1 - wanted) / 20_000) + 2e-4
    np.testing.assert_array_equal(found, sign_flip(parts, 20_000, seed=2))
    assert (found != sign_flip(parts, 20_000, seed=3)).any()


def test_more_than_one_word_of_signs_is_used() -> None:
    """70 clusters: signs of the last ones vary too, and a lone large one gives about one half of ties."""
    parts = np.zeros((1, 70))
    parts[0, 69] = 1.0
    assert sign_flip(parts, 1000, seed=5)[0] == 1.0
    parts[0, :] = 1.0
    assert sign_flip(parts, 1000, seed=5)[0] == 1.0 / 1001.0


def test_nothing_to_flip_gives_no_finding() -> None:
    parts = np.array([[0.0, 0.0, 0.0], [0.1, np.nan, 0.2], [0.1, 0.1, 0.1]])
    found = sign_flip(parts, 1000, seed=1)
    assert found[0] == 1.0
    assert np.isnan(found[1])
    assert found[2] == 0.25


@pytest.mark.parametrize("tail", ["upper", "lower", "both"])
def test_a_permutation_p_value_counts_the_data_in(tail: Literal["upper", "lower", "both"]) -> None:
    null = np.array([0.1, 0.2, 0.2, 0.4, np.nan])
    wanted = {"upper": 4 / 5, "lower": 4 / 5, "both": 1.0}[tail]
    assert permutation(np.array(0.2), null, tail) == wanted
    assert permutation(np.array(9.0), null, tail) == {"upper": 1 / 5, "lower": 1.0, "both": 2 / 5}[tail]
    assert np.isnan(permutation(np.array(np.nan), null, tail))
    assert np.isnan(permutation(np.array(1.0), np.full(4, np.nan), tail))


@pytest.mark.parametrize(("ours", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_adjusted_p_values_equal_those_of_statsmodels(ours: Any, theirs: str, size: int) -> None:
    rng = np.random.default_rng(size)
    p_values = np.round(rng.uniform(size=size) ** 2, 2)
    missing = np.full((2, size), np.nan)
    missing[0] = p_values
    found = adjusted(missing, ours)
    np.testing.assert_allclose(found[0], multipletests(p_values, method=theirs)[1], rtol=0, atol=1e-14)
    assert np.isnan(found[1]).all()
    assert np.isnan(adjusted(np.full(3, np.nan), ours)).all()
