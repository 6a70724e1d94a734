"""Stage 1, parse: the syntax tree, indented, each node with the place it was written at.

Expects a module that parses. Ensures one line a node, in the order of the text: position, the part of its parent that
it is, its kind, and what it says itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from cyclspec.explain.layout import WIDTH, shortened
from cyclspec.language.diagnostics.render import printable
from cyclspec.language.syntax import tree as t

_NOT_SHOWN = ("span", "head")
_OBVIOUS = frozenset(
    {
        "name",
        "names",
        "value",
        "sign",
        "word",
        "role",
        "of",
        "text",
        "unit",
        "lang",
        "module",
        "direction",
        "axes",
    }
)


def _class_word(node: t.Node) -> str:
    """What a node is called: its kind of declaration, its operation, or its class."""
    match node:
        case t.VocabularyDecl(word=word):
            return word
        case t.TextValue():
            return "text"
    for member in ("kind", "op"):
        tag = getattr(type(node), member, None)
        if isinstance(tag, str):
            return "dot" if tag == "." else tag
    return type(node).__name__.lower().removesuffix("entry")


def _quoted(node: t.Node, member: str) -> bool:
    return isinstance(node, t.TextValue | t.I18nEntry) and member in ("value", "text")


def _inline(node: t.Node, member: str, value: Any) -> str | None:
    """What a node says itself, or None where a member is a part of its own."""
    match value:
        case True if not isinstance(node, t.Truth):
            return member
        case bool():
            return str(value).lower()
        case int():
            return f"{member} {value}"
        case str() if isinstance(node, t.VocabularyDecl) and member == "word":
            return ""
        case str():
            shown = json.dumps(value, ensure_ascii=False) if _quoted(node, member) else value
        case t.Ident(name=name):
            shown = name
        case (t.Ident(), *_):
            shown = (".", ", ")[member in ("names", "axes", "by")].join(str(ident) for ident in value)
        case _:
            return None
    return shown if member in _OBVIOUS else f"{member} {shown}"


def _absent(value: Any) -> bool:
    return value is None or value is False or value == ()


def _members(node: t.Node) -> Iterator[tuple[str, Any]]:
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name in _NOT_SHOWN or (_absent(value) and not isinstance(node, t.Truth)):
            continue
        yield field.name, value


def _parts(member: str, value: Any) -> Iterator[tuple[str, t.Node]]:
    """The nodes of a member, those of a list without its name."""
    if isinstance(value, t.Node):
        yield member, value
        return
    yield from (("", item) for item in value)


def _lines(node: t.Node, part: str, depth: int) -> Iterator[tuple[str, str]]:
    """The position and the text of a node, then its documentation and its parts as they were written."""
    said: list[str] = [_class_word(node)]
    below: list[tuple[str, t.Node]] = []
    for member, value in _members(node):
        inline = None if member == "doc" else _inline(node, member, value)
        if inline is None and member != "doc":
            below.extend(_parts(member, value))
        elif inline:
            said.append(inline)
    line, column = node.span.begin
    head = f"{part}: " if part else ""
    yield f"{line}:{column}", "  " * depth + head + " ".join(said)
    for text in getattr(node, "doc", ()):
        yield "", "  " * (depth + 1) + f"doc {json.dumps(text, ensure_ascii=False)}"
    for name, child in sorted(below, key=lambda item: item[1].span.start):
        yield from _lines(child, name, depth + 1)


def tree_text(node: t.Node) -> str:
    """The syntax tree of a module or of a part of one, with `line:column` before each node."""
    rows = list(_lines(node, "", 0))
    width = max(len(place) for place, _ in rows)
    return "\n".join(
        f"{place:>{width}}  {shortened(printable(text), WIDTH - width - 2)}" for place, text in rows
    )
