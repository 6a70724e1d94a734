"""Reductions over axes: masked, skipping what is missing, weighted, and ready for resampling.

Expects cells of full rank. `resampled` holds, for some of the reduced axes, how often each level was drawn (float
[level]); the point estimate passes none. Ensures that levels drawn k times count k times, that linear reductions are
matrix products with those counts, and that holes are neither used nor missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
from jax import lax

from cyclspec.compiler.scores.arithmetic import divide, sqrt
from cyclspec.compiler.scores.cells import (
    HOLE,
    OK,
    UNDEFINED,
    Array,
    Cells,
    Counts,
    choose,
    refuse,
    worst,
)
from cyclspec.compiler.scores.frame import Frame
from cyclspec.language.diagnostics import InternalError

LINEAR = frozenset({"mean", "sum", "share", "sd", "slope"})
REDUCERS = LINEAR | {"min", "max", "median", "mode"}
WEIGHTED = frozenset({"mean", "sum", "share", "slope"})


@dataclass(frozen=True, slots=True)
class Reduction:
    """One `reducer over axes by groups`, with the draws of the axes that are resampled."""

    frame: Frame
    reducer: str
    axes: tuple[str, ...]
    by: tuple[str, ...]
    resampled: Mapping[str, Array]
    unit_axes: frozenset[str]
    reasons: int
    counting: bool

    @property
    def places(self) -> tuple[int, ...]:
        return tuple(sorted(self.frame.place_of(axis) for axis in self.axes))

    def total(self, values: Array) -> Array:
        """The sum over the reduced axes, each level as often as it was drawn; dimensions are kept."""
        drawn = {
            self.frame.place_of(axis): counts for axis, counts in self.resampled.items() if axis in self.axes
        }
        plain = tuple(at for at in self.places if at not in drawn)
        result = values.sum(axis=plain, keepdims=True) if plain else values
        for at, counts in drawn.items():
            result = jnp.expand_dims(jnp.tensordot(result, counts, axes=((at,), (0,))), at)
        return result

    def drawn(self, shape: tuple[int, ...]) -> Array:
        """How often each cell was drawn, broadcast to `shape` (full rank)."""
        total = jnp.ones(shape)
        for axis, counts in self.resampled.items():
            if axis in self.axes:
                total = total * counts.reshape(self.frame.shape((axis,)))
        return total


def reduced(plan: Reduction, of: Cells, weight: Cells | None, against: Cells | None) -> Cells:
    """Reduces cells over the axes of the plan; the result lacks them and has the `by` axes instead."""
    frame = plan.frame
    extra = tuple(cells for cells in (weight, against) if cells is not None)
    axes = of.axes.union(*(cells.axes for cells in extra)) | set(plan.by)
    status = worst(of.status, *(cells.status for cells in extra))
    shape = jnp.broadcast_shapes(
        frame.shape(plan.axes),
        () if status is None else status.shape,
        *(cells.value.shape[: len(frame.names)] for cells in (of, *extra)),
    )
    state = jnp.broadcast_to(jnp.int8(OK) if status is None else status, shape)
    ok = state == OK
    values = _present(of, ok, shape)
    heft = None if weight is None else _present(weight, ok, shape)
    aim = None if against is None else _present(against, ok, shape)
    tally = _tally(plan, state) if plan.counting else None
    value, defined = _estimate(plan, values, ok, heft, aim, tally, wide=of.width == 1)
    if tally is None:
        outcome = choose(defined, jnp.int8(OK), jnp.int8(UNDEFINED))
        return Cells(axes - set(plan.axes), value, outcome, of.scale)
    counts = _counts(plan, of, state, ok, tally)
    return Cells(axes - set(plan.axes), value, _outcome(tally, defined), of.scale, None, counts)


def _tally(plan: Reduction, state: Array) -> Array:
    """How many reduced cells have each status, int32 [.., status]: used ones first, then by reason; holes nowhere."""
    codes = jnp.arange(plan.reasons + 1, dtype=jnp.int8)
    return (state[..., None] == codes).sum(axis=plan.places, keepdims=True, dtype=jnp.int32)


def _present(cells: Cells, ok: Array, shape: tuple[int, ...]) -> Array:
    """Values as float, zero where missing."""
    value = cells.value.astype(jnp.float64)
    if cells.scale is not None:
        return choose(ok[..., None], value, 0.0)
    return choose(ok, jnp.broadcast_to(value, shape), 0.0)


def _estimate(
    plan: Reduction,
    values: Array,
    ok: Array,
    heft: Array | None,
    aim: Array | None,
    tally: Array | None,
    *,
    wide: bool,
) -> tuple[Array, Array]:
    """The value, and where it is defined: enough cells for the reducer."""
    here = ok.astype(jnp.float64)
    weights = here if heft is None else here * heft
    counted = tally is not None and heft is None and plan.resampled.keys().isdisjoint(plan.axes)
    mass = tally[..., 0].astype(jnp.float64) if tally is not None and counted else plan.total(weights)
    # Values and weights are zero where something is missing, so that they need no mask here.
    scaled = values if heft is None else values * (heft[..., None] if wide else heft)
    match plan.reducer:
        case "mean" | "share" if wide:
            return divide(plan.total(scaled), mass[..., None]), mass > 0.0
        case "mean" | "share":
            return divide(plan.total(scaled), mass), mass > 0.0
        case "sum":
            return plan.total(scaled), (mass if heft is None else plan.total(here)) > 0.0
        case "sd":
            return _spread(plan, values, here, mass)
        case "slope" if aim is not None:
            return _slope(plan, values, aim, weights, mass)
        case "min" | "max" | "median" | "mode":
            return _ordered(plan, values, here)
        case _:
            raise InternalError("score", f"reducer {plan.reducer}")


def _spread(plan: Reduction, values: Array, here: Array, mass: Array) -> tuple[Array, Array]:
    """Sample standard deviation (n - 1), around a centre that no resample moves, for precision."""
    centred = (values - _centre(plan, values, here)) * here
    first, second = plan.total(centred), plan.total(centred * centred)
    squares = jnp.maximum(second - divide(first * first, mass), 0.0)
    return sqrt(divide(squares, mass - 1.0)), mass > 1.0


def _slope(plan: Reduction, values: Array, aim: Array, weights: Array, mass: Array) -> tuple[Array, Array]:
    """Weighted least-squares slope of `values` on `aim`."""
    x, y = aim - _centre(plan, aim, weights), values - _centre(plan, values, weights)
    mean_x, mean_y = divide(plan.total(x * weights), mass), divide(plan.total(y * weights), mass)
    across = plan.total(x * y * weights) - mass * mean_x * mean_y
    squares = plan.total(x * x * weights)
    along = squares - mass * mean_x * mean_x
    defined = (mass > 0.0) & (along > 1e-12 * squares)
    return divide(across, choose(defined, along, 0.0)), defined


def _centre(plan: Reduction, values: Array, weights: Array) -> Array:
    """The weighted mean without resampling: it only keeps later sums small, so zero will do where there is none."""
    number = weights.sum(axis=plan.places, keepdims=True)
    total = (values * weights).sum(axis=plan.places, keepdims=True)
    return choose(number > 0.0, divide(total, number), 0.0)


def _ordered(plan: Reduction, values: Array, here: Array) -> tuple[Array, Array]:
    often = here * plan.drawn(here.shape)
    there = often > 0.0
    any_there = there.any(axis=plan.places, keepdims=True)
    match plan.reducer:
        case "min":
            lowest = choose(there, values, jnp.inf).min(axis=plan.places, keepdims=True)
            return choose(any_there, lowest, 0.0), any_there
        case "max":
            highest = choose(there, values, -jnp.inf).max(axis=plan.places, keepdims=True)
            return choose(any_there, highest, 0.0), any_there
        case "median":
            return _median(plan, values, here, often), any_there
        case _:
            return _mode(plan, values, here, often)


def _lined_up(plan: Reduction, array: Array) -> Array:
    """The reduced axes as one last dimension: [.., kept dimensions, reduced]."""
    last = jnp.moveaxis(array, plan.places, range(-len(plan.places), 0))
    return last.reshape(*last.shape[: -len(plan.places)], -1)


def _sorted(plan: Reduction, values: Array, here: Array, often: Array) -> tuple[Array, Array]:
    """Values in rising order with the missing last, and how often each was drawn: both [.., reduced]."""
    lined = _lined_up(plan, choose(here > 0.0, values, jnp.inf))
    order = jnp.argsort(lined, axis=-1)
    return jnp.take_along_axis(lined, order, -1), jnp.take_along_axis(_lined_up(plan, often), order, -1)


def _put_back(plan: Reduction, result: Array) -> Array:
    return jnp.expand_dims(result, plan.places)


def _median(plan: Reduction, values: Array, here: Array, often: Array) -> Array:
    """The middle of the values with repeats: the mean of the two middle ones for an even number."""
    rising, times = _sorted(plan, values, here, often)
    upto = jnp.cumsum(times, axis=-1)
    half = upto[..., -1:] / 2.0
    lower = jnp.argmax(upto >= half, axis=-1, keepdims=True)
    upper = jnp.argmax(upto > half, axis=-1, keepdims=True)
    both = jnp.take_along_axis(rising, lower, -1) + jnp.take_along_axis(rising, upper, -1)
    return _put_back(plan, both[..., 0] / 2.0)


def _mode(plan: Reduction, values: Array, here: Array, often: Array) -> tuple[Array, Array]:
    """The most frequent value; a tie between different values is undefined."""
    rising, times = _sorted(plan, values, here, often)
    upto = jnp.cumsum(times, axis=-1)
    fresh = jnp.concatenate(
        [jnp.ones_like(rising[..., :1], bool), rising[..., 1:] != rising[..., :-1]], axis=-1
    )
    before = lax.cummax(choose(fresh, upto - times, 0.0), axis=upto.ndim - 1)
    last = jnp.concatenate([fresh[..., 1:], jnp.ones_like(fresh[..., :1])], axis=-1)
    tally = choose(last, upto - before, 0.0)
    most = tally.max(axis=-1, keepdims=True)
    best = jnp.take_along_axis(rising, jnp.argmax(tally, axis=-1)[..., None], -1)
    alone = (most[..., 0] > 0.0) & ((tally == most).sum(axis=-1) == 1)
    return _put_back(plan, choose(alone, best[..., 0], 0.0)), _put_back(plan, alone)


def _outcome(tally: Array, defined: Array) -> Array:
    """The status of each reduced cell: the worst reason of its missing cells where nothing could be used."""
    codes = jnp.arange(tally.shape[-1], dtype=jnp.int8)
    reason = choose(tally > 0, codes, jnp.int8(OK)).max(axis=-1)
    empty = choose(reason > OK, reason, jnp.int8(HOLE))
    used = tally[..., 0] > 0
    return refuse(choose(used, jnp.int8(OK), empty), used & ~defined, UNDEFINED)


def _counts(plan: Reduction, of: Cells, state: Array, ok: Array, tally: Array) -> Counts:
    """Cells used and missing below this reduction, and the units of every axis that some interval resamples."""
    units = {axis: _units(plan, axis, ok, tally) for axis in plan.unit_axes.intersection(plan.axes)}
    if of.counts is None:
        return Counts(tally[..., 0], tally[..., 1:], units)
    for axis, number in of.counts.units.items():
        units[axis] = choose(ok, number, 0).max(axis=plan.places, keepdims=True)
    codes = jnp.arange(1, plan.reasons + 1, dtype=jnp.int8)
    lost = (state[..., None] == codes).astype(jnp.int32) * of.counts.used[..., None]
    missing = lost + (state != HOLE).astype(jnp.int32)[..., None] * of.counts.missing
    used = ok.astype(jnp.int32) * of.counts.used
    return Counts(
        used.sum(axis=plan.places, keepdims=True, dtype=jnp.int32),
        missing.sum(axis=plan.places, keepdims=True, dtype=jnp.int32),
        units,
    )


def _units(plan: Reduction, axis: str, ok: Array, tally: Array) -> Array:
    """The levels of one reduced axis that have a cell to use."""
    if plan.axes == (axis,):
        return tally[..., 0]
    at = plan.frame.place_of(axis)
    seen = ok.any(axis=tuple(place for place in plan.places if place != at), keepdims=True)
    return seen.sum(axis=at, keepdims=True, dtype=jnp.int32)
