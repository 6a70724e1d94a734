"""What a prompt asks a model to write: a choice, picks, a text, or a record of fields with conditions.

Expects the formals of the prompt. Ensures that a field is of a kind that JSON can carry, that its condition needs no
more than the fields of the same record, and that a default is a value the spec itself gives.
"""

from __future__ import annotations

from collections.abc import Mapping

from cyclspec.language.diagnostics.cy01_names import FieldMissing
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.names.modules import Module, twice
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.bounds import within
from cyclspec.language.types.constants import NotConstant, evaluate
from cyclspec.language.types.context import Context
from cyclspec.language.types.declared import TypeReader, list_bounds
from cyclspec.language.types.expressions import infer, truth_of
from cyclspec.language.types.scope import Scope, failed

Checks = tuple[tuple[str, h.Term], ...]
_ASKED = "a choice, picks, a text or a record"


def prompt_result(
    ctx: Context, module: Module, decl: t.Prompt, formals: Mapping[str, k.Kind]
) -> tuple[k.Kind, Checks]:
    """The kind of an answer, and the conditions on the fields of a record."""
    if isinstance(decl.result, t.RecordType):
        return _record(ctx, module, decl, decl.result, formals)
    result = TypeReader(ctx, module, formals, decl.name.name).read(decl.result)
    match result:
        case k.Choice() | k.Picks() | k.Text() | k.Unknown():
            return result, ()
    found = k.kind_text(result)
    helps = (f"write `-> choice({found})`",) if isinstance(result, k.Of) else ()
    what = f"what `{decl.name.name}` asks for"
    ctx.report(WrongType(span=decl.result.span, what=what, expected=_ASKED, found=found, helps=helps))
    return k.Unknown(), ()


def _record(
    ctx: Context, module: Module, decl: t.Prompt, record: t.RecordType, formals: Mapping[str, k.Kind]
) -> tuple[k.Kind, Checks]:
    fields: dict[str, k.Kind] = {}
    idents: dict[str, t.Ident] = {}
    for column in record.columns:
        first = idents.setdefault(column.name.name, column.name)
        if first is not column.name:
            ctx.report(twice(column.name, first, "record"))
            continue
        fields[column.name.name] = _field(ctx, module, column, formals)
    if not fields:
        where, helps = "a record", ("write `record { answer : choice(..) }`",)
        ctx.report(FieldMissing(span=decl.name.span, name="answer", where=where, helps=helps))
        return k.Unknown(), ()
    return k.Record(tuple(fields.items())), _checks(ctx, module, record, fields)


def _field(ctx: Context, module: Module, column: t.Column, formals: Mapping[str, k.Kind]) -> k.Kind:
    kind = list_bounds(TypeReader(ctx, module, formals, column.name.name).read(column.type), column.where)
    if _can_be_written(kind):
        return kind
    what, found = f"field `{column.name.name}` of a record", k.kind_text(kind)
    expected = "a number, a text, a choice, picks, a level, a date, bool or a list of these"
    helps = (f"write `choice({found.removeprefix('scale ')})`",) if isinstance(kind, k.ScaleValue) else ()
    ctx.report(WrongType(span=column.type.span, what=what, expected=expected, found=found, helps=helps))
    return k.Unknown()


def _can_be_written(kind: k.Kind) -> bool:
    """Whether a model can write the value as JSON."""
    match kind:
        case k.ListOf(of):
            return not isinstance(of, k.ListOf) and _can_be_written(of)
        case k.Bool() | k.Number() | k.Text() | k.Date() | k.Choice() | k.Picks() | k.Of() | k.Unknown():
            return True
    return False


def _checks(ctx: Context, module: Module, record: t.RecordType, fields: Mapping[str, k.Kind]) -> Checks:
    """The `where` of each field, over all fields of the record."""
    known = {
        column.name.name: h.FormalTerm(
            type=k.Type(fields[column.name.name], phase=k.Phase.RESPONSE),
            span=column.name.span,
            name=column.name.name,
        )
        for column in record.columns
    }
    scope = Scope(ctx, module, known)
    made: dict[str, h.Term] = {}
    for column in record.columns:
        if column.where is None:
            continue
        term = truth_of(scope, column.where)
        if not failed(term) and term.type.axes:
            found = "data"
            ctx.report(
                WrongType(
                    span=column.where.span, what="this condition", expected="the record alone", found=found
                )
            )
        elif not failed(term):
            made[column.name.name] = term
    return tuple(made.items())


def prompt_defaults(
    ctx: Context, module: Module, decl: t.Prompt, formals: Mapping[str, k.Kind]
) -> tuple[tuple[str, h.Term], ...]:
    """The values of formals that an ask need not give."""
    made: dict[str, h.Term] = {}
    for formal in decl.formals:
        if formal.default is None:
            continue
        kind = formals[formal.name.name]
        term = infer(Scope(ctx, module), formal.default, kind)
        if failed(term):
            continue
        if _is_constant(term) and _fits(kind, term):
            within(ctx, formal.name.name, kind, term)
            made[formal.name.name] = term
            continue
        what, found = f"the default of `{formal.name.name}`", k.kind_text(term.type.kind)
        expected = k.kind_text(kind)
        ctx.report(WrongType(span=formal.default.span, what=what, expected=expected, found=found))
    return tuple(made.items())


def _is_constant(term: h.Term) -> bool:
    try:
        evaluate(term)
    except NotConstant:
        return False
    return True


def _fits(kind: k.Kind, term: h.Term) -> bool:
    unit = units.unit_of(term)
    if isinstance(kind, k.Number) and unit is not None:
        return units.fits(unit, kind.unit, term)
    return k.fits(term.type.kind, kind)
