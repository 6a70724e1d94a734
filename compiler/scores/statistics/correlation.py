"""Correlations of two values: linear, of ranks, and by pairs.

Expects two vectors and how often each pair of values counts. Ensures a coefficient in -1..1, and NaN where one side
does not vary.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import lax
from jaxtyping import Bool, Float

from cyclspec.compiler.scores.arithmetic import NAN, divide
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.statistics.ties import Often, Values, mean_ranks

Sums = Float[Array, "3"]

PAIRS_AT_ONCE: Final = 4096
"""Pairs of values that are compared at once: what one cell takes of memory does not grow with their square."""


def varies(values: Values, often: Often) -> Bool[Array, ""]:
    """Whether two values that count differ; exact, where a variance would only be small."""
    there = often > 0.0
    return choose(there, values, -jnp.inf).max() > choose(there, values, jnp.inf).min()


def pearson(x: Values, y: Values, often: Often) -> Float[Array, ""]:
    """The linear correlation, from values centred first."""
    left, right = _centred(x, often), _centred(y, often)
    length = jnp.sqrt((often * left * left).sum()) * jnp.sqrt((often * right * right).sum())
    defined = varies(x, often) & varies(y, often) & (length > 0.0)
    found = divide((often * left * right).sum(), choose(defined, length, 0.0))
    return jnp.clip(found, -1.0, 1.0)


def _centred(values: Values, often: Often) -> Values:
    """Deviations from the mean, scaled to at most one so that no square overflows or vanishes."""
    number = often.sum()
    mean = choose(number > 0.0, divide((often * values).sum(), number), 0.0)
    left = choose(often > 0.0, values - mean, 0.0)
    largest = jnp.abs(left).max()
    return left / choose(largest > 0.0, largest, 1.0)


def spearman(x: Values, y: Values, often: Often) -> Float[Array, ""]:
    """The linear correlation of ranks; equal values have their mean rank. Spearman 1904."""
    return pearson(mean_ranks(x, often), mean_ranks(y, often), often)


def kendall(x: Values, y: Values, often: Often) -> Float[Array, ""]:
    """Tau-b: pairs in the same order less those in opposite order, corrected for ties. Kendall 1945.

    Every sum over pairs is a quadratic form in `often` of a matrix of signs, so that resamples share the matrix.
    """

    def against_all(one: tuple[Array, Array]) -> Sums:
        along, across = jnp.sign(one[0] - x), jnp.sign(one[1] - y)
        return jnp.stack([along * across, jnp.abs(along), jnp.abs(across)]) @ often

    rows = max(1, PAIRS_AT_ONCE // max(1, x.shape[0]))
    pairs: Array = lax.map(against_all, (x, y), batch_size=rows)
    order, different_x, different_y = often @ pairs
    return _over_root(order, different_x, different_y)


def _over_root(over: Array, first: Array, second: Array) -> Array:
    """over / sqrt(first second)."""
    defined = (first > 0.0) & (second > 0.0)
    under = jnp.sqrt(choose(defined, first, 1.0)) * jnp.sqrt(choose(defined, second, 1.0))
    return choose(defined, jnp.clip(over / under, -1.0, 1.0), NAN)
