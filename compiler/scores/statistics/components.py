"""Principal components: scores of units on the directions in which they differ most.

Expects values [unit, variable] and which units have them all. Ensures that the largest loading of a component is
positive where every variable counts once, that a draw of variables turns no component round, and NaN for units that
lack a value and for components that the units do not have.
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
) -> Float[Array, "unit component"]:
    """Scores on the first `number` components of the values centred by variable. Jolliffe 2002.

    `whole` marks the units that have every variable: the others have no score and move no component. `often` says how
    often each variable counts: one drawn twice is there twice. The sign of a component is that in which its scores
    agree with those where each counts once.
    """
    scores = _scores(values, whole, often)
    once = _scores(values, whole, jnp.ones_like(often))
    both = jnp.isfinite(scores) & jnp.isfinite(once)
    along = choose(both, scores * once, 0.0).sum(axis=0)
    return _first(scores * choose(along < 0.0, -1.0, 1.0), number)


def _scores(
    values: Float[Array, "unit variable"], whole: Units, often: Variables
) -> Float[Array, "unit component"]:
    """Scores on all components, the largest loading of each positive."""
    units = whole.sum(dtype=jnp.float64)
    mean = choose(whole[:, None], values, 0.0).sum(axis=0) / jnp.maximum(units, 1.0)
    root = jnp.sqrt(often)
    centred = choose(whole[:, None], values - mean, 0.0) * root
    left, lengths, right = jnp.linalg.svd(centred, full_matrices=False)
    loadings = right / choose(root > 0.0, root, 1.0)
    largest = jnp.take_along_axis(loadings, jnp.abs(loadings).argmax(axis=1)[:, None], axis=1)[:, 0]
    scores = left * lengths * choose(largest < 0.0, -1.0, 1.0)
    # A component without length has no direction: its scores are rounding.
    smallest = lengths[0] * max(values.shape) * ROUNDING
    found: Array = choose(whole[:, None] & (lengths > smallest), scores, NAN)
    return found


def _first(scores: Array, number: int) -> Array:
    """So many components, filled up with NaN."""
    lacking = number - scores.shape[1]
    if lacking <= 0:
        return scores[:, :number]
    return jnp.pad(scores, ((0, 0), (0, lacking)), constant_values=NAN)
