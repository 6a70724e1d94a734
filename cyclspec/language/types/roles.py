"""What columns of a table are to its people: their weight, the stratum and the cluster that they were drawn in.

Expects a table whose columns are typed. Ensures that a role names a column of that table whose type fits, and
that only a table with a key has roles: its rows are the people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cyclspec.language.diagnostics.cy01_names import UnknownField, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context

ROLES = ("weight", "strata", "cluster")
_HOLDS = {
    "weight": "a column of numbers",
    "strata": "a column of words, whole numbers or references",
    "cluster": "a column of words, whole numbers or references",
}


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns with a role, by name; None where the table gives none."""

    weight: str | None = None
    strata: str | None = None
    cluster: str | None = None


def roles_of(
    ctx: Context, table: str, columns: Sequence[d.TypedColumn], fields: Mapping[str, t.Field]
) -> Roles:
    """The roles that a table gives its columns; a role that does not fit is reported and left out."""
    given = {role: fields[role] for role in ROLES if role in fields}
    if not any(isinstance(column.kind, k.Key) for column in columns):
        for role, field in given.items():
            ctx.report(_without_key(table, role, field))
        return Roles()
    return Roles(**{role: _column(ctx, table, columns, role, field) for role, field in given.items()})


def _without_key(table: str, role: str, field: t.Field) -> UnknownField:
    notes = (f"`{role}` says what a column is to people, and people are the rows of a table with a key",)
    helps = (f"write it in the table that `{table}` refers to, or declare a column `key`",)
    return UnknownField(
        span=field.name.span, name=role, where="a table without a key", notes=notes, helps=helps
    )


def _column(
    ctx: Context, table: str, columns: Sequence[d.TypedColumn], role: str, field: t.Field
) -> str | None:
    fitting = [column.name for column in columns if _fits(role, column.kind)]
    span, text = field.value.span, field.value.span.text
    if not isinstance(field.value, t.Name):
        ctx.report(WrongType(span=span, what=f"`{role}`", expected="the name of a column", found=text))
        return None
    found = next((column for column in columns if column.name == text), None)
    if found is None:
        where, helps = f" in `{table}`", did_you_mean(text, fitting)
        ctx.report(UnknownName(span=span, what="column", name=text, where=where, helps=helps))
        return None
    if _fits(role, found.kind):
        return found.name
    if not isinstance(found.kind, k.Unknown):
        helps = did_you_mean(text, fitting)
        kind = k.kind_text(found.kind)
        ctx.report(WrongType(span=span, what=f"`{role}`", expected=_HOLDS[role], found=kind, helps=helps))
    return None


def is_design_column(kind: k.Kind) -> bool:
    """Whether a column can say which stratum or cluster a row is in."""
    return _fits("cluster", kind)


def _fits(role: str, kind: k.Kind) -> bool:
    match kind:
        case k.Number(whole=whole):
            return role == "weight" or whole
        case k.Of() | k.Ref():
            return role != "weight"
    return False
