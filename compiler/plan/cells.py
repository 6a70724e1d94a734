"""Cells to conversations: what is said in every cell of an ask, each distinct conversation once.

Expects a grid and its tables. Ensures that the count is known and within the budget before anything is expanded, that
holes of the grid are not asked, and that options are offered as the audit says (missing options only on request).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.codes import scale_of_levels
from cyclspec.compiler.data.contracts import Option, Scale
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.grid import column_values, scale_rows
from cyclspec.compiler.plan.sources import contract_levels
from cyclspec.compiler.prompts.messages import (
    Conversation,
    LevelValue,
    NoWording,
    RowValue,
    Shown,
    converse,
    language_of,
)
from cyclspec.compiler.seeds import other_level
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy04_templates import LanguageMissing
from cyclspec.language.diagnostics.cy07_data_and_plan import OverBudget
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

DEFAULT_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """One distinct conversation with the options it offers and the language it is in."""

    conversation: Conversation
    options: tuple[Option, ...]
    lang: str | None


@dataclass(frozen=True, slots=True)
class AskCells:
    """The cells of one ask before models: `said[cell]` counts into `conversations`, -1 where a cell does not exist.

    `axes` are those of the arguments, in the order of the audit; `offered[cell]` are the positions of the offered
    options in the full scale, padded with -1.
    """

    axes: tuple[str, ...]
    said: NDArray[np.int32]
    conversations: tuple[Said, ...]
    offered: Mapping[int, tuple[int, ...]]


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def check_budget(audit: h.TypedAudit, grid: Grid, limit: int) -> int:
    """The number of cells of all asks, counted and not expanded. Raises `SpecError` (CY0705) above `limit`."""
    total = sum(math.prod(len(grid.axes[axis]) for axis in ask.axes) for ask in audit.asks)
    if total <= limit:
        return total
    factors = [
        f"{ask.name}: " + " x ".join(f"{a} {len(grid.axes[a])}" for a in ordered_axes(audit, ask.axes))
        for ask in audit.asks
    ]
    raise SpecError(
        [
            OverBudget(
                span=audit.span,
                requests=_thousands(total),
                limit=_thousands(limit),
                notes=tuple(factors),
                helps=(f"ask less, or raise the limit with `--max-requests {total}`",),
            )
        ]
    )


def ordered_axes(audit: h.TypedAudit, axes: frozenset[str]) -> tuple[str, ...]:
    """Some axes in the order in which the audit binds them."""
    return tuple(name for each in audit.eaches for name in each.names if name in axes)


def present_cells(grid: Grid, axes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which combinations of `axes` exist; a hole over more axes counts where no combination of the others does."""
    present = np.ones([len(grid.axes[axis]) for axis in axes], dtype=np.bool_)
    for holes in grid.presence:
        shared = [axis for axis in holes.axes if axis in axes]
        if not shared:
            continue
        others = tuple(i for i, axis in enumerate(holes.axes) if axis not in axes)
        cells = holes.cells.any(axis=others)
        cells = np.transpose(cells, np.argsort([axes.index(axis) for axis in shared]))
        shape = [len(grid.axes[axis]) if axis in shared else 1 for axis in axes]
        present &= cells.reshape(shape)
    return present


