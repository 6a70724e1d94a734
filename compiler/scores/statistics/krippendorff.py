"""Krippendorff's alpha of any number of raters, with missing ratings.

Expects ratings [unit, rater] as numbers or integer codes. Ensures that a unit with fewer than two ratings is left out,
and NaN where no unit has two or all ratings are equal.
"""

from __future__ import annotations

from typing import Literal

import jax
from jaxtyping import Float

from cyclspec.compiler.scores.arithmetic import divide
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.statistics.correlation import varies
from cyclspec.compiler.scores.statistics.ties import ties

Ratings = Float[Array, "unit rater"]
Units = Float[Array, "unit"]
Level = Literal["nominal", "ordinal", "interval"]


def alpha(ratings: Ratings, often: Ratings, units: Units, level: Level) -> Float[Array, ""]:
    """1 - observed / expected disagreement. Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.

    `often` says how often each rating counts in its unit, zero where it is missing; `units` how often each unit counts:
    a unit drawn twice is two units. The ordinal distance of two ratings is the difference of their mean ranks among
    all ratings, which are then compared as numbers.
    """
    number = often.sum(axis=1)
    paired = number > 1.0
    weights = often * choose(paired, units, 0.0)[:, None]
    others = choose(paired, number - 1.0, 1.0)
    if level == "nominal":
        observed, expected = _unequal(ratings, often, weights, number, others)
    else:
        values = _ranked(ratings, weights) if level == "ordinal" else ratings
        observed, expected = _distant(values, weights, number, others)
    total = weights.sum()
    defined = varies(ratings.ravel(), weights.ravel()) & (total > 1.0)
    return 1.0 - (total - 1.0) * divide(observed, choose(defined, expected, 0.0))


def _unequal(
    ratings: Ratings, often: Ratings, weights: Ratings, number: Array, others: Array
) -> tuple[Array, Array]:
    """Pairs of unequal ratings: within units, each over its other ratings, and among all."""
    within = jax.vmap(ties)(ratings, often).equal
    among = ties(ratings.ravel(), weights.ravel()).equal.reshape(ratings.shape)
    observed = (weights * (number[:, None] - within) / others[:, None]).sum()
    return observed, (weights * (weights.sum() - among)).sum()


def _ranked(ratings: Ratings, weights: Ratings) -> Ratings:
    """Mean ranks among all ratings of units that have two."""
    found = ties(ratings.ravel(), weights.ravel())
    return (found.below + found.equal / 2.0).reshape(ratings.shape)


def _distant(values: Ratings, weights: Ratings, number: Array, others: Array) -> tuple[Array, Array]:
    """Squared differences of ratings: within units, each over its other ratings, and among all.

    The sum over pairs of (x - y)^2 is twice the number of values times their squared deviations from their mean.
    """
    inside = _deviations(values, weights, axis=1)
    observed = ((number / others)[:, None] * weights * inside * inside).sum()
    everywhere = _deviations(values, weights, axis=None)
    return observed, weights.sum() * (weights * everywhere * everywhere).sum()


def _deviations(values: Ratings, weights: Ratings, axis: int | None) -> Ratings:
    total = weights.sum(axis=axis, keepdims=True)
    mean = (weights * values).sum(axis=axis, keepdims=True) / choose(total > 0.0, total, 1.0)
    return choose(weights > 0.0, values - mean, 0.0)
