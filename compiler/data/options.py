"""Reads columns over the options of a scale: choices and distributions.

Expects the scale column and the ref column of the row to be read already. Ensures that every answer is an option of
its own item, matched by code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.cells import CellProblem
from cyclspec.compiler.data.codes import scale_of_levels, suggest
from cyclspec.compiler.data.collect import Collector
from cyclspec.compiler.data.contracts import Column, Scale
from cyclspec.compiler.data.loaded import LoadedColumn, option_positions
from cyclspec.compiler.data.refusals import refuse_file, shown
from cyclspec.compiler.data.shares import Renormalised, Shares, shares_cell
from cyclspec.compiler.data.typed import Context, refuse_missing
from cyclspec.language.diagnostics import InternalError


class RowScales(NamedTuple):
    """The scale of each row: `item[row]` counts into `scales` (-1: none); `keys` name the items."""

    item: NDArray[np.int32]
    scales: Sequence[Scale | None]
    keys: Sequence[str]

    def of_row(self, row: int) -> Scale | None:
        position = int(self.item[row])
        return self.scales[position] if position >= 0 else None

    def name(self, row: int) -> str:
        position = int(self.item[row])
        return f" of `{self.keys[position]}`" if 0 <= position < len(self.keys) else ""


def row_scales(column: Column, context: Context) -> RowScales:
    """Which scale each row of a choice or dist column is over."""
    if column.levels:
        scale = scale_of_levels(column.levels, ordered=column.ordered)
        return RowScales(np.zeros(context.n_rows, np.int32), (scale,), ())
    if column.table is None:
        raise InternalError("data", f"column {column.name} has neither levels nor a table")
    if column.table == context.table.name:
        own = _one(context, "scale", column.of)
        keys = next((c.codes for c in context.columns.values() if c.column.kind == "key"), ())
        return RowScales(np.arange(context.n_rows, dtype=np.int32), own.values, keys)
    other = context.others[column.table]
    ref = _one(context, "ref", column.via, column.table)
    return RowScales(ref.values, other.only("scale", column.of).values, ref.codes)


def _one(context: Context, kind: str, name: str, table: str | None = None) -> LoadedColumn:
    if name:
        return context.columns[name]
    found = [c for c in context.columns.values() if c.column.kind == kind and table in (None, c.column.table)]
    if len(found) != 1:
        raise InternalError(
            "data", f"table {context.table.name} has {len(found)} columns of kind {kind}, not one"
        )
    return found[0]


def choice_column(collector: Collector, context: Context) -> LoadedColumn:
    """Codes of options, each an option of its own item."""
    column, coded = collector.column, collector.coded()
    null = coded.index < 0
    refuse_missing(column, null, context)
    scales = row_scales(column, context)
    positions = option_positions(scales.item, coded.index, scales.scales, coded.codes)
    # An unknown item was refused at its own column.
    rows = np.flatnonzero((positions < 0) & ~null & (scales.item >= 0))
    pairs = scales.item[rows].astype(np.int64) * max(len(coded.codes), 1) + coded.index[rows]
    _, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    for i in np.argsort(first).tolist():
        row, code = int(rows[first[i]]), coded.codes[coded.index[rows[first[i]]]]
        more = f" (and in {counts[i] - 1} more rows)" if counts[i] > 1 else ""
        scale = scales.of_row(row)
        helps = suggest(code, scale.codes if scale else (), "options")
        context.refusals.bad_row(
            row + 1, column, f"{shown(code)} is not an option{scales.name(row)}{more}", helps
        )
    return LoadedColumn(column, coded.index, null, coded.codes)


def dist_column(collector: Collector, context: Context) -> LoadedColumn:
    """Distributions, padded to the widest scale; what was renormalised is recorded in the context."""
    column, scales = collector.column, row_scales(collector.column, context)
    width = max((len(scale.options) for scale in scales.scales if scale is not None), default=0)
    if width * context.n_rows * 8 > context.budget.bytes:
        refuse_file(context.table.path, f"holds more than {context.budget.bytes:,} bytes once decoded")
    values = np.zeros((context.n_rows, width))
    null = np.array([cell is None for cell in collector.cells], np.bool_)
    refuse_missing(column, null, context)
    deviations = np.zeros(context.n_rows)
    for row in np.flatnonzero(~null & (scales.item >= 0)).tolist():
        found = _shares(collector, context, scales, row)
        if found is None:
            continue
        values[row, : len(found.shares)] = found.shares
        if found.renormalised:
            deviations[row] = found.deviation
    count, largest = int(np.count_nonzero(deviations)), float(np.abs(deviations).max(initial=0.0))
    context.renormalised[column.name] = Renormalised(count, largest, deviations)
    codes = [() if scale is None else scale.codes for scale in scales.scales]
    options = tuple(codes[i] if i >= 0 else () for i in scales.item.tolist())
    return LoadedColumn(column, values, null, options=options)


def _shares(collector: Collector, context: Context, scales: RowScales, row: int) -> Shares | None:
    scale = scales.of_row(row)
    try:
        if scale is None:
            raise CellProblem(f"the row{scales.name(row)} has no options")
        cell = collector.cells[row]
        return shares_cell(cell, scale.codes, tolerance=context.tolerance, textual=collector.textual)
    except CellProblem as problem:
        context.refusals.bad_row(row + 1, collector.column, problem.problem, problem.helps)
        return None
