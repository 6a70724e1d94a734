"""What a text that parses holds and should not: escapes that are none, and characters that nobody sees.

Expects a source that parses, in which such characters can stand in texts, comments and documentation alone. Ensures
one finding an escape, and one finding a line for what is not seen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby, islice

import regex

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.cy00_syntax import HiddenCharacter, Unexpected, UnknownEscape
from cyclspec.language.diagnostics.mend import removed
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax.alphabet import described, hidden
from cyclspec.language.syntax.escapes import LISTED, bad_escapes

MOST = 50
_LITERAL = regex.compile(r'(?P<block>"""(?:.|\n)*?""")|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<comment>\#[^\n]*)')


def told(source: Source) -> tuple[Diagnostic, ...]:
    """At most `MOST` findings of each kind, in order of the text."""
    return (*islice(_escapes(source), MOST), *islice(_unseen(source), MOST))


def _escapes(source: Source) -> Iterator[Diagnostic]:
    if "\\" not in source.text:
        return
    for literal in _LITERAL.finditer(source.text):
        if literal.lastgroup != "text":
            continue
        for found in bad_escapes(source.text, literal.start() + 1, literal.end() - 1):
            span = Span(source, found.start, found.end)
            notes = (f"escapes are {LISTED}; a text in three quotes has none",)
            edits = (Edit(span, found.mended),) if found.mended else ()
            yield UnknownEscape(span=span, escape=span.text, notes=notes, helps=(found.help,), edits=edits)


def _unseen(source: Source) -> Iterator[Diagnostic]:
    text = source.text
    null = text.find("\0")
    if null >= 0:
        span = Span(source, null, null + 1)
        mend = removed(span, "delete it")
        yield Unexpected(span=span, sentence="a file cannot hold U+0000 NULL", **mend._asdict())
    offsets = [offset for offset in hidden(text) if text[offset] != "\0"]
    literals = list(_LITERAL.finditer(text)) if offsets else []
    starts = [literal.start() for literal in literals]
    for _, group in groupby(offsets, lambda offset: source.position(offset).line):
        at, *more = group
        notes = (f"{len(more)} more in this line",) if more else ()
        helps = (_help(text[at], literals[bisect_right(starts, at) - 1].lastgroup),)
        yield HiddenCharacter(
            span=Span(source, at, at + 1), character=described(text[at]), notes=notes, helps=helps
        )


def _help(char: str, kind: str | None) -> str:
    """What to do about a character, by the kind of literal that it stands in."""
    escape = f"`\\u{{{ord(char):x}}}`"
    match kind:
        case "text":
            return f"delete it, or write {escape} where it is meant"
        case "block":
            return f"delete it, or write the text on one line with {escape} where it is meant"
    return "delete it"
