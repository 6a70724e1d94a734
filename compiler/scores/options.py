"""Choices and levels as operands of a reducer: which of their codes can be compared, and how many there are.

A choice in cells is the place of its option in the layout of its scale; a level is its place in its vocabulary. Expects
such cells. Ensures that options of different items are compared by their codes, never by their place, unless it is
their order that is compared: then by their place among the options that count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import OptionLayout
from cyclspec.compiler.scores.blocks import Block
from cyclspec.compiler.scores.cells import Array, Cells, choose, refuse
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import MISSING_OPTION
from cyclspec.language.types.kinds import Choice, Vocabulary, scale_name

Comparison = Literal["equal", "order"]
"""What a reducer asks of two options: whether they are the same, or which comes first and how far apart they are."""


class Coded(NamedTuple):
    """Cells whose values compare as integers below `options`; 0 where they are numbers."""

    cells: Cells
    options: int


def coded(frame: Frame, of: Cells, axes: tuple[str, ...], comparison: Comparison) -> Coded:
    """An operand that is reduced over `axes`, its options as comparable codes."""
    if of.choices is None:
        truth = of.value.dtype == jnp.bool_
        return Coded(of, len(of.names) if of.names is not None else 2 if truth else 0)
    layout = frame.layout(of.choices)
    if comparison == "order":
        return _recoded(frame, of, layout, _ranks(frame, of.choices), layout.exists.shape[1])
    if layout.axis is None or layout.axis not in axes:
        return Coded(of, layout.exists.shape[1])
    names = tuple(dict.fromkeys(code for row in layout.codes for code in row))
    table = np.zeros(layout.exists.shape, dtype=np.int32)
    place = {name: at for at, name in enumerate(names)}
    for row, codes in enumerate(layout.codes):
        table[row, : len(codes)] = [place[code] for code in codes]
    return _recoded(frame, of, layout, table, len(names))


def _ranks(frame: Frame, scale: str) -> NDArray[np.int32]:
    """The place of each option among those of its row that count, [row, option]."""
    layout = frame.layout(scale)
    counts = layout.exists if frame.count_missing else layout.exists & ~layout.missing
    ranks: NDArray[np.int32] = np.maximum(np.cumsum(counts, axis=1) - 1, 0).astype(np.int32)
    return ranks


def _recoded(frame: Frame, of: Cells, layout: OptionLayout, table: NDArray[np.int32], options: int) -> Coded:
    if layout.axis is None:
        return Coded(replace(of, value=jnp.asarray(table[0])[of.value]), options)
    rows = jnp.asarray(frame.placed(np.arange(len(table)), (layout.axis,)))
    return Coded(replace(of, value=jnp.asarray(table)[rows, of.value]), options)


def chosen(frame: Frame, reasons: tuple[str, ...], kind: Choice, cells: Cells) -> Cells:
    """Choices as they were read; one that chose an option which does not count is missing with that reason."""
    scale = scale_name(kind.scale)
    names = kind.scale.names if isinstance(kind.scale, Vocabulary) else None
    held = replace(cells, names=names, choices=scale)
    if MISSING_OPTION not in reasons or not frame.layout(scale).missing.any():
        return held
    scored = jnp.asarray(frame.scored(scale))
    counts = jnp.take_along_axis(*_alike(scored, cells.value[..., None]), axis=-1)[..., 0]
    present = held.ok
    return replace(held, status=refuse(held.status, present & ~counts, reasons.index(MISSING_OPTION) + 1))


def _alike(table: Array, at: Array) -> tuple[Array, Array]:
    """Both with the same dimensions before the last."""
    shape = jnp.broadcast_shapes(table.shape[:-1], at.shape[:-1])
    return jnp.broadcast_to(table, (*shape, table.shape[-1])), jnp.broadcast_to(at, (*shape, at.shape[-1]))


def one_hot(frame: Frame, scale: str, block: Block, of: Cells) -> Cells:
    """A choice or level as a distribution that is all on its option, over the options of a block."""
    axes = tuple(frame.scale_axes(scale))
    places = frame.placed(block.places, axes) if axes else block.places.reshape(*frame.shape(()), -1)
    value = choose(of.value[..., None] == jnp.asarray(places), 1.0, 0.0)
    return replace(
        of, axes=of.axes | frame.scale_axes(scale), value=value, scale=scale, names=None, choices=None
    )
