"""Principal components: scores of units on the directions in which they differ most.

Expects values [unit, variable] and which units have them all. Ensures that the largest loading of a component is
positive in the data, that a draw calls each component what the data call the one that it is most like, in its
direction, and NaN for units that lack a value and for components that the units do not have.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jaxtyping import Bool, Float

from cyclspec.compiler.scores.arithmetic import NAN
from cyclspec.compiler.scores.cells import Array, choose

Units = Bool[Array, "unit"]
Variables = Float[Array, "variable"]


ROUNDING: Final = 2.0**-52
"""The relative rounding of float64."""


def principal_components(
    values: Float[Array, "unit variable"],
    whole: Units,
    often: Variables,
    number: int,
    like: Float[Array, "unit component"] | None = None,
) -> Float[Array, "unit component"]:
    """Scores on the first `number` components of the values centred by variable. Jolliffe 2002.

    `whole` marks the units that have every variable: the others have no score and move no component. `often` says how
    often each variable counts: one drawn twice is there twice. `like` are the scores of the data, NaN where there is
    none: the components of a draw are put in their order and direction (Milan and Whittaker 1995, Applied Statistics
    44), since components that are nearly as long as one another change places from draw to draw.
    """
    scores = _scores(values, whole, often)
    return _first(scores, number) if like is None else _matched(scores, like)


def _matched(
    scores: Float[Array, "unit component"], like: Float[Array, "unit wanted"]
) -> Float[Array, "unit wanted"]:
    """For each component of `like` the one with the largest absolute congruence (Tucker 1951), each once.

    The largest of all is settled first. NaN where one of the two has no direction, or they have nothing in common.
    """
    both = jnp.isfinite(scores).any(axis=1) & jnp.isfinite(like).any(axis=1)
    ours, theirs = (_unit_columns(side, both) for side in (scores, like))
    alike, wanted = theirs.T @ ours, like.shape[1]
    found = jnp.full((scores.shape[0], wanted), NAN)
    free = jnp.abs(alike)
    for _ in range(min(wanted, scores.shape[1])):
        row, column = jnp.unravel_index(jnp.argmax(free), free.shape)
        sign = choose(alike[row, column] < 0.0, -1.0, 1.0)
        found = found.at[:, row].set(scores[:, column] * choose(free[row, column] > 0.0, sign, NAN))
        free = free.at[row, :].set(-1.0).at[:, column].set(-1.0)
    return found


def _unit_columns(side: Array, both: Units) -> Array:
    """Columns of length one, of the units that both have; zero for one without a direction."""
    kept = choose(both[:, None] & jnp.isfinite(side), side, 0.0)
    length = jnp.sqrt((kept * kept).sum(axis=0))
    return choose(length > 0.0, kept / choose(length > 0.0, length, 1.0), 0.0)


def _scores(
    values: Float[Array, "unit variable"], whole: Units, often: Variables
) -> Float[Array, "unit component"]:
    """Scores on all components, the largest loading of each positive."""
    units = whole.sum(dtype=jnp.float64)
    mean = choose(whole[:, None], values, 0.0).sum(axis=0) / jnp.maximum(units, 1.0)
    root = jnp.sqrt(often)
    kept = choose(whole[:, None], values, 0.0) * root
    centred = choose(whole[:, None], values - mean, 0.0) * root
    left, lengths, right = jnp.linalg.svd(centred, full_matrices=False)
    loadings = right / choose(root > 0.0, root, 1.0)
    largest = jnp.take_along_axis(loadings, jnp.abs(loadings).argmax(axis=1)[:, None], axis=1)[:, 0]
    scores = left * lengths * choose(largest < 0.0, -1.0, 1.0)
    # A component without length has no direction: its scores are rounding, which is that of values before their mean
    # is taken off.
    smallest = jnp.sqrt((kept * kept).sum()) * max(values.shape) * ROUNDING
    found: Array = choose(whole[:, None] & (lengths > smallest), scores, NAN)
    return found


def _first(scores: Array, number: int) -> Array:
    """So many components, filled up with NaN."""
    lacking = number - scores.shape[1]
    if lacking <= 0:
        return scores[:, :number]
    return jnp.pad(scores, ((0, 0), (0, lacking)), constant_values=NAN)
