"""Pass 3: corpora, their tables and columns.

Expects vocabularies and parameters. Ensures that every table says where its rows are and in what format, that
columns have distinct names and checked types, and that references name tables of the program.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.diagnostics.cy09_sharing import LeadsOutOfPack
from cyclspec.language.names.lock import FilePin, Locked, key_in
from cyclspec.language.names.modules import Module, declared_twice, twice
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context
from cyclspec.language.types.declared import TypeReader, list_bounds
from cyclspec.language.types.expressions import truth_of
from cyclspec.language.types.fields import read_fields
from cyclspec.language.types.roles import ROLES, roles_of
from cyclspec.language.types.scope import Scope, failed, key_of
from cyclspec.language.types.vocabularies import check_name, number_of

FORMATS = ("parquet", "csv", "json", "jsonl", "arrow")
_TABLE_FIELDS = ("source", "hash", "tolerance", *ROLES)
_CORPUS_FIELDS = ("title", "release", "licence", "citation", "note")
DEFAULT_TOLERANCE = 0.005


def elaborate_tables(ctx: Context) -> None:
    """Fills `ctx.tables`: tables with a scale or key first, so that others can refer to them."""
    seen: dict[str, Module] = {}
    for module, decl in ctx.declarations(t.Corpus):
        assert isinstance(decl, t.Corpus)
        check_name(ctx, decl.name)
        if decl.name.name in seen:
            ctx.report(declared_twice(decl.name, "corpus", module, seen[decl.name.name]))
            continue
        seen[decl.name.name] = module
        read_fields(ctx, decl.fields, _CORPUS_FIELDS, where="corpus")
        _corpus(ctx, module, decl)


def _in_order(corpus: t.Corpus) -> Iterator[t.Table]:
    """Tables that others refer to come first."""

    def depends(table: t.Table) -> bool:
        return any(isinstance(c.type, t.NamedType) and c.type.dotted == "ref" for c in table.columns)

    yield from sorted(corpus.tables, key=depends)


def _corpus(ctx: Context, module: Module, corpus: t.Corpus) -> None:
    names: dict[str, t.Ident] = {}
    for table in corpus.tables:
        first = names.setdefault(table.name.name, table.name)
        if first is not table.name:
            ctx.report(twice(table.name, first, "corpus"))
    for table in _in_order(corpus):
        _table(ctx, module, corpus, table)


def _table(ctx: Context, module: Module, corpus: t.Corpus, table: t.Table) -> None:
    name = f"{corpus.name.name}.{table.name.name}"
    fields = read_fields(
        ctx, table.fields, _TABLE_FIELDS, where="table", required=("source",), at=table.name.span
    )
    source = fields.get("source")
    format_, path = _source(ctx, source.value) if source else ("", "")
    columns = _columns(ctx, module, name, table)
    roles = roles_of(ctx, name, columns, fields)
    if source is not None and path:
        _check_sealed(ctx, module, source.value, path)
    ctx.tables[name] = d.TypedTable(
        name=name,
        columns=columns,
        format=format_,
        path=path,
        folder=str(module.folder),
        hash=_hash(ctx, fields.get("hash")),
        tolerance=_tolerance(ctx, fields.get("tolerance")),
        span=table.name.span,
        weight=roles.weight,
        strata=roles.strata,
        cluster=roles.cluster,
        locked=_locked(ctx, module, path) if path else None,
        elsewhere=_elsewhere(ctx, module, path),
    )


def _check_sealed(ctx: Context, module: Module, source: t.Expr, path: str) -> None:
    """Whoever runs a pack gives it no other file to read than its own."""
    sealed = ctx.program.sealed
    if sealed is not None and not _lexical(module, path).is_relative_to(sealed.folder):
        ctx.report(LeadsOutOfPack(span=source.span, path=path))


def _elsewhere(ctx: Context, module: Module, path: str) -> tuple[str, ...]:
    sealed = ctx.program.sealed
    return () if sealed is None else sealed.elsewhere.get(_lexical(module, path), ())


def _lexical(module: Module, path: str) -> Path:
    """A path from a module's folder, without looking at any file: `..` takes back what stands before it."""
    return Path(os.path.normpath(module.folder / path))


