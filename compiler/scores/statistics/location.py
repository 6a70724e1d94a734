"""Quantiles and the mode of values with repeats.

Expects values and how often (or with what weight) each counts. Ensures NaN where nothing counts.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Bool, Float

from cyclspec.compiler.scores.arithmetic import NAN
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.statistics.ties import Often, Values, ties

EQUAL_WEIGHTS: Final = 1e-12
"""Two summed weights are equal within this share of the larger: sums of the same weights differ by their rounding."""


def quantile(values: Values, often: Often, at: float) -> Float[Array, ""]:
    """The quantile at a share `at` of 0..1, linear between neighbours.

    Hyndman and Fan 1996, Sample Quantiles in Statistical Packages, definition 7.
    """
    order = jnp.argsort(values)
    rising, upto = values[order], lax.cumsum(often[order])
    number = upto[-1]
    place = jnp.maximum(number - 1.0, 0.0) * at
    below = jnp.floor(place)
    above = jnp.minimum(below + 1.0, jnp.maximum(number - 1.0, 0.0))
    low, high = (rising[jnp.argmax(upto > start)] for start in (below, above))
    return choose(number >= 1.0, low + (place - below) * (high - low), NAN)


class Mode(NamedTuple):
    """The value with the most weight, and whether another one has as much. NaN where nothing counts."""

    value: Float[Array, ""]
    tied: Bool[Array, ""]


def mode(values: Values, weights: Often) -> Mode:
    """The most frequent value, by the sum of its weights."""
    summed = choose(weights > 0.0, ties(values, weights).equal, 0.0)
    most = summed.max()
    value = values[jnp.argmax(summed)]
    rivals = (summed >= most * (1.0 - EQUAL_WEIGHTS)) & (values != value)
    return Mode(choose(most > 0.0, value, NAN), (most > 0.0) & rivals.any())
