"""XLSX: the first sheet that holds something, or the one that is named.

Expects an opened file. Ensures that the archive was checked before anything was unpacked, that rows and columns are
counted while they are read, whatever the sheet claims of its size, and that no formula is evaluated: its cell holds
what the program that saved the file had computed, and that is said.
"""

from __future__ import annotations

import datetime
import io
import shlex
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from cyclspec.compiler.data.codes import normal_code, suggest
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.archive import checked_parts
from cyclspec.compiler.surveys.reading.extra import library
from cyclspec.compiler.surveys.reading.header import distinct_names
from cyclspec.compiler.surveys.reading.opened import Opened, check_shape
from cyclspec.compiler.surveys.reading.textual import Cells, textual_variable
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Reading
from cyclspec.compiler.surveys.survey import SurveyFile, Variable

Row = Sequence[Any]
_LOOKED_AT = 50
_DAMAGE = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, SyntaxError, OverflowError)


def read_spreadsheet(
    found: Opened, reading: Reading, notes: Notes, *, transposed: bool = False
) -> SurveyFile:
    """The rows below the header; `transposed` reads a sheet whose columns are the records. Raises `SpecError`."""
    parts = checked_parts(found)
    openpyxl = library("openpyxl", found.path, "an XLSX file")
    data = found.handle.read()
    rows, others = _sheet(openpyxl, data, found, reading, notes, values=True)
    if parts.formulas:
        _say_formulas(_sheet(openpyxl, data, found, reading, Notes(), values=False).rows, rows, notes)
    filled = [row for row in _padded(rows) if any(cell is not None for cell in row)]
    if transposed:
        filled = [list(column) for column in zip(*filled, strict=True)]
        notes.decided(Topic.FILE, "the sheet is read by column: every column is a record")
    if not filled:
        refuse_file(found.path, "has a sheet without cells", "name another: `--sheet NAME`")
    return replace(_survey(found, filled, reading, notes), sheets=others)


def _survey(found: Opened, rows: list[list[Any]], reading: Reading, notes: Notes) -> SurveyFile:
    head = ["" if cell is None else _text(cell) for cell in rows[0]]
    width = max((i + 1 for i in range(len(head)) if any(row[i] is not None for row in rows)), default=0)
    names = distinct_names(head[:width], notes)
    columns = [[row[i] for row in rows[1:]] for i in range(width)]
    variables = tuple(
        _variable(name, cells, reading.decimal, found, notes)
        for name, cells in zip(names, columns, strict=True)
    )
    return SurveyFile(found.path, "XLSX", found.digest, len(rows) - 1, variables)


class _Sheet(NamedTuple):
    """The rows of the sheet that is read, and other sheets that look like data."""

    rows: list[Row]
    others: tuple[str, ...]


def _sheet(
    openpyxl: Any, data: bytes, found: Opened, reading: Reading, notes: Notes, *, values: bool
) -> _Sheet:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=values, keep_links=False
            )
            sheet, others = _chosen(book, found, reading, notes)
            return _Sheet(list(_counted(sheet, found)), others)
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        refuse_file(found.path, f"is not a readable XLSX file: {reason}")


def _chosen(book: Any, found: Opened, reading: Reading, notes: Notes) -> tuple[Any, tuple[str, ...]]:
    """The sheet that is read, and others that look like data where nobody named it."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if reading.sheet:
        if reading.sheet in sheets:
            return sheets[reading.sheet], ()
        refuse_file(
            found.path,
            f"has no sheet `{reading.sheet[:60]}`",
            *suggest(reading.sheet, tuple(sheets), "sheets"),
        )
    for sheet in sheets.values():
        # What a sheet says of its size may be anything.
        sheet.reset_dimensions()
    filled = [name for name, sheet in sheets.items() if next(sheet.iter_rows(values_only=True), None)]
    if not filled:
        refuse_file(found.path, "has no sheet with cells")
    held = {name: _held(sheets[name]) for name in filled[1:]}
    data = tuple(sorted((name for name in held if held[name]), key=lambda name: -held[name]))
    if held:
        listed = ", ".join(f"`{name}`" for name in filled[1:][:8])
        more = f"; `{data[0]}` holds more" if data and held[data[0]] > _held(sheets[filled[0]]) else ""
        notes.open(
            Topic.FILE,
            f"sheet `{filled[0]}` is read; there are others: {listed}{more}",
            settle=f"--sheet {shlex.quote((data or tuple(held))[0])}",
        )
    return sheets[filled[0]], data


def _held(sheet: Any) -> int:
    """How many cells the first rows of a sheet hold; 0 where they are no table, which has two columns and rows."""
    counts = [
        sum(cell not in (None, "") for cell in row)
        for row in islice(sheet.iter_rows(values_only=True), _LOOKED_AT)
    ]
    return sum(counts) if len([count for count in counts if count > 1]) > 1 else 0


def _counted(sheet: Any, found: Opened) -> Iterator[Row]:
    sheet.reset_dimensions()
    cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        cells += len(row)
        check_shape(found.path, number, len(row), found.limits)
        if cells > found.limits.cells:
            refuse_file(found.path, f"has more than {found.limits.cells:,} cells")
        yield row


def _padded(rows: Sequence[Row]) -> Iterator[list[Any]]:
    width = max(map(len, rows), default=0)
    for row in rows:
        yield [*(None if cell == "" else cell for cell in row), *[None] * (width - len(row))]


def _say_formulas(formulas: Sequence[Row], values: Sequence[Row], notes: Notes) -> None:
    computed = empty = 0
    for written, stored in zip(formulas, values, strict=False):
        for cell, value in zip(written, stored, strict=False):
            is_formula = (isinstance(cell, str) and cell.startswith("=")) or type(cell).__name__.endswith(
                "Formula"
            )
            computed += is_formula
            empty += is_formula and value is None
    if computed:
        notes.decided(
            Topic.FILE,
            f"formulas: {computed:,}; none was evaluated, their stored values are read; {empty:,} of them have none "
            "and hold nothing",
        )


def _text(cell: Any) -> str:
    match cell:
        case str():
            return cell
        case datetime.datetime() | datetime.date() | datetime.time():
            return cell.isoformat()
        case datetime.timedelta():
            return str(cell)
        case bool() | int() | float():
            return normal_code(cell)
    return str(cell)


def _variable(name: str, cells: Sequence[Any], decimal: str, found: Opened, notes: Notes) -> Variable:
    positions: dict[str, int] = {}
    index = np.full(len(cells), -1, np.int32)
    dates = False
    for row, cell in enumerate(cells):
        if cell is None or (isinstance(cell, float) and not np.isfinite(cell)):
            continue
        dates = dates or isinstance(cell, datetime.date | datetime.time)
        index[row] = positions.setdefault(_text(cell), len(positions))
    longest = max(map(len, positions), default=0)
    if longest > found.limits.cell_chars:
        refuse_file(found.path, f"has a text of {longest:,} characters in column `{name[:60]}`")
    variable = textual_variable(name, Cells(list(positions), index), decimal, notes)
    return Variable(name, variable.values, "date") if dates else variable
