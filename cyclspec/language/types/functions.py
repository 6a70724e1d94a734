"""Builtin functions of scales, distributions, answers and axes, and the table of all builtins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.numeric import NUMERIC
from cyclspec.language.types.scope import ENDS, Scope, failed, unknown
from cyclspec.language.types.signatures import Argument, Function, bind, one, refuse_argument
from cyclspec.language.types.values import absent_axis, axis_words, typed

_OPTION = frozenset({"option"})


# ---- scales and their options


def _scale_function(unit: k.Unit, *, whole: bool) -> Callable[[Scope, t.Call, Function], h.Term]:
    """`span(S)` and `size(S)`: of a scale, of what is over one, or of the scale variable of a metric."""

    def check(scope: Scope, node: t.Call, function: Function) -> h.Term:
        number = k.Number(unit, whole)
        variable = _scale_variable(scope, node)
        if variable is not None:
            type_ = k.Type(number)
            return h.CallTerm(type=type_, span=node.span, function=function.name, args=(variable,))
        x = one(scope, node, function)
        if failed(x):
            return x
        sized = (k.ScaleValue, k.Dist, k.Order, *((k.ListOf, k.Picks) if whole else ()))
        if not isinstance(x.type.kind, sized):
            return refuse_argument(scope, function, x, "a scale")
        return h.CallTerm(type=typed(number, x), span=node.span, function=function.name, args=(x,))

    return check


def _scale_variable(scope: Scope, node: t.Call) -> h.Term | None:
    """The `S` of a metric's body."""
    arg = node.args[0].value if len(node.args) == 1 else None
    if scope.metric_scale is None or not isinstance(arg, t.Name) or arg.name in scope.locals:
        return None
    if scope.ctx.resolve(scope.module, arg.name) is not None:
        return None
    type_ = k.Type(k.ScaleValue(k.ScaleVariable(arg.name)))
    return h.FormalTerm(type=type_, span=arg.span, name=arg.name)


def _is_option(scope: Scope, node: t.Call) -> bool:
    word = node.args[0].value if len(node.args) == 1 else None
    inside = scope.metric_scale is not None and "option" not in scope.locals
    return inside and isinstance(word, t.Name) and word.name == "option"


