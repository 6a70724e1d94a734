"""What an expression names, and what a term is made of.

Expects trees of bounded depth. Ensures the order of writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cyclspec.language.syntax import tree as t
from cyclspec.language.types import terms as h
from cyclspec.language.types.metrics import walk


def value_names(expr: t.Expr) -> Iterator[t.Name]:
    """The names of an expression that stand for values, not for functions or reducers."""
    nodes = list(walk(expr))
    functions = {id(node.fn) for node in nodes if isinstance(node, t.Call)}
    functions |= {id(node.reducer) for node in nodes if isinstance(node, t.Reduce)}
    yield from (node for node in nodes if isinstance(node, t.Name) and id(node) not in functions)


def subterms(term: h.Term) -> Iterator[h.Term]:
    """A term and every term in it. The body of a metric is not among them: it names formals."""
    yield term
    for name in type(term).__dataclass_fields__:
        if name not in ("type", "span", "body"):
            yield from _inside(getattr(term, name))


def _inside(value: object) -> Iterator[h.Term]:
    if isinstance(value, h.Base):
        yield from subterms(cast(h.Term, value))
    elif isinstance(value, tuple):
        for item in value:
            yield from _inside(item)
