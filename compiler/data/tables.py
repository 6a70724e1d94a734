"""Reads declared tables from files.

Expects declarations that fit each other (a ref names a table that is read before). Ensures a `LoadedTable` whose
every value fits, or one `SpecError` that holds what is wrong: the first twenty errors of a file, and how many more.
In the place of an error, such as `items.csv, row 17, column value`, rows count from one over the data rows: the
header of a CSV file is not a row. Columns that are not declared are never decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

import numpy as np

from cyclspec.compiler.data.batches import open_source, stream
from cyclspec.compiler.data.codes import suggest
from cyclspec.compiler.data.collect import CODED, NUMERIC, VECTORS, Collector
from cyclspec.compiler.data.contracts import Budget, Column, Table
from cyclspec.compiler.data.files import open_table
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.data.options import choice_column, dist_column
from cyclspec.compiler.data.refusals import Refusals, shown
from cyclspec.compiler.data.shares import TOLERANCE
from cyclspec.compiler.data.sources import Source
from cyclspec.compiler.data.typed import (
    Context,
    cell_column,
    key_column,
    lang_column,
    level_column,
    number_column,
    open_column,
    ref_column,
)
from cyclspec.compiler.data.vectors import vector_column
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.diagnostics.cy07_data_and_plan import ColumnMissing, EmptyTable

_LAST = VECTORS | {"choice"}


def read_tables(
    tables: Iterable[Table], budget: Budget | None = None, *, tolerance: float = TOLERANCE
) -> dict[str, LoadedTable]:
    """Reads tables, those that others point to first; keys of the result are table names in the order given.

    Raises `SpecError` for the first file that is refused.
    """
    waiting = {table.name: table for table in tables}
    order, loaded = tuple(waiting), dict[str, LoadedTable]()
    while waiting:
        ready = [table for table in waiting.values() if not (_points_to(table) & waiting.keys())]
        if not ready:
            raise InternalError("data", f"tables point at each other: {', '.join(waiting)}")
        for table in ready:
            loaded[table.name] = read_table(table, budget, loaded, tolerance=tolerance)
            del waiting[table.name]
    return {name: loaded[name] for name in order}


def read_table(
    table: Table,
    budget: Budget | None = None,
    others: Mapping[str, LoadedTable] | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> LoadedTable:
    """Reads one table. `others` holds the tables its columns point to; `tolerance` is relative, for sums of shares,
    where the table declares none.

    Raises `SpecError` of `FileUnreadable`, `CorpusHashDiffers`, `ColumnMissing`, `ColumnTypeDiffers`, `BadRow` and
    `EmptyTable`; `place` counts rows from one over the data rows.
    """
    limits = budget or Budget()
    allowed = tolerance if table.tolerance is None else table.tolerance
    context = Context(table, limits, others or {}, Refusals(table.path), tolerance=allowed)
    _require_others(table, context.others)
    with open_table(table, limits) as opened:
        source = open_source(opened, limits)
        context.textual = source.textual
        collectors = _collectors(table, source, context)
        wanted = list(dict.fromkeys(name for collector in collectors for name in collector.sources))
        for batch in stream(source, opened, limits, wanted):
            for collector in collectors:
                collector.add(batch, context.n_rows, context.refusals)
            context.refusals.raise_if_any()
            context.n_rows += batch.rows
    _require_rows(context)
    for collector in sorted(collectors, key=lambda c: c.column.kind in _LAST):
        before = context.refusals.count
        found = _typed(collector, context)
        context.columns[collector.column.name] = found
        if context.refusals.count == before:
            _check(found, context)
    context.refusals.raise_if_any()
    columns = {column.name: context.columns[column.name] for column in table.columns}
    return LoadedTable(table, context.n_rows, columns, opened.digest, dict(context.renormalised))


def _points_to(table: Table) -> set[str]:
    return {column.table for column in table.columns if column.table is not None} - {table.name}


def _require_others(table: Table, others: Mapping[str, LoadedTable]) -> None:
    absent = sorted(_points_to(table) - others.keys())
    if absent:
        raise InternalError(
            "data", f"table {table.name} needs {', '.join(absent)}, which were not read before it"
        )


def _require_rows(context: Context) -> None:
    if context.n_rows == 0:
        table = context.table
        context.refusals.add(EmptyTable(what=f"table `{table.name}`", span=table.span, place=table.path.name))
        context.refusals.raise_if_any()


def _collectors(table: Table, source: Source, context: Context) -> list[Collector]:
    found = []
    for column in table.columns:
        names = _sources(column, source, context)
        if names:
            found.append(Collector(column, names, source.textual))
    context.refusals.raise_if_any()
    return found


def _sources(column: Column, source: Source, context: Context) -> tuple[str, ...]:
    """The columns of the file that hold a declared column: itself, or one for each language of a text."""
    if column.kind == "text" and column.langs:
        spelled = [(f"{column.name}_{lang}", f"{column.name}.{lang}") for lang in column.langs]
        held = [next((name for name in names if name in source.names), "") for names in spelled]
        if all(held) and not (column.name in source.names and len(held) == 1):
            return tuple(held)
        if any(held) and column.name not in source.names:
            _missing(spelled[held.index("")][0], column, source, context)
            return ()
    if column.name in source.names:
        return (column.name,)
    _missing(column.name, column, source, context)
    return ()


def _missing(name: str, column: Column, source: Source, context: Context) -> None:
    helps = suggest(name, source.names, "columns of the file")
    only = source.names[0] if source.textual and len(source.names) == 1 else ""
    separator = next((mark for mark in (";", "\t", "|") if mark in only), "")
    if separator:
        helps = (f"the file seems to be separated by {separator!r}; save it with commas", *helps)
    file = context.table.path.name
    context.refusals.add(ColumnMissing(column=name, file=file, span=column.span, place=file, helps=helps))


def _typed(collector: Collector, context: Context) -> LoadedColumn:
    match collector.column.kind:
        case "key":
            return key_column(collector, context)
        case "ref":
            return ref_column(collector, context)
        case "lang":
            return lang_column(collector, context)
        case "level":
            return level_column(collector, context)
        case "levels_open":
            return open_column(collector, context)
        case "real" | "count" | "bool":
            return number_column(collector, context)
        case "text" | "texts" | "scale":
            return cell_column(collector, context)
        case "choice":
            return choice_column(collector, context)
        case "dist":
            return dist_column(collector, context)
        case "counts" | "logprobs":
            return vector_column(collector, context)
        case other:
            assert_never(other)


def _check(found: LoadedColumn, context: Context) -> None:
    """Applies the declared predicate to the values that are present."""
    column = found.column
    if column.check is None:
        return
    rows = np.flatnonzero(~found.null)
    fits = np.asarray(column.check(_present(found, rows)))
    if fits.shape != rows.shape or fits.dtype != np.bool_:
        raise InternalError(
            "data", f"the check of column {column.name} gave {fits.dtype} of shape {fits.shape}"
        )
    text = f"`{column.check_text}`" if column.check_text else "its declaration"
    context.refusals.bad_rows(
        rows[~fits], column, lambda row: f"{shown(_value(found, row))} does not satisfy {text}"
    )


def _present(found: LoadedColumn, rows: Any) -> Any:
    if found.column.kind in CODED:
        return tuple(found.code(row) for row in rows.tolist())
    if found.column.kind in NUMERIC | VECTORS:
        return found.values[rows]
    return tuple(found.values[row] for row in rows.tolist())


def _value(found: LoadedColumn, row: int) -> Any:
    if found.column.kind in CODED:
        return found.code(row)
    value = found.values[row]
    return value.item() if isinstance(value, np.generic) else value
