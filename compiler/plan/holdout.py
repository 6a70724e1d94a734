"""Which rows of a table are held out: each by its own number, drawn from the names of the split and of the row.

Expects an opened table. Ensures that a row more, another order of the file or another audit changes no other row, that
a larger share only adds rows, and that the two sides of a split are each other's complement.
"""

from __future__ import annotations

from collections.abc import Sequence

from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import column_values
from cyclspec.compiler.seeds import fraction
from cyclspec.language.types import typed as d

# No audit's own seed: two audits that split by the same words must never see each other's rows.
_SEED = 0


def is_held_out(part: d.HeldOut, of: str, name: str) -> bool:
    """Whether a row is held out; `of` is its axis, or the column by which rows are held out together."""
    return fraction(_SEED, "holdout", part.name, of, name) < part.share


def part_rows(part: d.HeldOut, axis: str, table: LoadedTable, rows: Sequence[int]) -> list[int]:
    """The rows on one side of a split, in their order. A row without a level of its cluster stands for itself."""
    keys = table.only("key").codes
    clusters = None if part.cluster is None else column_values(table[part.cluster])
    found: list[int] = []
    for row in rows:
        level = None if clusters is None else clusters[row]
        at = (axis, keys[row]) if level is None or part.cluster is None else (part.cluster, str(level))
        if is_held_out(part, *at) != part.rest:
            found.append(row)
    return found