@dataclass(slots=True)
class CellReader:
    """Reads the arguments of an ask in its cells, each level of each axis once."""

    audit: h.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    ask: h.TypedAsk
    rows: dict[tuple[str, str], RowValue] = field(default_factory=dict)
    columns: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    scales: list[Scale] = field(default_factory=list)

    def __post_init__(self) -> None:
        scale = self.ask.scale
        if isinstance(scale, k.ItemScale):
            self.scales = scale_rows(scale, self.grid.axes, self.tables)
        elif isinstance(scale, k.Vocabulary):
            self.scales = [scale_of_levels(contract_levels(scale), ordered=scale.ordered)]

    def cells(self) -> AskCells:
        """Every present cell with what is said in it."""
        bound = frozenset[str]().union(*(term.type.axes for _, term in self.ask.args))
        axes = ordered_axes(self.audit, bound)
        present = present_cells(self.grid, axes)
        said = np.full(present.shape, -1, dtype=np.int32)
        seen: dict[tuple[Conversation, tuple[str, ...]], int] = {}
        conversations: list[Said] = []
        for index in product(*(range(n) for n in present.shape)):
            if not present[index]:
                continue
            one = self._said(dict(zip(axes, index, strict=True)))
            key = (one.conversation, tuple(option.code for option in one.options))
            position = seen.setdefault(key, len(conversations))
            if position == len(conversations):
                conversations.append(one)
            said[index] = position
        return AskCells(axes, said, tuple(conversations), dict(self._offered()))

    def _offers(self, option: Option) -> bool:
        return self.audit.offer_missing or not option.missing

    def _offered(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        for row, scale in enumerate(self.scales):
            yield row, tuple(i for i, option in enumerate(scale.options) if self._offers(option))

    def _said(self, cell: Mapping[str, int]) -> Said:
        values = {name: self._value(term, cell) for name, term in self.ask.args}
        row = cell[self.ask.scale.axis] if isinstance(self.ask.scale, k.ItemScale) else 0
        options = tuple(option for option in self.scales[row].options if self._offers(option))
        try:
            conversation = converse(self.ask.prompt, values)
        except NoWording as lack:
            raise self._unworded(cell, lack) from None
        return Said(conversation, options, language_of(self.ask.prompt, values))

    def _unworded(self, cell: Mapping[str, int], lack: NoWording) -> SpecError:
        levels = ", ".join(f"{axis} `{self.grid.axes[axis].levels[at]}`" for axis, at in cell.items())
        notes = (f"a text or an option label that it shows is in {', '.join(lack.known)} only",)
        what = f"prompt `{self.ask.prompt.name}` at {levels}"
        lang = lack.lang or "single"
        return SpecError([LanguageMissing(span=self.ask.span, lang=lang, what=what, notes=notes)])

    def _value(self, term: h.Term, cell: Mapping[str, int]) -> Shown:
        match term:
            case h.Literal_(value=value):
                return value
            case h.LevelTerm(vocabulary=None, level=level):
                return level
            case h.LevelTerm(vocabulary=vocabulary, level=level) if vocabulary is not None:
                return self._level(vocabulary, level)
            case h.AxisTerm(axis=axis):
                return self._axis_value(term.type.kind, axis, self.grid.axes[axis].levels[cell[axis]])
            case h.CallTerm(function="prompt_shuffled", args=(h.AxisTerm(axis=axis) as of,)):
                levels = self.grid.axes[axis].levels
                told = other_level(self.audit.seed, "prompt_shuffled", axis, levels[cell[axis]], levels)
                if told is None:
                    raise SpecError([NotLowered(span=term.span, what="a shuffle of one level")])
                return self._axis_value(of.type.kind, axis, told)
            case h.AttributeTerm(axis=axis, attribute=attribute):
                return self._attribute(term, axis, attribute, cell)
        raise SpecError([NotLowered(span=term.span, what=f"`{term.span.text}` as an argument of a prompt")])

    def _axis_value(self, kind: k.Kind, axis: str, level: str) -> Shown:
        match kind:
            case k.Row(table):
                return self._row(table, level)
            case k.Of(vocabulary):
                return self._level(vocabulary, level)
        return level

    def _level(self, vocabulary: k.Vocabulary, name: str) -> LevelValue:
        level = vocabulary.level(name)
        if level is None:
            level = k.Level(name=name, code=name, label={})
        attributes = {a: k.Level(name=word, code=word, label={}) for a, word in level.attributes.items()}
        return LevelValue(level, attributes)

    def _columns(self, table: str) -> dict[str, list[Any]]:
        if table not in self.columns:
            self.columns[table] = {n: column_values(c) for n, c in self.tables[table].columns.items()}
        return self.columns[table]

    def _row(self, table: str, key: str) -> RowValue:
        if (table, key) not in self.rows:
            loaded = self.tables[table]
            row = loaded.only("key").codes.index(key)
            declared = self.audit.tables[table]
            columns: dict[str, Shown] = {}
            for name, values in self._columns(table).items():
                column = declared.column(name)
                if column is not None and values[row] is not None:
                    columns[name] = self._cell_value(column.kind, values[row])
            self.rows[table, key] = RowValue(columns)
        return self.rows[table, key]

    def _cell_value(self, kind: k.Kind, value: Any) -> Shown:
        match kind:
            case k.ScaleValue():
                return tuple(option for option in value.options if self._offers(option))
            case k.Of(vocabulary) if not vocabulary.open:
                return self._level(vocabulary, value)
        shown: Shown = value
        return shown

    def _attribute(self, term: h.Term, axis: str, attribute: str, cell: Mapping[str, int]) -> Shown:
        owner = next(each for each in self.audit.eaches if axis in each.names)
        level = self.grid.axes[axis].levels[cell[axis]]
        if isinstance(owner.source, h.TableSource):
            return self._row(owner.source.table, level).columns[attribute]
        value = self.grid.axes[axis].attributes[attribute][cell[axis]]
        if isinstance(term.type.kind, k.Of) and isinstance(value, str):
            return self._level(term.type.kind.vocabulary, value)
        if value is None:
            raise InternalError("expand cells", f"`{attribute}` of `{level}` has no value")
        return value
