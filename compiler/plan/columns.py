"""Columns of opened tables as conditions and templates name them.

Expects loaded columns. Ensures that a missing value is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Axis
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d


def column_values(column: LoadedColumn) -> list[Any]:
    """The values of a column as conditions and templates name them; None where a value is missing."""
    match column.column.kind:
        case "key" | "level" | "levels_open" | "lang" | "ref" | "choice":
            return [column.codes[p] if p >= 0 else None for p in column.values.tolist()]
        case "real" | "count" | "bool":
            pairs = zip(column.values.tolist(), column.null.tolist(), strict=True)
            return [None if null else value for value, null in pairs]
    return list(column.values)


def child_lists(
    parent: Axis, source: d.ChildSource, tables: Mapping[str, LoadedTable]
) -> list[tuple[Any, ...]]:
    """The list of each level of the parent; nothing where its row has none."""
    table = tables[source.table]
    rows = {key: row for row, key in enumerate(table.only("key").codes)}
    values = column_values(table[source.column])
    return [tuple(values[rows[level]] or ()) for level in parent.levels]


def child_entries(
    parent: Axis, source: d.ChildSource, tables: Mapping[str, LoadedTable], width: int
) -> NDArray[Any]:
    """The entries as objects [parent, entry]; None behind the end of a list."""
    found = np.full((len(parent), width), None, dtype=object)
    for row, entries in enumerate(child_lists(parent, source, tables)):
        for at, entry in enumerate(entries[:width]):
            found[row, at] = entry
    return found


def scale_rows(
    scale: k.ItemScale, axes: Mapping[str, Axis], tables: Mapping[str, LoadedTable]
) -> list[Scale]:
    """The scales of an item axis, in the order of its levels."""
    by_key = tables[scale.table].scales(scale.column)
    return [by_key[level] for level in axes[scale.axis].levels]
