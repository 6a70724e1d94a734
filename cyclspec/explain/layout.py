"""Aligned columns for the prints of `explain`: readable at 110 columns, printable in any terminal.

Expects rows of short texts. Ensures that a column is as wide as its widest entry up to a limit, beyond which entries
wrap; that the last column wraps beside the others, or below them where there is little room; and that nothing a spec
says can move the cursor.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from cyclspec.language.diagnostics.render import printable

WIDTH = 110
_LIMITS = (40, 32, 24)
_LEAST = 10
_ROOMY = 40
_NAMES = 2
_GAP = "  "


def _wrapped(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _widths(rows: Sequence[Sequence[str]], limit: int) -> list[int]:
    """The widths of all columns but the last, which takes what is left."""
    count = max((len(row) for row in rows), default=0)
    return [
        max((len(line) for row in rows if i < len(row) for line in _wrapped(row[i], limit)), default=0)
        for i in range(count - 1)
    ]


def _start(widths: Sequence[int]) -> int:
    """Where a column begins that stands after columns of some widths; empty columns take no room."""
    return sum(width + len(_GAP) for width in widths if width)


def columns(rows: Iterable[Sequence[str]], *, indent: int = 0) -> Iterator[str]:
    """The lines of a table of texts."""
    shown = [[printable(entry) for entry in row] for row in rows]
    for limit in _LIMITS:
        widths = _widths(shown, limit)
        room = WIDTH - indent - _start(widths)
        if room >= _LEAST:
            break
    for row in shown:
        cells = [_wrapped(entry, limit) for entry in row[: len(widths)]]
        last = row[len(widths)] if len(row) > len(widths) else ""
        yield from (" " * indent + line for line in _row(cells, last, widths, room))


def _row(cells: list[list[str]], last: str, widths: list[int], room: int) -> Iterator[str]:
    """The lines of one row: the last entry beside the others, or below the names."""
    if len(last) <= room or room >= _ROOMY or not last:
        yield from _beside(cells, _wrapped(last, max(room, _LEAST)), widths)
        return
    under = _start(widths[:_NAMES])
    yield from _beside(cells, [], widths)
    yield from (" " * under + line for line in _wrapped(last, max(WIDTH - under, _ROOMY) - 2))


def _beside(cells: list[list[str]], last: list[str], widths: list[int]) -> Iterator[str]:
    """The lines of one row."""
    for parts in zip_longest(*cells, last, fillvalue=""):
        entries = [part.ljust(width) for part, width in zip(parts, widths, strict=False) if width]
        yield _GAP.join([*entries, parts[-1]]).rstrip()


def shortened(text: str, room: int) -> str:
    """A text that fits `room` columns, its end replaced by dots where it does not."""
    return text if len(text) <= room else text[: max(0, room - 2)] + ".."
