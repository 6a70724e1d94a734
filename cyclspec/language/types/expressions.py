"""Expressions to terms: every name resolved, every value with its kind, unit, axes and phase.

Expects the tables of earlier passes in the context. Ensures one diagnostic a mistake: a term that failed has the kind
`Unknown`, which fits everywhere. `expected` is the kind of the position, by which bare words become levels.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, assert_never, cast

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import NotAnAttribute
from cyclspec.language.diagnostics.cy05_units import UnitMismatch
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant, units
from cyclspec.language.types import terms as h
from cyclspec.language.types.calls import infer_call
from cyclspec.language.types.comparisons import (
    infer_compare,
    infer_member,
    infer_range,
    levels_meet,
    mismatch,
)
from cyclspec.language.types.lookups import infer_pick
from cyclspec.language.types.reductions import infer_reduce
from cyclspec.language.types.scope import Scope, dotted_parts, failed, unknown
from cyclspec.language.types.texts import infer_texts
from cyclspec.language.types.values import typed
from cyclspec.language.types.vocabularies import quantity

_VERBS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "raise"}
_BOOL = k.Type(k.Bool())


def infer(scope: Scope, node: t.Expr, expected: k.Kind | None = None) -> h.Term:
    """The typed term of an expression."""
    term = _infer(scope, node, expected)
    if scope.ctx.observe is not None:
        scope.ctx.observe(scope, node, expected, term)
    return term


def _infer(scope: Scope, node: t.Expr, expected: k.Kind | None) -> h.Term:
    match node:
        case t.Name():
            return scope.name(node, expected)
        case t.Whole(value=value):
            return _number(node, int(value), k.Unit.NONE, whole=True)
        case t.Real(value=value):
            return _number(node, float(value), k.Unit.NONE, whole=False)
        case t.Quantity():
            return _number(node, *quantity(node), whole=False)
        case t.TextValue(value=text):
            return h.Literal_(type=k.Type(k.Text()), span=node.span, value=text)
        case t.Truth(value=truth):
            return h.Literal_(type=_BOOL, span=node.span, value=truth)
        case t.DateValue(value=text):
            return _date(scope, node, text)
        case t.I18n():
            return infer_texts(scope, node, expected)
        case t.HashValue():
            scope.report(WrongType(span=node.span, what="this", expected="a value", found=node.op))
            return unknown(node.span)
        case t.List():
            return _list(scope, node, expected)
        case t.Dot():
            return _dot(scope, node, expected)
        case t.Call():
            return infer_call(scope, node)
        case t.Pick():
            return infer_pick(scope, node)
        case t.Negative():
            return _negative(scope, node, expected)
        case t.Not():
            return _logic(node, "not", (truth_of(scope, node.of),))
        case t.Logic():
            return _logic(node, node.word, tuple(truth_of(scope, arg) for arg in node.args))
        case t.Binary():
            return _binary(scope, node)
        case t.Is():
            return _is(scope, node)
        case t.If():
            return _if(scope, node, expected)
        case t.Reduce():
            return infer_reduce(scope, node)
        case _:
            assert_never(node)


def _date(scope: Scope, node: t.DateValue, text: str) -> h.Term:
    try:
        date.fromisoformat(text)
    except ValueError:
        scope.report(
            WrongType(span=node.span, what="this date", expected="a day of the calendar", found=text)
        )
        return unknown(node.span)
    return h.Literal_(type=k.Type(k.Date()), span=node.span, value=text)


def _number(node: t.Expr, value: float, unit: k.Unit, *, whole: bool) -> h.Term:
    return h.Literal_(type=k.Type(k.Number(unit, whole)), span=node.span, value=value)


def _list(scope: Scope, node: t.List, expected: k.Kind | None) -> h.Term:
    inner = expected.of if isinstance(expected, k.ListOf) else expected
    items = tuple(infer(scope, item.value, inner) for item in node.items)
    kind = items[0].type.kind if items else k.Unknown()
    if inner is not None and levels_meet(scope, kind, inner):
        kind = inner
    others = [
        item
        for item in items[1:]
        if not (k.fits(item.type.kind, kind) or levels_meet(scope, item.type.kind, kind) or failed(item))
    ]
    for item in others:
        found, wanted = k.kind_text(item.type.kind), k.kind_text(kind)
        scope.report(WrongType(span=item.span, what="this item", expected=wanted, found=found))
    if others or any(failed(item) for item in items):
        return unknown(node.span)
    return h.ListTerm(type=typed(k.ListOf(kind), *items), span=node.span, items=items)


def _dot(scope: Scope, node: t.Dot, expected: k.Kind | None) -> h.Term:
    parts = dotted_parts(node)
    if parts is not None and parts[0] == "level" and len(parts) == 2 and isinstance(expected, k.Of):
        return scope.level_named(node.name, expected.vocabulary, node.span)
    population = None if parts is None else _population(scope, node, parts)
    if population is not None:
        return population
    if parts is not None:
        found = scope.path(parts, node.span, node.name.span)
        if found is not None:
            return found
    return scope.attribute(infer(scope, node.of), node.name, node.span)


def _population(scope: Scope, node: t.Dot, parts: tuple[str, ...]) -> h.Term | None:
    """`citizens.share`: the share of people in each cell of a target; None where the path names no target."""
    found = None if parts[0] in scope.locals else scope.ctx.resolve_dotted(scope.module, parts)
    if found is None or not isinstance(found[1], t.Target) or len(found[2]) != 1:
        return None
    target = scope.ctx.targets.get(found[1].name.name)
    if target is None:
        return unknown(node.span)
    if found[2] != ("share",):
        helps, of = did_you_mean(node.name.name, ("share",)), f"target `{target.name}`"
        scope.report(NotAnAttribute(span=node.name.span, name=node.name.name, of=of, helps=helps))
        return unknown(node.span)
    scope.ctx.means(node.span, found[0], found[2])
    type_ = k.Type(k.Number(k.Unit.SHARE), frozenset(target.axes), k.Phase.DATA)
    return h.PopulationTerm(type=type_, span=node.span, target=target.name)


def _negative(scope: Scope, node: t.Negative, expected: k.Kind | None) -> h.Term:
    of = infer(scope, node.of, expected)
    if failed(of):
        return of
    unit = units.unit_of(of)
    if unit is None:
        scope.report(
            UnitMismatch(
                span=node.span,
                verb="negate",
                left="this",
                word="of type",
                right=f"`{k.kind_text(of.type.kind)}`",
            )
        )
        return unknown(node.span)
    unit = k.Unit.POINTS if unit is k.Unit.SHARE and not units.is_literal(of) else unit
    return h.NegateTerm(type=typed(k.Number(unit), of), span=node.span, of=of)


def truth_of(scope: Scope, node: t.Expr) -> h.Term:
    """A term that must be true or false."""
    term = infer(scope, node)
    if not failed(term) and not isinstance(term.type.kind, k.Bool):
        found = k.kind_text(term.type.kind)
        scope.report(WrongType(span=node.span, what="this condition", expected="bool", found=found))
        return unknown(node.span)
    return term


def _logic(node: t.Expr, op: Literal["and", "or", "not"], args: tuple[h.Term, ...]) -> h.Term:
    """What is not known of a part is not known of the whole: its axes are not those of the other parts."""
    if any(map(failed, args)):
        return unknown(node.span)
    return h.LogicTerm(type=typed(k.Bool(), *args), span=node.span, op=op, args=args)


def _binary(scope: Scope, node: t.Binary) -> h.Term:
    if node.sign in ("in", "not in"):
        return infer_member(scope, node)
    if node.sign == "..":
        return infer_range(scope, node)
    if node.sign in _VERBS:
        return _arithmetic(scope, node)
    return infer_compare(scope, node)


def _arithmetic(scope: Scope, node: t.Binary) -> h.Term:
    left, right = infer(scope, node.left), infer(scope, node.right)
    if failed(left) or failed(right):
        return unknown(node.span)
    if isinstance(left.type.kind, k.Dist) or isinstance(right.type.kind, k.Dist):
        return _mixture(scope, node, left, right)
    match node.sign:
        case "*":
            unit = units.product_unit(left, right)
        case "/":
            unit = units.quotient_unit(left, right)
        case "^":
            unit = units.unit_of(left) if units.is_literal(right) else None
        case _:
            unit = units.sum_unit(node.sign, left, right)
    if unit is None:
        mismatch(scope, node, _VERBS[node.sign], left, right)
        return unknown(node.span)
    op = cast(h.ArithmeticOp, node.sign)
    type_ = typed(k.Number(unit), left, right)
    return h.ArithmeticTerm(type=type_, span=node.span, op=op, left=left, right=right)


def _mixture(scope: Scope, node: t.Binary, left: h.Term, right: h.Term) -> h.Term:
    """Arithmetic on distributions is only meaningful inside metrics, where they are shares over `option`."""
    helps = ("use a metric: `m.tv(p, q)`", "or a mean of distributions: `mean over country of human`")
    found = k.kind_text(left.type.kind if isinstance(left.type.kind, k.Dist) else right.type.kind)
    scope.report(
        WrongType(span=node.span, what="this arithmetic", expected="numbers", found=found, helps=helps)
    )
    return unknown(node.span)


def _is(scope: Scope, node: t.Is) -> h.Term:
    of = infer(scope, node.left)
    if failed(of):
        return of
    if node.word.name not in ("ordinal", "nominal"):
        name, at = node.word.name, node.word.span
        mend = meant.missing_meant(node.left, node.span) if meant.is_null(node.word) else meant.NOTHING
        helps = mend.helps or did_you_mean(name, ("ordinal", "nominal"))
        scope.report(UnknownName(span=at, what="kind of scale", name=name, helps=helps, edits=mend.edits))
        return unknown(node.span)
    if not isinstance(of.type.kind, k.ScaleValue):
        found = k.kind_text(of.type.kind)
        scope.report(WrongType(span=node.left.span, what="this", expected="a scale", found=found))
        return unknown(node.span)
    return h.KindTerm(type=typed(k.Bool(), of), span=node.span, of=of, word=node.word.name)


def _if(scope: Scope, node: t.If, expected: k.Kind | None) -> h.Term:
    condition = truth_of(scope, node.condition)
    then = infer(scope, node.then, expected)
    otherwise = infer(scope, node.otherwise, expected or then.type.kind)
    if failed(condition) or failed(then) or failed(otherwise):
        return unknown(node.span)
    kind = _either(then, otherwise)
    if kind is None:
        scope.report(
            UnitMismatch(
                span=node.span,
                verb="choose between",
                left=f"`{k.kind_text(then.type.kind)}`",
                right=f"`{k.kind_text(otherwise.type.kind)}`",
            )
        )
        return unknown(node.span)
    type_ = typed(kind, condition, then, otherwise)
    return h.IfTerm(type=type_, span=node.span, condition=condition, then=then, otherwise=otherwise)


def _either(then: h.Term, otherwise: h.Term) -> k.Kind | None:
    """The kind of both branches: one unit, or one kind of value."""
    unit = units.together(then, otherwise)
    if unit is not None:
        return k.Number(unit)
    a, b = then.type.kind, otherwise.type.kind
    if isinstance(a, k.Number) or isinstance(b, k.Number):
        return None
    return b if k.fits(a, b) else a if k.fits(b, a) else None
