"""Builtin functions of numbers, and the unit that each gives (language.md section 4.2, A11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cyclspec.language.diagnostics.cy05_units import UnitMismatch
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.meant import in_number
from cyclspec.language.types.scope import Scope, failed, unknown
from cyclspec.language.types.signatures import Argument, Function, bind, one, refuse_argument
from cyclspec.language.types.values import typed

UnitRule = Callable[[k.Unit], k.Unit | None]
_FRACTIONS = (k.Unit.NONE, k.Unit.SHARE, k.Unit.RATIO, k.Unit.POINTS, k.Unit.PARAMETERS, k.Unit.YEARS)
_ROOTED = (k.Unit.NONE, k.Unit.SHARE, k.Unit.RATIO)


def _of_one(rule: UnitRule) -> Callable[[Scope, t.Call, Function], h.Term]:
    """A function of one number; `rule` gives its unit, or None where it does not apply."""

    def check(scope: Scope, node: t.Call, function: Function) -> h.Term:
        x = one(scope, node, function)
        if failed(x):
            return x
        unit = units.unit_of(x)
        given = None if unit is None else rule(unit)
        if given is None:
            helps = (f"drop the unit on purpose: `{function.name}({in_number(x)})`",) if unit else ()
            return refuse_argument(scope, function, x, "a plain number", *helps)
        type_ = typed(k.Number(given), x)
        return h.CallTerm(type=type_, span=node.span, function=function.name, args=(x,))

    return check


def _together(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """A function of several numbers of one unit."""
    args = bind(scope, node, function.formals, function.name)
    terms = tuple(scope.infer(arg.value) for arg in args or ())
    if args is None or any(failed(term) for term in terms):
        return unknown(node.span)
    first = terms[0]
    unit = units.unit_of(first)
    if unit is None:
        return refuse_argument(scope, function, first, "a number")
    for term in terms[1:]:
        common = units.together(first, term)
        if common is None:
            left, right = f"`{k.kind_text(first.type.kind)}`", f"`{k.kind_text(term.type.kind)}`"
            scope.report(UnitMismatch(span=node.span, verb="compare", left=left, word="with", right=right))
            return unknown(node.span)
        unit = common if units.is_literal(first) else unit
    type_ = typed(k.Number(unit), *terms)
    return h.CallTerm(type=type_, span=node.span, function=function.name, args=terms)


def _plain(to: k.Unit) -> UnitRule:
    return lambda unit: to if unit in _FRACTIONS else None


def _magnitude(unit: k.Unit) -> k.Unit:
    return k.Unit.SHARE if unit is k.Unit.POINTS else unit


def _same(unit: k.Unit) -> k.Unit:
    return unit


def _root(unit: k.Unit) -> k.Unit | None:
    return unit if unit in _ROOTED else None


def _without(unit: k.Unit) -> k.Unit:
    return k.Unit.NONE


def _unary(name: str, rule: UnitRule, gives: str, says: str, is_a: str = "a number") -> Function:
    return Function(name=name, arguments=(Argument("x", is_a),), gives=gives, says=says, check=_of_one(rule))


_PLAIN = "a plain number or a fraction"

NUMERIC: Final = (
    _unary("abs", _magnitude, "the same unit", "The absolute value; of points a share."),
    _unary("sign", _without, "a number", "-1, 0 or 1."),
    _unary("round", _same, "the same unit", "The nearest whole number; halves go to the even one."),
    _unary("sqrt", _root, "the same unit", "The square root.", "a plain number, a share or a ratio"),
    _unary("log2", _plain(k.Unit.BITS), "bits", "The logarithm to base two.", _PLAIN),
    _unary("log", _plain(k.Unit.NATS), "nats", "The natural logarithm.", _PLAIN),
    _unary("log10", _plain(k.Unit.NONE), "a number", "The logarithm to base ten.", _PLAIN),
    _unary("exp", _plain(k.Unit.NONE), "a number", "e to the power x.", _PLAIN),
    _unary("number", _without, "a number", "The number without its unit, on purpose."),
    Function(
        name="minimum",
        arguments=(Argument("x", "a number"), Argument("y", "a number in the same unit")),
        gives="the same unit",
        says="The smaller of two numbers, cell by cell; `min over` reduces an axis.",
        check=_together,
    ),
    Function(
        name="maximum",
        arguments=(Argument("x", "a number"), Argument("y", "a number in the same unit")),
        gives="the same unit",
        says="The larger of two numbers, cell by cell; `max over` reduces an axis.",
        check=_together,
    ),
    Function(
        name="clip",
        arguments=(
            Argument("x", "a number"),
            Argument("low", "a number in the same unit"),
            Argument("high", "a number in the same unit"),
        ),
        gives="the same unit",
        says="x, but no less than `low` and no more than `high`.",
        check=_together,
    ),
)
