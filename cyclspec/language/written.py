"""Expressions from outside of a spec, each with the places at which its parts were written.

Expects pieces of text in order. Ensures that every place in the expression is shown where its author wrote it: in a
file, or after `-p NAME=` on the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cyclspec.language.spans import Source, Span

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an expression and where it was written; there it may be spelt otherwise."""

    text: str
    at: Span

    def start(self, offset: int) -> int:
        """Where the character at an offset stands; the start of a piece that is spelt otherwise."""
        return self.at.start + (offset if self.at.text == self.text else 0)

    def end(self, offset: int) -> int:
        """Where the characters before an offset end; the end of a piece that is spelt otherwise."""
        return self.at.start + offset if self.at.text == self.text else self.at.end


class Written(str):
    """The value of a parameter, `text` for whoever does not ask where it is from; `name` is where it is named."""

    name: Span
    pieces: tuple[Piece, ...]

    @staticmethod
    def of(name: Span, pieces: Iterable[Piece]) -> Written:
        pieces = tuple(pieces)
        made = Written("".join(piece.text for piece in pieces))
        made.name, made.pieces = name, pieces
        return made

    @property
    def origin(self) -> str:
        """What gave the value: a file, or the command line."""
        return self.name.source.name

    def place(self, span: Span) -> Span:
        """The place of a range of the expression."""
        source = self.name.source
        if not self.pieces:
            return Span(source, self.name.end, self.name.end)
        first, start = self._piece(span.start)
        last, end = self._piece(max(span.start, span.end - 1))
        if span.end == span.start:
            return Span(source, first.start(start), first.start(start))
        return Span(source, first.start(start), last.end(end + 1))

    def _piece(self, offset: int) -> tuple[Piece, int]:
        """The piece at an offset and the offset in it; the last one for those past the end."""
        for piece in self.pieces:
            if offset < len(piece.text):
                return piece, offset
            offset -= len(piece.text)
        return self.pieces[-1], len(self.pieces[-1].text) - 1 + min(offset, 1)


def written(name: str, text: str) -> Written:
    """A value with its place; a text that has none was typed after `-p NAME=`."""
    if isinstance(text, Written):
        return text
    source = Source(COMMAND_LINE, f"-p {name}={text}")
    start = len(source.text) - len(text)
    name_at, value_at = Span(source, start - 1 - len(name), start - 1), Span(source, start, len(source.text))
    return Written.of(name_at, [Piece(text, value_at)])
