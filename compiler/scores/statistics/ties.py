"""Equal values: how much lies below each value, how much is equal to it, and the ranks that follow.

Expects values and how often each counts. Ensures that the order of values never depends on how often they count, so
that resamples of one sample sort once.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Float

from cyclspec.compiler.scores.cells import Array, choose

Values = Float[Array, "value"]
Often = Float[Array, "value"]


class Ties(NamedTuple):
    """For each value how often smaller ones count, and how often those equal to it do, itself included."""

    below: Often
    equal: Often


def ties(values: Values, often: Often) -> Ties:
    """How often smaller and equal values count, for each value; also for those that count zero times."""
    order = jnp.argsort(values)
    rising, upto = values[order], lax.cumsum(often[order])
    before = jnp.concatenate([jnp.zeros_like(upto[:1]), upto[:-1]])
    fresh = jnp.concatenate([jnp.ones_like(rising[:1], bool), rising[1:] != rising[:-1]])
    last = jnp.concatenate([fresh[1:], jnp.ones_like(fresh[:1])])
    below = lax.cummax(choose(fresh, before, 0.0))
    through = lax.cummin(choose(last, upto, jnp.inf), reverse=True)
    place = jnp.argsort(order)
    return Ties(below[place], (through - below)[place])


def mean_ranks(values: Values, often: Often) -> Values:
    """Ranks from one for the smallest; equal values have the mean of the ranks that they take."""
    found = ties(values, often)
    return found.below + (found.equal + 1.0) / 2.0
