"""Pass 6: metrics, each checked once for every scale.

Expects the call graph of metrics to be acyclic and reports where it is not. Inside a body a distribution is a share
indexed by `option`; the body must end without axes, with the declared unit. Ensures that a metric with all that it
calls written out stays within the limits of `extents`, so that later stages can walk through calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cyclspec.language.diagnostics import Diagnostic, Label
from cyclspec.language.diagnostics.cy00_syntax import TooLarge
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisLeftOver
from cyclspec.language.diagnostics.cy05_units import UnitMismatch
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.modules import Module
from cyclspec.language.names.order import in_order
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.bounds import within
from cyclspec.language.types.context import Context, Symbol, TypedMetric
from cyclspec.language.types.declared import TypeReader
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.extents import Extent, extent_of
from cyclspec.language.types.python_metrics import pinned_function
from cyclspec.language.types.scope import Scope, dotted_parts, failed
from cyclspec.language.types.vocabularies import check_name

_OPTION = frozenset({"option"})


def _uses(ctx: Context, module: Module, metric: t.Metric) -> Iterator[tuple[Symbol, t.Call]]:
    """The metrics that a metric calls."""
    for node in walk(metric.body):
        if not isinstance(node, t.Call):
            continue
        parts = dotted_parts(node.fn)
        found = ctx.resolve_dotted(module, parts) if parts else None
        if found is not None and isinstance(found[1], t.Metric):
            yield found[0], node


def elaborate_metrics(ctx: Context) -> None:
    """Fills `ctx.metrics`, callees first."""
    declared: dict[Symbol, tuple[Module, t.Metric]] = {}
    for module, decl in ctx.declarations(t.Metric):
        assert isinstance(decl, t.Metric)
        check_name(ctx, decl.name)
        declared[Symbol(module.key, decl.name.name)] = (module, decl)

    def recursive(caller: Symbol, callee: Symbol, call: t.Call) -> None:
        name = declared[caller][1].name
        also = (Label(name.span, f"in the definition of `{name.name}`"),) if caller != callee else ()
        ctx.report(Recursion(span=call.fn.span, name=callee.name, user=name.name, also=also))

    extents: dict[Symbol, Extent] = {}
    for symbol in in_order(declared, lambda s: _uses(ctx, *declared[s]), recursive):
        if not _within_limits(ctx, symbol, *declared[symbol], extents):
            continue
        typed = _metric(ctx, *declared[symbol])
        if typed is not None:
            ctx.metrics[symbol] = typed


def _within_limits(
    ctx: Context, symbol: Symbol, module: Module, metric: t.Metric, extents: dict[Symbol, Extent]
) -> bool:
    """Notes the extent of a metric. One that is too large is told of; one that calls such a metric is not."""
    called = {id(call): extents.get(used) for used, call in _uses(ctx, module, metric)}
    known = {call: extent for call, extent in called.items() if extent is not None}
    extents[symbol] = found = extent_of(metric.body, known)
    if found.excess is None:
        return True
    if all(extent.excess is None for extent in known.values()):
        what, limit = found.excess
        what = f"the {what} of metric `{metric.name.name}`, with what it calls written out,"
        ctx.report(TooLarge(span=metric.name.span, what=what, limit=limit))
    return False


def _metric(ctx: Context, module: Module, metric: t.Metric) -> TypedMetric | None:
    formals: dict[str, k.Kind] = {}
    for formal in metric.formals:
        reader = TypeReader(ctx, module, formals, formal.name.name, generic=True)
        formals[formal.name.name] = reader.read_certain(formal.type, f"argument `{formal.name.name}`")
    result = TypeReader(ctx, module, formals, generic=True).read_certain(metric.result, "this result")
    if isinstance(result, k.Unknown) or any(isinstance(kind, k.Unknown) for kind in formals.values()):
        return None
    if not isinstance(result, k.Number):
        found = k.kind_text(result)
        ctx.report(WrongType(span=metric.result.span, what="this result", expected="a number", found=found))
        return None
    scale = _scale(ctx, formals, metric)
    defaults = _defaults(ctx, module, metric, formals)
    if defaults is None or not _formals_fit(ctx, metric, formals, scale):
        return None
    if isinstance(metric.body, t.PythonBody):
        python = _in_python(ctx, metric, metric.body, formals, result, scale)
        return None if python is None else replace(python, defaults=defaults)
    here = Scope(ctx, module, _locals(formals, metric), metric_scale=scale)
    body = infer(here, metric.body)
    if failed(body) or not _result_fits(ctx, metric, result, body):
        return None
    values = _needs_values(ctx, module, metric)
    return TypedMetric(
        metric.name.name, tuple(formals.items()), result, scale.ordered, body, defaults, values
    )


def _needs_values(ctx: Context, module: Module, metric: t.Metric) -> bool:
    """Whether the body of a metric, or of one that it calls, takes `value(option)`."""
    calls = (node for node in walk(metric.body) if isinstance(node, t.Call))
    if any(isinstance(call.fn, t.Name) and call.fn.name == "value" for call in calls):
        return True
    return any(ctx.metrics[used].needs_values for used, _ in _uses(ctx, module, metric))


def _formals_fit(ctx: Context, metric: t.Metric, formals: dict[str, k.Kind], scale: k.ScaleVariable) -> bool:
    """A metric is of distributions over one scale, and of numbers."""
    for formal in metric.formals:
        kind = formals[formal.name.name]
        one_scale = isinstance(kind, k.Dist) and k.scale_name(kind.scale) == scale.name
        if one_scale or isinstance(kind, k.Number):
            continue
        expected = f"dist({scale.name})" if isinstance(kind, k.Dist) else "a distribution or a number"
        what, found = f"argument `{formal.name.name}`", k.kind_text(kind)
        ctx.report(WrongType(span=formal.type.span, what=what, expected=expected, found=found))
        return False
    return True


def _defaults(
    ctx: Context, module: Module, metric: t.Metric, formals: dict[str, k.Kind]
) -> dict[str, h.Term] | None:
    """The values of formals that a call may leave out: numbers that the spec itself gives."""
    found: dict[str, h.Term] = {}
    for formal in metric.formals:
        if formal.default is None:
            continue
        name, kind = formal.name.name, formals[formal.name.name]
        term = infer(Scope(ctx, module), formal.default, kind)
        if failed(term):
            return None
        unit = units.unit_of(term)
        fits = isinstance(kind, k.Number) and unit is not None and units.fits(unit, kind.unit, term)
        if not fits or term.type.phase is not k.Phase.STATIC or term.type.axes:
            what, wanted = f"the default of `{name}`", k.kind_text(kind)
            given = k.kind_text(term.type.kind)
            ctx.report(WrongType(span=formal.default.span, what=what, expected=wanted, found=given))
            return None
        if not within(ctx, name, kind, term):
            return None
        found[name] = term
    return found


def _in_python(
    ctx: Context,
    metric: t.Metric,
    body: t.PythonBody,
    formals: dict[str, k.Kind],
    result: k.Number,
    scale: k.ScaleVariable,
) -> TypedMetric | None:
    """A metric whose body is a pinned function of the project."""
    found = pinned_function(ctx.program, body, len(formals))
    if isinstance(found, Diagnostic):
        ctx.report(found)
        return None
    term = h.PythonTerm(
        type=k.Type(result), span=body.span, module=found.module, function=found.function, hash=found.hash
    )
    return TypedMetric(metric.name.name, tuple(formals.items()), result, scale.ordered, term)


def _scale(ctx: Context, formals: dict[str, k.Kind], metric: t.Metric) -> k.ScaleVariable:
    """The metric's S, ordered where its condition says so, which is all that a condition can say."""
    scales = [kind.scale for kind in formals.values() if isinstance(kind, k.Dist)]
    name = k.scale_name(scales[0]) if scales else "S"
    if scales and not isinstance(scales[0], k.ScaleVariable):
        return k.ScaleVariable(name, ordered=scales[0].ordered)
    match metric.where:
        case None:
            pass
        case t.Is(left=t.Name(name=left), word=word) if left == name and word.name == "ordinal":
            return k.ScaleVariable(name, ordered=True)
        case _:
            expected, found = f"{name} is ordinal", metric.where.span.text
            what = "this condition"
            ctx.report(WrongType(span=metric.where.span, what=what, expected=expected, found=found))
    return k.ScaleVariable(name)


