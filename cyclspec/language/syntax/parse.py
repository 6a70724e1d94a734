"""Text to syntax tree, with every syntax error of a file found in one go.

Expects one source. Ensures that a returned module is complete: where any piece fails to parse there is no module,
only diagnostics, one a broken piece, none of them a consequence of another, and what is left without those pieces. Size
and depth are bounded first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple

from lark import TextSlice
from lark.exceptions import UnexpectedInput

from cyclspec.language.diagnostics import Diagnostic, Severity
from cyclspec.language.diagnostics.cy00_syntax import (
    EditionUnknown,
    StatementOutsideAudit,
    TooLarge,
    Unexpected,
)
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.alphabet import described, hidden_in_name
from cyclspec.language.syntax.build import build
from cyclspec.language.syntax.lalr import parser
from cyclspec.language.syntax.mistakes.explain import explain_failure
from cyclspec.language.syntax.mistakes.heads import late_import
from cyclspec.language.syntax.pieces import Piece, cut, doc_start, names_of
from cyclspec.language.syntax.unseen import told

MAX_CHARACTERS = 1 << 20
MAX_WORDS = 50_000
MAX_DEPTH = 64
MAX_DIGITS = 100
MAX_NUMBER = 1e100
MAX_FAILURES = 50
MAX_STATEMENTS = 2000
MAX_IMPORTS = 200
MAX_PARTS = 10_000
MOST_OF = {"statements": MAX_STATEMENTS, "imports": MAX_IMPORTS}
_PARTS = {
    "decls": "declarations",
    "items": "values",
    "args": "arguments",
    "formals": "arguments",
    "doc": "`##` lines",
}
MAX_NAME = 200
EDITION = 1
KEPT = 32
_WORDS = re.compile(
    r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"|(?P<comment>\#[^\n]*)|(?P<open>[\[({])|(?P<close>[\])}])|\w+|[^\w\s]'
)
_VISIBLE = re.compile(r"[^\n]")
_MEMBERS: dict[type[t.Node], tuple[str, ...]] = {}
_EDITION = re.compile(r"(?:\s|#[^\n]*\n)*(cycl(?:\s|#[^\n]*\n)*([0-9]+))")


class Parsed(NamedTuple):
    """A module, or the reasons why there is none.

    Where there is none, `rest` is the module without the pieces that do not parse, if that is one, and `broken` the
    names that those pieces may have meant to declare.
    """

    module: t.Module | None
    diagnostics: tuple[Diagnostic, ...]
    rest: t.Module | None = None
    broken: frozenset[str] = frozenset()


def _piece(source: Source, piece: Piece, start: str) -> Any:
    """Parses one piece where it stands, so that offsets stay true."""
    return build(parser().parse(TextSlice(source.text, piece.start, piece.end), start=start), source)


def _oversize(source: Source) -> Diagnostic | None:
    """What of a text is too large to be parsed, found in one quick look over it."""
    if len(source.text) > MAX_CHARACTERS:
        limit = f"{thousands(MAX_CHARACTERS)} characters"
        return TooLarge(span=Span(source, 0, 0), what="this file", limit=limit)
    depth = words = 0
    for match in _WORDS.finditer(source.text):
        match match.lastgroup:
            case "comment":
                continue
            case "open":
                depth += 1
            case "close":
                depth = max(0, depth - 1)
        words += 1
        if depth <= MAX_DEPTH and words <= MAX_WORDS:
            continue
        span = Span(source, match.start(), match.start() + 1)
        if depth > MAX_DEPTH:
            return TooLarge(span=span, what="the nesting of brackets", limit=f"{MAX_DEPTH} levels")
        return TooLarge(
            span=span, what="the number of words and signs in this file", limit=thousands(MAX_WORDS)
        )
    return None


def thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _number_flaw(node: t.Node) -> Diagnostic | None:
    """A number that is longer or larger than any pass has to expect."""
    if not isinstance(node, t.Whole | t.Real | t.Quantity):
        return None
    if len(node.value) > MAX_DIGITS:
        limit = f"{MAX_DIGITS} characters"
        return TooLarge(span=node.span, what="the length of this number", limit=limit)
    if float(node.value) > MAX_NUMBER:
        return TooLarge(span=node.span, what="this number", limit=f"{MAX_NUMBER:g}")
    return None


def _name_flaw(node: t.Node) -> Diagnostic | None:
    match node:
        case t.Ident(name=name) | t.Name(name=name) | t.I18nEntry(lang=name):
            pass
        case _:
            return None
    if len(name) > MAX_NAME:
        return TooLarge(span=node.span, what="the length of this name", limit=f"{MAX_NAME} characters")
    unseen = hidden_in_name(name)
    if unseen is None:
        return None
    sentence = f"a name cannot hold {described(unseen)}"
    mend = write(node.span, name.replace(unseen, ""))
    return Unexpected(span=node.span, sentence=sentence, **mend._asdict())


def flaw_of(node: object) -> Diagnostic | None:
    """A node that lies deeper, or a number that is larger, than the passes are promised; found without recursion."""
    stack: list[tuple[object, int]] = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        if isinstance(current, tuple):
            stack.extend((child, depth) for child in current)
            continue
        if not isinstance(current, t.Node):
            continue
        if depth > 2 * MAX_DEPTH:
            limit = f"{2 * MAX_DEPTH} levels"
            return TooLarge(span=current.span, what="the nesting of this expression", limit=limit)
        flaw = _number_flaw(current) or _name_flaw(current) or _crowd(current)
        if flaw is not None:
            return flaw
        stack.extend((getattr(current, name), depth + 1) for name in _members(current))
    return None


def _members(node: t.Node) -> tuple[str, ...]:
    """What a node is made of, beside its place."""
    kind = type(node)
    if kind not in _MEMBERS:
        _MEMBERS[kind] = tuple(field.name for field in fields(kind) if field.name != "span")
    return _MEMBERS[kind]


def _crowd(node: t.Node) -> Diagnostic | None:
    """A list of parts that is longer than any pass has to expect."""
    for name in _members(node):
        parts = getattr(node, name)
        if isinstance(parts, tuple) and len(parts) > (limit := MOST_OF.get(name, MAX_PARTS)):
            first = parts[0].span if isinstance(parts[0], t.Node) else node.span
            what = f"the number of {_PARTS.get(name, name)} here"
            return TooLarge(span=first, what=what, limit=str(limit))
    return None


def _failures(source: Source) -> tuple[tuple[Piece, Diagnostic | None], ...]:
    """The pieces of a broken file that do not parse alone, with one diagnostic for each that is no consequence."""
    found: list[tuple[Piece, Diagnostic | None]] = []
    outside = declared = False
    for piece in cut(source.text):
        flaw = _flaw(source, piece, declared=declared)
        declared = declared or piece.start_symbol == "decl"
        if flaw is None:
            continue
        again = outside and isinstance(flaw, StatementOutsideAudit)
        outside = isinstance(flaw, StatementOutsideAudit) or _is_audit(source, piece)
        found.append((piece, None if again else flaw))
        if len(found) == MAX_FAILURES:
            break
    return tuple(found)


def _flaw(source: Source, piece: Piece, *, declared: bool) -> Diagnostic | None:
    """What is wrong with a piece alone, or with an import that stands below a declaration."""
    try:
        _piece(source, piece, piece.start_symbol)
    except UnexpectedInput as failure:
        return explain_failure(source, failure, piece)
    if piece.start_symbol == "import_" and declared:
        return late_import(Span(source, piece.start, piece.start + len("import")))
    return None


def _is_audit(source: Source, piece: Piece) -> bool:
    """Whether a broken piece is an audit without its braces, so that its statements seem to stand outside."""
    return source.text.startswith("audit", piece.start) and "{" not in source.text[piece.start : piece.end]


def _without(source: Source, pieces: Iterable[Piece]) -> t.Module | None:
    """The module that is left when some pieces are blanked out; all places stay true."""
    text = source.text
    for piece in pieces:
        start = doc_start(text, piece.start, 0)
        text = text[:start] + _VISIBLE.sub(" ", text[start : piece.end]) + text[piece.end :]
    try:
        module: t.Module = build(parser().parse(text, start="start"), source)
    except UnexpectedInput:
        return None
    sound = module.edition == EDITION and flaw_of(module) is None
    return module if sound else None


def _broken(source: Source, failure: UnexpectedInput) -> Parsed:
    """What can be said of a file that does not parse."""
    found = _failures(source)
    if not found:
        whole = Piece(0, len(source.text), "start", 0)
        return Parsed(None, (explain_failure(source, failure, whole),))
    pieces = [piece for piece, _ in found]
    names = frozenset[str]().union(*(names_of(source.text, piece) for piece in pieces))
    rest = _without(source, pieces) if len(pieces) < MAX_FAILURES else None
    return Parsed(None, tuple(flaw for _, flaw in found if flaw is not None), rest, names)


@lru_cache(maxsize=KEPT)
def parse(source: Source) -> Parsed:
    """The module written in `source`, or every syntax error in it.

    The last trees are kept, since the modules of an audit, and of the next check of it, import the same library.
    """
    oversize = _oversize(source)
    if oversize is not None:
        return Parsed(None, (oversize,))
    try:
        module: t.Module = build(parser().parse(source.text, start="start"), source)
    except UnexpectedInput as failure:
        return _broken(source, failure)
    edition = _other_edition(source)
    if edition is not None:
        return Parsed(None, (edition,))
    flaw = flaw_of(module)
    if flaw is not None:
        return Parsed(None, (flaw,))
    found = told(source)
    sound = all(diagnostic.severity is Severity.WARNING for diagnostic in found)
    return Parsed(module, found) if sound else Parsed(None, found, module)


def _other_edition(source: Source) -> Diagnostic | None:
    """An edition that is not known; `01` is none, since an edition is a name and no number."""
    written = _EDITION.match(source.text)
    assert written is not None
    edition = written[2]
    if edition == str(EDITION):
        return None
    span = Span(source, *written.span(1))
    mend = write(span, f"cycl {EDITION}") if edition.lstrip("0") == str(EDITION) else Mend()
    return EditionUnknown(span=span, edition=edition, **mend._asdict())


def parse_expression(source: Source) -> tuple[t.Expr | None, tuple[Diagnostic, ...]]:
    """One expression alone, as given by `-p name=expr`."""
    oversize = _oversize(source)
    if oversize is not None:
        return None, (oversize,)
    whole = Piece(0, len(source.text), "expr", 0)
    try:
        expr: t.Expr = build(parser().parse(source.text, start="expr"), source)
    except UnexpectedInput as failure:
        return None, (explain_failure(source, failure, whole),)
    flaw = flaw_of(expr)
    if flaw is not None:
        return None, (flaw,)
    found = told(source)
    sound = all(diagnostic.severity is Severity.WARNING for diagnostic in found)
    return expr if sound else None, found
