"""Streams the columns of one opened file in bounded batches.

Expects an `OpenedFile`. Ensures at most `ROWS` rows a batch, and that rows and decoded bytes are counted before
anything is expanded: dictionary-encoded text stays encoded, so a small file that stands for a huge one is refused
with `FileUnreadable` while it is still small. A batch holds, for each column, an Arrow array or (JSON) a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, assert_never

from cyclspec.compiler.data.contracts import Budget
from cyclspec.compiler.data.delimited import csv_source
from cyclspec.compiler.data.files import OpenedFile
from cyclspec.compiler.data.ipc import ipc_source
from cyclspec.compiler.data.measures import decoded_size
from cyclspec.compiler.data.parquet import parquet_source
from cyclspec.compiler.data.records import json_source, jsonl_source
from cyclspec.compiler.data.refusals import place_of, refuse_file
from cyclspec.compiler.data.sources import Batch, Source
from cyclspec.language.diagnostics.base import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import BadRow


def open_source(opened: OpenedFile, budget: Budget) -> Source:
    """The names of the file's columns and a way to stream some of them. Raises `SpecError` (`FileUnreadable`)."""
    match opened.format:
        case "parquet":
            source = parquet_source(opened, budget)
        case "csv":
            source = csv_source(opened)
        case "json":
            source = json_source(opened, budget)
        case "jsonl":
            source = jsonl_source(opened)
        case "arrow":
            source = ipc_source(opened, budget)
        case other:
            assert_never(other)
    _refuse_twice(source.names, opened)
    return source


def stream(source: Source, opened: OpenedFile, budget: Budget, wanted: Sequence[str]) -> Iterator[Batch]:
    """The columns `wanted`, batch by batch, within the budget.

    Raises `SpecError`: `FileUnreadable` past the limits of rows or bytes, `BadRow` for an overlong text.
    """
    rows, size = 0, 0
    for batch in source.stream(tuple(wanted)):
        if rows + batch.rows > budget.rows:
            refuse_file(opened.path, f"has more than {budget.rows:,} rows", span=opened.span)
        for name, values in batch.columns.items():
            found = decoded_size(values)
            size += found.bytes
            if found.longest > budget.cell_chars:
                _refuse_long(opened, name, values, rows, budget.cell_chars)
        if size > budget.bytes:
            problem = f"holds more than {budget.bytes:,} bytes once decoded"
            refuse_file(opened.path, problem, span=opened.span)
        yield batch
        rows += batch.rows


def _refuse_twice(names: Sequence[str], opened: OpenedFile) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            refuse_file(opened.path, f"has two columns named `{name[:80]}`", span=opened.span)
        seen.add(name)


def _refuse_long(opened: OpenedFile, name: str, values: Any, before: int, limit: int) -> None:
    for i in range(len(values)):
        longest = decoded_size(values[i : i + 1] if isinstance(values, list) else values.slice(i, 1)).longest
        if longest <= limit:
            continue
        problem = f"a text of {longest:,} characters; the limit is {limit:,}"
        raise SpecError(
            [BadRow(problem=problem, span=opened.span, place=place_of(opened.path, before + i + 1, name))]
        )