def _locals(formals: dict[str, k.Kind], metric: t.Metric) -> dict[str, h.Term]:
    terms: dict[str, h.Term] = {}
    for name, kind in formals.items():
        type_ = k.Type(k.Number(k.Unit.SHARE), _OPTION) if isinstance(kind, k.Dist) else k.Type(kind)
        terms[name] = h.FormalTerm(type=type_, span=metric.span, name=name)
    return terms


def _result_fits(ctx: Context, metric: t.Metric, result: k.Number, body: h.Term) -> bool:
    if body.type.axes:
        left = ", ".join(sorted(body.type.axes))
        helps: tuple[str, ...] = ("reduce it: `sum over option of ...`",)
        problem = "does not end in one number"
        ctx.report(
            AxisLeftOver(span=body.span, measure=metric.name.name, problem=problem, left=left, helps=helps)
        )
        return False
    unit = units.unit_of(body)
    if unit is None or not units.defines(unit, result, body):
        found = k.kind_text(body.type.kind)
        left, right = f"a value in `{found}`", f"the declared `{k.kind_text(result)}`"
        purpose = "or drop the unit on purpose: `number(..)`"
        helps = () if unit is None else (f"declare `-> {found}`", purpose)
        ctx.report(UnitMismatch(span=body.span, verb="give", left=left, word="as", right=right, helps=helps))
        return False
    return True
