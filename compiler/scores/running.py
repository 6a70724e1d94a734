"""Reducers along an axis, which stays: running sums, differences, sorted values and ranks.

Expects cells of full rank that have the axis. Ensures that a missing cell stays missing and enters no other one, except
that a difference needs both of its cells, and that the axis runs in its own order: by its numbers where it has them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import lax

from cyclspec.compiler.axes import Axis
from cyclspec.compiler.scores.cells import Array, Cells, choose, worst
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import HOLE
from cyclspec.compiler.scores.sample import over_cells
from cyclspec.compiler.scores.statistics.ties import mean_ranks
from cyclspec.language.diagnostics import InternalError

ALONG: Final = frozenset({"cumsum", "diff", "sorted", "rank"})


def along(frame: Frame, reducer: str, of: Cells, axis: str) -> Cells:
    """`cumsum along repeat of x`, `rank along principle of x` and their like: of numbers."""
    at = frame.place_of(axis)
    shape = jnp.broadcast_shapes(of.value.shape, of.ok.shape, frame.shape((axis,)))
    here = jnp.broadcast_to(of.ok, shape)
    values = choose(here, jnp.broadcast_to(of.value, shape).astype(jnp.float64), 0.0)
    match reducer:
        case "cumsum":
            order = _order(frame.axes[axis])
            rising = jnp.take(values, order, axis=at)
            found = jnp.take(lax.cumsum(rising, axis=at), np.argsort(order), axis=at)
        case "diff":
            return _differences(frame, replace(of, axes=of.axes | {axis}), axis, values)
        case "sorted":
            found = jnp.moveaxis(_sorted(jnp.moveaxis(values, at, -1), jnp.moveaxis(here, at, -1)), -1, at)
        case "rank":
            found = jnp.moveaxis(_ranks(jnp.moveaxis(values, at, -1), jnp.moveaxis(here, at, -1)), -1, at)
        case _:
            raise InternalError("score", f"{reducer} along an axis")
    return replace(of, axes=of.axes | {axis}, value=found)


def _ranks(values: Array, here: Array) -> Array:
    """Ranks along the last dimension, one for the largest; equal values have their mean rank."""
    return over_cells(lambda x, often: mean_ranks(-x, often), values, here.astype(jnp.float64))


def _sorted(values: Array, here: Array) -> Array:
    """Rising values along the last dimension, in the places that hold one."""
    rising = jnp.sort(choose(here, values, jnp.inf), axis=-1)
    place = jnp.maximum(lax.cumsum(here.astype(jnp.int32), axis=values.ndim - 1) - 1, 0)
    return choose(here, jnp.take_along_axis(rising, place, axis=-1), 0.0)


def _differences(frame: Frame, of: Cells, axis: str, values: Array) -> Cells:
    """What each level has more than the one before it. The first level is a hole: there is nothing to be missing."""
    at, order = frame.place_of(axis), _order(frame.axes[axis])
    before = np.empty_like(order)
    before[order] = np.concatenate([order[:1], order[:-1]])
    first = np.zeros(len(order), dtype=np.int8)
    first[order[:1]] = HOLE
    status = None if of.status is None else jnp.broadcast_to(of.status, _at_least(of.status, values, at))
    earlier = None if status is None else jnp.take(status, before, axis=at)
    hole = jnp.asarray(frame.placed(first, (axis,)))
    return replace(of, value=values - jnp.take(values, before, axis=at), status=worst(status, earlier, hole))


def _at_least(status: Array, values: Array, at: int) -> tuple[int, ...]:
    """The shape of a status that has one dimension in full."""
    return tuple(values.shape[at] if place == at else size for place, size in enumerate(status.shape))


def _order(axis: Axis) -> np.ndarray:
    """The levels in the order of their numbers, or as they stand."""
    numbers = [value for value in axis.attributes.get("value", ()) if isinstance(value, int | float)]
    if len(numbers) != len(axis):
        return np.arange(len(axis))
    return np.argsort(np.array(numbers, dtype=np.float64), kind="stable")
