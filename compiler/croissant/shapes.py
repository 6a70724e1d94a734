"""What the cells of a structured column look like in their file: one value, a list, records, lists of records.

Expects declared tables. Ensures that only the first rows are looked at, and that a member of a record is named by
a path that JSONPath can write; cells that differ too much, or whose members cannot be named, are taken as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyclspec.compiler.croissant.words import NUMBER, TEXT, TRUTH, WHOLE
from cyclspec.compiler.data.batches import open_source, stream
from cyclspec.compiler.data.contracts import Budget, Table
from cyclspec.compiler.data.files import open_table

_LOOKED_AT = 1000
_MOST_MEMBERS = 60
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_QUOTED = re.compile(r"[^'\"\\\x00-\x1f]+\Z")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """`types` are the leaves by their path in a record; a cell that is no record has one leaf with an empty path."""

    repeated: bool
    types: Mapping[Path, str]


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The columns of a file, and the first cells of some of them as Python values; `textual` files hold text alone."""

    names: tuple[str, ...]
    textual: bool
    cells: Mapping[str, Sequence[Any]]


TEXT_SHAPE = Shape(False, {(): TEXT})


def first_rows(table: Table, wanted: Sequence[str], budget: Budget) -> FirstRows:
    """The first cells of those columns of `wanted` that the file has. Raises `SpecError` (`FileUnreadable`)."""
    with open_table(table, budget) as opened:
        source = open_source(opened, budget)
        held = [name for name in wanted if name in source.names]
        batch = next(iter(stream(source, opened, budget, held))) if held else None
        cells = {} if batch is None else {name: _values(batch.columns[name]) for name in held}
    return FirstRows(tuple(source.names), source.textual, cells)


def _values(column: Any) -> Sequence[Any]:
    part = column[:_LOOKED_AT] if isinstance(column, list) else column.slice(0, _LOOKED_AT).to_pylist()
    return [value for value in part if value is not None]


def shape_of(cells: Sequence[Any]) -> Shape:
    """The shape that all cells share; that of a text where they do not."""
    repeated = bool(cells) and all(isinstance(cell, list) and not _pairs(cell) for cell in cells)
    parts = [part for cell in cells for part in cell] if repeated else cells
    records = [_record(part) for part in parts if part is not None]
    if records and all(record is not None for record in records):
        found = _members(record for record in records if record is not None)
        if found is None or len(found) > _MOST_MEMBERS:
            return TEXT_SHAPE
        return Shape(repeated, {path: _type(values) for path, values in found.items()})
    if any(record is not None for record in records):
        return TEXT_SHAPE
    return Shape(repeated, {(): _type(parts)})


def _pairs(value: list[Any]) -> bool:
    """Whether a list is a map of Arrow: pairs of a key and a value."""
    return bool(value) and all(isinstance(part, tuple) and len(part) == 2 for part in value)


def _record(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, dict):
        return {str(key): member for key, member in value.items()}
    if isinstance(value, list) and _pairs(value):
        return {str(key): member for key, member in value}
    return None


def _members(records: Iterable[Mapping[str, Any]]) -> dict[Path, list[Any]] | None:
    """The values of each leaf; None where a member cannot be named."""
    found: dict[Path, list[Any]] = {}
    for record in records:
        for path, value in _leaves(record):
            if not all(_QUOTED.match(name) for name in path):
                return None
            found.setdefault(path, []).append(value)
    return found


def _leaves(record: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name, value in record.items():
        inner = _record(value)
        if inner is None:
            yield (name,), value
        else:
            yield from (((name, *path), leaf) for path, leaf in _leaves(inner))


def _type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return TRUTH
    if kinds == {int}:
        return WHOLE
    return NUMBER if kinds and kinds <= {int, float} else TEXT


def json_path(path: Path) -> str:
    """`label.en`, with members in quotes where they are no plain word."""
    return ".".join(name if _PLAIN.match(name) else f"'{name}'" for name in path)
