"""The arguments of an ask in its cells: what a prompt shows there.

Expects a grid and its tables, and the answers of earlier stages where an argument is one. Ensures that each level of
each axis is read once, that the orders of a scale show its offered options, that an argument without a value to show is
refused by name, and that a cell whose argument was never answered says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.codes import scale_of_levels
from cyclspec.compiler.data.contracts import Option, Scale
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.budget import ordered_axes
from cyclspec.compiler.plan.columns import child_lists
from cyclspec.compiler.plan.conditions import evaluated
from cyclspec.compiler.plan.draws import Draws
from cyclspec.compiler.plan.joint import Combinations
from cyclspec.compiler.plan.sources import contract_levels
from cyclspec.compiler.plan.table_rows import TableRows
from cyclspec.compiler.plan.upstream import is_upstream, named_lets
from cyclspec.compiler.prompts.messages import LevelValue, RowValue, Shown
from cyclspec.compiler.prompts.turns import Turn
from cyclspec.compiler.readings.reading import Reading
from cyclspec.compiler.records.fields import FieldReading, FieldValue
from cyclspec.compiler.seeds import other_level
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Cell = Mapping[str, int]
MOST_AT_ONCE = 1 << 20
UPSTREAM = "upstream"
NO_VALUE = "no value"


class Answers(Protocol):
    """The answers of earlier stages."""

    def reading(self, ask: str, cell: Cell) -> Reading:
        """What was read in a cell, which gives the position of each axis of the ask."""

    def written(self, ask: str, cell: Cell) -> str:
        """The whole text that a model wrote in a cell; empty where it wrote none."""

    def field(self, ask: str, name: str, cell: Cell) -> FieldReading:
        """What a field of a record holds in a cell."""

    def turns(self, ask: d.TypedAsk, cell: Cell) -> Sequence[Turn]:
        """The earlier turns that a cell of an ask with a history is shown."""


class NoArgument(Exception):
    """A cell has no value to show, for the reason that its answer will be missing for."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True)
