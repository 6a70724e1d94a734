"""The columns of tables: their kinds in the order of their use, and then their conditions.

Expects tables without columns in `ctx.tables`. Ensures that a column is read after those whose scale or type it takes,
whatever table or corpus they stand in; that columns have distinct names, that a table has one key, and that references
name tables of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import Duplicate, UnknownName
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.modules import Module
from cyclspec.language.names.order import in_order
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.declared import TYPE_NAMES, Spelled, TypeReader, list_bounds, spelling
from cyclspec.language.types.expressions import truth_of
from cyclspec.language.types.scope import Scope, failed, key_of

_OVER_A_SCALE = ("choice", "counts", "dist", "logprobs", "order", "picks")
Place = tuple[str, str]
"""A table and a column of it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is written: its name in the program, its columns by name, and those of them that are keys."""

    module: Module
    name: str
    columns: Mapping[str, t.Column]
    keys: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        keys = tuple(name for name, column in self.columns.items() if _is_key(column))
        object.__setattr__(self, "keys", keys)


def read_columns(ctx: Context, tables: Mapping[str, Table]) -> None:
    """Gives every table of `ctx.tables` its columns, as yet without conditions."""
    kinds: dict[str, dict[str, k.Kind]] = {name: {} for name in tables}

    def uses(place: Place) -> Iterator[tuple[Place, t.Column]]:
        return _uses(ctx, tables, kinds, place)

    def recursive(user: Place, used: Place, column: t.Column) -> None:
        name = f"{used[0]}.{used[1]}"
        ctx.report(Recursion(span=column.type.span, name=name, user=".".join(user)))
        _show(ctx, tables[user[0]], user[1], kinds[user[0]], k.Unknown())

    places = [(table.name, column) for table in tables.values() for column in table.columns]
    for name, column in in_order(places, uses, recursive):
        _read(ctx, tables[name], column, kinds[name])
    for table in tables.values():
        _finish(ctx, table, kinds[table.name])


def _uses(
    ctx: Context, tables: Mapping[str, Table], kinds: Mapping[str, Mapping[str, k.Kind]], place: Place
) -> Iterator[tuple[Place, t.Column]]:
    """The columns whose kind a column takes, or takes a part of.

    What a path through a reference leads to is known as soon as the reference is read, which is before this goes on.
    """
    table = tables[place[0]]
    column = table.columns[place[1]]
    if isinstance(column.type, t.NamedType) and column.type.dotted == "scale":
        yield from (((table.name, name), column) for name in table.keys)
    for scale in _scales(table, column):
        yield (table.name, scale[0]), column
        used = _through(kinds[table.name].get(scale[0]), scale)
        if _is_there(used, tables):
            yield used, column
    for path in _types(table, column):
        used = _of_a_corpus(ctx.resolve_dotted(table.module, path))
        if _is_there(used, tables):
            yield used, column


def _is_there(place: Place | None, tables: Mapping[str, Table]) -> TypeGuard[Place]:
    return place is not None and place[0] in tables and place[1] in tables[place[0]].columns


def _is_key(column: t.Column) -> bool:
    return isinstance(column.type, t.NamedType) and column.type.dotted == "key"


def _through(kind: k.Kind | None, path: tuple[str, ...]) -> Place | None:
    """The column that a path leads to through a reference."""
    return (kind.table, path[1]) if isinstance(kind, k.Row | k.Ref) and len(path) == 2 else None


def _of_a_corpus(found: tuple[Symbol, t.Decl, tuple[str, ...]] | None) -> Place | None:
    """The column that a path from the top of a module leads to."""
    match found:
        case (_, t.Corpus(name=name), (table, column)):
            return f"{name}.{table}", column
    return None


def _spelled(node: t.TypeExpr | t.Expr) -> Iterator[tuple[str, Spelled]]:
    """A type and the types in it, each with the builtin word in front of it."""
    if isinstance(node, t.RecordType):
        for column in node.columns:
            yield from _spelled(column.type)
        return
    found = spelling(node)
    while found is not None:
        word = found.parts[0] if len(found.parts) == 1 else ""
        yield word, found
        inside = word in (*_OVER_A_SCALE, "list") and found.args
        found = spelling(found.args[0].value) if inside else None


def _scales(table: Table, column: t.Column) -> Iterator[tuple[str, ...]]:
    """The scales in a type that are columns of the same row, or of a row that one of them refers to.

    A column may have the name of the scale or axis that it takes: its own name is not meant.
    """
    for word, found in _spelled(column.type):
        inner = spelling(found.args[0].value) if word in _OVER_A_SCALE and found.args else None
        if inner is not None and inner.parts[0] in table.columns and inner.parts[0] != column.name.name:
            yield inner.parts


def _types(table: Table, column: t.Column) -> Iterator[tuple[str, ...]]:
    """The types in a type that are declared somewhere, by their path."""
    inside = set(_scales(table, column))
    spelled = _spelled(column.type)
    return (found.parts for word, found in spelled if word not in TYPE_NAMES and found.parts not in inside)


def _read(ctx: Context, table: Table, name: str, kinds: dict[str, k.Kind]) -> None:
    column = table.columns[name]
    reader = TypeReader(ctx, table.module, kinds, name, table.name)
    _show(ctx, table, name, kinds, list_bounds(reader.read(column.type), column.where))


def _show(ctx: Context, table: Table, name: str, kinds: dict[str, k.Kind], kind: k.Kind) -> None:
    """Shows the kind of a column to the columns that take it."""
    kinds[name] = kind
    typed = ctx.tables[table.name]
    ctx.tables[table.name] = replace(typed, columns=(*typed.columns, _typed(table.columns[name], kind)))


def _typed(column: t.Column, kind: k.Kind) -> d.TypedColumn:
    return d.TypedColumn(
        name=column.name.name,
        kind=kind,
        optional=isinstance(column.type, t.NamedType) and column.type.optional,
        check=None,
        declared=_declared(column),
        span=column.name.span,
    )


def _declared(column: t.Column) -> str:
    """The type of a column and its condition as they are written."""
    text = column.span.source.text[column.type.span.start : column.span.end]
    return " ".join(text.split()).rstrip(",")


def _finish(ctx: Context, table: Table, kinds: Mapping[str, k.Kind]) -> None:
    """Puts the columns of a table in their order, with one key and with references that lead somewhere."""
    columns = tuple(_typed(column, kinds[name]) for name, column in table.columns.items())
    ctx.tables[table.name] = replace(ctx.tables[table.name], columns=columns)
    for again in table.keys[1:]:
        also = (Label(table.columns[table.keys[0]].type.span, "first given here"),)
        ctx.report(Duplicate(span=table.columns[again].type.span, name="key", where="table", also=also))


def check_references(ctx: Context, table: Table) -> None:
    """Reports the references of a table to tables that are not there, or have no key."""
    for typed in ctx.tables[table.name].columns:
        if not isinstance(typed.kind, k.Ref) or key_of(ctx, typed.kind.table):
            continue
        name, span = typed.kind.table, table.columns[typed.name].type.span
        helps = did_you_mean(name, [other for other in ctx.tables if key_of(ctx, other)])
        ctx.report(UnknownName(span=span, what="table with a key", name=name, helps=helps))


def check_conditions(ctx: Context, module: Module, table: t.Table, name: str) -> None:
    """Adds the `where` of each column, over the other columns of its row, which may name parameters."""
    typed = ctx.tables[name]
    columns = {
        column.name: h.FormalTerm(
            type=k.Type(column.kind, phase=k.Phase.DATA), span=column.span, name=column.name
        )
        for column in typed.columns
    }
    wheres = {column.name.name: column.where for column in reversed(table.columns)}
    checked = tuple(
        replace(column, check=_condition(Scope(ctx, module, columns), wheres[column.name]))
        for column in typed.columns
    )
    ctx.tables[name] = replace(typed, columns=checked)


def _condition(scope: Scope, where: t.Expr | None) -> h.Term | None:
    if where is None:
        return None
    term = truth_of(scope, where)
    return None if failed(term) else term
