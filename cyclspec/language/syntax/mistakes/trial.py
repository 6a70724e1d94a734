"""Whether a help would mend anything: it is tried before it is given.

Expects edits inside of the piece that does not parse, in order. Ensures that a help which says what to write is only
given where the piece then parses, or is at least read further than before.
"""

from __future__ import annotations

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from cyclspec.language.diagnostics.base import Edit, applied
from cyclspec.language.syntax.lalr import parser
from cyclspec.language.syntax.mistakes.failure import Failure


def stop_of(failure: UnexpectedInput, end: int) -> int:
    """The offset at which reading a piece stopped; `end` is the piece's."""
    match failure:
        case UnexpectedToken() if failure.token.type != "$END":
            return failure.token.start_pos or 0
        case UnexpectedCharacters():
            return failure.pos_in_stream or 0
    return end


_ALONE = dict.fromkeys(("statement", "field"), ("audit a {", "}")) | dict.fromkeys(
    ("import_", "decl"), ("cycl 1\n", "")
)


def mends(f: Failure, edits: tuple[Edit, ...]) -> bool:
    """Whether the piece is read further after the edits than before, or to its end."""
    text = applied(f.source.text, edits)
    end = f.piece.end + len(text) - len(f.source.text)
    now = _read_to(text[f.piece.start : end], f.piece.start_symbol)
    return now is None or _further(f.piece.start + now, f.stop, edits)


def _read_to(text: str, symbol: str) -> int | None:
    """How far a text can be read, or None where all of it can; one statement or declaration may have become two."""
    before, after = _ALONE.get(symbol, ("", ""))
    whole = "decl" if after else "start" if before else symbol
    try:
        parser().parse(f"{before}{text}{after}", start=whole)
    except UnexpectedInput as failure:
        return min(stop_of(failure, len(before) + len(text)) - len(before), len(text))
    return None


def _further(now: int, then: int, edits: tuple[Edit, ...]) -> bool:
    """Whether a place of the new text lies beyond a place of the old one, and beyond all that was written."""
    shift = 0
    for edit in edits:
        if edit.span.start <= then < edit.span.end:
            return now >= edit.span.start + shift + len(edit.text)
        shift += len(edit.text) - (edit.span.end - edit.span.start) if edit.span.end <= then else 0
    return now > then + shift
