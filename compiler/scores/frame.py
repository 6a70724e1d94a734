"""The fixed frame of a score graph: the order of its axes, which cells exist, and which options count.

Expects a typed audit and its grid. Ensures one canonical order for every array: panel axes, axes of targets and
vocabularies, tables (items), plain values (languages, repeats), axes made by `by`; each group sorted by name, so that
the order of declarations changes nothing. After
the axes comes the draw, a dimension of size one except where values differ from one resample or perfect model to the
next. `option` is last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Attribute, Axis, Grid, OptionLayout, Presence
from cyclspec.compiler.scores.walk import derived_axes, named_terms
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Of, Type, Vocabulary
from cyclspec.language.types.typed import (
    AxisSource,
    ChildSource,
    DrawSource,
    PanelSource,
    PermutationsSource,
    SampleSource,
    ShuffledSource,
    TableSource,
    TargetSource,
    TypedAudit,
    ValuesSource,
    VocabularySource,
    WavesSource,
)

T = TypeVar("T", bound=np.generic)
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes in canonical order, with what is known about them before anything is asked.

    `derived` are those that `by` or a fitted statistic makes, and no `each` binds.
    """

    names: tuple[str, ...]
    axes: Mapping[str, Axis] = field(hash=False)
    grid: Grid = field(hash=False)
    count_missing: bool
    derived: frozenset[str] = frozenset()

    @property
    def rank(self) -> int:
        """The number of dimensions of an array without options: one an axis, and the draw."""
        return len(self.names) + 1

    def place_of(self, axis: str) -> int:
        """The dimension of an axis."""
        return self.names.index(axis)

    def size(self, axes: Iterable[str]) -> int:
        """The number of cells over some axes."""
        return int(np.prod([len(self.axes[axis]) for axis in axes], dtype=np.int64))

    def shape(self, axes: Iterable[str]) -> tuple[int, ...]:
        """The full-rank shape of an array over `axes`: one elsewhere, and for the draw."""
        given = frozenset(axes)
        return (*(len(self.axes[name]) if name in given else 1 for name in self.names), 1)

    def placed(self, array: NDArray[T], axes: tuple[str, ...]) -> NDArray[T]:
        """An array over `axes` (and any further last dimensions) in full rank and canonical order."""
        expected = tuple(len(self.axes[axis]) for axis in axes)
        if array.shape[: len(axes)] != expected:
            raise InternalError("score", f"expected shape {expected} over {axes}, got {array.shape}")
        order = sorted(range(len(axes)), key=lambda at: self.place_of(axes[at]))
        rest = array.shape[len(axes) :]
        moved = array.transpose(*order, *range(len(axes), array.ndim))
        return moved.reshape((*self.shape(axes), *rest))

    def taken(self, array: NDArray[T], axes: tuple[str, ...]) -> NDArray[T]:
        """The inverse of `placed`: a full-rank array as one with exactly the dimensions `axes`, in that order."""
        rest = array.shape[self.rank :] if array.ndim > self.rank else ()
        full = np.broadcast_to(array, (*self.shape(axes), *rest))
        kept = [self.place_of(axis) for axis in axes]
        others = [at for at in range(self.rank) if at not in kept]
        moved = full.transpose(*kept, *others, *range(self.rank, full.ndim))
        return np.array(moved.reshape((*(len(self.axes[a]) for a in axes), *rest)))

    def holes(self, axes: frozenset[str]) -> NDArray[np.bool_] | None:
        """Full-rank mask of the cells over `axes` that do not exist; None where all do.

        A cell exists if, for every group of axes with holes, some combination of the group agrees with it.
        """
        found: NDArray[np.bool_] | None = None
        for presence in self.grid.presence:
            shared = tuple(axis for axis in presence.axes if axis in axes)
            if not shared:
                continue
            gone = tuple(at for at, axis in enumerate(presence.axes) if axis not in axes)
            absent = self.placed(~np.any(presence.cells, axis=gone, keepdims=True).squeeze(gone), shared)
            found = absent if found is None else found | absent
        return found if found is not None and found.any() else None

    def layout(self, scale: str) -> OptionLayout:
        """The options of a scale; an internal error where the grid lacks it."""
        if scale not in self.grid.options:
            raise InternalError("score", f"the grid has no options for scale {scale}")
        return self.grid.options[scale]

    def scored(self, scale: str) -> NDArray[np.bool_]:
        """Full-rank mask [.., option] of the options that count: missing ones only under `count_missing`."""
        layout = self.layout(scale)
        mask = layout.exists if self.count_missing else layout.exists & ~layout.missing
        return self._rows(mask, layout)

    def numbers(self, scale: str) -> NDArray[np.float64]:
        """Full-rank numbers [.., option] that the options of a scale stand for, NaN where one has none."""
        layout = self.layout(scale)
        return self._rows(layout.value, layout)

    def _rows(self, rows: NDArray[T], layout: OptionLayout) -> NDArray[T]:
        if layout.axis is None:
            return rows.reshape(*self.shape(()), rows.shape[-1])
        return self.placed(rows, (layout.axis,))

    def scale_axes(self, scale: str) -> frozenset[str]:
        """The axes that a scale differs along: its items, or none."""
        axis = self.layout(scale).axis
        return frozenset() if axis is None else frozenset((axis,))

    def part(
        self, scale: str, rows: NDArray[np.int64], places: NDArray[np.int64], counts: NDArray[np.bool_]
    ) -> Frame:
        """The frame of some levels of the axis along which a scale differs: `rows`, with the options at `places`.

        `counts` [row, option] marks the options that count; the scale of the new frame has no others.
        """
        layout = self.layout(scale)
        if layout.axis is None:
            raise InternalError("score", f"scale {scale} differs along no axis")
        whole = self.axes[layout.axis]
        attributes = {name: _at(held, rows) for name, held in whole.attributes.items()}
        axes = {
            **self.axes,
            whole.name: replace(whole, levels=_at(whole.levels, rows), attributes=attributes),
        }
        presence = tuple(_present(each, whole.name, rows) for each in self.grid.presence)
        options = replace(
            layout,
            codes=tuple(
                _at(layout.codes[row], at[at < len(layout.codes[row])])
                for row, at in zip(rows, places, strict=True)
            ),
            exists=counts,
            missing=np.zeros_like(counts),
            value=layout.value[rows[:, None], places],
        )
        grid = replace(self.grid, axes=axes, presence=presence, options={**self.grid.options, scale: options})
        return replace(self, axes=axes, grid=grid)

    def attribute(self, axis: str, name: str) -> tuple[Attribute, ...]:
        """One attribute per level. Internal error where the grid does not carry it."""
        held = self.axes[axis].attributes
        if name not in held:
            raise InternalError("score", f"axis {axis} has no attribute {name}")
        return held[name]

    def owner(self, derived: str, among: Iterable[str]) -> str | None:
        """Which of some axes has the attribute that another axis is made of; None where none has or it is bound."""
        if derived not in self.derived:
            return None
        return next((axis for axis in sorted(among) if derived in self.axes[axis].attributes), None)

    def members(self, axis: str, derived: str) -> NDArray[np.bool_]:
        """Full-rank mask over `axis` and `derived`: which levels belong to which value of the attribute."""
        values = [None if value is None else str(value) for value in self.attribute(axis, derived)]
        levels = self.axes[derived].levels
        table = np.array([[value == level for level in levels] for value in values], bool)
        table = table.reshape(len(values), len(levels))
        return self.placed(table, (axis, derived))


