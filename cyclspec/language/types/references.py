"""What an expression names.

Expects trees of bounded depth. Ensures the order of writing.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk


def value_names(expr: t.Expr) -> Iterator[t.Name]:
    """The names of an expression that stand for values, not for functions or reducers."""
    nodes = list(walk(expr))
    functions = {id(node.fn) for node in nodes if isinstance(node, t.Call)}
    functions |= {id(node.reducer) for node in nodes if isinstance(node, t.Reduce)}
    yield from (node for node in nodes if isinstance(node, t.Name) and id(node) not in functions)
