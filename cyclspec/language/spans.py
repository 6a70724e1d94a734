"""Places in source text.

Expects nothing. Ensures that every place can be shown to a person: a `Source` knows its display name and its
lines, a `Span` is a half-open range of character offsets in one source. Offsets never change after parsing.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import NamedTuple


class Position(NamedTuple):
    """A line and a column, both counted from one."""

    line: int
    column: int


def with_plain_ends(text: str) -> str:
    """A text whose lines end in one way: those of Windows and of old Macs become line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Source:
    """One text with the name that people know it by: a path, `command line`, `std.metrics`."""

    name: str
    text: str
    starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        object.__setattr__(self, "starts", tuple(starts))

    def position(self, offset: int) -> Position:
        """The line and column of a character offset; past the end gives the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect.bisect_right(self.starts, offset) - 1
        return Position(line + 1, offset - self.starts[line] + 1)

    def line(self, number: int) -> str:
        """The text of line `number` (from one), without its line break."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range `start:end` of character offsets in `source`."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def begin(self) -> Position:
        return self.source.position(self.start)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, other.end)

    def __str__(self) -> str:
        line, column = self.begin
        return f"{self.source.name}:{line}:{column}"
