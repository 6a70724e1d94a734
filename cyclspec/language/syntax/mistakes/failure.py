"""What is known of a text that does not parse: where reading stopped, what stands around it, what could follow.

Expects a failure of the parser and the piece it happened in. Ensures words for people, never names of tokens.
"""

from __future__ import annotations

import regex as re
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax.pieces import Piece

_RECENT = 1000
_MOST_WANTED = 4
_WORDS = {
    "NAME": "a name",
    "INT": "a number",
    "FLOAT": "a number",
    "QUANTITY": "a number",
    "STRING": "text in quotes",
    "TEXT": "text in quotes",
    "DATE": "a date",
    "HASH": "a hash",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "DOT": "`.`",
    "COMPARE": "a comparison",
    "ADD": "`+` or `-`",
    "MUL": "`*` or `/`",
    "OPTIONAL": "`?`",
    "DOC": "a `##` comment",
    "MINUS": "`-`",
    "__ANON_0": "`->`",
    "__ANON_1": "`..`",
}


class Failure:
    """One failure with what the rules ask of it."""

    def __init__(self, source: Source, failure: UnexpectedInput, piece: Piece) -> None:
        self.source = source
        self.piece = piece
        self.expected: frozenset[str] = frozenset()
        self.at_end = False
        match failure:
            case UnexpectedToken():
                self.expected = frozenset(failure.accepts or failure.expected)
                self.at_end = failure.token.type == "$END"
                end = failure.token.end_pos or 0
                self.span = self._clip(failure.token.start_pos or 0, end)
            case UnexpectedCharacters():
                self.expected = frozenset(failure.allowed or ())
                position = failure.pos_in_stream or 0
                self.span = self._clip(position, position + 1)
            case _:
                self.at_end = True
        self.stop = piece.end if self.at_end else self.span.start
        if self.at_end:
            self.span = self._last()

    def _clip(self, start: int, end: int) -> Span:
        return Span(self.source, start, max(end, start + 1))

    def _last(self) -> Span:
        text = self.source.text[: self.piece.end].rstrip()
        return Span(self.source, max(0, len(text) - 1), max(1, len(text)))

    def place(self, start: int, end: int) -> Span:
        """A range of the source."""
        return Span(self.source, start, end)

    @property
    def text(self) -> str:
        return self.span.text

    @property
    def word(self) -> str:
        match = re.match(r"[^\W\d]\w*", self.source.text[self.span.start :])
        return match.group() if match else ""

    @property
    def before(self) -> str:
        return self.source.text[self.piece.start : self.span.start]

    @property
    def recent(self) -> str:
        """The last of what stands before, long enough for any rule and too short to keep one busy."""
        return self.before[-_RECENT:]

    @property
    def after(self) -> str:
        return self.source.text[self.span.start : self.piece.end]

    @property
    def wanted(self) -> str:
        """What could stand here, where that is worth saying."""
        if {"NAME", "INT", "STRING"} <= self.expected and "DOT" not in self.expected:
            return "expected a value"
        said = self.expected - {"DOC", "$END"}
        wanted = sorted({_WORDS.get(name, f"`{name.strip('_').lower()}`") for name in said})
        if not 0 < len(wanted) <= _MOST_WANTED:
            return ""
        listed = [", ".join(wanted[:-1]), wanted[-1]] if len(wanted) > 1 else wanted
        return "expected " + " or ".join(listed)


def without_comments(text: str) -> str:
    """A text without its comments; a `#` in quotation marks begins none."""
    return re.sub(r'("[^"\n]*")|[ \t]*#[^\n]*', lambda found: found[1] or "", text)


def one_line(text: str) -> str:
    """The first line of a text without double spaces, short enough for a help line."""
    return " ".join(text[:120].split("\n", maxsplit=1)[0].split())
