"""Mistakes in how a file, a declaration or a statement begins and ends."""

from __future__ import annotations

from collections.abc import Iterator

import regex as re

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.cy01_names import ReservedWord
from cyclspec.language.diagnostics.mend import write
from cyclspec.language.diagnostics.wording import with_article
from cyclspec.language.names.suggest import suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax.mistakes.failure import Failure, one_line
from cyclspec.language.syntax.mistakes.literals import type_of
from cyclspec.language.syntax.pieces import DECLARATIONS, IMPORTS, KEYWORDS, STATEMENTS

_EDITION_GUESS = re.compile(r"(?i:cycl)\b[ \t]*[=:]?[ \t]*[^\n]*")
_FENCE = re.compile(r"```|~~~|---|===")
_BLANK = re.compile(r"(?:\s|#[^\n]*\n)*")
_BEGINS = re.compile(r"(?:\A|\n)[ \t]*$")
_NAMES = re.compile(
    r"\b(?:each|ask|let|measure|check|model|factor|table|as|" + "|".join(DECLARATIONS) + r")\s+$"
)


def edition(f: Failure) -> Iterator[Diagnostic]:
    """`cycl 1` is absent, or written otherwise."""
    if f.piece.start_symbol != "start" or f.piece.start != 0:
        return
    text = f.source.text
    start = len(found.group()) if (found := _BLANK.match(text)) else 0
    if _FENCE.match(text, start):
        return
    guess = _EDITION_GUESS.match(text, start)
    if guess is not None and f.span.start <= guess.end():
        span = f.place(start, start + len(guess.group().rstrip()))
        mend = write(span, "cycl 1")
        yield cy00.EditionMissing(span=span, label="expected `cycl 1`", helps=mend.helps, edits=mend.edits)
        return
    if f.expected & {"_CYCL"} or (f.at_end and start >= f.piece.end):
        word = re.compile(r"\w*").match(text, start)
        end = max(start + 1, word.end() if word else 0)
        span = f.place(start, end)
        yield cy00.EditionMissing(span=span, edits=(Edit(f.place(start, start), "cycl 1\n"),))
        yield cy00.EditionMissing(span=span)


def late_import(span: Span) -> Diagnostic:
    """An import below a declaration."""
    helps = ("move it to the top, below `cycl 1`",)
    return cy00.Unexpected(span=span, sentence="an import stands above all declarations", helps=helps)


_HOMES = {"table": "corpus", "model": "panel", "factor": "panel"} | dict.fromkeys(
    ("system", "user", "assistant", "prefix"), "prompt"
)


def statement_outside(f: Failure) -> Iterator[Diagnostic]:
    """`each` and its like outside of an audit."""
    if f.word in STATEMENTS and f.piece.start_symbol in ("decl", "start") and not f.before.strip():
        helps = ("put it between the braces of `audit NAME { ... }`",)
        yield cy00.StatementOutsideAudit(span=f.span, word=f.word, helps=helps)


def member_outside(f: Failure) -> Iterator[Diagnostic]:
    """`table`, `model` or a message outside of what they belong to."""
    home = _HOMES.get(f.word, "")
    at_top = f.piece.start_symbol in ("import_", "decl", "start") and f.before.count("{") == f.before.count(
        "}"
    )
    if home and at_top and _BEGINS.search(f.recent):
        helps = (f"put it between the braces of `{home} NAME {{ ... }}`",)
        sentence = f"`{f.word}` stands inside {with_article(home)}"
        yield cy00.Unexpected(span=f.span, sentence=sentence, helps=helps)


def declaration_inside(f: Failure) -> Iterator[Diagnostic]:
    """`param` and its like inside of braces."""
    opens = f.before.count("{") - f.before.count("}")
    inside = opens > 0 or f.piece.start_symbol in ("statement", "field")
    ahead = re.search(r"\b([^\W\d]\w*)\s+$", f.recent)
    span = f.span
    if ahead is not None and ahead.group(1) in DECLARATIONS and f.word:
        start = f.span.start - len(ahead.group())
        span = f.place(start, start + len(ahead.group(1)))
    if not inside or span.text not in DECLARATIONS:
        return
    helps = (f"move `{span.text}` out of the braces; inside an audit, `let` names a value",)
    yield cy00.DeclarationInside(span=span, word=span.text, helps=helps)


