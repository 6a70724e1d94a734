"""Cells to conversations: what is said in every cell of an ask, each distinct conversation once.

Expects a grid and its tables, and a budget that was checked. Ensures that holes of the grid are not asked, that
options are offered as the audit says (missing options only on request, in the order of the cell), and that an argument
which an earlier answer gives is left open and bounded until that answer is there.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.arguments import Answers, ArgumentReader, NoArgument
from cyclspec.compiler.plan.budget import ordered_axes, present_cells
from cyclspec.compiler.plan.upstream import Upstream, is_upstream, upstream_of
from cyclspec.compiler.prompts.messages import (
    Conversation,
    NoWording,
    Shown,
    converse,
    language_of,
    prefix_end,
)
from cyclspec.compiler.prompts.turns import after_turns
from cyclspec.compiler.records.offered import RecordShapes
from cyclspec.compiler.records.schema import RecordSchema
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy04_templates import LanguageMissing
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

NOT_YET = "…"


@dataclass(frozen=True, slots=True)
class Said:
    """One distinct conversation with the options it offers, in their order, and the language it is in.

    `codes` are those of the options in the order of their scale; `record` says what the fields of a record can be.
    """

    conversation: Conversation
    options: tuple[Option, ...]
    codes: tuple[str, ...]
    lang: str | None
    record: RecordSchema | None = None


@dataclass(frozen=True, slots=True)
class AskCells:
    """The cells of one ask over the axes of its known arguments.

    `said[cell]` counts into `conversations`, -1 where a cell does not exist, and below where it cannot be asked: for
    the reason `unasked[-2 - said[cell]]`. `axes` are in the order of the audit. `open` are the arguments that an
    earlier answer will give: `NOT_YET` stands for them in the conversations.
    """

    axes: tuple[str, ...]
    said: NDArray[np.int32]
    conversations: tuple[Said, ...]
    open: Mapping[str, Upstream]
    unasked: tuple[str, ...] = ()


@dataclass(slots=True)
class CellReader:
    """Reads what one ask says in its cells; with `answers`, what earlier ones tell it.

    Of an ask with a history, the cells of one `turn`: a place along the axis that its conversations run along.
    """

    audit: d.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    ask: d.TypedAsk
    answers: Answers | None = None
    turn: int | None = None
    reader: ArgumentReader = field(init=False)
    records: RecordShapes = field(init=False)

    def __post_init__(self) -> None:
        self.reader = ArgumentReader(self.audit, self.grid, self.tables, self.answers)
        self.records = RecordShapes(self.ask.prompt, self.audit.tables)

    def cells(self) -> AskCells:
        """Every present cell with what is said in it."""
        axes = ordered_axes(self.audit, self._bound_axes())
        present = present_cells(self.grid, axes)
        said = np.full(present.shape, -1, dtype=np.int32)
        seen: dict[tuple[Hashable, ...], int] = {}
        conversations: list[Said] = []
        unasked: dict[str, int] = {}
        for index in product(*(self._places(axis, n) for axis, n in zip(axes, present.shape, strict=True))):
            if not present[index]:
                continue
            try:
                one = self.at(dict(zip(axes, index, strict=True)))
            except NoArgument as lack:
                said[index] = -2 - unasked.setdefault(lack.reason, len(unasked))
                continue
            key = (one.conversation, tuple(option.code for option in one.options), one.codes, one.record)
            position = seen.setdefault(key, len(conversations))
            if position == len(conversations):
                conversations.append(one)
            said[index] = position
        return AskCells(axes, said, tuple(conversations), self._open(), tuple(unasked))

    def _places(self, axis: str, count: int) -> range:
        here = self.turn is not None and self.ask.history is not None and axis == self.ask.history.along
        return range(self.turn, self.turn + 1) if here and self.turn is not None else range(count)

    def _is_open(self, term: h.Term) -> bool:
        return self.answers is None and is_upstream(term)

    def _known(self) -> tuple[tuple[str, h.Term], ...]:
        return tuple((name, term) for name, term in self.ask.args if not self._is_open(term))

    def _open(self) -> dict[str, Upstream]:
        return {
            name: upstream_of(self.audit, self.tables, term)
            for name, term in self.ask.args
            if self._is_open(term)
        }

    def _bound_axes(self) -> frozenset[str]:
        """The axes of the known arguments, and those of scales that come with their items."""
        bound = frozenset[str]().union(*(term.type.axes for _, term in self._known()))
        if self.turn is not None:
            return self.ask.axes
        scales = (self.ask.scale, *self.records.scales)
        return bound | {scale.axis for scale in scales if isinstance(scale, k.ItemScale)}

    def at(self, cell: Mapping[str, int]) -> Said:
        """What is said in one cell, given as positions along at least the axes of the arguments."""
        values: dict[str, Shown] = dict.fromkeys((name for name, _ in self.ask.args), NOT_YET)
        values |= {name: self.reader.value(term, cell) for name, term in self._known()}
        offered = self.offered(cell)
        try:
            conversation = converse(self.ask.prompt, values)
        except NoWording as lack:
            raise self._unworded(cell, lack) from None
        codes = tuple(option.code for option in offered)
        if self.turn is not None and self.answers is not None:
            conversation = after_turns(conversation, self.answers.turns(self.ask, cell))
        lang = language_of(self.ask.prompt, values)
        ordered = () if self.ask.scale is None else self._ordered(offered, self.ask.scale, cell)
        return Said(conversation, ordered, codes, lang, self._record(cell, lang))

    def silent(self, cell: Mapping[str, int]) -> Said:
        """What is offered in one cell, and in which language, with no word said but how the prefix ends: of
        answers that exist already."""
        langs = {name for name, kind in self.ask.prompt.formals if isinstance(kind, k.Lang)}
        values = {name: self.reader.value(term, cell) for name, term in self._known() if name in langs}
        offered = self.offered(cell)
        codes = tuple(option.code for option in offered)
        lang = language_of(self.ask.prompt, values)
        ordered = () if self.ask.scale is None else self._ordered(offered, self.ask.scale, cell)
        return Said(Conversation((), prefix_end(self.ask.prompt, lang)), ordered, codes, lang)

    def offered(self, cell: Mapping[str, int]) -> tuple[Option, ...]:
        """The offered options in the order of their scale; none where the answer is no choice."""
        return () if self.ask.scale is None else self._options(self.ask.scale, cell)

    def _options(self, scale: k.Scale, cell: Mapping[str, int]) -> tuple[Option, ...]:
        options = self.reader.scales(scale)[self.reader.scale_row(scale, cell)].options
        return tuple(option for option in options if self.reader.offers(option))

    def _record(self, cell: Mapping[str, int], lang: str | None) -> RecordSchema | None:
        """What the fields of a record can be in one cell."""
        if not self.records.kinds:
            return None
        shown = {
            k.scale_name(scale): self._ordered(self._options(scale, cell), scale, cell)
            for scale in self.records.scales
        }
        return self.records.schema(shown, lang)

    def _ordered(
        self, offered: tuple[Option, ...], own: k.Scale, cell: Mapping[str, int]
    ) -> tuple[Option, ...]:
        """The offered options as an argument of kind `order` puts them, else in the order of their scale."""
        for _, term in self._known():
            match term:
                case h.AxisTerm(type=k.Type(kind=k.Order(scale)), axis=axis) if _same(scale, own):
                    return self.reader.ordered(axis, cell)
                case h.DrawnTerm(type=k.Type(kind=k.Order(scale)), name=name) if _same(scale, own):
                    return self.reader.drawn_order(name, cell)
        return offered

    def _unworded(self, cell: Mapping[str, int], lack: NoWording) -> SpecError:
        levels = ", ".join(f"{axis} `{self.grid.axes[axis].levels[at]}`" for axis, at in cell.items())
        notes = (f"a text or an option label that it shows is in {', '.join(lack.known)} only",)
        what = f"prompt `{self.ask.prompt.name}` at {levels}"
        lang = lack.lang or "single"
        helps = (
            f"leave {lang} out, or give it words in {lang}" if lack.lang else "tag its messages: `user[en]`",
        )
        diagnostic = LanguageMissing(span=self.ask.span, lang=lang, what=what, notes=notes, helps=helps)
        return SpecError([diagnostic])


def _same(one: k.Scale, other: k.Scale) -> bool:
    return k.scale_name(one) == k.scale_name(other)
