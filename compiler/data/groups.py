"""Groups of rows by vocabulary columns: the cells of human distributions along their axes.

Expects loaded columns of kind level or levels_open. Ensures that a group is named by level, never by position in a
file; rows at a missing level, outside every range, or without a value belong to no group and are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.language.diagnostics import InternalError

# A column, or a column with an attribute of its levels (level name -> attribute level, such as country -> region).
By = str | tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Groups:
    """`index[row]` is the flat position in `shape` (last axis fastest), -1 for a row that is left out.

    `levels[axis]` names the positions along that axis; `left_out[axis]` counts rows without a level there.
    """

    axes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    index: NDArray[np.int64]
    left_out: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(levels) for levels in self.levels)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


def groups_of(table: LoadedTable, by: Sequence[By]) -> Groups:
    """The groups of each row of `table`; no columns give one group of all rows."""
    axes, levels, left_out = [], [], []
    index = np.zeros(table.n_rows, np.int64)
    inside = np.ones(table.n_rows, np.bool_)
    for entry in by:
        name = entry if isinstance(entry, str) else entry[0]
        names, positions = _axis(table[name], None if isinstance(entry, str) else entry[1])
        axes.append(name)
        levels.append(names)
        left_out.append(int(np.count_nonzero(positions < 0)))
        index = index * len(names) + positions
        inside &= positions >= 0
    return Groups(tuple(axes), tuple(levels), np.where(inside, index, -1), tuple(left_out))


def _axis(
    found: LoadedColumn, attribute: Mapping[str, str] | None
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The levels of one axis and the position of each row; attribute levels stand in order of first appearance."""
    if found.column.kind not in ("level", "levels_open"):
        raise InternalError("data", f"column {found.column.name} is {found.column.kind}, not a vocabulary")
    missing = {level.name for level in found.column.levels if level.missing}
    named: list[str | None] = [None if code in missing else code for code in found.codes]
    if attribute is not None:
        named = [None if name is None else attribute.get(name) for name in named]
    names = tuple(dict.fromkeys(name for name in named if name is not None))
    at = {name: position for position, name in enumerate(names)}
    table = np.array([*(-1 if name is None else at[name] for name in named), -1], np.int64)
    return names, table[found.values]
