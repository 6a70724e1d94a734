"""Why a piece of text does not parse, in the words of the language.

Expects a parser failure and the piece it happened in. Ensures one diagnostic with a code, a place and, where the
mistake is a common one, help that can be typed. Rules are tried in order; the last one always applies.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.names.suggest import suggest
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax.pieces import DECLARATIONS, STATEMENTS, Piece

_RECENT = 1000
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
    "$END": "the end",
}


class _Failure:
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
        if self.at_end:
            self.span = self._last()

    def _clip(self, start: int, end: int) -> Span:
        return Span(self.source, start, max(end, start + 1))

    def _last(self) -> Span:
        text = self.source.text[: self.piece.end].rstrip()
        return Span(self.source, max(0, len(text) - 1), max(1, len(text)))

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


def _edition(f: _Failure) -> Diagnostic | None:
    if f.expected & {"_CYCL"} and f.piece.start_symbol == "start":
        return cy00.EditionMissing(span=f.span)
    return None


def _statement_outside(f: _Failure) -> Diagnostic | None:
    if f.word in STATEMENTS and f.piece.start_symbol in ("decl", "start") and not f.before.strip():
        return cy00.StatementOutsideAudit(span=f.span, word=f.word)
    return None


def _declaration_inside(f: _Failure) -> Diagnostic | None:
    opens = f.before.count("{") - f.before.count("}")
    inside = opens > 0 or f.piece.start_symbol in ("statement", "field")
    if f.word in DECLARATIONS and inside:
        return cy00.DeclarationInside(span=f.span, word=f.word)
    return None


def _unclosed(f: _Failure) -> Diagnostic | None:
    if not f.at_end:
        return None
    opens: list[int] = []
    for match in re.finditer(r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|[\[({\])}]', f.before + f.text):
        if match.group() in ("(", "[", "{"):
            opens.append(match.start())
        elif match.group() in (")", "]", "}") and opens:
            opens.pop()
    if not opens:
        return None
    start = f.piece.start + opens[-1]
    return cy00.BlockUnclosed(span=Span(f.source, start, start + 1), bracket=f.source.text[start])


def _one_line(text: str) -> str:
    """The first line of a text without double spaces, short enough for a help line."""
    return " ".join(text[:120].split("\n", maxsplit=1)[0].split())


def _of(f: _Failure) -> Diagnostic | None:
    if "_OF" not in f.expected or f.word == "of":
        return None
    head = re.search(r"([\w.]+(?:\([^()]*\))?\s+(?:over|along)\s+(?:(?!\bof\b)[\w\s,.])+?)\s*$", f.recent)
    if head is None:
        return None
    phrase = " ".join(head.group(1).split())
    rest = _one_line(f.after)
    return cy00.OfMissing(span=f.span, helps=(f"write `{phrase} of {rest}`",))


def _bare_reduction(f: _Failure) -> Diagnostic | None:
    if f.word not in ("over", "along"):
        return None
    reducer = re.search(r"[\w.]+(?:\([^()]*\))?\s*$", f.recent)
    start = f.span.start - len(reducer.group()) if reducer else f.span.start
    line = _one_line(f.source.text[start : start + 200])
    return cy00.BareReduction(span=Span(f.source, start, f.span.end), helps=(f"write `({line})`",))


def _in(f: _Failure) -> Diagnostic | None:
    head = re.search(r"\beach\b[\w\s,]*$", f.recent)
    if "_IN" not in f.expected or head is None:
        return None
    rest = f.after[len(f.text) :] if f.text in ("from", "of", "over", "=", ":") else f.after
    written = " ".join(f"{head.group()} in {_one_line(rest)}".split())
    return cy00.InMissing(span=f.span, helps=(f"write `{written}`",))


def _comparison(f: _Failure) -> Diagnostic | None:
    if f.text != "=" or not re.search(r"\b(where|if|and|or|not)\b[^{}=\n]*$", f.recent):
        return None
    left = re.search(r"[\w.]+\s*$", f.recent)
    right = re.match(r"=\s*([\w.\"%]+)", f.after)
    if left is None or right is None:
        return cy00.AssignmentForComparison(span=f.span)
    return cy00.AssignmentForComparison(
        span=f.span, helps=(f"write `{left.group().strip()} == {right.group(1)}`",)
    )


def _value_sign(f: _Failure) -> Diagnostic | None:
    if "EQUAL" not in f.expected or f.text == "=":
        return None
    name = re.search(r"([^\W\d]\w*)\s*$", f.recent)
    if f.text == ":" and name:
        return cy00.ValueSignMissing(span=f.span, helps=(f"write `{name.group(1)} = ...`",))
    if name is None or f.text in ("}", "{", ")") or f.at_end:
        return None
    if f.recent.count("(") > f.recent.count(")") or re.search(r"\b(?:by|over|along)\s+[\w\s,]*$", f.recent):
        helps = (f"if a comma is missing, write `{name.group(1)}, {f.text}`",)
        return cy00.Unexpected(
            span=f.span, found=f"`{f.text}`", label="expected `,` before this", helps=helps
        )
    close = suggest(name.group(1), (*STATEMENTS, *DECLARATIONS)) if f.word else ()
    if close:
        at = Span(
            f.source, f.span.start - len(f.recent) + name.start(1), f.span.start - len(f.recent) + name.end(1)
        )
        helps = ("did you mean " + " or ".join(f"`{word}`" for word in close) + "?",)
        return cy00.Unexpected(span=at, found=f"`{name.group(1)}`", helps=helps)
    return cy00.ValueSignMissing(
        span=f.span, label="expected `=` before this", helps=(f"write `{name.group(1)} = {f.text}`",)
    )


def _result_type(f: _Failure) -> Diagnostic | None:
    word = re.match(r"\s*(?:##[^\n]*\n\s*)*(prompt|metric)\b", f.before)
    if word and re.search(r"\)\s*$", f.recent) and f.text in ("{", "=", ":"):
        return cy00.ResultTypeMissing(span=f.span, word=word.group(1))
    return None


def _unquoted(f: _Failure) -> Diagnostic | None:
    opened = re.search(r'"[^"\n]*$', f.text + f.after.split("\n")[0]) if f.text != '"' else None
    if f.text != '"' and not (f.at_end and opened):
        return None
    return cy00.Unexpected(
        span=f.span,
        found="a quotation mark that is not closed on its line",
        helps=('close it with `"`, or use `"""` for text of several lines',),
    )


def _plain(f: _Failure) -> Diagnostic:
    word = f.word or f.text
    found = "the end of the text" if f.at_end else f"`{word if len(word) <= 40 else word[:40] + '...'}`"
    wanted = sorted({_WORDS.get(name, f"`{name.strip('_').lower()}`") for name in f.expected})
    label = ""
    if 0 < len(wanted) <= 8:
        label = "expected " + " or ".join([", ".join(wanted[:-1]), wanted[-1]] if len(wanted) > 1 else wanted)
    elif {"NAME", "INT", "STRING"} <= f.expected and "DOT" not in f.expected:
        label = "expected a value"
    starts = f.word and f.expected & {"_MEASURE", "_AUDIT"}
    close = suggest(f.word, (*STATEMENTS, *DECLARATIONS)) if starts else ()
    helps = ("did you mean " + " or ".join(f"`{name}`" for name in close) + "?",) if close else ()
    return cy00.Unexpected(span=f.span, found=found, label=label, helps=helps)


_RULES: tuple[Callable[[_Failure], Diagnostic | None], ...] = (
    _edition,
    _statement_outside,
    _declaration_inside,
    _unclosed,
    _result_type,
    _in,
    _comparison,
    _of,
    _bare_reduction,
    _unquoted,
    _value_sign,
)


def explain_failure(source: Source, failure: UnexpectedInput, piece: Piece) -> Diagnostic:
    """The one diagnostic for a piece that does not parse."""
    facts = _Failure(source, failure, piece)
    for rule in _RULES:
        found = rule(facts)
        if found is not None:
            return found
    return _plain(facts)
