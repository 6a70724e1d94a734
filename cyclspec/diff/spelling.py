"""Parts of a tree as source on one line, the same for equal trees whatever their layout."""

from __future__ import annotations

from typing import cast, get_args

from cyclspec.language.format.layout import flat
from cyclspec.language.format.original import Unwritten
from cyclspec.language.format.printer import Printer
from cyclspec.language.syntax import tree as t

_EXPRESSIONS = get_args(t.Expr)
_TYPES = get_args(t.TypeExpr)


def spelled(node: t.Node) -> str:
    """An expression or a type as the formatter writes it; any other node as its author did, on one line."""
    printer = Printer(Unwritten())
    text: str | None = None
    if isinstance(node, t.TextValue):
        return node.value
    if isinstance(node, _EXPRESSIONS):
        text = flat(printer.expr(cast(t.Expr, node)))
    elif isinstance(node, _TYPES):
        text = flat(printer.type(cast(t.TypeExpr, node)))
    return " ".join((node.span.text if text is None else text).split())
