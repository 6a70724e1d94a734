"""What a methods section is made of, before it is Markdown or LaTeX: headings, sentences, tables, quoted wordings.

Ensures that what comes from a spec, a file or a model stays apart from what this package says: renderers escape all of
it, and a text can never open a construct of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Code:
    """A name, a formula or a digest, shown as it is spelled."""

    text: str


Piece = str | Code
Prose = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    prose: Prose


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[Prose, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A wording, line for line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; `numeric` are the columns of numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[Prose, ...], ...]
    numeric: frozenset[int] = frozenset()


Block = Heading | Paragraph | Bullets | Quote | Table


def prose(text: str) -> Prose:
    """A sentence in which names stand in backticks. Only for words of this package, and for documentation."""
    parts = _SPAN.split(text)
    return tuple(Code(part) if at % 2 else part for at, part in enumerate(parts) if part)


def joined(pieces: Iterable[Prose], between: str = " ") -> Prose:
    """Sentences one after the other."""
    found: list[Piece] = []
    for one in pieces:
        if found and one:
            found.append(between)
        found.extend(one)
    return tuple(found)


def listed(names: Sequence[str]) -> Prose:
    """`a`, `b` and `c`."""
    found: list[Piece] = []
    for at, name in enumerate(names):
        if at:
            found.append(" and " if at == len(names) - 1 else ", ")
        found.append(Code(name))
    return tuple(found)


def counted(count: int, one: str, many: str = "") -> str:
    """`1 cell`, `12 cells`, `1 234 cells`."""
    return f"{count:,}".replace(",", " ") + " " + (one if count == 1 else many or f"{one}s")


def number(value: float | int | None) -> str:
    """A number of a table as it is shown: four decimals, whole numbers as they are, nothing where there is none."""
    if value is None:
        return ""
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:.4f}"


def one_line(text: str) -> str:
    """A formula on one line."""
    return " ".join(text.split())
