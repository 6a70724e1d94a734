"""Pass 2: parameters, bound before anything is typed with them.

A binding given on the command line comes first, then the default. Ensures a typed static value inside its declared
range, evaluated once, or a diagnostic; bindings that name no parameter are errors with a suggestion.
"""

from __future__ import annotations

from cyclspec.language.diagnostics.cy00_syntax import TooLarge
from cyclspec.language.diagnostics.cy01_names import UnboundParameter, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.names.modules import Module
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import MAX_PARTS
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.constants import NotConstant, evaluate, folded, has_more
from cyclspec.language.types.context import Context, ParamValue, Symbol
from cyclspec.language.types.declared import TypeReader
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.scope import Scope, failed
from cyclspec.language.types.vocabularies import check_name


def elaborate_params(ctx: Context) -> None:
    """Fills `ctx.params`; bindings reach the parameters of the entry module only."""
    main = ctx.program.main
    for module, decl in ctx.declarations(t.Param):
        assert isinstance(decl, t.Param)
        check_name(ctx, decl.name)
        binding = ctx.bindings.get(decl.name.name) if module.key == main.key else None
        value = _bind(ctx, module, decl, binding)
        if value is not None:
            ctx.params[Symbol(module.key, decl.name.name)] = value
    known = [name for name, decl in main.decls.items() if isinstance(decl, t.Param)]
    for name, expr in ctx.bindings.items():
        if name not in known:
            helps = did_you_mean(name, known) or ("this module has no parameters",)
            ctx.report(UnknownName(span=expr.span, what="parameter", name=name, helps=helps))


def _bind(ctx: Context, module: Module, decl: t.Param, binding: t.Expr | None) -> ParamValue | None:
    kind = TypeReader(ctx, module, {}, decl.name.name).read(decl.type)
    expr = binding or decl.default
    if expr is None:
        helps = (f"give it: `-p {decl.name.name}=...`, or a default in the spec",)
        ctx.report(UnboundParameter(span=decl.name.span, name=decl.name.name, helps=helps))
        return None
    if isinstance(kind, k.ListOf) and isinstance(expr, t.Name) and ctx.resolve(module, expr.name) is None:
        what, wanted, helps = f"parameter `{decl.name.name}`", k.kind_text(kind), (f"write `[{expr.name}]`",)
        ctx.report(WrongType(span=expr.span, what=what, expected=wanted, found=expr.name, helps=helps))
        return None
    before = len(ctx.findings.items)
    term = infer(Scope(ctx, module), expr, kind)
    if failed(term):
        if len(ctx.findings.items) == before and not isinstance(kind, k.Unknown):
            what, helps = (
                f"parameter `{decl.name.name}`",
                ("a parameter is given by a value, not by a parameter",),
            )
            wanted, found = k.kind_text(kind), "a parameter without a value"
            ctx.report(WrongType(span=expr.span, what=what, expected=wanted, found=found, helps=helps))
        return None
    if has_more(term, MAX_PARTS):
        what = f"the number of values in parameter `{decl.name.name}`"
        ctx.report(TooLarge(span=expr.span, what=what, limit=str(MAX_PARTS)))
        return None
    if not _accepts(term, kind):
        wanted, found = k.kind_text(kind), k.kind_text(term.type.kind)
        ctx.report(
            WrongType(span=expr.span, what=f"parameter `{decl.name.name}`", expected=wanted, found=found)
        )
        return None
    if term.type.phase is not k.Phase.STATIC:
        what, expected = f"parameter `{decl.name.name}`", "a value that the spec itself gives"
        ctx.report(WrongType(span=expr.span, what=what, expected=expected, found="data"))
        return None
    value = _value(term)
    if value is None:
        wanted = k.kind_text(kind)
        what = f"parameter `{decl.name.name}`"
        ctx.report(WrongType(span=expr.span, what=what, expected=wanted, found="no number"))
        return None
    bound = _as_declared(value, kind)
    if not _in_range(ctx, module, decl, bound, expr.span) or not _in_unit(ctx, decl, kind, bound, expr.span):
        return None
    return ParamValue(kind, bound, "command line" if binding is not None else "default")


def _accepts(term: h.Term, kind: k.Kind) -> bool:
    if isinstance(kind, k.Number):
        unit = units.unit_of(term)
        whole = not kind.whole or (isinstance(term, h.Literal_) and isinstance(term.value, int))
        return unit is not None and whole and units.fits(unit, kind.unit, term)
    if isinstance(kind, k.ListOf) and isinstance(term, h.ListTerm):
        return all(_accepts(item, kind.of) for item in term.items)
    return k.fits(term.type.kind, kind)


def _value(term: h.Term) -> h.Term | None:
    """The value, computed; None where it does not exist, as that of `1 / 0`."""
    try:
        return folded(term)
    except NotConstant:
        return None


def _as_declared(term: h.Term, kind: k.Kind) -> h.Term:
    """The value with the unit that the parameter declares."""
    if isinstance(kind, k.Number) and isinstance(term, h.Literal_):
        return h.Literal_(type=k.Type(kind), span=term.span, value=term.value)
    return term


def _in_unit(ctx: Context, decl: t.Param, kind: k.Kind, value: h.Term, at: Span) -> bool:
    """Whether a share lies between nothing and all: `20` where `20%` is meant does not."""
    if not (isinstance(kind, k.Number) and kind.unit is k.Unit.SHARE and isinstance(value, h.Literal_)):
        return True
    if not isinstance(value.value, int | float) or 0 <= value.value <= 1:
        return True
    helps = (f"write `{value.value:g}%`",) if 1 < value.value <= 100 else ()
    name = decl.name.name
    notes = ("a share is a part of a whole, from 0 to 1",)
    ctx.report(
        OutsideRange(
            span=at, what=f"{name} = {at.text}", condition=f"{name} in 0..1", notes=notes, helps=helps
        )
    )
    return False


def _in_range(ctx: Context, module: Module, decl: t.Param, value: h.Term, at: Span) -> bool:
    if decl.where is None:
        return True
    here = Scope(ctx, module, {decl.name.name: value})
    condition = infer(here, decl.where)
    if failed(condition):
        return False
    try:
        holds = bool(evaluate(condition))
    except NotConstant:
        found = "data" if condition.type.phase is not k.Phase.STATIC else "no number"
        expected = "values that the spec itself gives"
        ctx.report(WrongType(span=decl.where.span, what="this condition", expected=expected, found=found))
        return False
    if not holds:
        what = f"{decl.name.name} = {at.text}"
        notes = (f"declared at {decl.name.span}",)
        ctx.report(OutsideRange(span=at, what=what, condition=decl.where.span.text, notes=notes))
    return holds
