"""Text to syntax tree, with every syntax error of a file found in one go.

Expects one source. Ensures that a returned module is complete: where any piece fails to parse there is no module,
only diagnostics, one a broken piece, none of them a consequence of another. Size and depth are bounded first.
"""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy00_syntax import EditionUnknown, TooLarge
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.build import build
from cyclspec.language.syntax.explain import explain_failure
from cyclspec.language.syntax.pieces import Piece, cut

MAX_CHARACTERS = 1 << 20
MAX_DEPTH = 64
EDITION = 1
STARTS = ("start", "decl", "statement", "field", "expr")


class Parsed(NamedTuple):
    """A module, or the reasons why there is none."""

    module: t.Module | None
    diagnostics: tuple[Diagnostic, ...]


def _numbered(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    """JSON has only text keys; the table's are numbers."""
    return {int(key) if key.lstrip("-").isdigit() else key: value for key, value in pairs}


@cache
def parser() -> Lark:
    """The LALR parser, from the table that ships with the package."""
    text = resources.files("cyclspec.language.syntax").joinpath("table.json").read_text(encoding="utf-8")
    table = json.loads(text, object_pairs_hook=_numbered)
    loaded: Lark = Lark._load_from_dict(table["data"], table["memo"])  # type: ignore[no-untyped-call]  # noqa: SLF001
    return loaded


def _piece(source: Source, piece: Piece, start: str) -> Any:
    """Parses one piece in place: the text around it is blanked, so that offsets stay true."""
    blank = "".join("\n" if char == "\n" else " " for char in source.text[: piece.start])
    return build(parser().parse(blank + source.text[piece.start : piece.end], start=start), source)


def _deepest(text: str) -> int | None:
    """The offset at which brackets nest deeper than MAX_DEPTH, if they do anywhere (strings included)."""
    depth = 0
    for offset, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth = max(0, depth - 1)
        if depth > MAX_DEPTH:
            return offset
    return None


def _oversize(source: Source) -> Diagnostic | None:
    if len(source.text) > MAX_CHARACTERS:
        return TooLarge(
            span=Span(source, 0, 0),
            what="this file",
            limit=f"{MAX_CHARACTERS:,} characters".replace(",", " "),
        )
    offset = _deepest(source.text)
    if offset is None:
        return None
    span = Span(source, offset, offset + 1)
    return TooLarge(span=span, what="the nesting of brackets", limit=f"{MAX_DEPTH} levels")


def _overdeep(node: object) -> t.Node | None:
    """A node that lies deeper than the recursive passes are promised, found without recursion."""
    stack: list[tuple[object, int]] = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        if isinstance(current, tuple):
            stack.extend((child, depth) for child in current)
            continue
        if not isinstance(current, t.Node):
            continue
        if depth > 2 * MAX_DEPTH:
            return current
        stack.extend((getattr(current, field.name), depth + 1) for field in fields(current))
    return None


def _check_depth(module: t.Module) -> Diagnostic | None:
    deep = _overdeep(module)
    if deep is None:
        return None
    return TooLarge(span=deep.span, what="the nesting of this expression", limit=f"{2 * MAX_DEPTH} levels")


def _failures(source: Source) -> tuple[Diagnostic, ...]:
    """One diagnostic for each piece of a broken file that does not parse alone."""
    found: list[Diagnostic] = []
    for piece in cut(source.text):
        try:
            _piece(source, piece, piece.start_symbol)
        except UnexpectedInput as failure:
            found.append(explain_failure(source, failure, piece))
    return tuple(found)


def parse(source: Source) -> Parsed:
    """The module written in `source`, or every syntax error in it."""
    oversize = _oversize(source)
    if oversize is not None:
        return Parsed(None, (oversize,))
    try:
        module: t.Module = build(parser().parse(source.text, start="start"), source)
    except UnexpectedInput as failure:
        found = _failures(source)
        whole = Piece(0, len(source.text), "start", 0)
        return Parsed(None, found or (explain_failure(source, failure, whole),))
    if module.edition != EDITION:
        return Parsed(None, (EditionUnknown(span=_edition_span(module), edition=module.edition),))
    deep = _check_depth(module)
    return Parsed(None, (deep,)) if deep else Parsed(module, ())


def _edition_span(module: t.Module) -> Span:
    source = module.span.source
    start = source.text.index("cycl", module.span.start)
    return Span(source, start, start + len("cycl 1"))


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
    deep = _overdeep(expr)
    if deep is not None:
        return None, (TooLarge(span=deep.span, what="the nesting of this expression", limit="128 levels"),)
    return expr, ()


def tokens(source: Source) -> list[Token]:
    """The tokens of a text that parses, in order."""
    return list(parser().lex(source.text))
