"""Builtin functions on cells: uniform and human baselines, sizes of scales, completeness of a panel.

Expects distributions whose options that do not count carry zero. Ensures that a baseline never uses a missing cell,
and is missing itself where nothing is left to use.
"""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.arithmetic import divide
from cyclspec.compiler.scores.cells import Array, Cells, choose, refuse, undefined
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import HOLE, NO_PEOPLE, NO_VALUE, OK
from cyclspec.compiler.seeds import other_level
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import ScaleValue, scale_name
from cyclspec.language.types.terms import Term, VocabularyTerm


def mask_of(frame: Frame, scale: str) -> Array:
    """Which options count, bool [*full rank, option], of size one along axes where all do."""
    scored = frame.scored(scale)
    if scored.all():
        return jnp.ones((*frame.shape(()), scored.shape[-1]), bool)
    return jnp.asarray(scored)


def numbers_of(frame: Frame, scale: str) -> Array:
    """The numbers that options stand for, float64 [*full rank, option], NaN where one has none."""
    return jnp.asarray(frame.numbers(scale))


def scale_of(term: Term) -> str:
    """The name of the scale that a term stands for."""
    match term, term.type.kind:
        case VocabularyTerm(vocabulary=vocabulary), _:
            return vocabulary.name
        case _, ScaleValue(scale):
            return scale_name(scale)
        case _:
            raise InternalError("score", f"{type(term).__name__} is not a scale")


def of_scale(frame: Frame, function: str, term: Term) -> Cells:
    """`uniform`, `one_hot`, `size` or `span` of a scale, over its options that count."""
    scale = scale_of(term)
    mask = mask_of(frame, scale)
    axes, number = frame.scale_axes(scale), mask.sum(axis=-1, dtype=jnp.float64)
    match function:
        case "size":
            return Cells(axes, number)
        case "span":
            return Cells(axes, number - 1.0)
        case "uniform":
            shares = divide(mask.astype(jnp.float64), number[..., None])
        case "one_hot":
            shares = (mask & (jnp.cumsum(mask, axis=-1) == 1)).astype(jnp.float64)
        case _:
            raise InternalError("score", f"{function} of a scale")
    return Cells(axes, shares, refuse(None, number == 0.0, NO_VALUE), scale)


def complete(frame: Frame, over: tuple[str, ...]) -> Cells:
    """Whether every combination of the levels of `over` exists, for each level of the axes that share holes with them.

    True without axes where no group of axes with holes has one of them.
    """
    groups = [presence.axes for presence in frame.grid.presence if not set(over).isdisjoint(presence.axes)]
    axes = frozenset(over).union(*groups)
    holes = frame.holes(axes)
    present = np.ones(frame.shape(axes), dtype=np.bool_)
    if holes is not None:
        present &= ~holes
    places = tuple(frame.place_of(axis) for axis in over)
    nothing = ~present.any(axis=places, keepdims=True)
    status = np.where(nothing, np.int8(HOLE), np.int8(OK))
    value = present.all(axis=places, keepdims=True)
    return Cells(axes - set(over), jnp.asarray(value), jnp.asarray(status))


def mean_of_levels(frame: Frame, cells: Cells, axis: str, *, own: bool) -> Cells:
    """The mean distribution over the levels of an axis, in place of each level; without the level itself unless `own`.

    Leave-one-out is a product with a matrix of ones and a zero diagonal, so that no rounding can make a share negative.
    """
    at, size = frame.place_of(axis), len(frame.axes[axis])
    shape = jnp.broadcast_shapes(cells.value.shape[: frame.rank], cells.ok.shape, frame.shape((axis,)))
    ok = jnp.broadcast_to(cells.ok, shape)
    matrix = jnp.ones((size, size)) if own else 1.0 - jnp.eye(size)
    shares = choose(ok[..., None], cells.value, 0.0)
    total = jnp.moveaxis(jnp.tensordot(matrix, shares, axes=((1,), (at,))), 0, at)
    number = jnp.moveaxis(jnp.tensordot(matrix, ok.astype(jnp.float64), axes=((1,), (at,))), 0, at)
    status = refuse(None, number == 0.0, NO_PEOPLE)
    if cells.status is not None:
        status = refuse(status, cells.status == HOLE, HOLE)
    return Cells(cells.axes, divide(total, number[..., None]), status, cells.scale)


def shuffled(frame: Frame, seed: int, cells: Cells, axis: str) -> Cells:
    """Each level with the distribution of another level, chosen by name (`other_level` of "human_shuffled")."""
    levels = frame.axes[axis].levels
    at = frame.place_of(axis)
    others = [other_level(seed, "human_shuffled", axis, level, levels) for level in levels]
    index = np.array(
        [levels.index(level if other is None else other) for level, other in zip(levels, others, strict=True)]
    )
    shape = jnp.broadcast_shapes(cells.value.shape[: frame.rank], frame.shape((axis,)))
    value = jnp.take(
        jnp.broadcast_to(cells.value, (*shape, *cells.value.shape[frame.rank :])), index, axis=at
    )
    status = jnp.broadcast_to(jnp.int8(OK) if cells.status is None else cells.status, shape)
    moved = jnp.take(status, index, axis=at)
    moved = choose(moved == HOLE, jnp.int8(NO_PEOPLE), moved)
    if others[0] is None:
        moved = jnp.full_like(moved, NO_PEOPLE)
    return Cells(
        cells.axes, value, jnp.maximum(moved, choose(status == HOLE, status, jnp.int8(OK))), cells.scale
    )


def option_mask(frame: Frame, scale: str, names: tuple[str, ...] | None, level: str) -> NDArray[np.bool_]:
    """Full-rank mask [.., option] of one option in each row of a scale: by level name, or by code in per-item scales.

    `first` and `last` are the ends of the options that count, unless an option has that name.
    """
    layout, scored = frame.layout(scale), frame.scored(scale)
    rows = [list(names if names is not None else codes) for codes in layout.codes]
    if level in ("first", "last") and not any(level in row for row in rows):
        return _end_mask(scored, last=level == "last")
    table = np.zeros((len(rows), scored.shape[-1]), dtype=np.bool_)
    for row, codes in enumerate(rows):
        if level in codes:
            table[row, codes.index(level)] = True
    axes = () if layout.axis is None else (layout.axis,)
    full = table.reshape(*frame.shape(()), -1) if layout.axis is None else frame.placed(table, axes)
    return full & scored


def _end_mask(scored: NDArray[np.bool_], *, last: bool) -> NDArray[np.bool_]:
    """The first or the last option that counts, in each row."""
    along = scored[..., ::-1] if last else scored
    first: NDArray[np.bool_] = along & (np.cumsum(along, axis=-1) == 1)
    return first[..., ::-1] if last else first


def renormalised(frame: Frame, scale: str, shares: Cells) -> Cells:
    """A distribution over the options that count only; undefined where nothing is left on them."""
    kept = choose(mask_of(frame, scale), shares.value.astype(jnp.float64), 0.0)
    total = kept.sum(axis=-1, keepdims=True)
    value = choose(total > 0.0, divide(kept, total), 0.0)
    status = undefined(shares.status, ~(total[..., 0] > 0.0))
    return replace(shares, value=value, status=status, scale=scale)
