"""Arguments of reducers: `slope(against = ..)`, `krippendorff(units = .., raters = ..)`, `bradley_terry(..)`.

Expects an operand that is typed. Ensures that every argument is named, given once and of the sort that the table of
reducers says, and that together they make sense; axes become `AxisTerm`s, words `LevelTerm`s without a vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import NeedsOrdered, WrongArguments, WrongType
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.reducers import Parameter, Reducer
from cyclspec.language.types.scope import Scope, failed
from cyclspec.language.types.values import absent_axis, axis_kind, axis_words, is_ordered

MAX_COMPONENTS = 100
Arguments = tuple[tuple[str, h.Term], ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """What arguments are read beside: where, the reduction, its reducer and its operand."""

    scope: Scope
    node: t.Reduce
    reducer: Reducer
    of: h.Term

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.node.axes)

    def refuse(self, at: Span, problem: str, *helps: str) -> None:
        callee = self.reducer.name
        self.scope.report(WrongArguments(span=at, callee=callee, problem=problem, helps=helps))


def read_arguments(reduced: Reduced, given: Mapping[str, t.Argument]) -> Arguments | None:
    """The arguments in the order of the table, defaults filled in where there are any; None after reporting."""
    terms: list[tuple[str, h.Term]] = []
    for parameter in reduced.reducer.parameters:
        arg = given.get(parameter.name)
        if arg is None and parameter.default == "":
            continue
        term = _default(reduced, parameter) if arg is None else _READ[parameter.is_a](reduced, parameter, arg)
        if term is None or failed(term):
            return None
        terms.append((parameter.name, term))
    read = tuple(terms)
    fits = _TOGETHER.get(reduced.reducer.name)
    return read if fits is None or fits(reduced, given, dict(read)) else None


def spelled(reducer: Reducer) -> str:
    """How a reducer is written with what it needs: `slope(against = ...)`."""
    inside = ", ".join(f"{name} = ..." for name in reducer.required)
    return f"{reducer.name}({inside})" if inside else reducer.name


def name_arguments(
    scope: Scope, node: t.Reduce, reducer: Reducer, args: tuple[t.Argument, ...]
) -> Mapping[str, t.Argument] | None:
    """The arguments by name, each known and given once; None after reporting."""
    wrong = _misnamed(reducer, args, node.reducer.span)
    if wrong is not None:
        scope.report(wrong)
        return None
    given = {arg.name.name: arg for arg in args if arg.name is not None}
    if not set(reducer.required) <= set(given):
        problem = f"is written `{spelled(reducer)}`"
        scope.report(WrongArguments(span=node.reducer.span, callee=reducer.name, problem=problem))
        return None
    return given


def _misnamed(reducer: Reducer, args: tuple[t.Argument, ...], at: Span) -> WrongArguments | None:
    known = [parameter.name for parameter in reducer.parameters]
    callee = reducer.name
    if args and not known:
        return WrongArguments(span=at, callee=callee, problem="takes no arguments")
    seen: set[str] = set()
    for arg in args:
        if arg.name is None:
            return WrongArguments(span=arg.span, callee=callee, problem=f"is written `{spelled(reducer)}`")
        name = arg.name.name
        if name not in known:
            problem, helps = f"has no argument `{name}`", did_you_mean(name, known)
            return WrongArguments(span=arg.span, callee=callee, problem=problem, helps=helps)
        if name in seen:
            return WrongArguments(span=arg.span, callee=callee, problem=f"is given `{name}` twice")
        seen.add(name)
    return None


def _default(reduced: Reduced, parameter: Parameter) -> h.Term:
    assert parameter.default is not None
    span = reduced.node.reducer.span
    if parameter.is_a == "whole":
        return h.Literal_(type=k.Type(k.Number(whole=True)), span=span, value=int(parameter.default))
    return h.LevelTerm(type=k.Type(k.Text()), span=span, vocabulary=None, level=parameter.default)


# ---- one argument


def _axes(reduced: Reduced, parameter: Parameter, arg: t.Argument) -> h.Term | None:
    """Names of reduced axes, or for `kept` of axes that are not."""
    terms: list[h.Term] = []
    for ident in axis_words(reduced.scope, arg):
        if ident.name not in reduced.of.type.axes:
            reduced.scope.report(absent_axis(reduced.scope, ident, reduced.of))
            return None
        if (ident.name in reduced.axes) != (parameter.is_a == "axes"):
            if parameter.is_a == "axes":
                problem, help_ = (
                    f"cannot use `{ident.name}`, which is not reduced",
                    (*reduced.axes, ident.name),
                )
            else:
                problem = f"keeps `{ident.name}`, which is reduced here"
                help_ = tuple(axis for axis in reduced.axes if axis != ident.name)
            reduced.refuse(ident.span, problem, *((f"reduce `over {', '.join(help_)}`",) if help_ else ()))
            return None
        local = reduced.scope.locals.get(ident.name)
        kind = local.type.kind if isinstance(local, h.AxisTerm) else k.Text()
        type_ = k.Type(kind, frozenset({ident.name}), reduced.of.type.phase)
        terms.append(h.AxisTerm(type=type_, span=ident.span, axis=ident.name))
    if not terms:
        return None
    axes = frozenset[str]().union(*(term.type.axes for term in terms))
    type_ = k.Type(k.ListOf(k.Text()), axes, reduced.of.type.phase)
    return h.ListTerm(type=type_, span=arg.value.span, items=tuple(terms))


def _value(reduced: Reduced, parameter: Parameter, arg: t.Argument) -> h.Term | None:
    """A number, or what has an order where ranks are compared, that varies over what is reduced."""
    term = reduced.scope.infer(arg.value)
    if failed(term):
        return None
    ranks = any(operand == "ordered" for operand, _ in reduced.reducer.takes)
    if units.unit_of(term) is None and not (ranks and is_ordered(reduced.scope, term.type.kind)):
        what, found = f"`{parameter.name}`", k.kind_text(term.type.kind)
        reduced.scope.report(WrongType(span=arg.value.span, what=what, expected="a number", found=found))
        return None
    return term if _axes_fit(reduced, parameter, term) else None


def _axes_fit(reduced: Reduced, parameter: Parameter, term: h.Term) -> bool:
    extra = sorted(term.type.axes - reduced.of.type.axes)
    if extra:
        reduced.refuse(
            term.span, f"has `{parameter.name}` over {', '.join(extra)}, which the value does not have"
        )
        return False
    if not term.type.axes & set(reduced.axes):
        reduced.refuse(term.span, f"has `{parameter.name}` that does not vary over what is reduced")
        return False
    return True


def _word(reduced: Reduced, parameter: Parameter, arg: t.Argument) -> h.Term | None:
    word = arg.value.name if isinstance(arg.value, t.Name) else arg.value.span.text
    if word in parameter.words:
        return h.LevelTerm(type=k.Type(k.Text()), span=arg.value.span, vocabulary=None, level=word)
    helps = did_you_mean(word, parameter.words)
    what = f"value of `{parameter.name}`"
    reduced.scope.report(UnknownName(span=arg.value.span, what=what, name=word, helps=helps))
    return None


def _literal(reduced: Reduced, parameter: Parameter, arg: t.Argument) -> h.Term | None:
    """A number of the spec itself: a share, or a whole number of components."""
    whole = parameter.is_a == "whole"
    low, high = (1, MAX_COMPONENTS) if whole else (0, 1)
    term = reduced.scope.infer(arg.value)
    if failed(term):
        return None
    match term:
        case h.Literal_(value=bool()):
            pass
        case h.Literal_(value=int() as value) if low <= value <= high:
            return term
        case h.Literal_(value=float() as value) if low <= value <= high and not whole:
            return term
    condition = f"{parameter.name} in {low}..{high}"
    reduced.scope.report(OutsideRange(span=arg.value.span, what=arg.span.text, condition=condition))
    return None


def _axis(reduced: Reduced, parameter: Parameter, arg: t.Argument) -> h.Term | None:
    """A declared axis, whose levels are the items."""
    term = reduced.scope.infer(arg.value)
    if failed(term):
        return None
    declared = term.vocabulary if isinstance(term, h.VocabularyTerm) else None
    if declared is None and isinstance(term, h.AxisTerm) and isinstance(term.type.kind, k.Of):
        declared = term.type.kind.vocabulary
    if declared is None or not declared.is_axis:
        what, found = f"`{parameter.name}`", k.kind_text(term.type.kind)
        reduced.scope.report(
            WrongType(span=arg.value.span, what=what, expected="a declared axis", found=found)
        )
        return None
    type_ = k.Type(k.ScaleValue(declared))
    return h.VocabularyTerm(type=type_, span=arg.value.span, vocabulary=declared)


def _side(reduced: Reduced, parameter: Parameter, arg: t.Argument) -> h.Term | None:
    term = reduced.scope.infer(arg.value)
    if failed(term):
        return None
    return term if _axes_fit(reduced, parameter, term) else None


_READ: Mapping[str, Callable[[Reduced, Parameter, t.Argument], h.Term | None]] = {
    "axes": _axes,
    "kept": _axes,
    "value": _value,
    "word": _word,
    "fraction": _literal,
    "whole": _literal,
    "axis": _axis,
    "side": _side,
}


# ---- arguments together


def _split(reduced: Reduced, given: Mapping[str, t.Argument], first: h.Term | None, second: h.Term) -> bool:
    """Units and raters are different axes, and each reduced axis is one of them; without `first` the rest are units."""
    raters = second.type.axes
    chosen = set(reduced.axes) - raters if first is None else first.type.axes
    if not chosen:
        reduced.refuse(reduced.node.reducer.span, "needs an axis of units beside its raters")
        return False
    if chosen & raters:
        both = ", ".join(f"`{axis}`" for axis in sorted(chosen & raters))
        reduced.refuse(given["raters"].span, f"has {both} both as units and as raters")
        return False
    left = [axis for axis in reduced.axes if axis not in chosen | raters]
    if left:
        helps = (f"add it: `units = [{', '.join([*sorted(chosen), *left])}]`",)
        reduced.refuse(
            reduced.node.reducer.span, f"reduces `{left[0]}`, neither as units nor as raters", *helps
        )
        return False
    return True


def _needs_order(reduced: Reduced, given: Mapping[str, t.Argument], name: str, word: str) -> bool:
    kind = reduced.of.type.kind
    if units.unit_of(reduced.of) is not None or is_ordered(reduced.scope, kind):
        return True
    scale = k.scale_name(kind.scale) if isinstance(kind, k.Choice) else k.kind_text(kind)
    callee = f"{reduced.reducer.name}({name} = {word})"
    reduced.scope.report(NeedsOrdered(span=given[name].span, metric=callee, scale=scale))
    return False


def _krippendorff(reduced: Reduced, given: Mapping[str, t.Argument], terms: Mapping[str, h.Term]) -> bool:
    if not _split(reduced, given, terms["units"], terms["raters"]):
        return False
    match terms["level"]:
        case h.LevelTerm(level="ordinal"):
            return _needs_order(reduced, given, "level", "ordinal")
        case h.LevelTerm(level="interval") if units.unit_of(reduced.of) is None:
            found = k.kind_text(reduced.of.type.kind)
            reduced.scope.report(
                WrongType(
                    span=given["level"].span, what="`level = interval`", expected="numbers", found=found
                )
            )
            return False
    return True


def _cohen_kappa(reduced: Reduced, given: Mapping[str, t.Argument], terms: Mapping[str, h.Term]) -> bool:
    if not _split(reduced, given, None, terms["raters"]):
        return False
    counts = [_levels(reduced.scope, axis) for axis in sorted(terms["raters"].type.axes)]
    if len(counts) != 1 or counts[0] not in (None, 2):
        found = f"{len(counts)} axes" if len(counts) != 1 else str(counts[0])
        helps = ("`krippendorff` compares any number of raters",)
        reduced.refuse(given["raters"].span, f"compares two raters, not {found}", *helps)
        return False
    match terms["weights"]:
        case h.LevelTerm(level="linear" | "quadratic" as word):
            return _needs_order(reduced, given, "weights", word)
    return True


def _levels(scope: Scope, axis: str) -> int | None:
    """How many levels an axis has, where the spec says so."""
    if axis in scope.languages:
        return len(scope.languages[axis])
    match axis_kind(scope, axis):
        case k.Of(vocabulary) if not vocabulary.open and vocabulary.levels:
            return len(vocabulary.levels)
        case k.ModelKind(panel) if panel in scope.ctx.panels:
            return len(scope.ctx.panels[panel].models)
    return None


def _compared(reduced: Reduced, given: Mapping[str, t.Argument], terms: Mapping[str, h.Term]) -> bool:
    items = terms["items"]
    assert isinstance(items, h.VocabularyTerm)
    for name in ("first", "second"):
        kind = terms[name].type.kind
        if kind not in (k.Of(items.vocabulary), k.Choice(items.vocabulary)):
            what, wanted = f"`{name}`", f"{items.vocabulary.name}"
            reduced.scope.report(
                WrongType(span=given[name].value.span, what=what, expected=wanted, found=k.kind_text(kind))
            )
            return False
    return True


def _pairs(reduced: Reduced, given: Mapping[str, t.Argument], terms: Mapping[str, h.Term]) -> bool:
    """Both values of a pair are alike on one axis and differ on another; some axis is left for them to differ on."""
    chosen = {name: term.type.axes for name, term in terms.items()}
    within, between = chosen.get("within", frozenset()), chosen.get("between", frozenset())
    if within & between:
        both = ", ".join(f"`{axis}`" for axis in sorted(within & between))
        reduced.refuse(given["between"].span, f"has {both} both within and between")
        return False
    if within >= set(reduced.axes):
        reduced.refuse(given["within"].span, "has no pairs left: all that is reduced is within")
        return False
    return True


_TOGETHER: Mapping[str, Callable[[Reduced, Mapping[str, t.Argument], Mapping[str, h.Term]], bool]] = {
    "krippendorff": _krippendorff,
    "cohen_kappa": _cohen_kappa,
    "bradley_terry": _compared,
    "win_share": _compared,
    "nontransitive_triples": _compared,
    "pair_agreement": _pairs,
    "pair_disagreement": _pairs,
}