class ArgumentReader:
    """Reads typed terms in the cells of a grid, as prompts show them.

    `answers` are those of earlier stages, None where nothing was asked yet. Where a cell lacks one, or has one that
    leads nowhere, `value` raises `NoArgument`.
    """

    audit: d.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    answers: Answers | None = None
    draws: Draws = field(init=False)
    _held: TableRows = field(init=False)
    _rows: dict[tuple[str, str], RowValue] = field(default_factory=dict)
    _lists: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    _arrays: dict[h.Term, tuple[tuple[str, ...], NDArray[Any]]] = field(default_factory=dict)
    _scales: dict[str, tuple[Scale, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draws = Draws(self.audit.seed, self.grid.axes, self.tables)
        self._held = TableRows(self.audit, self.grid.axes, self.tables)

    def offers(self, option: Option) -> bool:
        """Whether the audit offers an option to models."""
        return self.audit.offer_missing or not option.missing

    def scales(self, scale: k.Scale) -> tuple[Scale, ...]:
        """The scale of every level of its axis, or the one scale of a declared vocabulary."""
        name = k.scale_name(scale)
        if name not in self._scales:
            match scale:
                case k.ItemScale(table=table, column=column, axis=axis):
                    by_key = self.tables[table].scales(column)
                    self._scales[name] = tuple(by_key[level] for level in self.grid.axes[axis].levels)
                case k.Vocabulary():
                    made = scale_of_levels(contract_levels(scale), ordered=scale.ordered)
                    self._scales[name] = (made,)
                case _:
                    raise InternalError("plan", f"scale {name} is not solved")
        return self._scales[name]

    def scale_row(self, scale: k.Scale, cell: Cell) -> int:
        """Which of its scales holds in a cell."""
        return cell[scale.axis] if isinstance(scale, k.ItemScale) else 0

    def value(self, term: h.Term, cell: Cell) -> Shown:
        """What a term is in a cell, as a prompt shows it."""
        match term:
            case h.Literal_(value=value):
                return value
            case h.TextsTerm(texts=texts):
                return dict(texts)
            case h.ListTerm(items=items):
                return tuple(self.value(item, cell) for item in items)
            case h.LevelTerm(vocabulary=None, level=level):
                return level
            case h.LevelTerm(vocabulary=vocabulary, level=level) if vocabulary is not None:
                return self._level(vocabulary, level)
            case h.LetTerm(name=name):
                return self.value(named_lets(self.audit)[name], cell)
            case h.AxisTerm(axis=axis):
                return self._bound(term, axis, cell)
            case h.DrawnTerm(name=name, type=k.Type(kind=k.Order())):
                return self.drawn_order(name, cell)
            case h.DrawnTerm(name=name):
                return self._of_kind(term.type.kind, self.draws.level(self._each(name), cell))
            case h.CallTerm(function="prompt_shuffled", args=(h.AxisTerm(axis=axis) as of,)):
                return self._of_kind(of.type.kind, self._other(term, axis, cell))
            case h.AttributeTerm(axis=axis, attribute=attribute):
                return self._attribute(term, axis, attribute, cell)
            case h.ColumnTerm():
                return self._table_value(term, {}, cell)
            case h.LookupTerm() | h.PickTerm() if (chosen := self._chosen(term, cell)) is not None:
                return self._table_value(*chosen, cell)
            case h.LookupTerm(of=of, axis=axis, key=key):
                return self.value(of, {**cell, axis: self._position(axis, _name(self.value(key, cell)))})
            case h.AnswerTerm(ask=ask, field="text") if self.answers is not None:
                return self._written(self.answers.written(ask, cell))
            case h.AnswerTerm(ask=ask) if self.answers is not None:
                return self._answer(term, self.answers.reading(ask, cell), cell)
            case h.FieldTerm(ask=ask, field=name) if self.answers is not None:
                return self._field(term, self.answers.field(ask, name, cell), cell)
            case h.PickTerm(of=of, at=at) if is_upstream(term):
                return self.value(of, {**cell, **{axis: self._position(axis, level) for axis, level in at}})
        return self._computed(term, cell)

    def _chosen(self, term: h.Term, cell: Cell) -> tuple[h.ColumnTerm, dict[str, str]] | None:
        """The column of a table below lookups and picks, and the levels that these choose; None over anything else."""
        levels: dict[str, str] = {}
        while True:
            match term:
                case h.ColumnTerm():
                    return term, levels
                case h.PickTerm(of=of, at=at):
                    levels |= dict(at)
                    term = of
                case h.LookupTerm(of=of, axis=axis, key=key):
                    levels[axis] = _name(self.value(key, cell))
                    term = of
                case _:
                    return None

    def _position(self, axis: str, level: str) -> int:
        levels = self.grid.axes[axis].levels
        places = {"first": 0, "last": len(levels) - 1, **{name: at for at, name in enumerate(levels)}}
        if level not in places:
            raise NoArgument(NO_VALUE)
        return places[level]

    @staticmethod
    def _written(text: str) -> str:
        if not text:
            raise NoArgument(UPSTREAM)
        return text

    def _answer(self, term: h.AnswerTerm, found: Reading, cell: Cell) -> Shown:
        """An earlier answer as it is told: a text, or an option by its label."""
        if found.reason:
            raise NoArgument(UPSTREAM)
        match term.type.kind:
            case k.Choice(scale) if found.choice is not None:
                return self._option(scale, found.choice, cell)
            case k.Text() if found.text is not None:
                return found.text
        raise InternalError("plan", f"`{term.ask}` has no answer that can be told")

    def _field(self, term: h.FieldTerm, found: FieldReading, cell: Cell) -> Shown:
        """A field of an earlier answer as it is told."""
        if found.value is None:
            raise NoArgument(UPSTREAM)
        return self._told(term.type.kind, found.value, cell)

    def _told(self, kind: k.Kind, value: FieldValue, cell: Cell) -> Shown:
        match kind, value:
            case k.Choice(scale) | k.Of(k.Vocabulary() as scale), str():
                return self._option(scale, value, cell)
            case ((k.Picks(scale, _, _) | k.ListOf(k.Choice(scale)) | k.ListOf(k.Of(scale))), tuple()):
                options = self.scales(scale)[self.scale_row(scale, cell)].options
                return tuple(option for code in value for option in options if option.code == code)
            case k.ListOf(), tuple():
                return tuple({"": self._plain(one)} for one in value)
        assert not isinstance(value, tuple)
        return value

    @staticmethod
    def _plain(value: FieldValue) -> str:
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _option(self, scale: k.Scale, code: str, cell: Cell) -> Shown:
        """An option by its code, as it is shown."""
        options = self.scales(scale)[self.scale_row(scale, cell)].options
        at = next((at for at, option in enumerate(options) if option.code == code), None)
        if at is None:
            return code
        if isinstance(scale, k.Vocabulary):
            return self._level(scale, scale.names[at])
        return options[at].label

    def _each(self, name: str) -> d.TypedEach:
        return next(each for each in self.audit.eaches if name in each.names)

    def _other(self, term: h.Term, axis: str, cell: Cell) -> str:
        levels = self.grid.axes[axis].levels
        told = other_level(self.audit.seed, "prompt_shuffled", axis, levels[cell[axis]], levels)
        if told is None:
            raise SpecError([NotLowered(span=term.span, what="a shuffle of one level")])
        return told

    def _bound(self, term: h.Term, axis: str, cell: Cell) -> Shown:
        """The value of an axis."""
        source = self._each(axis).source
        match source:
            case d.ChildSource(parent=parent):
                if axis not in self._lists:
                    self._lists[axis] = child_lists(self.grid.axes[parent], source, self.tables)
                entry: Shown = self._lists[axis][cell[parent]][cell[axis]]
                return entry
            case d.PermutationsSource():
                return self.ordered(axis, cell)
        return self._of_kind(term.type.kind, self.grid.axes[axis].levels[cell[axis]])

    def ordered(self, axis: str, cell: Cell) -> tuple[Option, ...]:
        """The offered options of a scale in one of its orders."""
        source = self._each(axis).source
        assert isinstance(source, d.PermutationsSource)
        scale = self.scales(source.scale)[self.scale_row(source.scale, cell)]
        row = 0 if len(self.grid.orders[axis]) == 1 else self.scale_row(source.scale, cell)
        order = self.grid.orders[axis][row][cell[axis]]
        return tuple(scale.options[at] for at in order if self.offers(scale.options[at]))

    def drawn_order(self, name: str, cell: Cell) -> tuple[Option, ...]:
        """The offered options of a scale in the order that is drawn in a cell."""
        each = self._each(name)
        match each.source:
            case d.DrawSource(source=d.PermutationsSource(scale=of)):
                options = [
                    one for one in self.scales(of)[self.scale_row(of, cell)].options if self.offers(one)
                ]
                return tuple(options[at] for at in self.draws.order(each, cell, len(options)))
        raise InternalError("plan", f"`{name}` is no order")

    def _of_kind(self, kind: k.Kind, level: str) -> Shown:
        match kind:
            case k.Row(table):
                return self._row(table, level)
            case k.Of(vocabulary):
                return self._level(vocabulary, level)
            case k.Number():
                return int(level) if level.lstrip("-").isdecimal() else float(level)
        return level

    def _level(self, vocabulary: k.Vocabulary, name: str) -> LevelValue:
        level = _level_named(vocabulary, name)
        attributes = {
            attribute: _level_named(vocabulary.attribute(attribute), word)
            for attribute, word in level.attributes.items()
        }
        return LevelValue(level, attributes)

    def _row(self, table: str, key: str) -> RowValue:
        if (table, key) not in self._rows:
            row = self.tables[table].only("key").codes.index(key)
            self._rows[table, key] = RowValue(self._shown_columns(table, row))
        return self._rows[table, key]

    def _shown_columns(self, table: str, row: int) -> dict[str, Shown]:
        declared = self.audit.tables[table]
        found: dict[str, Shown] = {}
        for name, values in self._held.columns(table).items():
            column = declared.column(name)
            if column is not None and values[row] is not None:
                found[name] = self._cell_value(column.kind, values[row])
        return found

    def _cell_value(self, kind: k.Kind, value: Any) -> Shown:
        match kind:
            case k.ScaleValue():
                return tuple(option for option in value.options if self.offers(option))
            case k.Of(vocabulary) if not vocabulary.open:
                return self._level(vocabulary, value)
        shown: Shown = value
        return shown

    def _attribute(self, term: h.Term, axis: str, attribute: str, cell: Cell) -> Shown:
        each = self._each(axis)
        match each.source:
            case d.TableSource(table) | d.SampleSource(table=table):
                return self._row(table, self.grid.axes[axis].levels[cell[axis]]).columns[attribute]
            case d.DrawSource(source=d.TableSource(table)):
                return self._row(table, self.draws.level(each, cell)).columns[attribute]
            case d.DrawSource(source=d.VocabularySource(vocabulary)):
                level = self._level(vocabulary, self.draws.level(each, cell))
                return LevelValue(level.attributes[attribute], {})
            case d.ShuffledSource(axis=other):
                told = self.draws.level(each, cell)
                position = self.grid.axes[other].levels.index(told)
                return self._attribute(term, other, attribute, {**cell, other: position})
        value = self.grid.axes[axis].attributes[attribute][cell[axis]]
        if isinstance(term.type.kind, k.Of) and isinstance(value, str):
            return self._level(term.type.kind.vocabulary, value)
        if value is None:
            raise InternalError("expand cells", f"`{attribute}` of axis {axis} has no value")
        return value

    def _table_value(self, term: h.ColumnTerm, fixed: Mapping[str, str], cell: Cell) -> Shown:
        """The value of a table that is indexed by axes; an error where it has no row for a cell.

        At a level that is written, or that an answer names, no row is no value: what nobody answered to one question.
        """
        row = self._held.row_at(term, cell, fixed)
        if row is None and fixed:
            raise NoArgument(NO_VALUE)
        if row is None:
            levels = ", ".join(self._held.levels_at(term, cell, fixed))
            what = f"`{term.span.text}` at {levels}, which the table lacks,"
            raise SpecError([NotLowered(span=term.span, what=what)])
        shown = self._shown_columns(term.table, row)[term.column]
        match term.type.kind:
            case k.Choice(k.ItemScale(table=table, column=column, axis=axis)) if axis in fixed:
                return self._label(self._row(table, fixed[axis]).columns[column], shown)
        return shown

    @staticmethod
    def _label(options: Shown, code: Shown) -> Shown:
        assert isinstance(options, tuple)
        return next((one.label for one in options if isinstance(one, Option) and one.code == code), code)

    def _computed(self, term: h.Term, cell: Cell) -> Shown:
        """An expression over axes and their attributes, evaluated once in all its cells unless these are too many."""
        if term not in self._arrays:
            axes = ordered_axes(self.audit, term.type.axes)
            world = (axes, self.grid.axes, self.audit.eaches, self.tables, self.audit.seed)
            if math.prod(len(self.grid.axes[axis]) for axis in axes) > MOST_AT_ONCE:
                return self._shown(term, evaluated(term, Combinations(*world, cell), 1)[0])
            values = Combinations(*world)
            self._arrays[term] = axes, evaluated(term, values, len(values)).reshape(values.shape)
        axes, array = self._arrays[term]
        return self._shown(term, array[tuple(cell[axis] for axis in axes)])

    def _shown(self, term: h.Term, value: Any) -> Shown:
        """A computed value as a prompt shows it."""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(term.type.kind, k.Of) and isinstance(value, str):
            return self._level(term.type.kind.vocabulary, value)
        shown: Shown = value
        return shown


def _name(shown: Shown) -> str:
    """The level that a value names."""
    return shown.level.name if isinstance(shown, LevelValue) else str(shown)


def _level_named(vocabulary: k.Vocabulary, name: str) -> k.Level:
    """A level of a vocabulary; one that the data alone know has its name and no more."""
    return vocabulary.level(name) or k.Level(name=name, code=name, label={})
