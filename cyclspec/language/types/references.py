"""What an expression names, and what a term is made of.

Expects trees of bounded depth. Ensures the order of writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types import terms as h


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


def rewritten(term: h.Term, change: Callable[[h.Term], h.Term | None]) -> h.Term:
    """A term with what `change` gives in the place of every term that it gives something for, the outermost first.

    The body of a metric stays as it is: it names formals.
    """
    changed = change(term)
    if changed is not None:
        return changed
    made: dict[str, Any] = {}
    for name in type(term).__dataclass_fields__:
        if name not in ("type", "span", "body"):
            before = getattr(term, name)
            after = _rewritten_inside(before, change)
            if after is not before:
                made[name] = after
    return replace(term, **made) if made else term


def _rewritten_inside(value: Any, change: Callable[[h.Term], h.Term | None]) -> Any:
    if isinstance(value, h.Base):
        return rewritten(cast(h.Term, value), change)
    if isinstance(value, tuple):
        items = tuple(_rewritten_inside(item, change) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value
