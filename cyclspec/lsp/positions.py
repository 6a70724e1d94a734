"""Positions of the protocol: a line and a count of code units, both from zero.

Expects an encoding that client and server agreed on. Ensures that a character outside the basic plane counts as two
units in UTF-16 and four in UTF-8, that a position past the end of a line is the end of that line, and that one inside
of a character is its start.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from cyclspec.language.spans import Source, Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]


class Place(NamedTuple):
    """A line and a character as the protocol counts them."""

    line: int
    character: int


class Extent(NamedTuple):
    """The two ends of a range, the second one past the last character."""

    start: Place
    end: Place


def units(text: str, encoding: Encoding) -> int:
    """How many code units a text takes."""
    match encoding:
        case "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        case "utf-16":
            return len(text) + sum(char > "\uffff" for char in text)
    return len(text)


def place_of(source: Source, offset: int, encoding: Encoding) -> Place:
    """The place of a character offset."""
    line, column = source.position(offset)
    start = source.starts[line - 1]
    return Place(line - 1, units(source.text[start : start + column - 1], encoding))


def offset_of(source: Source, place: Place, encoding: Encoding) -> int:
    """The character offset of a place."""
    if place.line >= len(source.starts):
        return len(source.text)
    start, line = source.starts[place.line], source.line(place.line + 1)
    if encoding == "utf-32":
        return start + min(place.character, len(line))
    counted = 0
    for index, char in enumerate(line):
        counted += units(char, encoding)
        if counted > place.character:
            return start + index
    return start + len(line)


def extent_of(span: Span, encoding: Encoding) -> Extent:
    """The range of a span."""
    return Extent(place_of(span.source, span.start, encoding), place_of(span.source, span.end, encoding))


def whole(source: Source, encoding: Encoding) -> Extent:
    """The range of a whole text."""
    return Extent(Place(0, 0), place_of(source, len(source.text), encoding))
