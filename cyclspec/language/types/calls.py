"""Calls: builtin functions and metrics.

A builtin is checked by one small function; a metric by its declared formals, with its scale S solved from the
distributions it is given. Anything else with parentheses is an unknown function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import DifferentScales, NeedsOrdered, WrongArguments, WrongType
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.context import TypedMetric
from cyclspec.language.types.scope import Scope, dotted_parts, failed, unknown
from cyclspec.language.types.values import absent_axis, joint, not_checked, typed

LATER = frozenset(
    {"permutations", "waves", "sample", "draw", "shuffled", "picks", "models_unchanged", "value", "switch"}
    | {"first_token", "option_likelihood", "sampled", "json", "recorded"}
)


def infer_call(scope: Scope, node: t.Call) -> h.Term:
    """The term of a call that is a value (readers, sources and model places are read where they stand)."""
    parts = dotted_parts(node.fn)
    if parts is None:
        scope.report(
            WrongType(span=node.fn.span, what="this", expected="the name of a function", found="a value")
        )
        return unknown(node.span)
    if len(parts) == 1 and parts[0] in BUILTINS:
        return BUILTINS[parts[0]](scope, node)
    found = scope.ctx.resolve_dotted(scope.module, parts)
    if found is not None and isinstance(found[1], t.Metric) and not found[2]:
        metric = scope.ctx.metrics.get(found[0])
        return _metric(scope, node, metric) if metric is not None else _unchecked(scope, node)
    if len(parts) == 1 and parts[0] in LATER:
        return not_checked(scope, node.fn.span, f"`{parts[0]}(..)`")
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
        metrics = {n for n in candidates if isinstance(target.decls[n], t.Metric)}
        ident = node.fn.name if isinstance(node.fn, t.Dot) else None
        scope.report(
            UnknownName(
                span=ident.span if ident else node.fn.span,
                what="metric",
                name=parts[1],
                where=f" in `{target.source.name}`",
                helps=did_you_mean(parts[1], metrics or candidates),
            )
        )
        return
    candidates = set(BUILTINS) | {n for n, d in module.decls.items() if isinstance(d, t.Metric)}
    helps = did_you_mean(parts[0], candidates)
    scope.report(UnknownName(span=node.fn.span, what="function", name=".".join(parts), helps=helps))


# ---- metrics


def _metric(scope: Scope, node: t.Call, metric: TypedMetric) -> h.Term:
    args = _bind(scope, node, tuple(name for name, _ in metric.formals), metric.name)
    if args is None:
        return unknown(node.span)
    terms: list[h.Term] = []
    scale: k.Scale | None = scope.metric_scale
    for (name, kind), arg in zip(metric.formals, args, strict=True):
        term = scope.infer(arg.value)
        terms.append(term)
        if failed(term):
            continue
        scale = _check_formal(scope, metric, name, kind, term, scale, terms)
    if any(failed(term) for term in terms) or scale is None:
        return unknown(node.span)
    if metric.needs_order and not scale.ordered:
        helps = ("for unordered options use `tv`, `jsd` or `js_distance`",)
        notes = (f"`{metric.name}` is declared `where S is ordinal`",)
        scope.report(
            NeedsOrdered(
                span=node.fn.span, metric=metric.name, scale=k.scale_name(scale), notes=notes, helps=helps
            )
        )
        return unknown(node.span)
    axes, phase, optional = joint(*terms)
    return h.MetricTerm(
        type=k.Type(metric.result, axes - {"option"}, phase, optional),
        span=node.span,
        metric=metric.name,
        formals=tuple(name for name, _ in metric.formals),
        args=tuple(terms),
        body=metric.body,
        scale=scale,
    )


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
                return scale
    wanted = k.kind_text(kind)
    what = f"argument `{name}` of `{metric.name}`"
    scope.report(WrongType(span=term.span, what=what, expected=wanted, found=k.kind_text(found)))
    return scale


def _bind(scope: Scope, node: t.Call, formals: tuple[str, ...], callee: str) -> list[t.Argument] | None:
    """Arguments in the order of the formals: positional first, then by name; each exactly once."""
    bound: dict[str, t.Argument] = {}
    for position, arg in enumerate(node.args):
        if arg.name is None and position >= len(formals):
            problem = f"takes {len(formals)} arguments: {', '.join(formals)}"
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem))
            return None
        name = arg.name.name if arg.name is not None else formals[position]
        if name not in formals:
            helps = did_you_mean(name, formals)
            problem = f"has no argument `{name}`"
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem, helps=helps))
            return None
        if name in bound:
            problem = f"is given `{name}` twice"
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem))
            return None
        bound[name] = arg
    missing = [name for name in formals if name not in bound]
    if missing:
        problem = "needs " + ", ".join(f"`{name}`" for name in missing)
        scope.report(WrongArguments(span=node.span, callee=callee, problem=problem))
        return None
    return [bound[name] for name in formals]


# ---- builtins

_Builtin = Callable[[Scope, t.Call], h.Term]


def _one(scope: Scope, node: t.Call, callee: str) -> h.Term:
    args = _bind(scope, node, ("x",), callee)
    return unknown(node.span) if args is None else scope.infer(args[0].value)


def _numeric(result: Callable[[k.Unit], k.Unit | None]) -> _Builtin:
    """A function of one number; `result` gives its unit, or None where it does not apply."""

    def check(scope: Scope, node: t.Call) -> h.Term:
        callee = node.fn.span.text
        x = _one(scope, node, callee)
        if failed(x):
            return x
        unit = units.unit_of(x)
        given = None if unit is None else result(unit)
        if given is None:
            found = k.kind_text(x.type.kind)
            what = f"the argument of `{callee}`"
            helps = (f"drop the unit on purpose: `{callee}(number({x.span.text}))`",) if unit else ()
            scope.report(
                WrongType(span=x.span, what=what, expected="a plain number", found=found, helps=helps)
            )
            return unknown(node.span)
        return h.CallTerm(type=typed(k.Number(given), x), span=node.span, function=callee, args=(x,))

    return check


def _magnitude(unit: k.Unit) -> k.Unit:
    return k.Unit.SHARE if unit is k.Unit.POINTS else unit


def _plain(to: k.Unit) -> Callable[[k.Unit], k.Unit | None]:
    fractions = (k.Unit.NONE, k.Unit.SHARE, k.Unit.RATIO, k.Unit.POINTS, k.Unit.PARAMETERS, k.Unit.YEARS)
    return lambda unit: to if unit in fractions else None


def _scale_function(unit: k.Unit, *, whole: bool) -> _Builtin:
    """`span(S)` and `size(S)`: of a scale, of a distribution, or of the scale variable of a metric."""

    def check(scope: Scope, node: t.Call) -> h.Term:
        callee = node.fn.span.text
        if scope.metric_scale is not None and len(node.args) == 1 and isinstance(node.args[0].value, t.Name):
            word = node.args[0].value.name
            if word not in scope.locals and scope.ctx.resolve(scope.module, word) is None:
                scale = h.FormalTerm(
                    type=k.Type(k.ScaleValue(k.ScaleVariable(word))), span=node.args[0].span, name=word
                )
                return h.CallTerm(
                    type=k.Type(k.Number(unit, whole)), span=node.span, function=callee, args=(scale,)
                )
        x = _one(scope, node, callee)
        if failed(x):
            return x
        if not isinstance(x.type.kind, k.ScaleValue | k.Dist | k.ListOf):
            found = k.kind_text(x.type.kind)
            scope.report(
                WrongType(span=x.span, what=f"the argument of `{callee}`", expected="a scale", found=found)
            )
            return unknown(node.span)
        return h.CallTerm(type=typed(k.Number(unit, whole), x), span=node.span, function=callee, args=(x,))

    return check


def _index(scope: Scope, node: t.Call) -> h.Term:
    """`index(option)`: the position of each option, from zero; only inside metrics."""
    word = node.args[0].value if len(node.args) == 1 else None
    if scope.metric_scale is None or not (isinstance(word, t.Name) and word.name == "option"):
        problem = "is written `index(option)`, inside a metric"
        scope.report(WrongArguments(span=node.span, callee="index", problem=problem))
        return unknown(node.span)
    axes = frozenset({"option"})
    return h.CallTerm(type=k.Type(k.Number(k.Unit.STEPS), axes), span=node.span, function="index", args=())


def _uniform(scope: Scope, node: t.Call) -> h.Term:
    x = _one(scope, node, "uniform")
    if failed(x):
        return x
    if not isinstance(x.type.kind, k.ScaleValue):
        found = k.kind_text(x.type.kind)
        scope.report(
            WrongType(span=x.span, what="the argument of `uniform`", expected="a scale", found=found)
        )
        return unknown(node.span)
    return h.CallTerm(type=typed(k.Dist(x.type.kind.scale), x), span=node.span, function="uniform", args=(x,))


def _is_missing(scope: Scope, node: t.Call) -> h.Term:
    x = _one(scope, node, "is_missing")
    if failed(x):
        return x
    type_ = k.Type(k.Bool(), x.type.axes, x.type.phase)
    return h.CallTerm(type=type_, span=node.span, function="is_missing", args=(x,))


def axis_words(scope: Scope, arg: t.Argument) -> tuple[t.Ident, ...]:
    """`country` or `[item, country]` as names of axes."""
    nodes = [item.value for item in arg.value.items] if isinstance(arg.value, t.List) else [arg.value]
    idents: list[t.Ident] = []
    for node in nodes:
        if not isinstance(node, t.Name):
            scope.report(
                WrongType(span=node.span, what="this", expected="the name of an axis", found="a value")
            )
            continue
        idents.append(t.Ident(span=node.span, name=node.name))
    return tuple(idents)


def _over_axis(word: str) -> _Builtin:
    """A function of a distribution and the axis it works along: `human_mean(human, leave_out = country)`."""

    def check(scope: Scope, node: t.Call) -> h.Term:
        callee = node.fn.span.text
        args = _bind(scope, node, ("x", word), callee)
        if args is None:
            return unknown(node.span)
        x = scope.infer(args[0].value)
        if failed(x):
            return x
        axes = axis_words(scope, args[1])
        if not isinstance(x.type.kind, k.Dist):
            found = k.kind_text(x.type.kind)
            what = f"the argument of `{callee}`"
            scope.report(WrongType(span=x.span, what=what, expected="a distribution", found=found))
            return unknown(node.span)
        for axis in axes:
            if axis.name not in x.type.axes:
                scope.report(absent_axis(scope, axis, x))
                return unknown(node.span)
        words = {word: tuple(axis.name for axis in axes)}
        return h.CallTerm(type=x.type, span=node.span, function=callee, args=(x,), words=words)

    return check


def _prompt_shuffled(scope: Scope, node: t.Call) -> h.Term:
    """Another level of the same axis, for a control: `prompt_shuffled(country)`."""
    x = _one(scope, node, "prompt_shuffled")
    if failed(x):
        return x
    if not (isinstance(x, h.AxisTerm) and isinstance(x.type.kind, k.Of)):
        found = k.kind_text(x.type.kind)
        what = "the argument of `prompt_shuffled`"
        scope.report(WrongType(span=x.span, what=what, expected="an axis with levels", found=found))
        return unknown(node.span)
    return h.CallTerm(type=x.type, span=node.span, function="prompt_shuffled", args=(x,))


def _complete(scope: Scope, node: t.Call) -> h.Term:
    """`complete(over = [family, tuning])`: whether every combination exists, for each of the panel's other factors."""
    args = _bind(scope, node, ("over",), "complete")
    if args is None:
        return unknown(node.span)
    axes = axis_words(scope, args[0])
    for axis in axes:
        if not isinstance(scope.locals.get(axis.name), h.AxisTerm):
            known = [n for n, term in scope.locals.items() if isinstance(term, h.AxisTerm)]
            helps = did_you_mean(axis.name, known)
            scope.report(UnknownName(span=axis.span, what="axis", name=axis.name, helps=helps))
            return unknown(node.span)
    names = tuple(axis.name for axis in axes)
    together = frozenset(axis for name in names for axis in scope.siblings.get(name, ()))
    type_ = k.Type(k.Bool(), together - set(names))
    return h.CallTerm(type=type_, span=node.span, function="complete", args=(), words={"over": names})


BUILTINS: Mapping[str, _Builtin] = {
    "abs": _numeric(_magnitude),
    "sqrt": _numeric(lambda unit: unit if unit in (k.Unit.NONE, k.Unit.SHARE, k.Unit.RATIO) else None),
    "log2": _numeric(_plain(k.Unit.BITS)),
    "log": _numeric(_plain(k.Unit.NATS)),
    "log10": _numeric(_plain(k.Unit.NONE)),
    "exp": _numeric(_plain(k.Unit.NONE)),
    "number": _numeric(lambda unit: k.Unit.NONE),
    "span": _scale_function(k.Unit.STEPS, whole=False),
    "size": _scale_function(k.Unit.NONE, whole=True),
    "index": _index,
    "uniform": _uniform,
    "is_missing": _is_missing,
    "human_mean": _over_axis("leave_out"),
    "human_mean_in_sample": _over_axis("over"),
    "human_shuffled": _over_axis("over"),
    "prompt_shuffled": _prompt_shuffled,
    "complete": _complete,
}
