"""Distributions of people whose people are drawn again, or whose groups are permuted, inside the graph.

Expects the answers behind a distribution. Ensures that a draw holds one weight a person and one number a cell and
option, whatever the number of draws, and that draws are functions of a key. Units are drawn within strata, one fewer
than there are, and count n / (n - 1) times: see `counts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.arrays import RowArrays, UnitArrays
from cyclspec.compiler.scores.blocks import Blocks
from cyclspec.compiler.scores.cells import Array, Blocked, refuse
from cyclspec.compiler.scores.expressions import Scope
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import NO_PEOPLE
from cyclspec.compiler.scores.tables import PeopleCells, PeopleUnits
from cyclspec.compiler.scores.walk import Leaf
from cyclspec.language.diagnostics import InternalError

_MOST: Final = 1 << 22
"""So many weights of units and slots stand in a table, of 32 MiB."""


def unit_arrays(units: PeopleUnits) -> UnitArrays:
    """The arrays of `rao_wu`, on the host."""
    sizes = np.bincount(units.stratum)
    first = np.cumsum(sizes) - sizes
    picks = np.repeat(np.arange(len(sizes)), np.maximum(sizes - 1, 0))
    drawn = sizes > 1
    factor = np.where(drawn, sizes / np.maximum(sizes - 1, 1), 0.0)
    return UnitArrays(
        jnp.asarray(first[picks]),
        jnp.asarray(sizes[picks].astype(np.float64)),
        jnp.asarray(factor[units.stratum]),
        jnp.asarray((~drawn)[units.stratum].astype(np.float64)),
        jnp.asarray(units.unit),
    )


def rao_wu(key: Array, units: UnitArrays) -> Array:
    """How often each unit counts in one resample, [unit]."""
    where = jax.random.uniform(key, units.size.shape, jnp.float64)
    picked = units.first + jnp.floor(where * units.size).astype(units.first.dtype)
    drawn = jnp.zeros_like(units.counts).at[picked].add(1.0)
    return drawn * units.counts + units.always


def mass_table(rows: RowArrays, units: UnitArrays) -> Array | None:
    """The weights of the answers of each unit, [unit, slot]; None where they are too many to stand in a table."""
    slots, number = _slots(rows), len(units.counts)
    if number * slots > _MOST:
        return None
    person = np.asarray(rows.person)
    place = np.asarray(rows.base) + np.asarray(rows.group)[person] * rows.width
    flat = np.asarray(units.unit)[person] * slots + np.asarray(rows.slot)[place]
    found = np.bincount(flat, np.asarray(rows.weight)[person], number * slots)
    return jnp.asarray(found.reshape(number, slots))


def _slots(rows: RowArrays) -> int:
    """The values of all blocks, and one place for what does not count."""
    return int(np.asarray(rows.slot).max(initial=0)) + 1


def dealing_strata(found: Iterable[PeopleCells], within: tuple[str, ...]) -> NDArray[np.int64]:
    """Among whom people are dealt out, [person]: who shares the levels of `within` and has a group in the same leaves.

    A level is known of who has a group in some leaf with that axis. In each leaf a person takes the group of the same
    other person.
    """
    known: dict[str, NDArray[np.int64]] = {}
    columns: list[NDArray[np.int64]] = []
    for cells in found:
        rows = cells.rows
        if rows is None:
            raise InternalError("score", "people are dealt out whose answers were not kept")
        inside = rows.group >= 0
        columns.append(inside.astype(np.int64))
        for axis in within:
            if axis in cells.axes[1:]:
                places = np.unravel_index(np.maximum(rows.group, 0), cells.share.shape[1:-1])
                level = np.where(inside, places[cells.axes.index(axis) - 1], -1)
                known[axis] = np.maximum(known.get(axis, level), level)
    table = np.stack([*columns, *known.values()], axis=1)
    stratum: NDArray[np.int64] = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
    return stratum


def row_arrays(
    frame: Frame, blocks: Blocks, cells: PeopleCells, stratum: NDArray[np.int64] | None
) -> RowArrays:
    """The arrays of `drawn_people`, on the host."""
    rows = cells.rows
    if rows is None:
        raise InternalError("score", "people are drawn again whose answers were not kept")
    groups, width = int(np.prod(cells.share.shape[1:-1], dtype=np.int64)), cells.share.shape[-1]
    places = np.arange(cells.share.size).reshape(cells.share.shape)
    found = [part.ravel() for part in blocks.placed(frame.placed(places, cells.axes))]
    slot = np.full(cells.share.size, sum(part.size for part in found))
    slot[np.concatenate(found)] = np.arange(sum(part.size for part in found))
    inside = np.flatnonzero(rows.group >= 0)
    dealt = np.zeros(inside.shape, np.int64) if stratum is None else stratum[inside]
    order = np.argsort(dealt, kind="stable")
    return RowArrays(
        jnp.asarray(rows.person),
        jnp.asarray(rows.item * groups * width + rows.option),
        jnp.asarray(rows.weight),
        jnp.asarray(rows.group),
        jnp.asarray(inside[order]),
        jnp.asarray(dealt[order]),
        jnp.asarray(slot),
        jnp.asarray(width),
    )


def permuted_groups(key: Array, rows: RowArrays) -> Array:
    """The groups of people, dealt out again in each stratum of those who have one, [person]."""
    where = jax.random.uniform(key, rows.group.shape, jnp.float64)[rows.inside]
    order = jnp.argsort(rows.stratum + where)
    return rows.group.at[rows.inside].set(rows.group[rows.inside[order]])


def redrawn_mass(rows: RowArrays, units: UnitArrays, table: Array | None, times: Array) -> Array:
    """The weights on each slot, [draw, slot], where units count `times` [draw, unit].

    A product with a table, or a sum over answers.
    """
    if table is not None:
        return times @ table

    def one(drawn: Array) -> Array:
        person = jnp.where(units.unit >= 0, drawn[jnp.maximum(units.unit, 0)], 0.0)
        return mass_of(rows, rows.weight * person, rows.group)

    return jax.vmap(one)(times)


def mass_of(rows: RowArrays, weight: Array, group: Array) -> Array:
    """The weights on each slot, of people with these weights in these groups."""
    place = rows.base + group[rows.person] * rows.width
    slots = rows.slot.size + 1
    return jnp.zeros(slots).at[rows.slot[place]].add(weight[rows.person])


def drawn_people(scale: str, scope: Scope, leaf: Leaf, mass: Array) -> Blocked:
    """A leaf with other weights [draw, slot] on its options, block by block; nobody answers where there are none."""
    found, start = [], 0
    for part in scope.blocks(scale):
        cells = part.cells(leaf)
        shape = (*part.setting.frame.shape(cells.axes), cells.value.shape[-1])
        size = int(np.prod(shape))
        drawn = mass[:, start : start + size].reshape(len(mass), *shape)
        held = jnp.moveaxis(drawn.squeeze(-2), 0, -2)
        start += size
        total = held.sum(axis=-1, keepdims=True)
        value = jnp.where(total > 0.0, held / jnp.where(total > 0.0, total, 1.0), 0.0)
        status = refuse(cells.status, ~(total[..., 0] > 0.0), NO_PEOPLE)
        found.append(replace(cells, value=value, status=status))
    return Blocked(scale, tuple(found))


def counted_units(
    cells: PeopleCells, name: str, axes: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many units, and strata of them, have an answer behind each cell over some axes of a leaf, in their order."""
    rows = cells.rows
    if rows is None:
        raise InternalError("score", "people are drawn again whose answers were not kept")
    units = rows.units[name]
    sizes = dict(zip(cells.axes, cells.share.shape, strict=False))
    places = np.unravel_index(rows.group[rows.person], cells.share.shape[1:-1]) if len(cells.axes) > 1 else ()
    held = dict(zip(cells.axes, (rows.item, *places), strict=True))
    flat = np.zeros(len(rows.person), dtype=np.int64)
    for axis in axes:
        flat = flat * sizes[axis] + held[axis]
    unit = units.unit[rows.person]
    shape = tuple(sizes[axis] for axis in axes)
    number = int(np.prod(shape, dtype=np.int64))
    return _distinct(flat, unit, number).reshape(shape), _distinct(flat, units.stratum[unit], number).reshape(
        shape
    )


def _distinct(cell: NDArray[np.int64], what: NDArray[np.int64], cells: int) -> NDArray[np.int64]:
    """How many different values stand in each cell."""
    pairs = np.unique(cell * (int(what.max(initial=0)) + 1) + what)
    return np.bincount(pairs // (int(what.max(initial=0)) + 1), minlength=cells)
