"""The names that can be used where a cursor stands, found by tokens, so that they are known in broken texts too."""

from __future__ import annotations

from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.scope import Scope
from cyclspec.lsp.scan import Cursor
from cyclspec.lsp.view import View


def scope_at(view: View, previous: View | None, cursor: Cursor) -> Scope:
    """The names of the place: those of the audit, metric, table or parameter that the cursor stands in."""
    tokens = cursor.levels[0]
    heads = [i for i, token in enumerate(tokens[:-1]) if token.text in ("audit", "metric", "corpus")]
    if not heads or (heads[-1] and tokens[heads[-1] - 1].text == "."):
        return Scope(view.context, view.module)
    word, name = tokens[heads[-1]].text, tokens[heads[-1] + 1].text
    if word == "audit":
        return _of_audit(view, previous, name)
    locals_: dict[str, h.Term] = {}
    decl = view.module.decls.get(name)
    if isinstance(decl, t.Metric):
        typed = view.typed.get(id(decl.body))
        if typed is not None:
            return typed.scope.with_locals({"option": _option(decl.body)})
    elif isinstance(decl, t.Corpus) and cursor.blocks[-1:] == ("table",):
        locals_ = _row(view, name, cursor)
    return Scope(view.context, view.module, locals_)


def _option(node: t.Node) -> h.Term:
    type_ = k.Type(k.Number(k.Unit.STEPS), frozenset({"option"}))
    return h.CallTerm(type=type_, span=node.span, function="index", args=())


def _row(view: View, corpus: str, cursor: Cursor) -> dict[str, h.Term]:
    """The columns of the table that is being written."""
    tokens = cursor.levels[1] if len(cursor.levels) > 1 else ()
    names = [tokens[i + 1].text for i, token in enumerate(tokens[:-1]) if token.text == "table"]
    table = view.context.tables.get(f"{corpus}.{names[-1]}") if names else None
    return {
        column.name: h.FormalTerm(
            type=k.Type(column.kind, phase=k.Phase.DATA), span=column.span, name=column.name
        )
        for column in (table.columns if table is not None else ())
    }


def _of_audit(view: View, previous: View | None, name: str) -> Scope:
    """The names of an audit, with those that the last view knew and this one lost."""
    now = view.scopes.get(name) or Scope(view.context, view.module)
    before = previous.scopes.get(name) if previous is not None else None
    return now if before is None else now.with_locals({**before.locals, **now.locals})


def rows_of(view: View, scope: Scope) -> dict[str, h.Term]:
    """The names of rows that can be reduced beside the names of an audit: `person` in `over person`."""
    rows: dict[str, h.Term] = {}
    for name, table in view.context.tables.items():
        for column in table.columns:
            if isinstance(column.kind, k.Key) and column.kind.axis not in scope.locals:
                type_ = k.Type(k.Row(name), frozenset({column.kind.axis}), k.Phase.DATA)
                rows[column.kind.axis] = h.AxisTerm(type=type_, span=column.span, axis=column.kind.axis)
    return rows