def _locked(ctx: Context, module: Module, path: str) -> Locked[FilePin] | None:
    """What the lock has of a table's file."""
    key = key_in(ctx.program.root, module.folder / path)
    pin = ctx.program.lock.data.get(key)
    return None if pin is None else Locked(pin, ctx.program.accepting(key))


def _source(ctx: Context, expr: t.Expr) -> tuple[str, str]:
    match expr:
        case t.Call(fn=t.Name(name=format_), args=(t.Argument(name=None, value=t.TextValue(value=path)),)):
            if format_ in FORMATS:
                return format_, path
            helps = did_you_mean(format_, FORMATS)
            ctx.report(UnknownName(span=expr.fn.span, what="file format", name=format_, helps=helps))
            return "", path
    expected = 'parquet("items.parquet")'
    ctx.report(WrongType(span=expr.span, what="`source`", expected=expected, found=expr.span.text))
    return "", ""


def _hash(ctx: Context, field: t.Field | None) -> str | None:
    if field is None:
        return None
    if isinstance(field.value, t.HashValue):
        return field.value.value
    found = field.value.span.text
    ctx.report(WrongType(span=field.value.span, what="`hash`", expected="sha256:...", found=found))
    return None


def _tolerance(ctx: Context, field: t.Field | None) -> float:
    """How far from one a distribution may sum and still be taken as rounded."""
    if field is None:
        return DEFAULT_TOLERANCE
    number = number_of(field.value)
    if number is None or not 0 <= number <= 0.1:
        ctx.report(
            OutsideRange(span=field.value.span, what=field.value.span.text, condition="tolerance in 0%..10%")
        )
        return DEFAULT_TOLERANCE
    return float(number)


def _columns(ctx: Context, module: Module, table: str, node: t.Table) -> tuple[d.TypedColumn, ...]:
    local: dict[str, k.Kind] = {}
    idents: dict[str, t.Ident] = {}
    for column in sorted(node.columns, key=_dependence):
        reader = TypeReader(ctx, module, local, column.name.name, table)
        local[column.name.name] = list_bounds(reader.read(column.type), column.where)
    made: list[d.TypedColumn] = []
    for column in node.columns:
        first = idents.setdefault(column.name.name, column.name)
        if first is not column.name:
            ctx.report(twice(column.name, first, "table"))
            continue
        made.append(_column(ctx, module, column, local))
    return tuple(made)


def _dependence(column: t.Column) -> int:
    """Keys and references first, what is over an item's scale last."""
    word = column.type.dotted if isinstance(column.type, t.NamedType) else ""
    return {"key": 0, "ref": 0, "choice": 2, "dist": 2, "order": 2}.get(word, 1)


def _column(ctx: Context, module: Module, column: t.Column, local: dict[str, k.Kind]) -> d.TypedColumn:
    kind = local[column.name.name]
    optional = isinstance(column.type, t.NamedType) and column.type.optional
    if isinstance(kind, k.Ref) and not key_of(ctx, kind.table):
        helps = did_you_mean(kind.table, [name for name in ctx.tables if key_of(ctx, name)])
        ctx.report(UnknownName(span=column.type.span, what="table with a key", name=kind.table, helps=helps))
    return d.TypedColumn(
        name=column.name.name,
        kind=kind,
        optional=optional,
        check=_condition(ctx, module, column, local),
        declared=column.span.text.rstrip(", \n"),
        span=column.name.span,
    )


def _condition(ctx: Context, module: Module, column: t.Column, local: dict[str, k.Kind]) -> h.Term | None:
    """The `where` of a column, over the other columns of its row."""
    if column.where is None:
        return None
    columns = {
        name: h.FormalTerm(type=k.Type(kind, phase=k.Phase.DATA), span=column.span, name=name)
        for name, kind in local.items()
    }
    term = truth_of(Scope(ctx, module, columns), column.where)
    return None if failed(term) else term
