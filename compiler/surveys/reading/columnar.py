"""Parquet and Arrow: typed columns; an ordered dictionary is an ordinal variable.

Expects an opened file of one of these formats. Ensures that sizes are checked by the readers of tables, and that
nested cells become JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cyclspec.compiler.data.batches import open_source, stream
from cyclspec.compiler.data.coded import Coder, WrongCell, is_scalar
from cyclspec.compiler.data.codes import normal_code
from cyclspec.compiler.data.contracts import Budget, Format
from cyclspec.compiler.data.files import OpenedFile
from cyclspec.compiler.surveys.notes import Notes
from cyclspec.compiler.surveys.reading.header import distinct_names
from cyclspec.compiler.surveys.reading.opened import Opened, check_shape
from cyclspec.compiler.surveys.reading.textual import Cells, textual_variable
from cyclspec.compiler.surveys.settings import Reading
from cyclspec.compiler.surveys.survey import Kind, Measure, SurveyFile, Variable

_NESTED_DEPTH = 32


def budget_of(found: Opened) -> Budget:
    """The limits of an import as those that the readers of tables know."""
    limits = found.limits
    return Budget(
        rows=limits.rows,
        bytes=limits.decoded_bytes,
        file_bytes=limits.file_bytes,
        cell_chars=limits.cell_chars,
    )


def read_columnar(found: Opened, format_: Format, reading: Reading, notes: Notes) -> SurveyFile:
    """Raises `SpecError`: `FileUnreadable`, `BadRow` for an overlong text."""
    file = OpenedFile(found.path, format_, found.handle, found.size, found.digest)
    budget = budget_of(found)
    source = open_source(file, budget)
    check_shape(found.path, 0, len(source.names), found.limits)
    ordered = _ordered_names(found) if format_ == "parquet" else frozenset()
    columns = {name: _Column(ordered=name in ordered) for name in source.names}
    rows = 0
    for batch in stream(source, file, budget, source.names):
        rows += batch.rows
        check_shape(found.path, rows, len(source.names), found.limits)
        for name, values in batch.columns.items():
            columns[name].add(values)
    names = distinct_names(source.names, notes)
    variables = tuple(
        column.variable(name, reading.decimal, notes)
        for name, column in zip(names, columns.values(), strict=True)
    )
    title = "Parquet" if format_ == "parquet" else "Arrow" if format_ == "arrow" else "JSON"
    return SurveyFile(found.path, title, found.digest, rows, variables)


def _ordered_names(found: Opened) -> frozenset[str]:
    """Columns that are ordered dictionaries: the reader of batches keeps the dictionaries and not that word."""
    found.handle.seek(0)
    schema = pq.ParquetFile(found.handle).schema_arrow
    fields = [schema.field(at) for at in range(len(schema))]
    return frozenset(f.name for f in fields if pa.types.is_dictionary(f.type) and f.type.ordered)


class _Column:
    """One column while its batches come in."""

    def __init__(self, *, ordered: bool) -> None:
        self.ordered = ordered
        self.coder = Coder()
        self.kind: Kind = "number"
        self.measure: Measure = "unknown"
        self.levels: dict[str, str] = {}

    def add(self, values: Any) -> None:
        kind = None if isinstance(values, list) else values.type
        if kind is not None and pa.types.is_dictionary(kind):
            self._add_levels(values)
            kind = kind.value_type
        if kind is not None and (pa.types.is_temporal(kind)):
            self.kind, values = "date", values.cast(pa.string())
        elif kind is not None and not is_scalar(kind):
            self.kind, values = "text", pa.array(list(_as_json(values.to_pylist())), pa.string())
        elif kind is None:
            values = [
                cell if cell is None or isinstance(cell, str | int | float) else _json(cell)
                for cell in values
            ]
        self._note_kind(values)
        wrong = self.coder.add(values)
        assert not isinstance(wrong, WrongCell)

    def _add_levels(self, values: Any) -> None:
        """Levels of a category that its writer ordered, or at least listed."""
        if not (self.ordered or values.type.ordered):
            return
        self.measure = "ordinal"
        for level in values.dictionary.to_pylist():
            if level is not None:
                code = normal_code(level)
                self.levels.setdefault(code, code)

    def _note_kind(self, values: Any) -> None:
        if self.kind != "number":
            return
        if isinstance(values, list):
            textual = any(isinstance(cell, str | bool) for cell in values)
        else:
            inner = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
            textual = not (
                pa.types.is_integer(inner)
                or pa.types.is_floating(inner)
                or pa.types.is_decimal(inner)
                or pa.types.is_null(inner)
            )
        self.kind = "text" if textual else "number"

    def variable(self, name: str, decimal: str, notes: Notes) -> Variable:
        found = self.coder.finish()
        if self.kind == "text" and not self.levels:
            return textual_variable(name, Cells(found.codes, found.index.astype(np.int32)), decimal, notes)
        return Variable(name, found, self.kind, measure=self.measure, labels=self.levels)


def _as_json(cells: list[Any]) -> Iterator[str | None]:
    for cell in cells:
        yield None if cell is None else _json(cell)


def _json(cell: Any) -> str:
    return json.dumps(cell, ensure_ascii=False, default=str)
