"""The terms that a term is made of, and a term with others in their places.

Expects terms of bounded depth. Ensures the order of writing, and that the body of a metric, which names formals,
stays aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

from cyclspec.language.types import terms as h


def subterms(term: h.Term) -> Iterator[h.Term]:
    """A term and every term in it. The body of a metric is not among them: it names formals."""
    yield term
    for part in inner_terms(term):
        yield from subterms(part)


def inner_terms(term: h.Term) -> Iterator[h.Term]:
    """The terms that a term is made of, without theirs. The body of a metric is not among them."""
    for name in type(term).__dataclass_fields__:
        if name not in ("type", "span", "body"):
            yield from _inside(getattr(term, name))


def _inside(value: object) -> Iterator[h.Term]:
    if isinstance(value, h.Base):
        yield cast(h.Term, value)
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
