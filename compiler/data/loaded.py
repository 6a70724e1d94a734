"""What a table is once it is read: typed columns of equal length, and what was noticed on the way.

Ensures that every value fits its declaration. Rows keep the order of the file; row numbers count from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.codes import integer_text, positions_of
from cyclspec.compiler.data.contracts import Column, Scale, Table
from cyclspec.compiler.data.shares import Renormalised
from cyclspec.language.diagnostics import InternalError

# Rows looked up at a time, so that temporaries stay small beside the table.
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class LoadedColumn:
    """One column of `row` values.

    `values`, by kind:
    - key, lang, levels_open, choice: int32 positions in `codes`, -1 where missing. The codes of levels_open and lang
      are sorted; those of key stand in row order; those of choice are all codes seen, not one scale's options.
    - level: int32 positions in `codes`, the names of the declared levels; -1 where missing or outside every range.
    - ref: int32 rows of the table it points to; `codes` are the keys of that table.
    - real: float64, NaN where missing. count: int64, 0 where missing. bool: bool, False where missing.
    - text: tuple of mappings from language to text. texts: tuple of tuples of those. scale: tuple of `Scale`. None
      where missing.
    - dist: float64 [row, option], padded with zeros to the widest scale; zeros where missing. counts: likewise, whole
      numbers. logprobs: float64 nats [row, option], padded with -inf; -inf where missing.

    `options[row]` are the codes that the numbers of such a row stand for; other kinds have none.
    `null[row]` is true where the file has no value. `outside` counts the values that no range level holds.
    """

    column: Column
    values: Any
    null: NDArray[np.bool_]
    codes: tuple[str, ...] = ()
    outside: int = 0
    options: tuple[tuple[str, ...], ...] = ()

    def code(self, row: int) -> str | None:
        """The code in `row` (from zero) of a coded column; None where it is missing or outside."""
        position = int(self.values[row])
        return self.codes[position] if position >= 0 else None


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """A table that fits its declaration. `digest` is the SHA-256 of its file; `rows` are row numbers from one."""

    table: Table
    n_rows: int
    columns: Mapping[str, LoadedColumn]
    digest: str
    renormalised: Mapping[str, Renormalised] = field(default_factory=dict)

    @property
    def rows(self) -> NDArray[np.int64]:
        return np.arange(1, self.n_rows + 1, dtype=np.int64)

    def __getitem__(self, name: str) -> LoadedColumn:
        return self.columns[name]

    def only(self, kind: str, name: str = "") -> LoadedColumn:
        """The column `name`, or the only one of `kind`. Raises `InternalError` where that is not one column."""
        if name:
            return self.columns[name]
        found = [column for column in self.columns.values() if column.column.kind == kind]
        if len(found) != 1:
            raise InternalError(
                "data", f"table {self.table.name} has {len(found)} columns of kind {kind}, not one"
            )
        return found[0]

    def scales(self, name: str = "") -> dict[str, Scale]:
        """The scale of each row by its key; rows without a scale are left out."""
        keys, scales = self.only("key"), self.only("scale", name)
        return {
            code: scale for code, scale in zip(keys.codes, scales.values, strict=True) if scale is not None
        }


def option_positions(
    item: NDArray[np.int32], code: NDArray[np.int32], scales: Sequence[Scale | None], codes: Sequence[str]
) -> NDArray[np.int32]:
    """The position of each answer in the options of its own item, by code and never by order; -1 where it is none.

    `item[row]` counts into `scales` and `code[row]` into `codes`; -1 in either gives -1. Takes time in
    rows * log(options), whatever the number of items and codes.
    """
    entries = sorted(_entries(scales, codes))
    if not entries:
        return np.full(len(item), -1, np.int32)
    table = np.array(entries, dtype=np.int64)
    found = np.empty(len(item), np.int32)
    for start in range(0, len(item), _CHUNK):
        part = slice(start, start + _CHUNK)
        wanted = item[part].astype(np.int64) * len(codes) + code[part]
        at = np.minimum(np.searchsorted(table[:, 0], wanted), len(table) - 1)
        known = (table[at, 0] == wanted) & (item[part] >= 0) & (code[part] >= 0)
        found[part] = np.where(known, table[at, 1], -1)
    return found


def _entries(scales: Sequence[Scale | None], codes: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of (item, code) as one integer, and the option; a code `2.0` is option `2` where no option is `2.0`."""
    exact = positions_of(codes)
    loose: dict[str, list[int]] = {}
    for position, code in enumerate(codes):
        integer = integer_text(code)
        if integer is not None:
            loose.setdefault(integer, []).append(position)
    for i, scale in enumerate(scales):
        own = set() if scale is None else set(scale.codes)
        for o, option in enumerate(() if scale is None else scale.options):
            if option.code in exact:
                yield i * len(codes) + exact[option.code], o
            yield from ((i * len(codes) + p, o) for p in loose.get(option.code, ()) if codes[p] not in own)
