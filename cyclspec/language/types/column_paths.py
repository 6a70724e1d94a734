"""Columns of a table where a source names them: `weight`, `person.weight`, `survey.people.weight`.

Expects a table. Ensures that a path leads to a column of that very table, of the kind that is wanted.
"""

from __future__ import annotations

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types.scope import Scope, dotted_parts


def column_named(scope: Scope, table: str, what: str, kind: type[k.Kind], node: t.Expr) -> str | None:
    """A column by its name or its path, or None after reporting; `what` says what it is for."""
    parts = dotted_parts(node) or (node.span.text,)
    columns = scope.ctx.tables[table].columns
    fitting = [column.name for column in columns if isinstance(column.kind, kind)]
    if parts[-1] in fitting and (len(parts) == 1 or _owner(scope, table, parts[:-1])):
        return parts[-1]
    known = scope.ctx.tables[table].column(parts[-1])
    if known is not None and parts[-1] not in fitting:
        expected = "a column of levels" if kind is k.Of else "a column of numbers"
        found = k.kind_text(known.kind)
        scope.report(WrongType(span=node.span, what=f"this {what}", expected=expected, found=found))
        return None
    helps = did_you_mean(parts[-1], fitting)
    scope.report(
        UnknownName(span=node.span, what="column", name=node.span.text, where=f" in `{table}`", helps=helps)
    )
    return None


def _owner(scope: Scope, table: str, parts: tuple[str, ...]) -> bool:
    """Whether a path is the table or its key: `survey.people`, `person`."""
    keys = [column.name for column in scope.ctx.tables[table].columns if isinstance(column.kind, k.Key)]
    return list(parts) == keys or ".".join(parts[-2:]) == table