def result_type(f: Failure) -> Iterator[Diagnostic]:
    """A prompt or a metric whose formals no `->` and type follow."""
    word = re.match(r"\s*(?:##[^\n]*\n\s*)*(prompt|metric)\b", f.before)
    if word is None or not re.search(r"\)\s*(?:->\s*)?$", f.recent):
        return
    wrong = re.match(r"=>|--?>|:|-|returns\b", f.after)
    if wrong is not None:
        span = f.place(f.span.start, f.span.start + len(wrong.group()))
        mend = write(span, "->")
        yield cy00.ResultTypeMissing(span=span, word=word.group(1), helps=mend.helps, edits=mend.edits)
    if f.text in ("{", "="):
        example = "-> share" if word.group(1) == "metric" else "-> choice(item.options)"
        helps = (f"write the type of its value: `{example}`",)
        yield cy00.ResultTypeMissing(span=f.span, word=word.group(1), helps=helps)


def reserved(f: Failure) -> Iterator[Diagnostic]:
    """A word of the language where a name is declared."""
    if f.word not in KEYWORDS or f.word in ("in", "by") or "NAME" not in f.expected:
        return
    if _NAMES.search(f.recent):
        yield ReservedWord(span=f.span, name=f.word)


def misspelled(f: Failure) -> Iterator[Diagnostic]:
    """A word at the start of a line that begins nothing, or nearly begins a declaration or a statement."""
    if not f.word or not _BEGINS.search(f.source.text[max(0, f.span.start - 200) : f.span.start]):
        return
    after = f.after[len(f.word) :]
    if f.word in KEYWORDS:
        return
    if re.match(r"[ \t]+[\w{\"]", after):
        yield from _unknown_head(f)
    elif re.match(r"[ \t]*=(?!=)", after) and f.piece.start_symbol != "statement":
        value = one_line(after[after.index("=") + 1 :])
        kind = type_of(value)
        end = f.place(f.span.end, f.span.end)
        edits = (Edit(f.place(f.span.start, f.span.start), "param "), Edit(end, f" : {kind}"))
        helps = (f"write `param {f.word} : {kind} = {value}`",) if kind else ()
        sentence = "a value at the top of a module is a `param`, with its type"
        yield cy00.Unexpected(span=f.span, sentence=sentence, helps=helps, edits=edits if kind else ())


def _unknown_head(f: Failure) -> Iterator[Diagnostic]:
    """What is meant stands inside of an audit where this does, at the top of a module where this does."""
    inside = f.piece.start_symbol == "statement" or f.before.count("{") > f.before.count("}")
    known = STATEMENTS if inside else (*DECLARATIONS, *IMPORTS)
    sentence = f"`{f.word}` begins no declaration and no statement"
    close = suggest(f.word, known) or suggest(f.word, (*STATEMENTS, *DECLARATIONS, *IMPORTS))
    for name in close[:1]:
        helps = ("did you mean " + " or ".join(f"`{name}`" for name in close) + "?",)
        yield cy00.Unexpected(span=f.span, sentence=sentence, helps=helps, edits=(Edit(f.span, name),))
    yield cy00.Unexpected(span=f.span, sentence=sentence)


def incomplete(f: Failure) -> Iterator[Diagnostic]:
    """A piece that ends too early."""
    head = re.match(r"\s*(?:##[^\n]*\n\s*)*([^\W\d]\w*)", f.before + f.text)
    if not f.at_end or head is None or head.group(1) not in KEYWORDS:
        return
    wanted = f.wanted
    label = f"{wanted} after this" if wanted else ""
    yield cy00.Unexpected(span=f.span, sentence=f"this `{head.group(1)}` is not complete", label=label)
