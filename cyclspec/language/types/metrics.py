"""Pass 5: metrics, each checked once for every scale.

Expects the call graph of metrics to be acyclic and reports where it is not. Inside a body a distribution is a share
indexed by `option`; the body must end without axes, with the declared unit.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisLeftOver
from cyclspec.language.diagnostics.cy05_units import UnitMismatch
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.diagnostics.cy08_not_yet import NotChecked
from cyclspec.language.names.modules import Module
from cyclspec.language.names.order import in_order
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.context import Context, Symbol, TypedMetric
from cyclspec.language.types.declared import TypeReader
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.scope import Scope, dotted_parts, failed
from cyclspec.language.types.vocabularies import check_name

_OPTION = frozenset({"option"})


def walk(node: object) -> Iterator[t.Node]:
    """All nodes of a tree, in order of writing. Depth is bounded by the parser."""
    if isinstance(node, tuple):
        for child in node:
            yield from walk(child)
    elif isinstance(node, t.Node):
        yield node
        for name in node.__slots__ if hasattr(node, "__slots__") else ():
            yield from walk(getattr(node, name))


def _uses(ctx: Context, module: Module, metric: t.Metric) -> Iterator[tuple[Symbol, t.Call]]:
    """The metrics that a metric calls."""
    for node in walk(metric.body):
        if not isinstance(node, t.Call):
            continue
        parts = dotted_parts(node.fn)
        found = ctx.resolve_dotted(module, parts) if parts else None
        if found is not None and isinstance(found[1], t.Metric):
            yield found[0], node


def _declared(ctx: Context, symbol: Symbol) -> tuple[Module, t.Metric]:
    module = ctx.module(symbol.module)
    decl = module.decls[symbol.name]
    assert isinstance(decl, t.Metric)
    return module, decl


def elaborate_metrics(ctx: Context) -> None:
    """Fills `ctx.metrics`, callees first."""
    symbols: list[Symbol] = []
    for module, decl in ctx.declarations(t.Metric):
        check_name(ctx, decl.name)
        symbols.append(Symbol(module.key, decl.name.name))

    def recursive(caller: Symbol, callee: Symbol, call: t.Call) -> None:
        name = _declared(ctx, caller)[1].name
        also = (Label(name.span, f"in the definition of `{name.name}`"),)
        ctx.report(Recursion(span=call.fn.span, name=callee.name, also=also))

    for symbol in in_order(symbols, lambda s: _uses(ctx, *_declared(ctx, s)), recursive):
        typed = _metric(ctx, *_declared(ctx, symbol))
        if typed is not None:
            ctx.metrics[symbol] = typed


def _metric(ctx: Context, module: Module, metric: t.Metric) -> TypedMetric | None:
    if isinstance(metric.body, t.PythonBody):
        ctx.report(NotChecked(span=metric.body.span, what="a metric written in Python"))
        return None
    formals: dict[str, k.Kind] = {}
    for formal in metric.formals:
        reader = TypeReader(ctx, module, formals, formal.name.name, generic=True)
        formals[formal.name.name] = reader.read(formal.type)
    result = TypeReader(ctx, module, formals, generic=True).read(metric.result)
    if isinstance(result, k.Unknown) or any(isinstance(kind, k.Unknown) for kind in formals.values()):
        return None
    if not isinstance(result, k.Number):
        found = k.kind_text(result)
        ctx.report(WrongType(span=metric.result.span, what="this result", expected="a number", found=found))
        return None
    scale = _scale(formals, metric)
    here = Scope(ctx, module, _locals(formals, metric), metric_scale=scale)
    body = infer(here, metric.body)
    if failed(body) or not _result_fits(ctx, metric, result, body):
        return None
    return TypedMetric(metric.name.name, tuple(formals.items()), result, scale.ordered, body)


def _scale(formals: dict[str, k.Kind], metric: t.Metric) -> k.ScaleVariable:
    """The metric's S, ordered where its condition says so."""
    names = [
        kind.scale.name
        for kind in formals.values()
        if isinstance(kind, k.Dist) and isinstance(kind.scale, k.ScaleVariable)
    ]
    name = names[0] if names else "S"
    match metric.where:
        case t.Is(left=t.Name(name=left), word=word) if left == name and word.name == "ordinal":
            return k.ScaleVariable(name, ordered=True)
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
        helps = ("reduce it: `sum over option of ...`",)
        problem = "does not end in one number"
        ctx.report(
            AxisLeftOver(span=body.span, measure=metric.name.name, problem=problem, left=left, helps=helps)
        )
        return False
    unit = units.unit_of(body)
    if unit is None or not units.defines(unit, result.unit, body):
        found, declared = k.kind_text(body.type.kind), result.unit.value
        left, right = f"a value in `{found}`", f"the declared `{declared or 'real'}`"
        ctx.report(UnitMismatch(span=body.span, verb="give", left=left, word="as", right=right))
        return False
    return True
