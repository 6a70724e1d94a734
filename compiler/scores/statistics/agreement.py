"""Agreement of values that are options: pairs of equal values, and Cohen's kappa of two raters.

Expects options as integer codes 0..k-1 and how often each counts. Ensures NaN where there are no two values, or where
chance alone would agree everywhere.
"""

from __future__ import annotations

from typing import Final, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int

from cyclspec.compiler.scores.arithmetic import divide
from cyclspec.compiler.scores.cells import Array, choose

Codes = Int[Array, "value"]
Counts = Float[Array, "option"]
Often = Float[Array, "value"]
Weights = Literal["none", "linear", "quadratic"]

WIDE: Final = 64
"""Beyond so many options a tally adds value by value; up to there a matrix product is faster, and shared by draws."""


def tally(codes: Codes, often: Often, options: int) -> Counts:
    """How often each option counts."""
    if options > WIDE:
        return jax.ops.segment_sum(often, codes, num_segments=options)
    return often @ (codes[:, None] == jnp.arange(options)).astype(jnp.float64)


def pair_agreement(counts: Counts) -> Float[Array, ""]:
    """The share of pairs of values that are equal: sum of n_v (n_v - 1) over n (n - 1)."""
    number = counts.sum()
    pairs = number * (number - 1.0)
    return divide((counts * (counts - 1.0)).sum(), choose(number > 1.0, pairs, 0.0))


def pair_agreement_apart(
    counts: Float[Array, "within between option"],
    within: Float[Array, within],
    between: Float[Array, between],
    *,
    apart: bool,
) -> Float[Array, ""]:
    """The share of pairs that are equal among the pairs of one level of `within`, and if `apart` of two of `between`.

    `counts` says how often each option counts in each level, `within` and `between` how often each level does: a level
    that counts twice is two levels with the same values.
    """
    number, often = counts.sum(axis=-1), between[:, None]
    if apart:
        equal = ((counts * often).sum(axis=1) ** 2 - (often * counts**2).sum(axis=1)).sum(axis=-1)
        pairs = (number @ between) ** 2 - (number**2) @ between
    else:
        equal = (counts * (counts - 1.0)).sum(axis=(1, 2))
        pairs = (number * (number - 1.0)).sum(axis=1)
    total = (within * pairs).sum()
    return divide((within * equal).sum(), choose(total > 0.0, total, 0.0))


def pair_disagreement(counts: Counts) -> Float[Array, ""]:
    """The share of pairs of values that differ."""
    return 1.0 - pair_agreement(counts)


def cohen_kappa(
    first: Codes, second: Codes, often: Often, options: int, weights: Weights
) -> Float[Array, ""]:
    """Agreement of two raters beyond chance: 1 - observed / expected disagreement.

    `first` and `second` are the codes that the raters gave to each unit, `often` how often the unit counts. A
    disagreement counts one, the difference of the codes, or its square. Cohen 1960; Cohen 1968 for weights.
    """
    number = often.sum()
    total = choose(number > 0.0, number, 1.0)
    left, right = (tally(codes, often, options) / total for codes in (first, second))
    observed = (often * _apart(first, second, weights)).sum() / total
    if weights == "none":
        expected = left.sum() * right.sum() - left @ right
    else:
        places = jnp.arange(options)
        expected = left @ _apart(places[:, None], places[None, :], weights) @ right
    return 1.0 - divide(observed, choose(expected > EXACT, expected, 0.0))


EXACT: Final = 1e-14
"""An expected disagreement below this is rounding: both raters always gave the same one option."""


def _apart(left: Array, right: Array, weights: Weights) -> Array:
    """How much two codes disagree."""
    if weights == "none":
        return (left != right).astype(jnp.float64)
    apart = (left - right).astype(jnp.float64)
    return jnp.abs(apart) if weights == "linear" else apart * apart
