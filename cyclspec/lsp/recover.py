"""A text with mistakes, made one that parses, without moving anything that is right.

Expects any text. Ensures that the repaired text is as long as the given one and has its line breaks, so that every span
in its tree is true of the given text too: declarations and statements that do not parse are blanked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from lark import TextSlice
from lark.exceptions import LarkError

from cyclspec.language.spans import Source
from cyclspec.language.syntax.lalr import parser
from cyclspec.language.syntax.parse import parse
from cyclspec.language.syntax.pieces import STATEMENTS, Piece, cut

_VISIBLE = re.compile(r"[^\n]")
_EDITION = "cycl 1"
LONGEST: Final = 200_000
_STATEMENT = re.compile(rf"(?m)^[ \t]+(?:{'|'.join(STATEMENTS)})\b(?!\s*[=:.(])")


def blank(text: str, start: int, end: int) -> str:
    """The text with a range of it made white."""
    return text[:start] + _VISIBLE.sub(" ", text[start:end]) + text[end:]


def _parses(text: str, piece: Piece) -> bool:
    try:
        parser().parse(TextSlice(text, piece.start, piece.end), start=piece.start_symbol)
    except LarkError:
        return False
    return True


def is_whole(text: str) -> bool:
    """Whether a text parses as a module."""
    return parse(Source("", text)).module is not None


def _head(text: str, end: int) -> str:
    """Edition and imports, each import that does not parse blanked out."""
    starts = [0, *(m.start() for m in re.finditer(r"(?m)^import\b", text[:end])), end]
    for start, stop in pairwise(starts):
        chunk = text[start:stop]
        alone = chunk if start == 0 else f"{_EDITION}\n{chunk}"
        if not _parses(alone, Piece(0, len(alone), "start", -1)):
            text = blank(text, start, stop)
    if not re.search(r"(?m)^\s*cycl\b", text[:end]):
        return _with_edition(text)
    return text


def _with_edition(text: str) -> str:
    """The edition, written over the first line where that has been blanked out."""
    first = text.partition("\n")[0]
    if first.strip() or len(first) < len(_EDITION):
        return text
    return _EDITION + text[len(_EDITION) :]


def _closed(text: str, piece: Piece) -> str:
    """The text with a brace at the end of a blanked piece, which may have swallowed that of its audit."""
    room = len(text[: piece.end].rstrip("\n")) - 1
    return text[:room] + "}" + text[room + 1 :] if room >= piece.start else text


def _broken_parts(text: str, piece: Piece) -> Iterator[Piece]:
    """What of a broken piece does not parse: an open bracket in one statement swallows those on the lines below it."""
    starts = [match.start() for match in _STATEMENT.finditer(text, piece.start + 1, piece.end)]
    if piece.start_symbol != "statement" or not starts:
        yield piece
        return
    for start, stop in pairwise([piece.start, *starts, piece.end]):
        end = _own_end(text, start, stop)
        if not _parses(text, Piece(start, end, "statement", -1)):
            yield Piece(start, end, "statement", -1)


def _own_end(text: str, start: int, stop: int) -> int:
    """The end of a statement without a last brace that is one too many: it closes the audit."""
    body = text[start:stop].rstrip()
    return start + len(body) - 1 if body.endswith("}") and body.count("}") > body.count("{") else stop


def _attempts(text: str) -> Iterator[str]:
    pieces = cut(text)
    yield text
    repaired = _head(text, pieces[0].end)
    broken = [part for piece in pieces[1:] if not _parses(text, piece) for part in _broken_parts(text, piece)]
    for piece in broken:
        repaired = blank(repaired, piece.start, piece.end)
    yield repaired
    for piece in broken:
        if piece.start_symbol in ("statement", "field"):
            yield _closed(repaired, piece)
    closed = repaired
    for piece in broken:
        closed = _closed(closed, piece) if piece.start_symbol == "statement" else closed
    yield closed


def repair(text: str) -> str | None:
    """The text with as little blanked out as makes it parse, or None where that does not help.

    A text longer than anybody writes is left alone: looking at each of its pieces takes longer than anybody waits.
    """
    if len(text) > LONGEST:
        return None
    return next((attempt for attempt in _attempts(text) if is_whole(attempt)), None)
