"""An axis of an audit by another name: the edits of its `each` and of everything that speaks of it.

Expects a name that an `each` binds. Ensures that the edits leave nothing that means the old name, or that there are
none: where the new name is taken, or the old one may be a level where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types import kinds as k
from cyclspec.language.types.scope import Scope


def renamed_axis(scope: Scope, axis: t.Ident, new: str) -> tuple[Edit, ...]:
    """The edits that call an axis `new` in its whole audit."""
    audit = next((decl for decl in scope.module.tree.decls if _holds(decl.span, axis.span)), None)
    if not isinstance(audit, t.Audit) or any(_uses(audit, new)):
        return ()
    if any(vocabulary.level(axis.name) is not None for vocabulary in _vocabularies(scope)):
        return ()
    places = {(span.start, span.end): span for span in _uses(audit, axis.name)}
    return tuple(Edit(places[place], new) for place in sorted(places))


def _vocabularies(scope: Scope) -> Iterator[k.Vocabulary]:
    """Whatever has levels that an audit may name."""
    yield from scope.ctx.vocabularies.values()
    kinds = (column.kind for table in scope.ctx.tables.values() for column in table.columns)
    yield from (kind.vocabulary for kind in kinds if isinstance(kind, k.Of))


def _holds(outer: Span, inner: Span) -> bool:
    return outer.source == inner.source and outer.start <= inner.start and inner.end <= outer.end


def _uses(audit: t.Audit, name: str) -> Iterator[Span]:
    """Where an audit names an axis, or anything else that stands alone."""
    for node in walk(audit.statements):
        match node:
            case t.Name():
                names: tuple[t.Name | t.Ident, ...] = (node,)
            case t.Each(names=idents):
                names = idents
            case t.Measure(name=ident, by=by):
                names = (ident, *by)
            case t.Reduce(axes=axes, by=by):
                names = (*axes, *by)
            case t.Select(axis=ident):
                names = (ident,)
            case t.Ask(name=ident) | t.Let(name=ident) | t.Check(name=ident):
                names = (ident,)
            case _:
                continue
        yield from (one.span for one in names if one.name == name)
