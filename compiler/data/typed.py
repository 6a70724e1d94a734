"""Turns collected cells into typed columns, and refuses what does not fit its declaration.

Expects the cells of every column of one table, and the tables it points to, already read. Ensures that a column is
either refused in `Context.refusals` or fits: what is returned beside a refusal is never used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.cells import CellProblem, scale_cell, text_cell, texts_cell
from cyclspec.compiler.data.coded import Coded
from cyclspec.compiler.data.codes import find_code, level_code, positions_of, range_position, suggest
from cyclspec.compiler.data.collect import Collector
from cyclspec.compiler.data.contracts import Budget, Column, Table
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.data.refusals import Refusals, shown
from cyclspec.compiler.data.shares import TOLERANCE, Renormalised

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_EXACT_INTEGERS = 2.0**53


@dataclass(slots=True)
class Context:
    """One table while it is read: its columns so far, the tables beside it, and what is wrong."""

    table: Table
    budget: Budget
    others: Mapping[str, LoadedTable]
    refusals: Refusals
    n_rows: int = 0
    textual: bool = False
    tolerance: float = TOLERANCE
    columns: dict[str, LoadedColumn] = field(default_factory=dict)
    renormalised: dict[str, Renormalised] = field(default_factory=dict)


def refuse_missing(column: Column, null: NDArray[np.bool_], context: Context) -> None:
    """A missing value is refused unless the column is optional."""
    if not column.optional:
        context.refusals.bad_rows(
            np.flatnonzero(null), column, lambda _row: f"column `{column.name}` has no value"
        )


def key_column(collector: Collector, context: Context) -> LoadedColumn:
    """Keys differ from each other and are never missing."""
    coded, column = collector.coded(), collector.column
    null = coded.index < 0
    rows = np.flatnonzero(null)
    context.refusals.bad_rows(rows, column, lambda _row: f"key `{column.name}` has no value")
    if len(coded.codes) < len(coded.index) - len(rows):
        _, first = np.unique(coded.index, return_index=True)
        again = np.setdiff1d(np.flatnonzero(~null), first)
        origin = dict(zip(coded.index[first].tolist(), first.tolist(), strict=True))
        context.refusals.bad_rows(again, column, lambda row: _twice(coded, row, origin))
    return LoadedColumn(column, coded.index, null, coded.codes)


def _twice(coded: Coded, row: int, origin: Mapping[int, int]) -> str:
    position = int(coded.index[row])
    return f"key {shown(coded.codes[position])} is in row {origin[position] + 1} already"


def lang_column(collector: Collector, context: Context) -> LoadedColumn:
    """Language tags such as `en` or `pt-BR`: one of the declared ones, where any are."""
    column = collector.column
    found = open_column(collector, context)
    for position, code in enumerate(found.codes):
        if code in column.langs or (not column.langs and _LANGUAGE.match(code)):
            continue
        row = int(np.flatnonzero(found.values == position)[0])
        helps = suggest(code, column.langs, "declared languages")
        context.refusals.bad_row(
            row + 1, column, f"{shown(code)} is not a language of `{column.name}`", helps
        )
    return found


def open_column(collector: Collector, context: Context) -> LoadedColumn:
    """A vocabulary of whatever the file holds, sorted, so that the order of its rows changes nothing."""
    coded, column = collector.coded(), collector.column
    null = coded.index < 0
    refuse_missing(column, null, context)
    codes = tuple(sorted(coded.codes))
    moved = positions_of(codes)
    table = np.array([*(moved[code] for code in coded.codes), -1], np.int32)
    return LoadedColumn(column, table[coded.index], null, codes)


def level_column(collector: Collector, context: Context) -> LoadedColumn:
    """Declared levels: by code, else the range that holds the number. A number outside every range is counted."""
    coded, column = collector.coded(), collector.column
    null = coded.index < 0
    refuse_missing(column, null, context)
    known = positions_of(level_code(level) for level in column.levels if not level.is_range)
    # `positions_of` counts the listed codes; ranges stand between them.
    listed = [i for i, level in enumerate(column.levels) if not level.is_range]
    ranges = len(listed) < len(column.levels)
    table = np.full(len(coded.codes) + 1, -1, np.int32)
    unknown = np.zeros(len(coded.codes) + 1, np.bool_)
    for position, code in enumerate(coded.codes):
        place = find_code(known, code)
        number = number_of(code) if ranges else None
        if place >= 0:
            table[position] = listed[place]
        elif number is None:
            unknown[position] = True
        else:
            table[position] = range_position(column.levels, number)
    names = list(known)
    what = "is not a number" if ranges else "is not a level"
    refuse_unknown(coded, unknown, context, column, f"{what} of `{column.name}`", names)
    values = table[coded.index]
    outside = int(np.count_nonzero((values < 0) & ~null))
    return LoadedColumn(column, values, null, tuple(level.name for level in column.levels), outside)


def ref_column(collector: Collector, context: Context) -> LoadedColumn:
    """Rows of another table, by its key."""
    coded, column = collector.coded(), collector.column
    null = coded.index < 0
    refuse_missing(column, null, context)
    target = context.others[str(column.table)].only("key")
    rows = positions_of(target.codes)
    table = np.array([*(find_code(rows, code) for code in coded.codes), -1], np.int32)
    unknown = table < 0
    unknown[-1] = False
    refuse_unknown(coded, unknown, context, column, f"is not a key of table `{column.table}`", target.codes)
    return LoadedColumn(column, table[coded.index], null, target.codes)


def refuse_unknown(
    coded: Coded, unknown: NDArray[np.bool_], context: Context, column: Column, what: str, known: Any
) -> None:
    """One diagnostic for each unknown code, at its first row; `unknown` has one more element than `codes`, false."""
    rows = np.flatnonzero(unknown[coded.index])
    if not len(rows):
        return
    positions, first, counts = np.unique(coded.index[rows], return_index=True, return_counts=True)
    for i in np.argsort(first).tolist():
        code = coded.codes[positions[i]]
        more = f" (and in {counts[i] - 1} more rows)" if counts[i] > 1 else ""
        helps = suggest(code, known, "known codes")
        context.refusals.bad_row(int(rows[first[i]]) + 1, column, f"{shown(code)} {what}{more}", helps)


def number_column(collector: Collector, context: Context) -> LoadedColumn:
    """Numbers: real as they are, count as integers from zero, bool as truth values."""
    numbers, column = collector.array(), collector.column
    null = np.isnan(numbers)
    refuse_missing(column, null, context)
    if column.kind == "real":
        return LoadedColumn(column, numbers, null)
    filled = np.where(null, 0.0, numbers)
    if column.kind == "bool":
        return LoadedColumn(column, filled != 0, null)
    bad = ~((filled >= 0) & (filled < _EXACT_INTEGERS) & (filled == np.floor(filled)))
    context.refusals.bad_rows(np.flatnonzero(bad), column, lambda row: f"{numbers[row]:g} is not a count")
    return LoadedColumn(column, np.where(bad, 0.0, filled).astype(np.int64), null)


def cell_column(collector: Collector, context: Context) -> LoadedColumn:
    """Texts, lists of texts and scales, one cell at a time; equal texts are read once."""
    column, values = collector.column, []
    seen: dict[str, Any] = {}
    for row, cell in enumerate(collector.cells):
        value = seen.get(cell) if isinstance(cell, str) else None
        if cell is not None and value is None:
            value = _cell_value(cell, row, collector, context)
            if isinstance(cell, str):
                seen[cell] = value
        values.append(value)
    null = np.array([cell is None for cell in collector.cells], np.bool_)
    refuse_missing(column, null, context)
    return LoadedColumn(column, tuple(values), null)


def _cell_value(cell: Any, row: int, collector: Collector, context: Context) -> Any:
    column = collector.column
    try:
        match column.kind:
            case "text":
                return text_cell(cell, column.langs)
            case "texts":
                return texts_cell(cell, column.langs, textual=collector.textual)
            case _:
                return scale_cell(cell, column, textual=collector.textual)
    except CellProblem as problem:
        context.refusals.bad_row(row + 1, column, problem.problem, problem.helps)
        return None
