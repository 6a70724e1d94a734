"""Holes of templates by place: `{name.path|style}` in the text of a message as it is written."""

from __future__ import annotations

from dataclasses import dataclass

import regex as re

from cyclspec.language.spans import Span
from cyclspec.language.syntax.alphabet import NAME, composed

_ESCAPE = r"\\u\{[0-9A-Fa-f]*\}?"
_HOLE = re.compile(rf"{_ESCAPE}|\{{\{{|\}}\}}|\{{(?P<inside>[^{{}}\"\n]*)\}}?")
_BRACE = re.compile(rf"{_ESCAPE}|\{{\{{|\}}\}}|\{{|\}}")
_WORD = re.compile(NAME)


@dataclass(frozen=True, slots=True)
class HoleAt:
    """The part of a hole that holds an offset: `path` up to and with it, or its style."""

    span: Span
    path: tuple[str, ...]
    style: str | None


def hole_at(literal: Span, offset: int) -> HoleAt | None:
    """The name or style under an offset in a literal of a message."""
    for match in _HOLE.finditer(literal.source.text, literal.start, literal.end):
        if match["inside"] is not None and match.start("inside") <= offset <= match.end("inside"):
            return _part(literal, match["inside"], match.start("inside"), offset)
    return None


def _part(literal: Span, inside: str, start: int, offset: int) -> HoleAt | None:
    bar = inside.find("|")
    path: list[str] = []
    for word in _WORD.finditer(inside):
        span = Span(literal.source, start + word.start(), start + word.end())
        is_style = 0 <= bar < word.start()
        if not is_style:
            path.append(composed(word.group()))
        if span.start <= offset <= span.end:
            return HoleAt(span, tuple(path), word.group() if is_style else None)
    return None


def open_hole(text: str) -> str | None:
    """What has been written of the hole that the end of a text stands in, or None outside of any."""
    written: str | None = None
    for match in _BRACE.finditer(text):
        if match.group() == "{":
            written = text[match.end() :]
        elif match.group() == "}":
            written = None
    return written if written is not None and "\n" not in written else None
