"""JSON files: a list of records, or one record a line.

Standard JSON only: NaN, infinities and a member written twice are refused, since readers disagree on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cyclspec.compiler.data.contracts import Budget
from cyclspec.compiler.data.files import OpenedFile
from cyclspec.compiler.data.refusals import refuse_file
from cyclspec.compiler.data.sources import Batch, Source
from cyclspec.language import strict_json

_ROWS = 8192
_LINE = 64 << 20
# Python values take several times the bytes of their JSON text.
_GROWTH = 8


def json_source(opened: OpenedFile, budget: Budget) -> Source:
    """Reads the whole list: its file may have an eighth of the byte limit. Raises `SpecError` (`FileUnreadable`)."""
    limit = budget.bytes // _GROWTH
    if opened.size > limit:
        problem = f"has {opened.size:,} bytes; the limit for a JSON list is {limit:,}"
        refuse_file(opened.path, problem, "write one record a line (.jsonl), or Parquet", span=opened.span)
    opened.handle.seek(0)
    rows = parse_json(opened.handle.read().decode("utf-8-sig"), opened, "")
    if not isinstance(rows, list):
        refuse_file(opened.path, "is not a list of records", span=opened.span)
    for number, row in enumerate(rows, start=1):
        _require_record(row, opened, number)
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return Source(names, False, lambda wanted: _batches(iter(rows), wanted))


def jsonl_source(opened: OpenedFile) -> Source:
    """Streams twice: once for the names, once for the values. Raises `SpecError` (`FileUnreadable`)."""
    names = tuple(dict.fromkeys(name for row in _lines(opened) for name in row))
    return Source(names, False, lambda wanted: _batches(_lines(opened), wanted))


def parse_json(text: str, opened: OpenedFile, where: str) -> Any:
    """Strict JSON. Raises `SpecError` (`FileUnreadable`) with the place of the fault."""
    try:
        return strict_json.loads(text)
    except json.JSONDecodeError as error:
        place = where or f"line {error.lineno}, column {error.colno}"
        refuse_file(opened.path, f"is not JSON: {error.msg.lower()} ({place})", span=opened.span)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        refuse_file(
            opened.path, f"is not JSON: {reason[:160]}" + (f" ({where})" if where else ""), span=opened.span
        )


def _lines(opened: OpenedFile) -> Iterator[dict[str, Any]]:
    opened.handle.seek(0)
    number = 0
    while line := opened.handle.readline(_LINE):
        number += 1
        if len(line) == _LINE:
            refuse_file(
                opened.path, f"has a line of more than {_LINE:,} bytes (line {number})", span=opened.span
            )
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        if not text.strip():
            continue
        row = parse_json(text, opened, f"line {number}")
        _require_record(row, opened, number)
        yield row


def _require_record(row: Any, opened: OpenedFile, number: int) -> None:
    if not isinstance(row, dict):
        refuse_file(opened.path, f"holds something other than a record (record {number})", span=opened.span)


def _batches(rows: Iterator[dict[str, Any]], wanted: tuple[str, ...]) -> Iterator[Batch]:
    held: list[dict[str, Any]] = []
    for row in rows:
        held.append(row)
        if len(held) == _ROWS:
            yield _batch(held, wanted)
            held = []
    if held:
        yield _batch(held, wanted)


def _batch(rows: list[dict[str, Any]], wanted: tuple[str, ...]) -> Batch:
    return Batch(len(rows), {name: [row.get(name) for row in rows] for name in wanted})
