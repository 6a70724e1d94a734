"""Brackets and quotation marks that have no partner."""

from __future__ import annotations

from collections.abc import Iterator

import regex as re

from cyclspec.language.diagnostics import Diagnostic, Label
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.mend import before, removed, write
from cyclspec.language.syntax.mistakes.failure import Failure

OPENS = {")": "(", "]": "[", "}": "{"}
_CLOSES = {bracket: partner for partner, bracket in OPENS.items()}
_BRACKETS = re.compile(r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|[\[({\])}]')


def open_brackets(f: Failure) -> list[int]:
    """The brackets that are open before the failure, outermost first, as offsets."""
    opens: list[int] = []
    for match in _BRACKETS.finditer(f.before):
        if match.group() in _CLOSES:
            opens.append(f.piece.start + match.start())
        elif match.group() in OPENS and opens:
            opens.pop()
    return opens


def unclosed(f: Failure) -> Iterator[Diagnostic]:
    """A bracket that is open at the end."""
    if not f.at_end:
        return
    opens = open_brackets(f)
    if f.text in OPENS and opens:
        opens.pop()
    elif f.text in _CLOSES:
        opens.append(f.span.start)
    if not opens:
        return
    bracket = f.source.text[opens[-1]]
    helps = (f"write `{_CLOSES[bracket]}` where it ends",)
    closing = "".join(_CLOSES[f.source.text[place]] for place in reversed(opens))
    edits = (Edit(f.place(f.span.end, f.span.end), closing),)
    span = f.place(opens[-1], opens[-1] + 1)
    yield cy00.BlockUnclosed(span=span, bracket=bracket, helps=helps, edits=edits)
    yield cy00.BlockUnclosed(span=span, bracket=bracket)


def stray(f: Failure) -> Iterator[Diagnostic]:
    """A bracket that closes nothing, or one of another kind."""
    if f.text not in OPENS:
        return
    opens = open_brackets(f)
    if not opens:
        sentence = f"this `{f.text}` closes nothing"
        mend = removed(f.span, f"remove it, or write `{OPENS[f.text]}` where it should begin")
        yield cy00.Unexpected(span=f.span, sentence=sentence, helps=mend.helps, edits=mend.edits)
        yield cy00.Unexpected(span=f.span, sentence=sentence, helps=mend.helps)
        return
    bracket = f.source.text[opens[-1]]
    if bracket == OPENS[f.text]:
        return
    also = (Label(f.place(opens[-1], opens[-1] + 1), "opened here"),)
    sentence = f"`{f.text}` cannot close `{bracket}`"
    outer = f.source.text[opens[-2]] if len(opens) > 1 else ""
    mend = write(f.span, _CLOSES[bracket])
    if outer == OPENS[f.text] or f.text == "}":
        mend = before(f.span, _CLOSES[bracket], _CLOSES[bracket])._replace(
            helps=(f"write `{_CLOSES[bracket]}` first",)
        )
    yield cy00.Unexpected(span=f.span, sentence=sentence, also=also, helps=mend.helps, edits=mend.edits)
    yield cy00.Unexpected(span=f.span, sentence=sentence, also=also)


def unquoted(f: Failure) -> Iterator[Diagnostic]:
    """A text whose quotation marks are open at the end of its line, or of the file."""
    if f.at_end or not f.after.startswith('"'):
        return
    block = f.after.startswith('"""')
    if not block and re.match(r'"(?:[^"\\\n]|\\.)*"', f.after):
        return
    span = f.place(f.span.start, f.span.start + (3 if block else 1))
    helps = ('close it with `"`, or use `"""` for text of several lines',)
    helps = ('close it with `"""`',) if block else helps
    yield cy00.Unexpected(span=span, sentence="this text is never closed", label="opened here", helps=helps)
