"""Recorded answers: the column that holds them, what it makes of a prompt's answer, and how its rows are told apart.

Expects tables that are declared. Ensures that every axis of a recorded ask is a column of its table and every axis of
the table one of the ask, so that each row has one cell, found by level and never by place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisAbsent
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.arguments import bind
from cyclspec.language.types.scope import Scope, failed

Tables = Mapping[str, d.TypedTable]


def recorded_reader(scope: Scope, node: t.Expr) -> d.Reader | None:
    """`recorded(survey.published.value, reason = survey.published.why)`: columns of one table."""
    args = bind(scope, node, ("column", "reason"), required=("column",), by_position=1)
    if args is None:
        return None
    column = _column(scope, args["column"].value)
    if column is None:
        return None
    if "reason" not in args:
        return d.Recorded(table=column.table, column=column.column)
    at = args["reason"].value
    reason = _column(scope, at)
    if reason is None:
        return None
    if reason.table != column.table:
        names = [c.name for c in scope.ctx.tables[column.table].columns if _says_why(c.kind)]
        helps, where = did_you_mean(reason.column, names), f" in `{column.table}`"
        scope.report(UnknownName(span=at.span, what="column", name=reason.column, where=where, helps=helps))
        return None
    if not _says_why(reason.type.kind):
        found = k.kind_text(reason.type.kind)
        scope.report(
            WrongType(span=at.span, what="`reason`", expected="a column of texts or levels", found=found)
        )
        return None
    return d.Recorded(table=column.table, column=column.column, reason=reason.column)


def _column(scope: Scope, node: t.Expr) -> h.ColumnTerm | None:
    term = scope.infer(node)
    if failed(term) or isinstance(term, h.ColumnTerm):
        return term if isinstance(term, h.ColumnTerm) else None
    found = k.kind_text(term.type.kind)
    scope.report(
        WrongType(span=node.span, what="what is recorded", expected="a column of a table", found=found)
    )
    return None


def _says_why(kind: k.Kind) -> bool:
    return kind == k.Text() or isinstance(kind, k.Of)


def column_answer(column: d.TypedColumn, asked: k.Kind) -> tuple[k.Kind, bool] | None:
    """The kind of an answer that a column gives to a prompt, and whether it can be missing; None where it does not."""
    match column.kind, asked:
        case ((k.Choice(given) | k.Dist(given)), k.Choice(scale)) if given == scale:
            return column.kind, column.optional
        case ((k.Counts(given) | k.LogProbs(given)), k.Choice(scale)) if given == scale:
            return k.Dist(scale), column.optional
        case k.Of(given), k.Choice(scale) if given == scale:
            return asked, column.optional
        case k.Picks(given, _, _), k.Picks(scale, _, _) if given == scale:
            return column.kind, column.optional
        case k.Text(), k.Choice():
            return asked, True
        case k.Text(), k.Text():
            return column.kind, column.optional
    return None


def has_mass(tables: Tables, reader: d.Reader) -> bool:
    """Whether an answer says how much of the whole vocabulary is on its options."""
    if not isinstance(reader, d.Recorded):
        return True
    column = tables[reader.table].column(reader.column)
    return column is not None and isinstance(column.kind, k.LogProbs)


def axis_column(tables: Tables, table: str, axis: str) -> d.TypedColumn | None:
    """The column that holds the levels of an axis: a reference to its rows, the key itself, or one of its name."""
    columns = tables[table].columns
    rows = [column for column in columns if _spans(tables, column, axis)]
    named = tables[table].column(axis)
    if rows:
        return named if named in rows else rows[0]
    return named if named is not None and _tells_levels(named.kind) else None


def _spans(tables: Tables, column: d.TypedColumn, axis: str) -> bool:
    match column.kind:
        case k.Key(axis=own):
            return own == axis
        case k.Ref(of) if of in tables:
            return any(isinstance(c.kind, k.Key) and c.kind.axis == axis for c in tables[of].columns)
    return False


def _tells_levels(kind: k.Kind) -> bool:
    return kind == k.Text() or isinstance(kind, k.Of | k.Lang | k.Number)


def _table_axes(tables: Tables, table: str) -> list[str]:
    """The axes that the rows of a table certainly have: those of its references and of its columns of axis levels."""
    found: list[str] = []
    for column in tables[table].columns:
        match column.kind:
            case k.Ref(of) if of in tables:
                found += [c.kind.axis for c in tables[of].columns if isinstance(c.kind, k.Key)]
            case k.Of(vocabulary) if vocabulary.is_axis:
                found.append(column.name)
    return found


def covers(scope: Scope, reader: d.Reader, axes: frozenset[str], field: t.Field) -> bool:
    """Whether a recorded ask and its table have the same axes, with the same levels; reports where they have not."""
    if not isinstance(reader, d.Recorded):
        return True
    tables, table = scope.ctx.tables, scope.ctx.tables[reader.table]
    indexed = _table_axes(tables, reader.table)
    for axis in indexed:
        if axis not in axes:
            also = (Label(table.span, f"`{table.name}` is indexed by {', '.join(indexed)}"),)
            helps = (f"add `{axis}` to `per`, or pass it to the prompt",)
            scope.report(AxisAbsent(span=field.value.span, axis=axis, also=also, helps=helps))
            return False
    return all(_has_column(scope, reader, axis, field) for axis in sorted(axes))


def _has_column(scope: Scope, reader: d.Recorded, axis: str, field: t.Field) -> bool:
    tables = scope.ctx.tables
    column = axis_column(tables, reader.table, axis)
    kind = scope.locals[axis].type.kind
    if column is None or column.name == reader.column:
        also = (Label(tables[reader.table].span, f"no column of `{reader.table}` tells its levels apart"),)
        helps = (f"add a column `{axis}` to the table, or leave the axis out of the ask",)
        scope.report(AxisAbsent(span=field.value.span, axis=axis, also=also, helps=helps))
        return False
    declared = isinstance(column.kind, k.Of) and column.kind.vocabulary.is_axis
    other_rows = isinstance(column.kind, k.Ref) and k.Row(column.kind.table) != kind
    if (declared and column.kind != kind) or other_rows:
        what, expected, found = f"axis `{axis}`", k.kind_text(column.kind), k.kind_text(kind)
        scope.report(WrongType(span=field.value.span, what=what, expected=expected, found=found))
        return False
    return True
