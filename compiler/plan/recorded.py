"""Recorded answers: the rows of a table as the answers of an ask, cell by cell.

Expects the grid and the opened table, whose columns fit the axes of the ask. Ensures that a row is put in its cell by
the levels that it names and never by its place in the file, that a cell has one row (counts of several rows are added),
and that every cell without an answer says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable, option_positions
from cyclspec.compiler.data.refusals import Refusals, shown
from cyclspec.compiler.plan.arguments import ArgumentReader
from cyclspec.compiler.plan.budget import ordered_axes, present_cells
from cyclspec.compiler.plan.cells import CellReader
from cyclspec.compiler.plan.matched import Matched, differing_column, matched_rows
from cyclspec.compiler.plan.requests import offer_of
from cyclspec.compiler.readings.reading import EMPTY, Reading, WrittenText, read_choice
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import LevelsNotRecorded, NothingRecorded
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

NOT_RECORDED = "not recorded"
_SHOWN = 3

Tables = Mapping[str, LoadedTable]


@dataclass(frozen=True, slots=True, eq=False)
class RecordedAnswers:
    """The recorded answers of one ask; arrays have one dimension for each of `axes`, vectors `option` as the last.

    `status[cell]` is -1 where a cell does not exist, 0 where it has an answer, else counts from one into `reasons`.
    `codes[row]` are the options of a scale, by the level of `scale_axis` or one row for all. Where the table holds
    vectors, `shares` sum to one; `logprobs` are nats and `mass` their joint probability, `n` the number of answers
    counted; each is None where the table does not say it. `choice[cell]` is the position of the chosen option, -1 for
    none; `texts[cell]` what was written. `rows` of the table are read, `other_rows` are of no cell.
    """

    ask: str
    axes: tuple[str, ...]
    status: NDArray[np.int16]
    reasons: tuple[str, ...]
    scale_axis: str | None
    codes: tuple[tuple[str, ...], ...]
    rows: int
    other_rows: int
    shares: NDArray[np.float64] | None = None
    logprobs: NDArray[np.float64] | None = None
    mass: NDArray[np.float64] | None = None
    n: NDArray[np.int64] | None = None
    choice: NDArray[np.int32] | None = None
    texts: NDArray[np.object_] | None = None
    warnings: tuple[Diagnostic, ...] = field(default=(), repr=False)

    @property
    def answered(self) -> int:
        """How many cells have an answer."""
        return int((self.status == 0).sum())

    @property
    def missing(self) -> dict[str, int]:
        """How many cells have none, by reason."""
        counts = {reason: int((self.status == at).sum()) for at, reason in enumerate(self.reasons, start=1)}
        return {reason: count for reason, count in counts.items() if count}

    def reason(self, index: tuple[int, ...]) -> str:
        """Why a cell has no answer; empty where it has one."""
        at = int(self.status[index])
        return self.reasons[at - 1] if at > 0 else ""

    def options(self, index: tuple[int, ...]) -> tuple[str, ...]:
        """The codes of the options of a cell."""
        row = 0 if self.scale_axis is None else index[self.axes.index(self.scale_axis)]
        return self.codes[row]

    def reading(self, index: tuple[int, ...]) -> Reading:
        """The choice or text of a cell, or why there is none."""
        reason = self.reason(index)
        if reason:
            return Reading(reason=reason)
        if self.choice is not None:
            return Reading(choice=self.options(index)[int(self.choice[index])])
        return Reading(text=None if self.texts is None else str(self.texts[index]))


def recorded_answers(audit: d.TypedAudit, grid: Grid, tables: Tables) -> dict[str, RecordedAnswers]:
    """The answers of every ask that reads a table. `SpecError` where rows are refused, or none is of any use."""
    return {
        ask.name: _Reader(audit, grid, tables, ask, ask.reader).read()
        for ask in audit.asks
        if isinstance(ask.reader, d.Recorded) and not isinstance(ask.type.kind, k.Picks)
    }


@dataclass(slots=True)
class _Reader:
    """Reads the table of one ask."""

    audit: d.TypedAudit
    grid: Grid
    tables: Tables
    ask: d.TypedAsk
    reader: d.Recorded
    reasons: list[str] = field(default_factory=lambda: [NOT_RECORDED])

    @property
    def table(self) -> LoadedTable:
        return self.tables[self.reader.table]

    @property
    def column(self) -> LoadedColumn:
        return self.table[self.reader.column]

    def read(self) -> RecordedAnswers:
        axes = ordered_axes(self.audit, self.ask.axes)
        present = present_cells(self.grid, axes)
        matched = matched_rows(self.audit, self.grid, self.table, axes, present)
        self._require_rows(axes, matched)
        kind = self.column.column.kind
        if kind != "counts":
            self._refuse_twice(axes, matched)
        scales, scale_axis = self._scales()
        blank = RecordedAnswers(
            ask=self.ask.name,
            axes=axes,
            status=np.where(present, 1, -1).astype(np.int16),
            reasons=(),
            scale_axis=scale_axis,
            codes=tuple(scale.codes for scale in scales),
            rows=self.table.n_rows,
            other_rows=self.table.n_rows - len(matched.rows),
            warnings=tuple(self._unrecorded(axes, matched, present)),
        )
        self._note_reasons(blank, matched)
        found = self._with_answers(blank, matched, scales)
        return replace(found, reasons=tuple(self.reasons))

    def _scales(self) -> tuple[tuple[Scale, ...], str | None]:
        scale = self.ask.scale
        if scale is None:
            return (), None
        found = ArgumentReader(self.audit, self.grid, self.tables).scales(scale)
        return found, scale.axis if isinstance(scale, k.ItemScale) else None

    def _with_answers(
        self, blank: RecordedAnswers, matched: Matched, scales: Sequence[Scale]
    ) -> RecordedAnswers:
        match self.column.column.kind:
            case "dist" | "counts" | "logprobs":
                return self._vectors(blank, matched)
            case "text" if self.ask.scale is None:
                return self._texts(blank, matched)
            case "text":
                return self._parsed(blank, matched)
        return self._choices(blank, matched, scales)

    # ---- one kind of column each

    def _vectors(self, blank: RecordedAnswers, matched: Matched) -> RecordedAnswers:
        column, cells = self.column, blank.status.size
        kept = ~column.null[matched.rows]
        rows, at = matched.rows[kept], matched.cells[kept]
        values = np.asarray(column.values, dtype=np.float64)
        width = values.shape[1]
        shape = (*blank.status.shape, width)
        if column.column.kind == "logprobs":
            logs = np.full((cells, width), -np.inf)
            logs[at] = values[rows]
            some = np.zeros(cells, np.bool_)
            some[at] = True
            total = np.where(some, np.exp(logs).sum(axis=1), 0.0)
            shares = np.exp(logs) / np.where(some, total, 1.0)[:, None]
            blank.status.reshape(-1)[at] = 0
            return replace(
                blank,
                shares=shares.reshape(shape),
                logprobs=logs.reshape(shape),
                mass=np.minimum(total, 1.0).reshape(blank.status.shape),
            )
        sums = np.zeros((cells, width))
        np.add.at(sums, at, values[rows])
        total = sums.sum(axis=1)
        blank.status.reshape(-1)[total > 0] = 0
        shares = sums / np.where(total > 0, total, 1.0)[:, None]
        if column.column.kind == "dist":
            return replace(blank, shares=shares.reshape(shape))
        n = total.astype(np.int64).reshape(blank.status.shape)
        return replace(blank, shares=shares.reshape(shape), n=n)

    def _choices(self, blank: RecordedAnswers, matched: Matched, scales: Sequence[Scale]) -> RecordedAnswers:
        choice = np.full(blank.status.shape, -1, np.int32)
        kept = matched.rows[self.column.values[matched.rows] >= 0]
        at = matched.cells[self.column.values[matched.rows] >= 0]
        if self.column.column.kind == "choice":
            item = self._scale_rows(blank, at)
            found = option_positions(item, self.column.values[kept], scales, self.column.codes)
        else:
            found = self.column.values[kept]
        choice.reshape(-1)[at] = found
        blank.status.reshape(-1)[at] = 0
        return replace(blank, choice=choice)

    def _scale_rows(self, blank: RecordedAnswers, at: NDArray[np.int64]) -> NDArray[np.int32]:
        """Which scale holds in some flat cells."""
        if blank.scale_axis is None:
            return np.zeros(len(at), np.int32)
        index = np.unravel_index(at, blank.status.shape)
        return index[blank.axes.index(blank.scale_axis)].astype(np.int32)

    def _texts(self, blank: RecordedAnswers, matched: Matched) -> RecordedAnswers:
        texts = np.full(blank.status.shape, None, dtype=object)
        for row, at in self._written(matched):
            text = next(iter(self.column.values[row].values())).strip()
            texts.reshape(-1)[at] = text
            self._settle(blank, at, "" if text else EMPTY)
        return replace(blank, texts=texts)

    def _parsed(self, blank: RecordedAnswers, matched: Matched) -> RecordedAnswers:
        """Choices that texts name, found as in a reply that was sampled."""
        texts = np.full(blank.status.shape, None, dtype=object)
        choice = np.full(blank.status.shape, -1, np.int32)
        cells = CellReader(self.audit, self.grid, self.tables, self.ask)
        for row, at in self._written(matched):
            index = tuple(int(i) for i in np.unravel_index(at, blank.status.shape))
            said = cells.silent(dict(zip(blank.axes, index, strict=True)))
            words = self.column.values[row]
            text = words.get(said.lang or "", next(iter(words.values()))).strip()
            offer = offer_of(said)
            reply = WrittenText((), text, "stop")
            prefix = said.conversation.prefix
            reading = read_choice(self.ask, reply, offer.codes, offer.labels, offer.at, prefix)
            texts[index] = text
            self._settle(blank, at, reading.reason)
            if reading.choice is not None:
                choice[index] = blank.options(index).index(reading.choice)
        return replace(blank, texts=texts, choice=choice)

    def _written(self, matched: Matched) -> Iterator[tuple[int, int]]:
        """The rows that have a text, each with its flat cell."""
        for row, at in zip(matched.rows.tolist(), matched.cells.tolist(), strict=True):
            if self.column.values[row] is not None:
                yield row, at

    # ---- what is missing, and what is refused

    def _reason(self, reason: str) -> int:
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason) + 1

    def _settle(self, blank: RecordedAnswers, at: int, reason: str) -> None:
        """A text that was read has an answer; one that was not keeps the reason that the table gives, if any."""
        status = blank.status.reshape(-1)
        if not reason or status[at] == 1:
            status[at] = self._reason(reason) if reason else 0

    def _note_reasons(self, blank: RecordedAnswers, matched: Matched) -> None:
        """What the table says of the rows that have no answer; one that has an answer needs no reason."""
        if self.reader.reason is None:
            return
        column = self.table[self.reader.reason]
        status = blank.status.reshape(-1)
        for row, at in zip(matched.rows.tolist(), matched.cells.tolist(), strict=True):
            if column.column.kind == "text":
                words = column.values[row]
                said = "" if words is None else next(iter(words.values())).strip()
            else:
                said = column.code(row) or ""
            if said:
                status[at] = self._reason(said)

    def _require_rows(self, axes: Sequence[str], matched: Matched) -> None:
        if len(matched.rows):
            return
        notes = []
        for axis in axes:
            found = matched.unknown.get(axis, ())
            if found:
                said = ", ".join(f"`{code}`" for code in found[:_SHOWN])
                levels = ", ".join(f"`{code}`" for code in matched.codes[axis][:_SHOWN])
                notes.append(f"`{matched.columns[axis]}` has {said}; axis `{axis}` has {levels}")
        name = self.reader.table
        raise SpecError(
            [NothingRecorded(span=self.ask.span, table=name, ask=self.ask.name, notes=tuple(notes[:2]))]
        )

    def _unrecorded(
        self, axes: Sequence[str], matched: Matched, present: NDArray[np.bool_]
    ) -> Iterator[Diagnostic]:
        """Axes some of whose levels no row names: a name that is spelt otherwise, or a table that is not whole.

        A level without a cell is not asked for, and needs no row.
        """
        for place, axis in enumerate(axes):
            asked = np.asarray(present.any(axis=tuple(at for at in range(present.ndim) if at != place)))
            levels = [code for code, some in zip(matched.codes[axis], asked, strict=True) if some]
            lacking = [code for code in levels if code not in matched.named[axis]]
            if not lacking:
                continue
            said = ", ".join(f"`{code}`" for code in lacking[:_SHOWN])
            label = said + (f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else "")
            other = ", ".join(f"`{code}`" for code in matched.unknown.get(axis, ())[:_SHOWN])
            notes = (f"`{matched.columns[axis]}` has {other}, which the axis has not",) if other else ()
            yield LevelsNotRecorded(
                span=self.ask.span,
                axis=axis,
                table=self.reader.table,
                count=len(lacking),
                total=len(levels),
                label=label,
                notes=notes,
            )

    def _refuse_twice(self, axes: Sequence[str], matched: Matched) -> None:
        order = np.argsort(matched.cells, kind="stable")
        cells, rows = matched.cells[order], matched.rows[order]
        again = np.flatnonzero(cells[1:] == cells[:-1]) + 1
        if not len(again):
            return
        first = rows[np.searchsorted(cells, cells[again])]
        origin = dict(zip(rows[again].tolist(), first.tolist(), strict=True))
        refusals = Refusals(self.table.table.path)
        shape = tuple(len(self.grid.axes[axis]) for axis in axes)
        place = dict(zip(rows.tolist(), cells.tolist(), strict=True))

        def problem(row: int) -> str:
            index = np.unravel_index(place[row], shape)
            levels = ", ".join(
                f"{axis} {shown(self.grid.axes[axis].levels[int(at)])}"
                for axis, at in zip(axes, index, strict=True)
            )
            return f"a second answer of one cell ({levels}), which has row {origin[row] + 1} already"

        pair = (int(rows[again[0]]), int(first[0]))
        column = differing_column(self.table, matched, pair)
        helps = (f"they differ in `{column}`: make it an axis of the ask, `per = [{column}]`",)
        if not column or column == self.reader.column:
            helps = ("tell them apart by an axis (`per = [repeat]`), or count them in a column `counts(..)`",)
        for row in np.sort(rows[again])[:20].tolist():
            refusals.bad_row(row + 1, self.column.column, problem(row), helps)
        refusals.count += max(0, len(again) - 20)
        refusals.raise_if_any()