def frame_of(audit: TypedAudit, grid: Grid) -> Frame:
    """The frame of an audit on its data."""
    ranks = {name: _rank(each.source) for each in audit.eaches for name in each.names}
    names = sorted(grid.axes, key=lambda name: (ranks.get(name, 4), name))
    axes = dict(grid.axes)
    terms = named_terms(audit).values()
    for name, source in sorted({pair for term in terms for pair in derived_axes(term, grid)}):
        if name not in axes and source:
            axes[name] = Axis(name, _distinct(grid.axes[source].attributes[name]))
            names.append(name)
    return Frame(tuple(names), axes, grid, audit.count_missing, frozenset(names) - ranks.keys())


def rows_of(audit: TypedAudit) -> frozenset[str]:
    """The axes whose levels are rows of tables."""
    return frozenset(name for each in audit.eaches if _rank(each.source) == 2 for name in each.names)


def _at(held: tuple[U, ...], rows: NDArray[np.int64]) -> tuple[U, ...]:
    """The elements at some places."""
    return tuple(held[row] for row in rows)


def _present(presence: Presence, axis: str, rows: NDArray[np.int64]) -> Presence:
    """Which combinations exist among some levels of an axis."""
    if axis not in presence.axes:
        return presence
    return replace(presence, cells=np.take(presence.cells, rows, axis=presence.axes.index(axis)))


def _rank(source: AxisSource) -> int:
    match source:
        case PanelSource():
            return 0
        case TargetSource() | VocabularySource():
            return 1
        case TableSource() | SampleSource() | ChildSource():
            return 2
        case ValuesSource() | PermutationsSource() | WavesSource() | DrawSource() | ShuffledSource():
            return 3
        case _:
            assert_never(source)


def _distinct(values: tuple[Attribute, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for value in values if value is not None))


def vocabulary_of(type_: Type) -> Vocabulary | None:
    """The closed vocabulary whose order and levels a value has."""
    match type_.kind:
        case Of(vocabulary) if not vocabulary.open and vocabulary.levels:
            return vocabulary
        case _:
            return None
