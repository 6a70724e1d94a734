"""Diagnostics as text for a terminal, as JSON, and as annotations of a hosted code review.

Expects diagnostics in any order. Ensures that source text shown in a terminal carries no control characters and that
the same fields appear in every format.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cyclspec.language.diagnostics.base import Diagnostic, Label
from cyclspec.language.diagnostics.mend import edits_of
from cyclspec.language.spans import Source, Span

_WIDTH = 110
_ROOM = 10
_BEFORE = 40
_SENTENCE = 400


def printable(text: str) -> str:
    """Text without control and direction characters, which could deceive the reader of a terminal."""
    return "".join(
        char
        if char == " " or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else "\N{REPLACEMENT CHARACTER}"
        for char in text.replace("\t", "    ")
    )


def _sentence(text: str) -> str:
    """A printable text that fits a few lines, whatever a spec says."""
    return printable(text if len(text) <= _SENTENCE else text[:_SENTENCE] + "...")


def _columns(text: str) -> int:
    """How many columns a text takes: wide characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


class _Window(NamedTuple):
    """As much of a line as is shown: `text` is `source.line(line)` from column `first`, `ahead` stands before it."""

    source: Source
    line: int
    first: int
    ahead: str
    text: str

    def shows(self, span: Span) -> bool:
        """Whether a place stands in what is shown, with a few columns after it."""
        line, column = span.begin
        inside = self.first <= column - 1 <= self.first + len(self.text)
        near_the_end = column - 1 > self.first + _WIDTH - _ROOM and len(self.text) == _WIDTH
        return (self.source, self.line) == (span.source, line) and inside and not near_the_end


def _window(span: Span) -> _Window:
    """The line of a span from its beginning, or from a little before the span where the line is long."""
    line, column = span.begin
    raw = span.source.line(line)
    first = column - 1 - _BEFORE if column - 1 > _WIDTH - _ROOM and len(raw) > _WIDTH else 0
    return _Window(span.source, line, first, "..." if first else "", raw[first : first + _WIDTH])


def _marks(span: Span, window: _Window) -> tuple[int, int]:
    """The columns before the carets of a span, and how many carets."""
    start = span.begin.column - 1 - window.first
    length = max(1, span.end - span.start)
    before = _columns(window.ahead + printable(window.text[:start]))
    width = _columns(printable(window.text[start : start + length]))
    return before, max(1, min(width, len(window.ahead) + 2 * _WIDTH - before))


def _excerpt(span: Span, sign: str, caption: str, gutter: int, window: _Window) -> str:
    before, width = _marks(span, window)
    return f"{' ' * gutter} | {' ' * before}{sign * width} {caption}".rstrip()


def _places(diagnostic: Diagnostic) -> list[tuple[Span, str, str]]:
    assert diagnostic.span is not None
    places = [(diagnostic.span, "^", diagnostic.caption)]
    places += [(label.span, "-", label.text) for label in diagnostic.also]
    here = diagnostic.span.source.name
    return sorted(places, key=lambda p: (p[0].source.name != here, p[0].source.name, p[0].start))


def _body(diagnostic: Diagnostic) -> Iterator[str]:
    assert diagnostic.span is not None
    places = _places(diagnostic)
    gutter = max(len(str(span.begin.line)) for span, _, _ in places)
    yield f"{' ' * gutter}--> {printable(str(diagnostic.span))}"
    yield f"{' ' * gutter} |"
    window: _Window | None = None
    for span, sign, caption in places:
        if window is not None and span.source.name != window.source.name:
            yield f"{' ' * gutter}--> {printable(str(span))}"
        elif window is not None and span.begin.line > window.line + 1:
            yield f"{' ' * gutter}..."
        if window is None or not window.shows(span):
            window = _window(span)
            yield f"{window.line:>{gutter}} | {window.ahead}{printable(window.text)}"
        yield _excerpt(span, sign, _sentence(caption), gutter, window)
    if diagnostic.notes or diagnostic.helps:
        yield f"{' ' * gutter} |"


def render_text(diagnostic: Diagnostic) -> str:
    """One diagnostic with its place, source excerpt, carets, notes and help."""
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {_sentence(diagnostic.message)}"]
    gutter = 1
    if diagnostic.span is not None:
        body = list(_body(diagnostic))
        gutter = len(body[0]) - len(body[0].lstrip())
        lines.extend(body)
    if diagnostic.place:
        lines.append(f"{' ' * gutter}--> {_sentence(diagnostic.place)}")
    lines.extend(f"{' ' * gutter} = note: {_sentence(note)}" for note in diagnostic.notes)
    lines.extend(f"{' ' * gutter} = help: {_sentence(text)}" for text in diagnostic.helps)
    return "\n".join(lines)


def _position(span: Span) -> dict[str, Any]:
    end = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": span.begin.line,
        "column": span.begin.column,
        "end_line": end.line,
        "end_column": end.column,
    }


def _label(label: Label) -> dict[str, Any]:
    return {**_position(label.span), "text": label.text}


def as_record(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as JSON-ready fields; `line` and `column` count from one, `edits` make the first help."""
    nowhere: dict[str, Any] = dict.fromkeys(("file", "line", "column", "end_line", "end_column"))
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **(_position(diagnostic.span) if diagnostic.span else nowhere),
        "place": diagnostic.place or None,
        "label": diagnostic.caption,
        "also": [_label(label) for label in diagnostic.also],
        "notes": list(diagnostic.notes),
        "help": list(diagnostic.helps),
        "edits": [{**_position(edit.span), "text": edit.text} for edit in edits_of(diagnostic)],
    }


def _github(diagnostic: Diagnostic) -> str:
    escaped = _sentence(diagnostic.message).replace("%", "%25")
    where = ""
    if diagnostic.span is not None:
        line, column = diagnostic.span.begin
        file = (
            printable(diagnostic.span.source.name).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
        )
        where = f"file={file},line={line},col={column},"
    return f"::{diagnostic.severity} {where}title={diagnostic.code}::{escaped}"


def render(diagnostics: Iterable[Diagnostic], style: str) -> str:
    """All diagnostics, sorted by place, as `text`, `json` (one list of records) or `github`."""
    ordered = sorted(diagnostics, key=Diagnostic.order)
    match style:
        case "json":
            return json.dumps([as_record(d) for d in ordered], ensure_ascii=False, indent=2)
        case "github":
            return "\n".join(_github(d) for d in ordered)
        case _:
            return "\n\n".join(render_text(d) for d in ordered)
