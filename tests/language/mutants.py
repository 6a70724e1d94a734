"""Programs with something wrong in them, and what must hold of the checker, the formatter and the JSON of each.

A mutant is made from a program by its seed alone, so that a number is enough to see it again.
"""

from __future__ import annotations

import random
import re
import time
import unicodedata
from pathlib import Path

from cyclspec import pipeline
from cyclspec.language.canonical.form import canonical, read, write
from cyclspec.language.diagnostics import Diagnostic, InternalError
from cyclspec.language.diagnostics.render import render
from cyclspec.language.format.printer import format_source
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse

LIMIT_S = 1.0
TOKENS = re.compile(r'"""(?:.|\n)*?"""|"[^"\n]*"|\w+|\s+|.')
_JUNK = (
    "{", "}", "(", ")", "[", "]", '"', '"""', "#", "##", "=", "==", ":", ",", ".", "..", "\\", "\x00", "\x1b[2J",
    "\u202e", "9" * 20, "1e99", "1e999", "-", "^", "inf", "over", "along", "of", "each", "let", "param", "import", "²",
    "٣", "%", "é", "audit", "missing", "where", "in", "not", "[option: last]", "{x|y}", "mean over item of", "1..inf",
    ":=", "&&", "'", "“", "−", "0,5", ";", "//", "by", "weighted by", "for", "if", "then", "<", "level.", "param.", "?",
)  # fmt: skip


def mutated(rng: random.Random, text: str) -> str:
    """A text with one to four things wrong with it."""
    tokens = TOKENS.findall(text)
    for _ in range(rng.randint(1, 4)):
        if not tokens:
            break
        words = [n for n, token in enumerate(tokens) if token.isidentifier()] or [0]
        here, there = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        match rng.choice(
            ("delete", "repeat", "swap", "replace", "insert", "word", "word", "cut", "nest", "move")
        ):
            case "delete":
                del tokens[here : here + rng.randint(1, 3)]
            case "repeat":
                tokens.insert(here, tokens[there])
            case "swap":
                tokens[here], tokens[there] = tokens[there], tokens[here]
            case "replace":
                tokens[here] = rng.choice(_JUNK)
            case "insert":
                tokens.insert(here, rng.choice(_JUNK))
            case "word":
                tokens[rng.choice(words)] = tokens[rng.choice(words)]
            case "cut":
                tokens = tokens[: max(here, there)]
            case "nest":
                tokens.insert(here, rng.choice("([{") * rng.randint(1, 100))
            case "move":
                taken = tokens[here : here + rng.randint(1, 30)]
                tokens[there:there] = taken
    return "".join(tokens)


def unprintable(text: str) -> set[str]:
    """The characters of a rendering that a terminal could obey."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


def unheard(checked: pipeline.Checked) -> int:
    """How many statements of a program without errors the checker lost."""
    lost = 0
    context = checked.require()
    for decl in context.program.main.tree.decls:
        if isinstance(decl, t.Audit):
            typed = context.audits[decl.name.name]
            kept = (typed.eaches, typed.asks, typed.lets, typed.measures, typed.checks)
            lost += len(decl.statements) - sum(map(len, kept))
    return lost


def _shown(diagnostics: tuple[Diagnostic, ...]) -> str | None:
    rendered = render(diagnostics, "text")
    if unprintable(rendered):
        return "a control character is shown"
    if not rendered and diagnostics:
        return "a diagnostic is not shown"
    render(diagnostics, "json")
    render(diagnostics, "github")
    starts = [(d.span.source.name, d.span.start) for d in diagnostics if d.span is not None]
    return None if starts == sorted(starts) else "the diagnostics are not in order"


def _written(text: str) -> str | None:
    """What is wrong with the layout or the canonical form of a text that parses."""
    source = Source("mutant.cycl", text)
    module = parse(source).module
    laid = format_source(source)
    if module is None:
        return None if laid.text is None and laid.diagnostics else "a broken text has a layout"
    if read(write(module)) != module:
        return "the canonical form says something else"
    if laid.text is None:
        return "a sound text has no layout"
    again = parse(Source("mutant.cycl", laid.text)).module
    if again is None or canonical(write(again)) != canonical(write(module)):
        return "the layout says something else"
    return (
        None if format_source(Source("mutant.cycl", laid.text)).text == laid.text else "a layout has a layout"
    )


def flaw_in(path: Path, text: str, *, written: bool = True) -> tuple[str | None, float]:
    """What is wrong with how a text at `path` is checked, shown and, if `written`, laid out; and its seconds."""
    path.write_bytes(text.encode())
    begun = time.process_time()
    try:
        checked = pipeline.check(path)
        flaw = _shown(checked.diagnostics)
        if flaw is None and not checked.errors and unheard(checked):
            flaw = "a statement is lost"
        took = time.process_time() - begun
        if written:
            flaw = flaw or _written(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except (Exception, InternalError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"[:200], time.process_time() - begun
    if took > LIMIT_S:
        flaw = flaw or f"it takes {took:.1f} s"
    return flaw, took
