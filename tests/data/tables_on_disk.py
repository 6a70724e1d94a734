"""Files made on the spot in every format, their declarations, and what they are refused with."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cyclspec.compiler.data import Column, Table, format_of
from cyclspec.language.diagnostics import Diagnostic, SpecError

Rows = Sequence[Mapping[str, Any]]


def write_rows(path: Path, rows: Rows) -> Path:
    """Writes records in the format of the suffix; lists and records in CSV cells become JSON."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    match path.suffix:
        case ".csv":
            with path.open("w", newline="", encoding="utf-8") as out:
                writer = csv.writer(out)
                writer.writerow(names)
                writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
        case ".json":
            path.write_text(json.dumps(list(rows)), encoding="utf-8")
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(list(rows)), path)
        case ".arrow":
            table = pa.Table.from_pylist(list(rows))
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
        case _:
            raise AssertionError(path)
    return path


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def declare(path: Path, *columns: Column, name: str = "items", pin: str | None = None) -> Table:
    return Table(name, path, format_of(path), columns, pin)


def refusal(action: Callable[[], Any]) -> tuple[Diagnostic, ...]:
    """The diagnostics that an action is refused with."""
    with pytest.raises(SpecError) as caught:
        action()
    return caught.value.diagnostics
