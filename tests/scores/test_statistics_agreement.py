"""Agreement against statsmodels, scikit-learn and krippendorff, and against published tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import jax
import krippendorff
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from cyclspec.compiler.scores.statistics import agreement
from cyclspec.compiler.scores.statistics.agreement import (
    Weights,
    cohen_kappa,
    pair_agreement,
    pair_disagreement,
    tally,
)
from cyclspec.compiler.scores.statistics.krippendorff import Level, alpha

Floats = NDArray[np.float64]
RNG = np.random.default_rng(31)
WEIGHTS: tuple[Weights, ...] = ("none", "linear", "quadratic")
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def pairwise(codes: NDArray[np.int64]) -> float:
    """The share of equal pairs, pair by pair."""
    equal = [a == b for a, b in itertools.combinations(codes.tolist(), 2)]
    return sum(equal) / len(equal) if equal else math.nan


def test_pairs_of_equal_values_are_counted() -> None:
    for size, options in itertools.product((0, 1, 2, 5, 30), (1, 2, 5)):
        codes = RNG.integers(0, options, size)
        often = RNG.integers(0, 3, size).astype(np.float64)
        written = np.repeat(codes, often.astype(np.int64))
        counts = tally(codes, often, options)
        np.testing.assert_array_equal(counts, np.bincount(written, minlength=options))
        wanted = pairwise(written)
        np.testing.assert_allclose(float(pair_agreement(counts)), wanted, rtol=0, atol=1e-14)
        np.testing.assert_allclose(float(pair_disagreement(counts)), 1 - wanted, rtol=0, atol=1e-14)


def test_a_tally_of_many_options_equals_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, often = RNG.integers(0, 9, 50), RNG.integers(0, 4, 50).astype(np.float64)
    few = tally(codes, often, 9)
    monkeypatch.setattr(agreement, "WIDE", 8)
    np.testing.assert_array_equal(tally(codes, often, 9), few)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_kappa_equals_that_of_scikit_learn_and_of_statsmodels(weights: Weights) -> None:
    compared = 0
    for size, options in itertools.product((2, 6, 40), (2, 3, 7)):
        first = RNG.integers(0, options, size)
        second = np.where(RNG.uniform(size=size) < 0.5, first, RNG.integers(0, options, size))
        often = RNG.integers(0, 4, size).astype(np.float64)
        left, right = (np.repeat(codes, often.astype(np.int64)) for codes in (first, second))
        found = float(cohen_kappa(first, second, often, options, weights))
        if not len(left) or (len(set(left.tolist()) | set(right.tolist())) == 1):
            assert math.isnan(found)
            continue
        name = None if weights == "none" else weights
        wanted = cohen_kappa_score(left, right, labels=list(range(options)), weights=name)
        assert abs(found - wanted) < 1e-12
        table = np.zeros((options, options))
        np.add.at(table, (left, right), 1)
        if weights != "none":
            table_kappa = cohens_kappa(table, wt=weights, return_results=False)
        else:
            table_kappa = cohens_kappa(table, return_results=False)
        assert abs(found - float(table_kappa)) < 1e-12
        compared += 1
    assert compared >= 6


@pytest.mark.parametrize("weights", WEIGHTS)
def test_kappa_is_undefined_without_units_or_without_disagreement_by_chance(weights: Weights) -> None:
    same = np.full(4, 2)
    assert math.isnan(float(cohen_kappa(same, same, np.ones(4), 3, weights)))
    assert math.isnan(float(cohen_kappa(same, same, np.zeros(4), 3, weights)))
    assert float(cohen_kappa(np.arange(3), np.arange(3), np.ones(3), 3, weights)) == 1.0


def test_published_kappas() -> None:
    """Cohen 1960, table 1 (kappa .492); Cohen 1968 by Fleiss, Cohen and Everitt 1969 is the same table's weighting.

    The table of 1960 in percent: diagonal 44, 20, 6 with margins 60 30 10 and 50 30 20 gives .492.
    """
    table = np.array([[44, 5, 1], [7, 20, 3], [9, 5, 6]])
    first, second = (np.repeat(codes.ravel(), table.ravel()) for codes in np.indices((3, 3)))
    kappa = float(cohen_kappa(first, second, np.ones(100), 3, "none"))
    assert abs(kappa - (0.70 - 0.41) / (1 - 0.41)) < 1e-12 and round(kappa, 3) == 0.492


def ratings() -> Iterator[tuple[Floats, Floats, Floats]]:
    """Codes [unit, rater], how often each rating counts, and how often each unit does."""
    for units, raters, options in ((4, 2, 2), (12, 3, 4), (30, 5, 3), (6, 8, 5)):
        truth = RNG.integers(0, options, (units, 1))
        noise = RNG.integers(0, options, (units, raters))
        codes = np.where(RNG.uniform(size=noise.shape) < 0.6, truth, noise).astype(np.float64)
        yield codes, np.ones(codes.shape), np.ones(units)
        there = (RNG.uniform(size=codes.shape) < 0.7).astype(np.float64)
        yield codes, there, np.ones(units)
        yield codes, there * RNG.integers(0, 3, raters), RNG.integers(0, 3, units).astype(np.float64)


def written_out(codes: Floats, often: Floats, units: Floats) -> Floats:
    """Ratings [rater, unit] with NaN where missing, each unit and each rating as often as it counts."""
    rows = [np.repeat(row, count.astype(np.int64)) for row, count in zip(codes, often, strict=True)]
    rows = [row for row, number in zip(rows, units.astype(np.int64), strict=True) for _ in range(number)]
    widest = max((len(row) for row in rows), default=0)
    padded = [np.pad(row, (0, widest - len(row)), constant_values=np.nan) for row in rows]
    return np.array(padded).T


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_equals_that_of_krippendorff(level: Level) -> None:
    compared = 0
    for codes, often, units in ratings():
        data = written_out(codes, often, units)
        pairable = data[:, (~np.isnan(data)).sum(axis=0) > 1]
        found = float(alpha(codes, often, units, level))
        if len(np.unique(pairable[~np.isnan(pairable)])) < 2:
            assert math.isnan(found)
            continue
        wanted = krippendorff.alpha(reliability_data=data, level_of_measurement=level)
        assert abs(found - float(wanted)) < 1e-12
        compared += 1
    assert compared > 8


@pytest.mark.parametrize(("level", "wanted"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_published_alphas(level: Level, wanted: float) -> None:
    """Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C and D: four observers, twelve units."""
    x = math.nan
    data = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, x, x, x],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, x, 3],
            [x, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, x],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, x],
        ]
    ).T
    there = np.isfinite(data).astype(np.float64)
    found = float(alpha(np.nan_to_num(data), there, np.ones(12), level))
    assert round(found, 3) == wanted


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_is_undefined_without_two_ratings_or_without_variation(level: Level) -> None:
    codes = np.array([[1.0, 1.0], [1.0, 1.0]])
    one_rater = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert math.isnan(float(alpha(codes, np.ones((2, 2)), np.ones(2), level)))
    assert math.isnan(float(alpha(np.arange(4.0).reshape(2, 2), one_rater, np.ones(2), level)))
    assert math.isnan(float(alpha(codes, np.zeros((2, 2)), np.ones(2), level)))
    assert float(alpha(np.array([[1.0, 1.0], [2.0, 2.0]]), np.ones((2, 2)), np.ones(2), level)) == 1.0