def _index(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """`index(option)`: the position of each option, from zero."""
    if not _is_option(scope, node):
        problem = "is written `index(option)`, inside a metric"
        scope.report(WrongArguments(span=node.span, callee="index", problem=problem))
        return unknown(node.span)
    type_ = k.Type(k.Number(k.Unit.STEPS), _OPTION)
    return h.CallTerm(type=type_, span=node.span, function=function.name, args=())


def _value(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """`value(option)` inside a metric; elsewhere the number of a level or of a chosen option."""
    if _is_option(scope, node):
        type_ = k.Type(k.Number(), _OPTION)
        return h.CallTerm(type=type_, span=node.span, function=function.name, args=())
    x = one(scope, node, function)
    if failed(x):
        return x
    match x.type.kind:
        case k.Of(vocabulary) | k.Choice(k.Vocabulary() as vocabulary):
            if not has_values(vocabulary):
                helps = ('give each level its number: `agree = 1 "Agree"`',)
                return refuse_argument(scope, function, x, "a level with a number", *helps)
        case k.Choice():
            pass
        case _:
            return refuse_argument(scope, function, x, "a level or a choice")
    return h.CallTerm(type=typed(k.Number(), x), span=node.span, function=function.name, args=(x,))


def has_values(scale: k.Scale) -> bool:
    """Whether every option that counts has a number; options of items are seen when the data are read."""
    if not isinstance(scale, k.Vocabulary):
        return True
    return not scale.open and all(level.value is not None for level in scale.levels if not level.missing)


def _of_scale(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """`uniform(item.options)`, `one_hot(item.options)`: a distribution that a scale alone decides."""
    x = one(scope, node, function)
    if failed(x):
        return x
    match x.type.kind:
        case k.ScaleValue(scale):
            pass
        case _:
            return refuse_argument(scope, function, x, "a scale")
    if isinstance(scale, k.Vocabulary) and scale.open:
        return refuse_argument(scope, function, x, "a scale whose levels are declared")
    return h.CallTerm(type=typed(k.Dist(scale), x), span=node.span, function=function.name, args=(x,))


def _includes(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """`includes(reply, red)`: whether one option is among several that were picked."""
    args = bind(scope, node, function.formals, function.name)
    x = unknown(node.span) if args is None else scope.infer(args[0].value)
    if args is None or failed(x):
        return unknown(node.span)
    if not isinstance(x.type.kind, k.Picks):
        return refuse_argument(scope, function, x, "several picked options")
    option = _option(scope, args[1].value, x.type.kind.scale, function)
    if failed(option):
        return unknown(node.span)
    type_ = typed(k.Bool(), x, option)
    return h.CallTerm(type=type_, span=node.span, function=function.name, args=(x, option))


def _option(scope: Scope, node: t.Expr, scale: k.Scale, function: Function) -> h.Term:
    """An option of a scale: by name, `first` or `last`, or an answer on that scale."""
    if isinstance(node, t.Name) and node.name in ENDS:
        vocabulary = scale if isinstance(scale, k.Vocabulary) else None
        type_ = k.Type(k.Choice(scale))
        return h.LevelTerm(type=type_, span=node.span, vocabulary=vocabulary, level=node.name)
    option = scope.infer(node, k.Of(scale) if isinstance(scale, k.Vocabulary) else None)
    wanted = k.Choice(scale)
    if failed(option) or k.fits(option.type.kind, wanted):
        return option
    return refuse_argument(scope, function, option, f"an option of {k.scale_name(scale)}")


def _is_missing(scope: Scope, node: t.Call, function: Function) -> h.Term:
    x = one(scope, node, function)
    if failed(x):
        return x
    type_ = k.Type(k.Bool(), x.type.axes, x.type.phase)
    return h.CallTerm(type=type_, span=node.span, function=function.name, args=(x,))


# ---- axes


def _over_axis(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """A function of a distribution and the axis it works along: `human_mean(human, leave_out = country)`."""
    args = bind(scope, node, function.formals, function.name)
    if args is None:
        return unknown(node.span)
    x = scope.infer(args[0].value)
    if failed(x):
        return x
    if not isinstance(x.type.kind, k.Dist):
        return refuse_argument(scope, function, x, "a distribution")
    axes = axis_words(scope, args[1])
    absent = next((axis for axis in axes if axis.name not in x.type.axes), None)
    if absent is not None:
        scope.report(absent_axis(scope, absent, x))
        return unknown(node.span)
    words = {function.formals[1]: tuple(axis.name for axis in axes)}
    return h.CallTerm(type=x.type, span=node.span, function=function.name, args=(x,), words=words)


def _prompt_shuffled(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """Another level of the same axis, for a control: `prompt_shuffled(country)`."""
    x = one(scope, node, function)
    if failed(x):
        return x
    if not (isinstance(x, h.AxisTerm) and isinstance(x.type.kind, k.Of)):
        return refuse_argument(scope, function, x, "an axis with levels")
    return h.CallTerm(type=x.type, span=node.span, function=function.name, args=(x,))


def _bound_axes(scope: Scope, node: t.Call, function: Function) -> tuple[str, ...] | None:
    """The axes that `over` names, each bound by an `each`; None after reporting."""
    args = bind(scope, node, function.formals, function.name)
    axes = axis_words(scope, args[0]) if args is not None else ()
    for axis in axes:
        if not isinstance(scope.locals.get(axis.name), h.AxisTerm):
            known = [n for n, term in scope.locals.items() if isinstance(term, h.AxisTerm)]
            if axis.name not in scope.broken:
                helps = did_you_mean(axis.name, known)
                scope.report(UnknownName(span=axis.span, what="axis", name=axis.name, helps=helps))
            return None
    return tuple(axis.name for axis in axes) or None


def _complete(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """`complete(over = [family, tuning])`: whether every combination exists, for each of the panel's other factors."""
    names = _bound_axes(scope, node, function)
    if names is None:
        return unknown(node.span)
    together = frozenset(axis for name in names for axis in scope.siblings.get(name, ()))
    type_ = k.Type(k.Bool(), together - set(names))
    return h.CallTerm(type=type_, span=node.span, function=function.name, args=(), words={"over": names})


def _models_unchanged(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """`models_unchanged(over = session)`: whether each model had one revision in all levels of the axes."""
    names = _bound_axes(scope, node, function)
    if names is None:
        return unknown(node.span)
    models = frozenset(name for name, term in scope.locals.items() if _tells_models_apart(scope, term))
    if models & set(names):
        problem = f"cannot go over `{min(models & set(names))}`, which tells the models apart"
        scope.report(WrongArguments(span=node.span, callee=function.name, problem=problem))
        return unknown(node.span)
    type_ = k.Type(k.Bool(), models, k.Phase.RESPONSE)
    return h.CallTerm(type=type_, span=node.span, function=function.name, args=(), words={"over": names})


def _tells_models_apart(scope: Scope, term: h.Term) -> bool:
    """Whether an axis holds models, or a factor of a panel."""
    if not isinstance(term, h.AxisTerm):
        return False
    match term.type.kind:
        case k.ModelKind():
            return True
        case k.Of(vocabulary):
            return any(vocabulary in panel.factors for panel in scope.ctx.panels.values())
    return False


_OVER = Argument("over", "axes, one or a list")
_DISTRIBUTION = Argument("x", "a distribution")

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        *NUMERIC,
        Function(
            name="size",
            arguments=(Argument("x", "a scale, a distribution, an order, a list, picked options or S"),),
            gives="count",
            says="How many options or entries there are; options that do not count are left out.",
            check=_scale_function(k.Unit.NONE, whole=True),
        ),
        Function(
            name="span",
            arguments=(Argument("x", "a scale, a distribution, an order or S"),),
            gives="steps",
            says="The length of a scale: one step less than it has options.",
            check=_scale_function(k.Unit.STEPS, whole=False),
        ),
        Function(
            name="index",
            arguments=(Argument("option", "the word `option`"),),
            gives="steps @ option",
            says="The position of each option on its scale, from zero.",
            check=_index,
            inside_metrics=True,
        ),
        Function(
            name="value",
            arguments=(Argument("x", "the word `option` inside a metric; elsewhere a level or a choice"),),
            gives="a number",
            says="The number that an option or a level stands for, as the scale or the data give it.",
            check=_value,
        ),
        Function(
            name="uniform",
            arguments=(Argument("x", "a scale, or a declared axis or scale by its name"),),
            gives="dist(S)",
            says="The distribution that gives every option the same share.",
            check=_of_scale,
        ),
        Function(
            name="one_hot",
            arguments=(Argument("x", "a scale, or a declared axis or scale by its name"),),
            gives="dist(S)",
            says="The distribution that gives the first option everything: a baseline.",
            check=_of_scale,
        ),
        Function(
            name="includes",
            arguments=(Argument("x", "picked options"), Argument("option", "an option of their scale")),
            gives="bool",
            says="Whether an option is among those that were picked.",
            check=_includes,
        ),
        Function(
            name="is_missing",
            arguments=(Argument("x", "any value"),),
            gives="bool",
            says="Whether a value is missing, whatever the reason; what a check excluded is left out.",
            check=_is_missing,
        ),
        Function(
            name="human_mean",
            arguments=(_DISTRIBUTION, Argument("leave_out", "an axis of it")),
            gives="dist(S)",
            says="For each level of the axis the mean of the distributions of all the others: a baseline.",
            check=_over_axis,
        ),
        Function(
            name="human_mean_in_sample",
            arguments=(_DISTRIBUTION, Argument("over", "an axis of it")),
            gives="dist(S)",
            says="For each level of the axis the mean over all levels, its own among them.",
            check=_over_axis,
        ),
        Function(
            name="human_shuffled",
            arguments=(_DISTRIBUTION, Argument("over", "an axis of it")),
            gives="dist(S)",
            says="For each level of the axis the distribution of another level: a control.",
            check=_over_axis,
        ),
        Function(
            name="prompt_shuffled",
            arguments=(Argument("x", "an axis with levels"),),
            gives="a level of the axis",
            says="Another level of the axis than the cell's own, as an argument of a prompt: a control.",
            check=_prompt_shuffled,
        ),
        Function(
            name="complete",
            arguments=(_OVER,),
            gives="bool",
            says="Whether every combination of the axes exists in the panel.",
            check=_complete,
        ),
        Function(
            name="models_unchanged",
            arguments=(_OVER,),
            gives="bool @ the axes of the models",
            says="Whether each model answered with one revision in all levels of the axes.",
            check=_models_unchanged,
        ),
    )
}

_SOURCE = "stands where an axis is bound: `each ... in {}(...)`"
_READER = "stands in an ask: `read = {}`"
ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("permutations", "waves", "sample", "holdout", "rest", "draw", "shuffled"), _SOURCE),
    **dict.fromkeys(("first_token", "option_likelihood", "sampled", "json", "recorded"), _READER),
    "turns": "stands in an ask: `history = {}(...)`",
    "retry": "stands in an ask: `missing = {}(...)`",
    "bootstrap": "stands in a measure: `interval = {}(...)`",
    **dict.fromkeys(("sign_flip", "permutation"), "stands in a measure: `test = {}(...)`"),
    **dict.fromkeys(("hf", "local", "openai", "demo"), "stands in a panel: `model ... = {}(...)`"),
    **dict.fromkeys(("parquet", "csv", "jsonl", "arrow"), "stands in a table: `source = {}(...)`"),
    **dict.fromkeys(("picks", "choice", "dist", "counts", "logprobs", "order", "text", "list"), "is a type"),
}
