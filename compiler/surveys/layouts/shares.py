"""The distributions of a record: one for its level, one for each level of a mapping, or one a column.

Expects a record and the options of its item. Ensures pairs of code and share for every option, or the reason why a
cell is no distribution over them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyclspec.compiler.surveys.layouts.cells import (
    mapping_in,
    number,
    numbers_of,
    percentages_of,
    value_of,
)
from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.compiler.surveys.layouts.options import ItemOptions
from cyclspec.compiler.surveys.layouts.records import Record
from cyclspec.compiler.surveys.reading.textual import plain

_NO_LIST = "it is not a list of shares, one for each option"
_NO_CODES = "it has a code that is not an option"


@dataclass(frozen=True, slots=True)
class Cell:
    """A distribution at a level; `shares` is None where there is a `problem`."""

    level: str
    shares: list[tuple[str, float]] | None
    problem: str = ""


def cells_of(record: Record, layout: Layout, names: Sequence[str], options: ItemOptions) -> Iterator[Cell]:
    """The distributions of a record; a cell that holds nothing is none."""
    match layout.kind:
        case "shares":
            level = plain(record.get(layout.level) or "") if layout.level else layout.axis
            text = record.get(layout.share) or ""
            if level and text:
                yield (
                    _first(level, text, options)
                    if layout.share_is == "first"
                    else _listed(level, value_of(text), options)
                )
        case "shares_by_level":
            found = value_of(record.get(layout.share) or "")
            for level, value in found.items() if isinstance(found, dict) else ():
                yield _listed(plain(str(level)), value, options)
        case "shares_by_column":
            for name in names:
                text = record.get(name) or ""
                if name not in layout.needs and "{" in text:
                    yield from _coded(name, text, options)


def _listed(level: str, value: Any, options: ItemOptions) -> Cell:
    """Shares in the order in which the file lists the options."""
    numbers = numbers_of(value)
    if numbers is None or len(numbers) != len(options.listed):
        return Cell(level, None, _NO_LIST)
    return Cell(level, list(zip(options.listed, numbers, strict=True)))


def _first(level: str, text: str, options: ItemOptions) -> Cell:
    """The share of the first of two options."""
    share = number(text)
    if share is None or share > 1 or len(options.listed) != 2:
        return Cell(level, None, "it is not the share of one of two options")
    return Cell(level, [(options.listed[0], share), (options.listed[1], 1.0 - share)])


def _coded(level: str, text: str, options: ItemOptions) -> Iterator[Cell]:
    """Percentages by code; an empty mapping is no cell."""
    if mapping_in(text) == {}:
        return
    found = percentages_of(text)
    if found is None:
        yield Cell(level, None, "it is not a mapping of codes to percentages")
    else:
        yield _by_code(level, found, options)


def _by_code(level: str, found: Mapping[str, float], options: ItemOptions) -> Cell:
    if not found.keys() <= set(options.listed):
        return Cell(level, None, _NO_CODES)
    return Cell(level, [(code, found.get(code, 0.0)) for code in options.listed])
