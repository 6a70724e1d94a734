"""One level of an axis: the one that the text names, or the one that another value names.

Expects a key that is coded: an axis, an attribute or another value of a declared vocabulary. Ensures that levels are
found by their names, that holes have no value, that a cell whose key is missing is missing, and that one whose level is
not on the axis has no value.
"""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from cyclspec.compiler.scores.cells import Array, Cells, refuse, without_holes, worst
from cyclspec.compiler.scores.counted import Counts
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import NO_VALUE
from cyclspec.compiler.scores.vocabularies import index_of
from cyclspec.language.diagnostics import InternalError


def picked_level(frame: Frame, cells: Cells, axis: str, level: str) -> Cells:
    """`fit[tuning: chat]`: a value at one level, without the axis."""
    cells, levels, at = _held(frame, cells), frame.axes[axis].levels, frame.place_of(axis)
    if level not in (*levels, "first", "last") or not levels:
        return _nowhere(cells, axis, at)
    index = index_of(levels, level)

    def take(array: Array) -> Array:
        lacking = array.ndim <= at or array.shape[at] == 1
        return array if lacking else array[(slice(None),) * at + (slice(index, index + 1),)]

    counts = cells.counts
    if counts is not None:
        counts = counts.reading(lambda read: read.picked(axis, level)).each(take)
    status = None if cells.status is None else take(cells.status)
    return replace(cells, axes=cells.axes - {axis}, value=take(cells.value), status=status, counts=counts)


def _nowhere(cells: Cells, axis: str, at: int) -> Cells:
    """Cells without a value: nothing is at that level, as where a condition left out all that was."""
    shape = [1 if place == at else size for place, size in enumerate(cells.value.shape)]
    status = jnp.full(shape[: len(shape) - cells.width], NO_VALUE, jnp.int8)
    return replace(
        cells, axes=cells.axes - {axis}, value=jnp.zeros(shape, cells.value.dtype), status=status, counts=None
    )


def looked_up(frame: Frame, of: Cells, axis: str, key: Cells) -> Cells:
    """`reply[country: other]`: a value at the level whose name the key has, on the axes of the key instead."""
    if key.names is None:
        raise InternalError("score", f"a lookup along {axis} by a value without names")
    of, levels = _held(frame, of), frame.axes[axis].levels
    places = np.array([levels.index(name) if name in levels else -1 for name in key.names], np.int32)
    index = jnp.asarray(places)[key.value]
    at = frame.place_of(axis)
    lost = refuse(None, index < 0, NO_VALUE) if (places < 0).any() else None
    status = None if of.status is None else _taken(of.status, index, at, 0)
    return replace(
        of,
        axes=(of.axes - {axis}) | key.axes,
        value=_taken(of.value, index, at, of.width),
        status=worst(status, key.status, lost),
        counts=_counts_at(of.counts, axis, key.axes, index, at),
    )


def _counts_at(counts: Counts | None, axis: str, key: frozenset[str], index: Array, at: int) -> Counts | None:
    """What is read at the levels that a key names."""
    if counts is None:
        return None
    found = counts.reading(lambda read: read.looked_up(axis, key))
    return found.each(lambda array: _taken(array, index, at, array.ndim - index.ndim))


def _held(frame: Frame, cells: Cells) -> Cells:
    holes = frame.holes(cells.axes)
    return without_holes(cells, None if holes is None else jnp.asarray(holes))


def _taken(array: Array, index: Array, at: int, width: int) -> Array:
    """The entries at `index` [*full rank], whose size along `at` is one; trailing dimensions are taken whole."""
    if array.ndim <= at or array.shape[at] == 1:
        return array
    full = index.reshape((*index.shape, *(1,) * width))
    shape = [max(one, other) for one, other in zip(array.shape, full.shape, strict=True)]
    shape[at] = array.shape[at]
    wanted = list(shape)
    wanted[at] = 1
    places = jnp.clip(jnp.broadcast_to(full, wanted), 0)
    return jnp.take_along_axis(jnp.broadcast_to(array, shape), places, axis=at)
