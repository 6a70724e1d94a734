"""Ragged scales as blocks: one block an option count, joined along the items once `option` is gone.

A scale that comes with its items has items of two options and items of ten. What has options is computed block by
block: within a block the frame has the items of that block and the options that count, and nothing else. What has no
options, values and statuses, is one array over all items; `Blocks.cut` takes the part of it that belongs to a block,
`Blocks.joined` puts the parts of a result together in the order of the items.

Expects the frame of an audit. Ensures that every item stands in one block, and that a block holds several option
counts, padded to the longest of them, only where that adds fewer than `BLOCK_COST` entries for each block that it
saves, or where there would be more than `MOST_BLOCKS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from cyclspec.compiler.scores.cells import Array, Cells
from cyclspec.compiler.scores.counted import Counts, Tally
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import OK
from cyclspec.language.diagnostics import InternalError

Places = NDArray[np.int64]

MOST_BLOCKS: Final = 16
"""No scale is cut into more."""

BLOCK_COST: Final = 1 << 18
"""Entries of padding, one an option of a cell, that cost as much as a block: each is compiled by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The items of a scale that have so many options: `rows` are their levels, in rising order.

    `places` [row, option] says where in the layout of the scale each option stands, and `frame` is the frame of these
    items alone.
    """

    rows: Places
    places: Places
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """All blocks of one scale; `at` is the dimension of its items, None where all items share one scale.

    `width` is the number of options of its layout.
    """

    parts: tuple[Block, ...]
    at: int | None
    width: int

    def placed(self, array: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """An array [.., *full rank, option of the layout] as its blocks, on the host."""
        if array.shape[-1] != self.width:
            raise InternalError("score", f"expected {self.width} options, got an array {array.shape}")
        return tuple(self._placed(block, array) for block in self.parts)

    def _placed(self, block: Block, array: NDArray[Any]) -> NDArray[Any]:
        if self.at is None:
            return array
        rank = block.frame.rank
        at = array.ndim - 1 - rank + self.at
        rows = block.rows if array.shape[at] > 1 else np.zeros(1, dtype=np.int64)
        moved = np.moveaxis(array, at, -2)
        # Items and options as one dimension: rows and places are looked up together, and only what is kept is read.
        joined = moved.reshape(*moved.shape[:-2], moved.shape[-2] * self.width)
        wanted = rows[:, None] * self.width + block.places
        return np.moveaxis(np.take(joined, wanted, axis=-1, mode="clip"), -2, at)

    def cut(self, block: Block, cells: Cells) -> Cells:
        """The part of cells without options that belongs to a block."""
        if self.at is None or len(self.parts) == 1:
            return cells
        counts = cells.counts
        if counts is not None:
            counts = counts.each(lambda array: self._cut(block, array))
        status = None if cells.status is None else self._cut(block, cells.status)
        return replace(cells, value=self._cut(block, cells.value), status=status, counts=counts)

    def cut_counts(
        self, block: Block, items: frozenset[str], counts: Mapping[str, Array]
    ) -> dict[str, Array]:
        """How often the levels of a block were drawn, [draw, level] or [*full rank]; `items` is their axis."""
        return {
            axis: self._cut(block, held) if held.ndim > 2 else held[:, block.rows] if axis in items else held
            for axis, held in counts.items()
        }

    def _cut(self, block: Block, array: Array) -> Array:
        """The items of a block; what does not vary along the items is left alone."""
        if self.at is None or array.ndim <= self.at or array.shape[self.at] == 1:
            return array
        return _taken(array, block.rows, self.at)

    def joined(self, parts: Sequence[Cells]) -> Cells:
        """Cells without options, one part a block, as one over all items in their order."""
        if len(parts) == 1:
            return parts[0]
        status = None
        if any(part.status is not None for part in parts):
            nothing = jnp.full(self.parts[0].frame.shape(()), OK, jnp.int8)
            status = self._joined([nothing if part.status is None else part.status for part in parts])
        value = self._joined([part.value for part in parts])
        return replace(parts[0], value=value, status=status, counts=self._counts(parts))

    def _counts(self, parts: Sequence[Cells]) -> Counts | None:
        given = [part.counts for part in parts if part.counts is not None]
        if not given:
            return None
        units = {
            name: tuple(
                self._joined(parts) for parts in zip(*(one.units[name] for one in given), strict=True)
            )
            for name in given[0].units
        }
        counted = {
            read: Tally(
                *(self._joined(arrays) for arrays in zip(*(one.counted[read] for one in given), strict=True))
            )
            for read in given[0].counted
        }
        return Counts(given[0].uncounted, counted, units)

    def _joined(self, parts: Sequence[Array]) -> Array:
        if self.at is None:
            return parts[0]
        at = self.at
        others = [(*part.shape[:at], 1, *part.shape[at + 1 :]) for part in parts]
        same = jnp.broadcast_shapes(*others)
        wide = [
            jnp.broadcast_to(part, (*same[:at], len(block.rows), *same[at + 1 :]))
            for block, part in zip(self.parts, parts, strict=True)
        ]
        order = np.argsort(np.concatenate([block.rows for block in self.parts]), kind="stable")
        return _taken(lax.concatenate(wide, at), order, at)


def _taken(array: Array, levels: Places, at: int) -> Array:
    """Some levels of a dimension: a slice where they follow each other."""
    first, number = int(levels[0]), len(levels)
    if np.array_equal(levels, np.arange(first, first + number)):
        return lax.slice_in_dim(array, first, first + number, axis=at)
    return jnp.take(array, levels, axis=at, mode="clip", indices_are_sorted=bool((np.diff(levels) > 0).all()))


def blocks_of(frame: Frame, scale: str) -> Blocks:
    """The blocks of a scale of a frame: by how many options count, fewest first."""
    layout = frame.layout(scale)
    if layout.axis is None:
        one = Block(np.zeros(1, dtype=np.int64), np.arange(layout.exists.shape[1])[None], frame)
        return Blocks((one,), None, layout.exists.shape[1])
    scored = layout.exists if frame.count_missing else layout.exists & ~layout.missing
    others = [len(axis) for name, axis in frame.axes.items() if name != layout.axis]
    widths = _widths(np.maximum(scored.sum(axis=1), 1), math.prod(others))
    parts = []
    for width in np.unique(widths):
        rows = np.flatnonzero(widths == width)
        # The options that count come first, in the order of the scale.
        places = np.argsort(~scored[rows], axis=1, kind="stable")[:, :width]
        counts = np.take_along_axis(scored[rows], places, axis=1)
        parts.append(Block(rows, places, frame.part(scale, rows, places, counts)))
    return Blocks(tuple(parts), frame.place_of(layout.axis), layout.exists.shape[1])


def _widths(options: Places, cells: int) -> Places:
    """The options that the block of each item has, for so many cells an item."""
    sizes, items = np.unique(options, return_counts=True)
    cost = float(BLOCK_COST)
    while len(ends := _ends(sizes, items.astype(np.float64) * cells, cost)) > MOST_BLOCKS:
        cost *= 2.0
    ceilings = sizes[np.array(ends) - 1]
    widths: Places = ceilings[np.searchsorted(ceilings, options)]
    return widths


def _ends(sizes: Places, cells: NDArray[np.float64], cost: float) -> tuple[int, ...]:
    """Where blocks of neighbouring sizes end, so that all entries and `cost` for each block are fewest."""
    before = np.concatenate([[0.0], np.cumsum(cells)])
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for end in range(1, len(sizes) + 1):
        tried = (
            (least + (before[end] - before[start]) * sizes[end - 1] + cost, (*ends, end))
            for start, (least, ends) in enumerate(best)
        )
        best.append(min(tried))
    return best[-1][1]
