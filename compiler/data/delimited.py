"""CSV files: comma-separated, UTF-8 with or without a byte order mark, one header line.

Every cell is read as text and converted later by what its column declares, so that `01` and `0,84` are seen as they
stand. An empty cell without quotes is missing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from cyclspec.compiler.data.files import OpenedFile
from cyclspec.compiler.data.refusals import Refusals, refuse_file
from cyclspec.compiler.data.sources import ROWS, Batch, Source
from cyclspec.language.diagnostics.cy07_data_and_plan import BadRow

_BLOCK = 8 << 20
_HEADER = 1 << 20


def csv_source(opened: OpenedFile) -> Source:
    """Raises `SpecError` (`FileUnreadable`) where there is no header."""
    names = _header(opened)
    return Source(names, True, lambda wanted: _stream(opened, names, wanted))


def _header(opened: OpenedFile) -> tuple[str, ...]:
    opened.handle.seek(0)
    start = opened.handle.read(_HEADER).decode("utf-8-sig", errors="ignore")
    try:
        names = next((row for row in csv.reader(io.StringIO(start, newline="")) if row), None)
    except csv.Error as error:
        refuse_file(opened.path, f"has no readable header: {error}", span=opened.span)
    if names is None:
        refuse_file(opened.path, "has no header", span=opened.span)
    return tuple(names)


def _stream(opened: OpenedFile, names: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[Batch]:
    ragged = Refusals(opened.path)

    def skip(row: Any) -> str:
        # The reader counts the header as row 1.
        problem = f"a row of {row.actual_columns} cells under a header of {row.expected_columns}"
        place = f"{opened.path.name}, row {row.number - 1}"
        ragged.add(
            BadRow(problem=problem, place=place, span=opened.span, helps=("quote cells that hold a comma",))
        )
        return "skip"

    opened.handle.seek(0)
    try:
        reader = arrow_csv.open_csv(
            opened.handle,
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(wanted),
                column_types={name: pa.string() for name in names},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for block in reader:
            ragged.raise_if_any()
            for start in range(0, block.num_rows, ROWS):
                part = block.slice(start, ROWS)
                yield Batch(part.num_rows, {name: part.column(name) for name in wanted})
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = (str(error).splitlines() or ["it is damaged"])[0][:160]
        refuse_file(opened.path, f"is not readable as CSV: {problem}", span=opened.span)
    ragged.raise_if_any()
