"""Gathers the cells of one declared column from batches, in the form its kind is checked in.

Ensures that a column of the wrong type is refused at the first batch that shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from cyclspec.compiler.data.coded import Coded, Coder, WrongCell, distinct_of_array, wrong_cell
from cyclspec.compiler.data.contracts import Column, Kind
from cyclspec.compiler.data.numbers import Numbers, comma_help, real_numbers, truth_values
from cyclspec.compiler.data.refusals import Refusals
from cyclspec.compiler.data.sources import Batch

CODED: frozenset[Kind] = frozenset({"key", "lang", "level", "levels_open", "choice", "ref"})
NUMERIC: frozenset[Kind] = frozenset({"real", "count", "bool"})
VECTORS: frozenset[Kind] = frozenset({"dist", "counts", "logprobs"})


@dataclass(slots=True)
class Collector:
    """Cells of one column. `sources` names the file's columns: several where a text has one for each language."""

    column: Column
    sources: tuple[str, ...]
    textual: bool
    coder: Coder = field(default_factory=Coder)
    numbers: list[Numbers] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list)

    def add(self, batch: Batch, before: int, refusals: Refusals) -> None:
        """Takes one batch that `before` rows precede."""
        wrong = self._take(batch)
        if wrong is None:
            return
        row = before + wrong.row + 1
        found = "string" if wrong.found == "text" else wrong.found
        refusals.wrong_type(self.column, found, row, wrong.value, comma_help(wrong.value))

    def coded(self) -> Coded:
        return self.coder.finish()

    def array(self) -> Numbers:
        return np.concatenate(self.numbers) if self.numbers else np.empty(0)

    def _take(self, batch: Batch) -> WrongCell | None:
        kind = self.column.kind
        values = [batch.columns[name] for name in self.sources]
        if kind in CODED:
            return self.coder.add(values[0])
        if kind in NUMERIC:
            return self._take_numbers(values[0])
        if len(values) > 1:
            return self._take_languages(values, batch.rows)
        return self._take_cells(values[0])

    def _take_numbers(self, values: Any) -> WrongCell | None:
        read = truth_values if self.column.kind == "bool" else real_numbers
        found = read(values, textual=self.textual)
        if isinstance(found, WrongCell):
            return found
        self.numbers.append(found)
        return None

    def _take_cells(self, values: Any) -> WrongCell | None:
        if not isinstance(values, list) and not _may_hold(
            self.column.kind, values.type, textual=self.textual
        ):
            return wrong_cell(values)
        self.cells.extend(_python_values(values))
        return None

    def _take_languages(self, values: Sequence[Any], rows: int) -> WrongCell | None:
        parts = []
        for part in values:
            if not isinstance(part, list) and not _is_text(part.type):
                return wrong_cell(part)
            parts.append(_python_values(part))
        for row in range(rows):
            cell = {lang: part[row] for lang, part in zip(self.column.langs, parts, strict=True)}
            self.cells.append(cell if any(words is not None for words in cell.values()) else None)
        return None


def _python_values(values: Any) -> list[Any]:
    """Repeated text is one Python string, however many rows hold it."""
    if isinstance(values, list):
        return values
    if not _is_text(values.type):
        found: list[Any] = values.to_pylist()
        return found
    distinct = distinct_of_array(values)
    assert not isinstance(distinct, WrongCell)
    scalars, index = distinct
    return [None if i < 0 else scalars[i] for i in index.tolist()]


def _is_text(kind: Any) -> bool:
    held = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(held) or pa.types.is_large_string(held) or pa.types.is_null(held))


def _may_hold(kind: Kind, found: Any, *, textual: bool) -> bool:
    types = pa.types
    if kind == "text" or textual:
        return _is_text(found) or bool(types.is_struct(found) or types.is_map(found))
    listed = types.is_list(found) or types.is_large_list(found) or types.is_fixed_size_list(found)
    if kind in VECTORS:
        return bool(listed or types.is_struct(found) or types.is_map(found) or types.is_null(found))
    return bool(listed or types.is_null(found))
