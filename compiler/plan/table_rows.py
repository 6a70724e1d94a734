"""Rows of opened tables by the levels of the axes that tell them apart.

Expects a column whose table is indexed by axes of the grid. Ensures that each table is indexed once, and that a level
that a value chooses stands in the place of the cell's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cyclspec.compiler.axes import Axis
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import column_values
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Cell = Mapping[str, int]


@dataclass(slots=True)
class TableRows:
    """The columns and indices of tables, each made once. `fixed` gives levels that are chosen, by axis or column."""

    audit: d.TypedAudit
    axes: Mapping[str, Axis]
    tables: Mapping[str, LoadedTable]
    _columns: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    _indices: dict[tuple[h.ColumnTerm, tuple[str, ...]], dict[tuple[str, ...], int]] = field(
        default_factory=dict
    )

    def columns(self, table: str) -> dict[str, list[Any]]:
        """The values of a table by column, row by row."""
        if table not in self._columns:
            self._columns[table] = {n: column_values(c) for n, c in self.tables[table].columns.items()}
        return self._columns[table]

    def levels_at(self, term: h.ColumnTerm, cell: Cell, fixed: Mapping[str, str]) -> tuple[str, ...]:
        """The levels that tell a row apart in a cell."""
        axes = _indexed(term, fixed)
        return tuple(fixed[a] if a in fixed else self.axes[a].levels[cell[a]] for a in axes)

    def row_at(self, term: h.ColumnTerm, cell: Cell, fixed: Mapping[str, str]) -> int | None:
        """The row of a table in a cell; None where there is none, or none with a value."""
        axes = _indexed(term, fixed)
        if (term, axes) not in self._indices:
            self._indices[term, axes] = self._index(term, axes)
        row = self._indices[term, axes].get(self.levels_at(term, cell, fixed))
        return None if row is None or self.columns(term.table)[term.column][row] is None else row

    def _index(self, term: h.ColumnTerm, axes: tuple[str, ...]) -> dict[tuple[str, ...], int]:
        columns: dict[str, list[Any]] = {}
        for column in self.audit.tables[term.table].columns:
            axis = column.name
            if isinstance(column.kind, k.Key):
                axis = column.kind.axis
            if isinstance(column.kind, k.Ref):
                keys = (c.kind for c in self.audit.tables[column.kind.table].columns)
                axis = next((kind.axis for kind in keys if isinstance(kind, k.Key)), axis)
            if axis in axes:
                columns[axis] = self.columns(term.table)[column.name]
        if set(columns) != set(axes):
            raise SpecError([NotLowered(span=term.span, what=f"`{term.span.text}` as an argument")])
        return {key: row for row, key in enumerate(zip(*(columns[axis] for axis in axes), strict=True))}


def _indexed(term: h.ColumnTerm, fixed: Mapping[str, str]) -> tuple[str, ...]:
    """What the rows of a table are told apart by: axes, and a column by which it is looked up."""
    return tuple(sorted(term.type.axes | fixed.keys()))
