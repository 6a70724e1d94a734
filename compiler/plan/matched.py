"""Rows of a table to cells of a grid, by the levels that they name.

Expects a table with a column for every axis. Ensures that codes are compared as everywhere in the data (`1`, `1.0` and
`"1"` are one code), and that rows of other levels, or of cells that do not exist, are left out and can be counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Axis, Grid
from cyclspec.compiler.data.codes import find_code, integer_text, normal_code, positions_of
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import typed as d
from cyclspec.language.types.recorded import axis_column

_MOST_TOLD = 12
_TELLING = ("lang", "level", "levels_open", "ref", "count")


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The `rows` of a table (from zero) that have a cell, and their flat `cells` in the order of the axes.

    By axis: `columns` names the column that was read, `codes` what it calls the levels, `named` the codes of those that
    some row names, `unknown` the first few codes that are no level.
    """

    rows: NDArray[np.int64]
    cells: NDArray[np.int64]
    columns: Mapping[str, str]
    codes: Mapping[str, tuple[str, ...]]
    named: Mapping[str, frozenset[str]]
    unknown: Mapping[str, tuple[str, ...]]


def matched_rows(
    audit: d.TypedAudit, grid: Grid, table: LoadedTable, axes: tuple[str, ...], present: NDArray[np.bool_]
) -> Matched:
    """Which cell each row of a table is for."""
    columns: dict[str, str] = {}
    called: dict[str, tuple[str, ...]] = {}
    named: dict[str, frozenset[str]] = {}
    unknown: dict[str, tuple[str, ...]] = {}
    flat = np.zeros(table.n_rows, np.int64)
    inside = np.ones(table.n_rows, np.bool_)
    for axis in axes:
        declared = axis_column(audit.tables, table.table.name, axis)
        if declared is None:
            raise InternalError("recorded", f"{table.table.name} has no column for axis {axis}")
        columns[axis] = declared.name
        levels = grid.axes[axis]
        index, codes = _coded(table[declared.name])
        called[axis] = _codes(audit, levels)
        at = positions_of(called[axis])
        found = np.array([*(find_code(at, code) for code in codes), -1], np.int64)
        position = found[index]
        named[axis] = frozenset(called[axis][i] for i in np.unique(position[position >= 0]).tolist())
        used = {codes[i] for i in np.unique(index[(index >= 0) & (position < 0)]).tolist()}
        unknown[axis] = tuple(sorted(used)[:_MOST_TOLD])
        inside &= position >= 0
        flat = flat * len(levels) + np.maximum(position, 0)
    inside &= present.reshape(-1)[flat]
    rows = np.flatnonzero(inside).astype(np.int64)
    return Matched(rows, flat[rows], columns, called, named, unknown)


def differing_column(table: LoadedTable, matched: Matched, rows: tuple[int, int]) -> str:
    """A column, none of an axis, by which two rows of one cell differ and could be told apart; empty where none is."""
    for name, column in table.columns.items():
        if name in matched.columns.values() or column.column.kind not in _TELLING:
            continue
        index, _ = _coded(column)
        if index[rows[0]] != index[rows[1]]:
            return name
    return ""


def _coded(column: LoadedColumn) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """A column as positions in its codes, -1 where it has no value."""
    match column.column.kind:
        case "key" | "lang" | "level" | "levels_open" | "ref":
            return np.asarray(column.values, np.int64), column.codes
        case "count" | "real":
            numbers, index = np.unique(column.values, return_inverse=True)
            codes = tuple(normal_code(value) for value in numbers.tolist())
            return np.where(column.null, -1, index), codes
        case "text":
            words = ["" if value is None else normal_code(value.get("", "")) for value in column.values]
            known = tuple(dict.fromkeys(word for word in words if word))
            at = positions_of(known)
            return np.array([at.get(word, -1) for word in words], np.int64), known
    raise InternalError("recorded", f"column {column.column.name} tells no levels apart")


def _codes(audit: d.TypedAudit, axis: Axis) -> tuple[str, ...]:
    """What a table calls each level: its name, a whole number as one, a recorded model as its panel says."""
    called: dict[str, str] = {}
    source = next((each.source for each in audit.eaches if axis.name in each.names), None)
    if isinstance(source, d.PanelSource):
        models = audit.panels[source.panel].models
        called = {
            model.name: model.location for model in models if model.source == "recorded" and model.location
        }
    return tuple(normal_code(called.get(level) or integer_text(level) or level) for level in axis.levels)
