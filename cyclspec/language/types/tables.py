"""Pass 2: corpora and their tables; pass 4: the conditions of their columns.

Expects vocabularies. Ensures that every table says where its rows are and in what format, and that the order in which
tables and columns are written carries no meaning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy00_syntax import ValueSignMissing
from cyclspec.language.diagnostics.cy01_names import NothingInIt, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.diagnostics.cy09_sharing import LeadsOutOfPack
from cyclspec.language.diagnostics.mend import write
from cyclspec.language.names.lock import FilePin, Locked, key_in
from cyclspec.language.names.modules import Module, declared_twice
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import typed as d
from cyclspec.language.types.columns import Table, check_conditions, check_references, read_columns
from cyclspec.language.types.context import Context
from cyclspec.language.types.fields import distinct, read_fields
from cyclspec.language.types.meant import file_meant
from cyclspec.language.types.roles import ROLES, roles_of
from cyclspec.language.types.vocabularies import check_name, number_of

FORMATS = ("parquet", "csv", "json", "jsonl", "arrow")
_TABLE_FIELDS = ("source", "hash", "tolerance", *ROLES)
_CORPUS_FIELDS = ("title", "release", "licence", "citation", "note")
DEFAULT_TOLERANCE = 0.005


def elaborate_tables(ctx: Context) -> None:
    """Fills `ctx.tables`, without the conditions of columns: those may name parameters."""
    tables: dict[str, Table] = {}
    fields: dict[str, Mapping[str, t.Field]] = {}
    seen: dict[str, Module] = {}
    for module, decl in ctx.declarations(t.Corpus):
        assert isinstance(decl, t.Corpus)
        check_name(ctx, decl.name)
        if decl.name.name in seen:
            ctx.report(declared_twice(decl.name, "corpus", module, seen[decl.name.name]))
            continue
        seen[decl.name.name] = module
        read_fields(ctx, decl.fields, _CORPUS_FIELDS, where="corpus")
        _something_in(ctx, decl, decl.tables, "tables", 'table items { source = csv("items.csv") }')
        for name, table in distinct(ctx, decl.tables, "corpus").items():
            unknown = [field for field in table.fields if field.name.name not in _TABLE_FIELDS]
            _something_in(ctx, table, (*table.columns, *unknown), "columns", "item : key")
            full = f"{decl.name.name}.{name}"
            fields[full] = _open(ctx, module, full, table)
            columns = (column for column in table.columns if not _is_field(column))
            tables[full] = Table(module, full, distinct(ctx, columns, "table"))
    read_columns(ctx, tables)
    for name, opened in tables.items():
        check_references(ctx, opened)
        _give_roles(ctx, name, fields[name])


def _give_roles(ctx: Context, name: str, fields: Mapping[str, t.Field]) -> None:
    table = ctx.tables[name]
    roles = roles_of(ctx, name, table.columns, fields)
    ctx.tables[name] = replace(table, weight=roles.weight, strata=roles.strata, cluster=roles.cluster)


def _something_in(
    ctx: Context, node: t.Corpus | t.Table, inside: Sequence[t.Node], parts: str, example: str
) -> None:
    if not inside:
        helps = (f"add one: `{example}`",)
        ctx.report(
            NothingInIt(span=node.name.span, what=node.kind, name=node.name.name, parts=parts, helps=helps)
        )


def elaborate_conditions(ctx: Context) -> None:
    """Adds the conditions of columns to `ctx.tables`; parameters have their values by now."""
    for module, decl in ctx.declarations(t.Corpus):
        assert isinstance(decl, t.Corpus)
        for table in decl.tables:
            name = f"{decl.name.name}.{table.name.name}"
            if name in ctx.tables and ctx.tables[name].span is table.name.span:
                check_conditions(ctx, module, table, name)


def _open(ctx: Context, module: Module, name: str, table: t.Table) -> Mapping[str, t.Field]:
    """A table as yet without columns; returns its fields."""
    wrong = [column for column in table.columns if _is_field(column)]
    for column in wrong:
        ctx.report(_no_column(column))
    wanted = () if wrong else ("source",)
    fields = read_fields(ctx, table.fields, _TABLE_FIELDS, where="table", required=wanted, at=table.name.span)
    source = fields.get("source")
    format_, path = _source(ctx, source.value) if source else ("", "")
    if source is not None and path:
        _check_sealed(ctx, module, source.value, path)
    ctx.tables[name] = d.TypedTable(
        name=name,
        columns=(),
        format=format_,
        path=path,
        folder=str(module.folder),
        hash=_hash(ctx, fields.get("hash")),
        tolerance=_tolerance(ctx, fields.get("tolerance")),
        span=table.name.span,
        locked=_locked(ctx, module, path) if path else None,
        elsewhere=_elsewhere(ctx, module, path),
    )
    return fields


def _is_field(column: t.Column) -> bool:
    """Whether a column is the file of the table behind a colon: `source: csv("items.csv")`."""
    return (
        column.name.name == "source"
        and isinstance(column.type, t.NamedType)
        and column.type.dotted in FORMATS
    )


def _no_column(column: t.Column) -> Diagnostic:
    colon = column.name.span.source.text.index(":", column.name.span.end)
    span = Span(column.name.span.source, colon, colon + 1)
    shown = f"{column.name.name} = {column.type.span.text}"
    return ValueSignMissing(span=span, **write(span, " =", shown)._asdict())


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
    expected, mend = 'parquet("items.parquet")', file_meant(expr)
    found = expr.span.text
    ctx.report(WrongType(span=expr.span, what="`source`", expected=expected, found=found, **mend._asdict()))
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
