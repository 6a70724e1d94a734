"""Reducers along an axis, which stays: running sums and ranks.

Expects cells of full rank that have the axis. Ensures that a missing cell stays missing and enters no other one, and
that a sum runs in the order of the axis: by its numbers where it has them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import lax

from cyclspec.compiler.axes import Axis
from cyclspec.compiler.scores.cells import Array, Cells, choose
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.sample import over_cells
from cyclspec.compiler.scores.statistics.ties import mean_ranks
from cyclspec.language.diagnostics import InternalError

ALONG: Final = frozenset({"cumsum", "rank"})


def along(frame: Frame, reducer: str, of: Cells, axis: str) -> Cells:
    """`cumsum along repeat of x` and `rank along principle of x`: of numbers."""
    at = frame.place_of(axis)
    shape = jnp.broadcast_shapes(of.value.shape, of.ok.shape, frame.shape((axis,)))
    here = jnp.broadcast_to(of.ok, shape)
    values = choose(here, jnp.broadcast_to(of.value, shape).astype(jnp.float64), 0.0)
    match reducer:
        case "cumsum":
            order = _order(frame.axes[axis])
            rising = jnp.take(values, order, axis=at)
            found = jnp.take(lax.cumsum(rising, axis=at), np.argsort(order), axis=at)
        case "rank":
            found = jnp.moveaxis(_ranks(jnp.moveaxis(values, at, -1), jnp.moveaxis(here, at, -1)), -1, at)
        case _:
            raise InternalError("score", f"{reducer} along an axis")
    return replace(of, axes=of.axes | {axis}, value=found)


def _ranks(values: Array, here: Array) -> Array:
    """Ranks along the last dimension, one for the largest; equal values have their mean rank."""
    return over_cells(lambda x, often: mean_ranks(-x, often), values, here.astype(jnp.float64))


def _order(axis: Axis) -> np.ndarray:
    """The levels in the order of their numbers, or as they stand."""
    numbers = [value for value in axis.attributes.get("value", ()) if isinstance(value, int | float)]
    if len(numbers) != len(axis):
        return np.arange(len(axis))
    return np.argsort(np.array(numbers, dtype=np.float64), kind="stable")
