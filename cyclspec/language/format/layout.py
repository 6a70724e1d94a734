"""Documents that can be laid out flat or broken, after Wadler 2003, A Prettier Printer.

Expects documents whose texts hold no line breaks. Ensures that a group stays on one line where it fits and is not held
open by a hard break, that indentation is written only before text, and that a width counts what a terminal shows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Line:
    """A break where its group is broken, `flat` where it is not."""

    flat: str = " "


@dataclass(frozen=True, slots=True)
class Hard:
    """A break wherever it stands."""


@dataclass(frozen=True, slots=True)
class Either:
    """One text where the group is broken, another where it is flat."""

    broken: str
    flat: str


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines inside begin `by` columns further right."""

    doc: Doc
    by: int = 2


@dataclass(frozen=True, slots=True)
class Group:
    """Laid out flat where it fits; `broken` where it must not be."""

    doc: Doc
    broken: bool


Doc = str | Line | Hard | Either | Nest | Group | tuple["Doc", ...]
_Item = tuple[int, bool, Doc]


def columns(text: str) -> int:
    """How many columns a text takes on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def held_open(doc: Doc) -> bool:
    """Whether a document cannot be flat."""
    match doc:
        case str() | Line() | Either():
            return False
        case Hard():
            return True
        case Nest():
            return held_open(doc.doc)
        case Group():
            return doc.broken
        case tuple():
            return any(held_open(part) for part in doc)
    assert_never(doc)


def group(*parts: Doc, broken: bool = False) -> Group:
    """A group of some parts, broken where it is asked for or where a part is held open."""
    return Group(parts, broken or held_open(parts))


def joined(parts: Iterable[Doc], between: Doc) -> Doc:
    """Parts with something between each two."""
    out: list[Doc] = []
    for part in parts:
        if out:
            out.append(between)
        out.append(part)
    return tuple(out)


def flat(doc: Doc) -> str | None:
    """A document on one line, or None where it cannot be."""
    if held_open(doc):
        return None
    out: list[str] = []
    stack: list[Doc] = [doc]
    while stack:
        match stack.pop():
            case str(text):
                out.append(text)
            case Line(flat=text) | Either(flat=text):
                out.append(text)
            case Nest(doc=inner) | Group(doc=inner):
                stack.append(inner)
            case tuple() as parts:
                stack.extend(reversed(parts))
            case Hard():
                return None
    return "".join(out)


def _fits(room: int, first: _Item, rest: list[_Item]) -> bool:
    """Whether what comes up to the next line break has room; what follows the first item keeps its own mode."""
    stack, below = [first], len(rest)
    while room >= 0:
        if not stack:
            if below == 0:
                return True
            below -= 1
            stack.append(rest[below])
        indent, is_flat, doc = stack.pop()
        match doc:
            case str():
                room -= columns(doc)
            case Line():
                if not is_flat:
                    return True
                room -= len(doc.flat)
            case Hard():
                return True
            case Either():
                room -= columns(doc.flat if is_flat else doc.broken)
            case Nest():
                stack.append((indent, is_flat, doc.doc))
            case Group():
                stack.append((indent, is_flat and not doc.broken, doc.doc))
            case tuple():
                stack.extend((indent, is_flat, part) for part in reversed(doc))
            case _:
                assert_never(doc)
    return False


def render(doc: Doc, width: int) -> list[str]:
    """The lines of a document in `width` columns; a text that is wider than that stands out."""
    lines: list[str] = []
    line, pending, room = "", 0, width
    stack: list[_Item] = [(0, False, doc)]
    while stack:
        indent, is_flat, item = stack.pop()
        match item:
            case str() | Either():
                text = item if isinstance(item, str) else item.flat if is_flat else item.broken
                if text:
                    line, pending = " " * pending + line + text if pending else line + text, 0
                    room -= columns(text)
            case Line(flat=text) if is_flat:
                line, room = line + text, room - len(text)
            case Line() | Hard():
                lines.append(line)
                line, pending, room = "", indent, width - indent
            case Nest():
                stack.append((indent + item.by, is_flat, item.doc))
            case Group():
                fits = is_flat or (not item.broken and _fits(room, (indent, True, item.doc), stack))
                stack.append((indent, fits, item.doc))
            case tuple():
                stack.extend((indent, is_flat, part) for part in reversed(item))
            case _:
                assert_never(item)
    return [*lines, line]
