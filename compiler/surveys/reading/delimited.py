"""CSV of any delimiter and encoding: one header line, one respondent a row.

Expects an opened file. Ensures that every row has as many cells as the header; a delimiter that was found by looking
is said, and `--delimiter` settles it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from cyclspec.compiler.data.refusals import Refusals
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.encodings import as_utf8
from cyclspec.compiler.surveys.reading.header import distinct_names
from cyclspec.compiler.surveys.reading.opened import Opened, check_shape
from cyclspec.compiler.surveys.reading.textual import Cells, textual_variable
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Reading
from cyclspec.compiler.surveys.survey import SurveyFile, Variable
from cyclspec.language.diagnostics.cy07_data_and_plan import BadRow

_LOOKED_AT, _RECORDS = 1 << 20, 100
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEP_LINE = re.compile(rb'"?sep=(?P<sign>.)"?\r?\n')
_BLOCK = 8 << 20


class _Head(NamedTuple):
    """The cells of the header, and the sign between cells."""

    cells: tuple[str, ...]
    delimiter: str


def read_delimited(found: Opened, reading: Reading, notes: Notes) -> SurveyFile:
    """Raises `SpecError`: `FileUnreadable`, or `BadRow` for every row with too few or too many cells."""
    data = as_utf8(found.handle.read(), reading.encoding, found.path, notes).lstrip(b"\r\n")
    named = _SEP_LINE.match(data)
    if named is not None:
        notes.found(Topic.FILE, f"the first line names the delimiter: `sep={named['sign'].decode()}`")
        data = data[named.end() :]
    head = _head(data, reading.delimiter or (named["sign"].decode() if named else ""), found, notes)
    names = distinct_names(head.cells, notes)
    check_shape(found.path, 0, len(names), found.limits)
    table = _table(data, names, head.delimiter, found)
    check_shape(found.path, table.num_rows, len(names), found.limits)
    variables = tuple(_variable(table, name, reading.decimal, notes, found) for name in names)
    return SurveyFile(found.path, "CSV", found.digest, table.num_rows, variables)


def _head(data: bytes, wanted: str, found: Opened, notes: Notes) -> _Head:
    text = data[:_LOOKED_AT].decode("utf-8", errors="ignore")
    if wanted:
        rows = _rows(text, wanted, found)
        return _Head(tuple(rows[0]) if rows else (), wanted)
    looked = {sign: _rows(text, sign, found) for sign in _DELIMITERS}
    fitting = [sign for sign, rows in looked.items() if rows and _is_even(rows, whole=len(text) < _LOOKED_AT)]
    by_width = [sign for sign in looked if looked[sign]]
    if not by_width:
        refuse_file(found.path, "has no header")
    # The sign that cuts the header into the most cells, among those that cut every row alike.
    sign = max(fitting or by_width, key=lambda sign: len(looked[sign][0]))
    width = len(looked[sign][0])
    if width > 1:
        notes.found(Topic.FILE, f"cells are separated by {_DELIMITERS[sign]}")
    else:
        notes.open(Topic.FILE, "no delimiter was found: the file has one column", settle="--delimiter ';'")
    return _Head(tuple(looked[sign][0]), sign)


def _rows(text: str, sign: str, found: Opened) -> list[list[str]]:
    """The first records under one delimiter."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign):
            if row:
                rows.append(row)
            if len(rows) == _RECORDS:
                break
    except csv.Error as error:
        if not rows:
            refuse_file(found.path, f"has no readable header: {str(error)[:120]}")
    except (TypeError, ValueError):
        refuse_file(
            found.path, f"cannot be cut at {sign!r}", "the delimiter is one character: `--delimiter ';'`"
        )
    return rows


def _is_even(rows: Sequence[Sequence[str]], *, whole: bool) -> bool:
    """Whether every record has as many cells as the first, and more than one; the last may be cut off."""
    widths = {len(row) for row in (rows if whole or len(rows) < 2 else rows[:-1])}
    return len(widths) == 1 and widths != {1}


def _table(data: bytes, names: tuple[str, ...], delimiter: str, found: Opened) -> Any:
    ragged = Refusals(found.path)

    def skip(row: Any) -> str:
        # The reader counts the header as row 1.
        problem = f"a row of {row.actual_columns} cells under a header of {row.expected_columns}"
        place = f"{found.path.name}, row {row.number - 1}"
        helps = ("quote cells that hold the delimiter, or name another: `--delimiter ';'`",)
        ragged.add(BadRow(problem=problem, place=place, helps=helps))
        return "skip"

    places = [str(position) for position in range(len(names))]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK, column_names=places, skip_rows_after_names=1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = (str(error).splitlines() or ["it is damaged"])[0][:160]
        refuse_file(found.path, f"is not readable as CSV: {problem}")
    ragged.raise_if_any()
    return table.rename_columns(list(names))


def _variable(table: Any, name: str, decimal: str, notes: Notes, found: Opened) -> Variable:
    return textual_variable(name, text_cells(table.column(name), name, found), decimal, notes)


def text_cells(column: Any, name: str, found: Opened) -> Cells:
    """The distinct texts of a chunked array of strings. Raises `SpecError` (`FileUnreadable`) for an overlong one."""
    array = column.combine_chunks().dictionary_encode()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    index = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    texts = ["" if text is None else str(text) for text in array.dictionary.to_pylist()]
    longest = max(map(len, texts), default=0)
    if longest > found.limits.cell_chars:
        limit = f"{found.limits.cell_chars:,}"
        refuse_file(
            found.path, f"has a text of {longest:,} characters in column `{name[:60]}`; the limit is {limit}"
        )
    return Cells(texts, index)
