"""Calls: builtin functions and metrics.

A builtin is checked by its entry in the table of functions; a metric by its declared formals, with its scale S solved
from the distributions it is given. Anything else with parentheses is an unknown function.
"""

from __future__ import annotations

from itertools import chain

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import DifferentScales, NeedsOrdered, WrongArguments, WrongType
from cyclspec.language.names.suggest import did_you_mean, meant_by
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant, units
from cyclspec.language.types import terms as h
from cyclspec.language.types.bounds import within
from cyclspec.language.types.context import TypedMetric
from cyclspec.language.types.functions import ELSEWHERE, FUNCTIONS, has_values
from cyclspec.language.types.scope import Scope, dotted_parts, failed, unknown
from cyclspec.language.types.signatures import bind_some
from cyclspec.language.types.values import joint


def infer_call(scope: Scope, node: t.Call) -> h.Term:
    """The term of a call that is a value (readers, sources and model places are read where they stand)."""
    parts = dotted_parts(node.fn)
    if parts is None:
        scope.report(
            WrongType(span=node.fn.span, what="this", expected="the name of a function", found="a value")
        )
        return unknown(node.span)
    if len(parts) == 1 and parts[0] in FUNCTIONS:
        function = FUNCTIONS[parts[0]]
        return function.check(scope, node, function)
    found = scope.ctx.resolve_dotted(scope.module, parts)
    if found is not None and isinstance(found[1], t.Metric) and not found[2]:
        scope.ctx.means(node.fn.span, found[0])
        metric = scope.ctx.metrics.get(found[0])
        return _metric(scope, node, metric) if metric is not None else _unchecked(scope, node)
    _report_unknown(scope, node, parts)
    return unknown(node.span)


def _unchecked(scope: Scope, node: t.Call) -> h.Term:
    """A call of a metric that was refused where it is declared: its arguments are still looked at."""
    for arg in node.args:
        scope.infer(arg.value)
    return unknown(node.span)


def _report_unknown(scope: Scope, node: t.Call, parts: tuple[str, ...]) -> None:
    ctx, module = scope.ctx, scope.module
    if len(parts) > 1 and parts[0] in module.aliases:
        target = ctx.module(module.aliases[parts[0]])
        candidates = ctx.public(module, parts[0])
        known = {n for n in candidates if isinstance(target.decls[n], t.Metric)}
        ident = node.fn.name if isinstance(node.fn, t.Dot) else None
        scope.report(
            UnknownName(
                span=ident.span if ident else node.fn.span,
                what="metric",
                name=parts[1],
                where=f" in `{target.source.name}`",
                helps=did_you_mean(parts[1], known or candidates),
            )
        )
        return
    metrics = (name for name, decl in module.decls.items() if isinstance(decl, t.Metric))
    helps = did_you_mean(parts[0], chain(FUNCTIONS, metrics))
    if parts[0] in ELSEWHERE and len(parts) == 1:
        helps = (f"`{parts[0]}` " + ELSEWHERE[parts[0]].format(parts[0]),)
    homes = [f"{alias}.{parts[0]}" for alias in module.aliases if _has_metric(scope, alias, parts[0])]
    if homes and len(parts) == 1:
        helps = meant_by(homes)
    mend = meant.reduction_meant(node)
    helps = mend.helps or helps
    name = ".".join(parts)
    scope.report(UnknownName(span=node.fn.span, what="function", name=name, helps=helps, edits=mend.edits))


def _has_metric(scope: Scope, alias: str, name: str) -> bool:
    decls = scope.ctx.module(scope.module.aliases[alias]).decls
    return name in scope.ctx.public(scope.module, alias) and isinstance(decls[name], t.Metric)


# ---- metrics


def _metric(scope: Scope, node: t.Call, metric: TypedMetric) -> h.Term:
    formals = tuple(name for name, _ in metric.formals)
    args = bind_some(scope, node, formals, metric.name, metric.defaults.keys())
    if args is None:
        return unknown(node.span)
    terms: list[h.Term] = []
    scale: k.Scale | None = scope.metric_scale
    for name, kind in metric.formals:
        if name not in args:
            terms.append(metric.defaults[name])
            continue
        term = scope.infer(args[name].value)
        terms.append(term)
        if failed(term):
            continue
        scale = _check_formal(scope, metric, name, kind, term, scale, terms)
    if any(failed(term) for term in terms):
        return unknown(node.span)
    # A metric of numbers alone has no scale to solve.
    scale = scale or k.ScaleVariable("S")
    if not _scale_fits(scope, node, metric, scale):
        return unknown(node.span)
    axes, phase, optional = joint(*terms)
    return h.MetricTerm(
        type=k.Type(metric.result, axes - {"option"}, phase, optional),
        span=node.span,
        metric=metric.name,
        formals=formals,
        args=tuple(terms),
        body=metric.body,
        scale=scale,
    )


def _scale_fits(scope: Scope, node: t.Call, metric: TypedMetric, scale: k.Scale) -> bool:
    """Whether the solved scale has the order, and its options the numbers, that the metric needs."""
    if metric.needs_order and not scope.refined(scale).ordered:
        helps = ("for unordered options use `tv`, `jsd` or `js_distance`",)
        notes = (f"`{metric.name}` is declared `where S is ordinal`",)
        name = k.scale_name(scale)
        scope.report(
            NeedsOrdered(span=node.fn.span, metric=metric.name, scale=name, notes=notes, helps=helps)
        )
        return False
    if not has_values(scale) and metric.needs_values:
        problem = f"needs a number for every option of `{k.scale_name(scale)}`"
        helps = ('give each level its number: `agree = 1 "Agree"`',)
        scope.report(WrongArguments(span=node.fn.span, callee=metric.name, problem=problem, helps=helps))
        return False
    return True


def _check_formal(
    scope: Scope,
    metric: TypedMetric,
    name: str,
    kind: k.Kind,
    term: h.Term,
    scale: k.Scale | None,
    before: list[h.Term],
) -> k.Scale | None:
    """Checks one argument; returns the scale solved so far."""
    found = term.type.kind
    match kind, found:
        case k.Dist(k.Vocabulary() as declared), k.Dist(given) if declared != given:
            pass
        case k.Dist(), k.Dist(given):
            if scale is None or scale == given:
                return given
            also = (Label(before[0].span, f"over {k.scale_name(scale)}"),)
            second, first = k.scale_name(given), k.scale_name(scale)
            scope.report(DifferentScales(span=term.span, first=first, second=second, also=also))
            return scale
        case k.Dist(), k.Number(k.Unit.SHARE) if "option" in term.type.axes:
            return scale
        case k.Number(unit), _ if units.unit_of(term) is not None:
            have = units.unit_of(term)
            assert have is not None
            if units.fits(have, unit, term) or unit is k.Unit.NONE:
                within(scope, name, kind, term)
                return scale
    wanted = k.kind_text(kind)
    what = f"argument `{name}` of `{metric.name}`"
    scope.report(WrongType(span=term.span, what=what, expected=wanted, found=k.kind_text(found)))
    return scale
