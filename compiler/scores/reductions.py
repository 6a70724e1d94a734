"""Reductions over axes: masked, skipping what is missing, weighted, and ready for resampling.

Expects cells of full rank. `resampled` holds, for some of the axes, how often each level was drawn: float [draw,
level], or [*full rank] where an axis is drawn within others; the point estimate passes none. Ensures that levels drawn
k times count k times, and that holes are neither used nor missing. What is estimated is a matter of `reducers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import jax.numpy as jnp

from cyclspec.compiler.scores.cells import Array, Cells, choose, excluded, refuse, worst
from cyclspec.compiler.scores.clusters import Units
from cyclspec.compiler.scores.counted import Counting, Counts, joined_counts
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import HOLE, OK, UNDEFINED
from cyclspec.compiler.scores.reducers import REDUCERS
from cyclspec.compiler.scores.sample import Arguments, Sample, facing, grouped

_AT_A_TIME: Final = 32
"""Cells that are counted in one go."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """One `reducer over axes by groups`, with the draws of the axes that are resampled.

    `units` are the clusters that are counted, by their name, and `kept` [draw, level] marks by axis the levels whose
    values count; the others add zero. `like` is the point estimate that draws of a fitted statistic are matched to.
    """

    frame: Frame
    reducer: str
    axes: tuple[str, ...]
    by: tuple[str, ...]
    resampled: Mapping[str, Array]
    kept: Mapping[str, Array]
    units: Mapping[str, Units]
    reasons: tuple[str, ...]
    counting: bool
    told: Arguments
    like: Cells | None = None

    @property
    def places(self) -> tuple[int, ...]:
        return tuple(sorted(self.frame.place_of(axis) for axis in self.axes))

    @property
    def added(self) -> frozenset[str]:
        """The axis that a fitted statistic adds."""
        return frozenset() if self.told.adds is None else frozenset((self.frame.names[self.told.adds[0]],))

    def counts(self, there: frozenset[str]) -> dict[int, Array]:
        """How often each level of a reduced dimension was drawn; `there` are the axes of what is reduced."""
        inside = {axis for one in self._nested(there) for axis in self._around(one)}
        return {
            self.frame.place_of(axis): counts
            for axis, counts in self.resampled.items()
            if axis in self.axes and counts.ndim == 2 and axis not in inside
        }

    def joint(self, there: frozenset[str]) -> Array | None:
        """How often each cell was drawn where axes are drawn within others, [*full rank]; None where none is.

        Within a level that is kept it is the mean over the copies of that level: these count once they are reduced.
        """
        total = None
        for axis in self._nested(there):
            counts = self.resampled[axis]
            lacking = [name for name in self._around(axis) if name not in there and name not in self.axes]
            counts = counts.sum(axis=tuple(self.frame.place_of(name) for name in lacking), keepdims=True)
            for name in self._around(axis):
                if name not in self.axes and name not in lacking and name in self.resampled:
                    counts = self._by_copy(counts, name)
            total = counts if total is None else total * counts
        return total

    def _by_copy(self, counts: Array, axis: str) -> Array:
        copies = self.resampled[axis]
        if copies.ndim == 2:
            copies = facing(copies.T, self.frame.rank, self.frame.place_of(axis), self.frame.rank - 1)
        return choose(copies > 0.0, counts / choose(copies > 0.0, copies, 1.0), 0.0)

    def _around(self, axis: str) -> tuple[str, ...]:
        """The axes that one is drawn within."""
        shape = self.resampled[axis].shape
        return tuple(name for at, name in enumerate(self.frame.names) if shape[at] > 1 and name != axis)

    def _nested(self, there: frozenset[str]) -> list[str]:
        """The nested axes whose draws concern this reduction: it has them, and reduces them or what is around them.

        Of axes within one another the innermost holds the draws of the others.
        """
        held = there | set(self.axes)
        found = [
            axis
            for axis, counts in self.resampled.items()
            if counts.ndim > 2 and axis in held and not set(self.axes).isdisjoint((axis, *self._around(axis)))
        ]
        return [one for one in found if not any(one in self._around(other) for other in found)]


def reduced(plan: Reduction, of: Cells, weight: Cells | None, beside: Mapping[str, Cells]) -> Cells:
    """Reduces cells over the axes of the plan; the result lacks them and has the `by` axes instead."""
    frame = plan.frame
    extra = (*(() if weight is None else (weight,)), *beside.values())
    axes = of.axes.union(*(cells.axes for cells in extra)) | set(plan.by)
    status = worst(of.status, *(cells.status for cells in extra))
    shape = jnp.broadcast_shapes(
        frame.shape(plan.axes),
        () if status is None else status.shape,
        *(cells.value.shape[: frame.rank] for cells in (of, *extra)),
    )
    state = jnp.broadcast_to(jnp.int8(OK) if status is None else status, shape)
    ok = state == OK
    tally = _tally(plan, state) if plan.counting else None
    sample = Sample(
        values=_kept(plan, _present(of, ok, shape)),
        here=ok.astype(jnp.float64),
        weights=None if weight is None else _present(weight, ok, shape),
        beside={name: _present(cells, ok, shape) for name, cells in beside.items()},
        places=plan.places,
        counts=plan.counts(axes),
        joint=plan.joint(axes),
        used=None if tally is None else tally[..., 0].astype(jnp.float64),
        told=plan.told,
        like=None if plan.like is None else choose(plan.like.ok, plan.like.value, jnp.nan),
    )
    reducer = REDUCERS[plan.reducer]
    value, defined = reducer.estimate(sample)
    left = Cells((axes - set(plan.axes)) | plan.added, value, scale=of.scale)
    if reducer.keeps:
        left = replace(left, value=value.astype(of.value.dtype), names=of.names, choices=of.choices)
    if tally is None:
        there = defined & _any_left(plan, state) if reducer.anything else defined
        return replace(left, status=choose(there, jnp.int8(OK), jnp.int8(UNDEFINED)))
    used = _any_left(plan, state) if reducer.anything else tally[..., 0] > 0
    status = _outcome(tally, used, defined, plan.reasons.index(reducer.reason) + 1)
    if weight is not None:
        # What weighs nothing is not read.
        state = choose(weight.ok & (weight.value == 0), jnp.int8(HOLE), state)
        tally = _tally(plan, state)
    return replace(left, status=status, counts=_counts(plan, axes, (of, *extra), state, tally))


def _tally(plan: Reduction, state: Array) -> Array:
    """How many reduced cells have each status, int32 [.., status]: used ones first, then by reason; holes nowhere."""
    lined = grouped(state, plan.places)
    # A compiler stores what it sums up, unless that is little at a time.
    rows = -(-lined.shape[-1] // _AT_A_TIME)
    filled = [(0, 0)] * (lined.ndim - 1) + [(0, rows * _AT_A_TIME - lined.shape[-1])]
    some = jnp.pad(lined, filled, constant_values=HOLE).reshape(*lined.shape[:-1], rows, _AT_A_TIME)
    codes = jnp.arange(len(plan.reasons) + 1, dtype=jnp.int8)
    counts = (some[..., None] == codes).sum(axis=-2, dtype=jnp.int32).sum(axis=-2)
    return jnp.expand_dims(counts, plan.places)


def _present(cells: Cells, ok: Array, shape: tuple[int, ...]) -> Array:
    """Values as float, zero where missing."""
    value = cells.value.astype(jnp.float64)
    if cells.scale is not None:
        return choose(ok[..., None], value, 0.0)
    return choose(ok, jnp.broadcast_to(value, shape), 0.0)


def _kept(plan: Reduction, values: Array) -> Array:
    """Values with zero at the levels of reduced axes that do not count."""
    for axis, mask in plan.kept.items():
        if axis in plan.axes:
            at = plan.frame.place_of(axis)
            values = values * facing(mask.T, values.ndim, at, plan.frame.rank - 1)
    return values


def _any_left(plan: Reduction, state: Array) -> Array:
    """Where a number of cells can be counted: any of them exists, there or missing, and no check took it out."""
    return ((state != HOLE) & ~excluded(state, plan.reasons)).any(axis=plan.places, keepdims=True)


def _outcome(tally: Array, used: Array, defined: Array, undefined: int) -> Array:
    """The status of each reduced cell: the worst reason of its missing cells where nothing is `used`.

    `undefined` is the reason where cells were used and gave no value.
    """
    codes = jnp.arange(tally.shape[-1], dtype=jnp.int8)
    reason = choose(tally > 0, codes, jnp.int8(OK)).max(axis=-1)
    empty = choose(reason > OK, reason, jnp.int8(HOLE))
    return refuse(choose(used, jnp.int8(OK), empty), used & ~defined, undefined)


def _counts(
    plan: Reduction, axes: frozenset[str], parts: tuple[Cells, ...], state: Array, tally: Array
) -> Counts:
    """What is read below this reduction of cells over `axes`, and the clusters of every axis that is drawn."""
    frame, ok = plan.frame, state == OK
    units = {name: (_units(plan, one, ok),) for name, one in plan.units.items() if one.axis in plan.axes}
    below = joined_counts(cells.counts for cells in parts)
    for name, there in ({} if below is None else below.units).items():
        seen = tuple((ok[..., None] & one).any(axis=plan.places, keepdims=True) for one in there)
        units[name] = (*units.get(name, ()), *seen)
    places = {axis: frame.place_of(axis) for axis in plan.axes}
    owned = partial(_owned, plan)
    return Counts(counted=Counting(axes, places, state, tally, owned).of(below), units=units)


def _owned(plan: Reduction, axes: frozenset[str]) -> tuple[str, ...]:
    """The axes of the plan that are made of attributes of some axes."""
    return tuple(name for name in plan.by if plan.frame.owner(name, axes) is not None)


def _units(plan: Reduction, units: Units, ok: Array) -> Array:
    """Which clusters of one reduced axis have a cell to use, bool [*axes, cluster]."""
    at = plan.frame.place_of(units.axis)
    seen = jnp.moveaxis(ok.any(axis=tuple(p for p in plan.places if p != at), keepdims=True), at, -1)
    if not units.clusters.single:
        seen = seen.astype(jnp.float64) @ jnp.asarray(units.clusters.members).T > 0.0
    return jnp.expand_dims(seen, at)
