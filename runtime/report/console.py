"""Tables on a terminal, as CSV and as JSON.

Ensures that nothing a model or a file says can move the cursor or be taken for a formula, that JSON holds no NaN, and
that a table is never cut where standard output is not a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cyclspec.language.diagnostics.render import printable
from cyclspec.runtime.store.tables import BESIDE, NO_ANSWER

_NUMERIC = (
    "value",
    "low",
    "high",
    "floor",
    "null",
    "times_null",
    "p_value",
    "p_adjusted",
    "n_used",
    "n_clusters",
    "n_missing",
    *NO_ANSWER,
    *BESIDE,
    "equal_n",
    "bound_low",
    "bound_high",
    "outside",
    "outside_most",
    "mass",
    "value_unexcluded",
)
_NOW_AND_THEN = (
    "withheld_by",
    "equal_n",
    "bound_low",
    "bound_high",
    "floor",
    "low",
    "high",
    "null",
    "times_null",
    "p_value",
    "p_adjusted",
    "sessions_differ_by",
)
# What is the same in every row of a measure stands below the table (`notices`).
_ELSEWHERE = (
    "missing",
    *BESIDE,
    "outside",
    "outside_most",
    "error",
    "bias",
    "deff",
    "interval",
    "estimand",
    "draws",
    "test",
    "adjust",
    "warning",
)
_ENDLESS = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def measures_view(measures: pa.Table) -> pa.Table:
    """The columns of measures that a person reads: those that say something in some row."""
    hidden = {*_ELSEWHERE} | {name for name in NO_ANSWER if not any(measures[name].to_pylist())}
    here = set(measures.column_names)
    hidden |= {
        name for name in here.intersection(_NOW_AND_THEN) if measures[name].null_count == len(measures)
    }
    unexcluded = measures["value_unexcluded"].to_pylist()
    if unexcluded == measures["value"].to_pylist() or measures["withheld_by"].null_count < len(measures):
        hidden.add("value_unexcluded")
    return measures.select([name for name in measures.column_names if name not in hidden])


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.4f}"
        case bool() | int() | str():
            return printable(str(value))
        case list() if value and all(isinstance(item, float) for item in value):
            return f"[{', '.join(f'{item:.4f}' for item in value)}]"
        case list() | dict():
            return printable(json.dumps(value, ensure_ascii=False))
    return printable(str(value))


def show(table: pa.Table, *, title: str) -> None:
    """Prints a table to standard output, as wide as it needs to be where nobody's window limits it."""
    view = _view(title)
    for name in table.column_names:
        view.add_column(name, justify="right" if name in _NUMERIC else "left", overflow="fold")
    for row in table.to_pylist():
        view.add_row(*(Text(_shown(row[name])) for name in table.column_names))
    _print(view)


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints records of equal columns in the same way; columns of numbers stand to the right."""
    view = _view("")
    for name in rows[0]:
        numeric = all(isinstance(row[name], int | float | None) for row in rows)
        view.add_column(printable(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        view.add_row(*(Text(_shown(value)) for value in row.values()))
    _print(view)


def _view(title: str) -> Table:
    return Table(title=Text(printable(title)) if title else None, title_justify="left", header_style="bold")


def _print(view: Table) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=Console(width=_ENDLESS).measure(view).maximum)
    console.print(view)


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: both are null."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
    return value


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found.group())[1:-1]


def json_text(data: Any) -> str:
    """JSON in which control and direction characters stand as escapes, which lose nothing."""
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    return _UNSEEN.sub(_escape, text)


def as_json(table: pa.Table) -> str:
    """One list of records."""
    return json_text([_plain(row) for row in table.to_pylist()])


def _cell(value: Any) -> str:
    """A CSV cell that a spreadsheet will not run and that cannot move a cursor.

    Text that begins like a formula gets an apostrophe; control and direction characters are replaced.
    """
    match value:
        case None:
            return ""
        case str():
            shown = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value)
            return f"'{shown}" if value.startswith(_FORMULA) else shown
        case list() | dict():
            return _UNSEEN.sub(_escape, json.dumps(_plain(value), ensure_ascii=False))
    return repr(value) if isinstance(value, float) else str(value)


def as_csv(table: pa.Table) -> str:
    """Comma-separated values with a header line."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow([_cell(row[name]) for name in table.column_names])
    return sink.getvalue()
