"""Expressions to terms: every name resolved, every value with its kind, unit, axes and phase.

Expects the tables of earlier passes in the context. Ensures one diagnostic a mistake: a term that failed has the kind
`Unknown`, which fits everywhere. `expected` is the kind of the position, by which bare words become levels.
"""

from __future__ import annotations

from datetime import date
from typing import assert_never, cast

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy05_units import UnitMismatch
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.calls import infer_call
from cyclspec.language.types.reductions import infer_reduce
from cyclspec.language.types.scope import ENDS, Scope, dotted_parts, failed, unknown
from cyclspec.language.types.values import absent_axis, typed
from cyclspec.language.types.vocabularies import quantity, range_of

_VERBS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "raise"}
_JOINED = {"subtract": "from", "multiply": "by", "divide": "by", "raise": "to", "compare": "with"}
_BOOL = k.Type(k.Bool())


def infer(scope: Scope, node: t.Expr, expected: k.Kind | None = None) -> h.Term:
    """The typed term of an expression."""
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
        case t.HashValue() | t.I18n():
            scope.report(WrongType(span=node.span, what="this", expected="a value", found=node.op))
            return unknown(node.span)
        case t.List():
            return _list(scope, node, expected)
        case t.Dot():
            return _dot(scope, node, expected)
        case t.Call():
            return infer_call(scope, node)
        case t.Pick():
            return _pick(scope, node)
        case t.Negative():
            return _negative(scope, node, expected)
        case t.Not():
            of = truth_of(scope, node.of)
            return h.LogicTerm(type=typed(k.Bool(), of), span=node.span, op="not", args=(of,))
        case t.Logic():
            args = tuple(truth_of(scope, arg) for arg in node.args)
            return h.LogicTerm(type=typed(k.Bool(), *args), span=node.span, op=node.word, args=args)
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
    for item in items[1:]:
        if not k.fits(item.type.kind, kind) and not failed(item):
            found, wanted = k.kind_text(item.type.kind), k.kind_text(kind)
            scope.report(WrongType(span=item.span, what="this item", expected=wanted, found=found))
    if any(failed(item) for item in items):
        return unknown(node.span)
    return h.ListTerm(type=typed(k.ListOf(kind), *items), span=node.span, items=items)


def _dot(scope: Scope, node: t.Dot, expected: k.Kind | None) -> h.Term:
    parts = dotted_parts(node)
    if parts is not None and parts[0] == "level" and len(parts) == 2 and isinstance(expected, k.Of):
        return scope.level_named(node.name, expected.vocabulary, node.span)
    if parts is not None:
        found = scope.path(parts, node.span, node.name.span)
        if found is not None:
            return found
    return scope.attribute(infer(scope, node.of), node.name, node.span)


def _pick(scope: Scope, node: t.Pick) -> h.Term:
    of = infer(scope, node.of)
    if failed(of):
        return of
    at: list[tuple[str, str]] = []
    for select in node.at:
        level = _picked_level(scope, of, select)
        if level is None:
            return unknown(node.span)
        at.append((select.axis.name, level))
    kind = of.type.kind
    if isinstance(kind, k.Dist) and any(axis == "option" for axis, _ in at):
        kind = k.Number(k.Unit.SHARE)
    axes = of.type.axes - {axis for axis, _ in at}
    return h.PickTerm(
        type=k.Type(kind, axes, of.type.phase, of.type.optional), span=node.span, of=of, at=tuple(at)
    )


def _picked_level(scope: Scope, of: h.Term, select: t.Select) -> str | None:
    axis = select.axis.name
    on_options = axis == "option" and isinstance(of.type.kind, k.Dist)
    if axis not in of.type.axes and not on_options:
        scope.report(absent_axis(scope, select.axis, of))
        return None
    if isinstance(select.level, t.Name) and select.level.name in ENDS:
        return select.level.name
    value = scope.locals.get(axis)
    kind = value.type.kind if value is not None else None
    level = infer(scope, select.level, kind)
    match level:
        case h.LevelTerm(level=name):
            return name
        case h.Literal_(value=plain) if not failed(level):
            return _level_of_value(scope, select, kind, plain)
    if not failed(level):
        found = k.kind_text(level.type.kind)
        scope.report(
            WrongType(span=select.level.span, what="this", expected=f"a level of {axis}", found=found)
        )
    return None


def _level_of_value(scope: Scope, select: t.Select, kind: k.Kind | None, plain: h.Plain) -> str | None:
    """The level that stands for a number such as `7B`; axes of plain values are named by their text."""
    if not isinstance(kind, k.Of):
        return str(plain)
    for level in kind.vocabulary.levels:
        if plain in (level.code, level.value):
            return level.name
    vocabulary = kind.vocabulary
    helps = did_you_mean(select.level.span.text, vocabulary.names)
    where, text = f" of `{vocabulary.name}`", select.level.span.text
    scope.report(UnknownName(span=select.level.span, what="level", name=text, where=where, helps=helps))
    return None


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


def _binary(scope: Scope, node: t.Binary) -> h.Term:
    if node.sign in ("in", "not in"):
        return _member(scope, node)
    if node.sign == "..":
        return _range(scope, node)
    if node.sign in _VERBS:
        return _arithmetic(scope, node)
    left = infer(scope, node.left)
    if failed(left):
        return left
    right = infer(scope, node.right, left.type.kind)
    if failed(right):
        return right
    if not _comparable(node.sign, left, right):
        _mismatch(scope, node, "compare", left, right)
        return unknown(node.span)
    op = cast(h.CompareOp, node.sign)
    return h.CompareTerm(type=typed(k.Bool(), left, right), span=node.span, op=op, left=left, right=right)


def _comparable(sign: str, left: h.Term, right: h.Term) -> bool:
    if units.unit_of(left) is not None and units.unit_of(right) is not None:
        return units.together(left, right) is not None
    a, b = left.type.kind, right.type.kind
    if isinstance(a, k.Number) or isinstance(b, k.Number):
        return False
    ordered = sign in ("==", "!=") or (isinstance(a, k.Of) and a.vocabulary.ordered) or isinstance(a, k.Date)
    return ordered and (k.fits(a, b) or k.fits(b, a))


def _mismatch(scope: Scope, node: t.Binary, verb: str, left: h.Term, right: h.Term) -> None:
    def words(term: h.Term) -> str:
        return "a plain number" if units.is_literal(term) else f"`{k.kind_text(term.type.kind)}`"

    helps: tuple[str, ...] = ()
    for side, term in ((node.left, left), (node.right, right)):
        if units.unit_of(term) in (k.Unit.BITS, k.Unit.NATS, k.Unit.STEPS):
            helps = (f"drop the unit on purpose: `number({side.span.text})`",)
    first, second = words(left), words(right)
    if verb == "subtract":
        first, second = second, first
    word = _JOINED.get(verb, "and")
    scope.report(UnitMismatch(span=node.span, verb=verb, left=first, right=second, word=word, helps=helps))


def _member(scope: Scope, node: t.Binary) -> h.Term:
    of = infer(scope, node.left)
    if failed(of):
        return of
    ends = range_of(node.right)
    among: h.Term
    if ends is not None:
        high = None if ends[1] == float("inf") else ends[1]
        among = h.RangeTerm(type=k.Type(k.Number()), span=node.right.span, low=ends[0], high=high)
    else:
        among = infer(scope, node.right, of.type.kind)
    if failed(among):
        return among
    if not isinstance(among, h.ListTerm | h.RangeTerm):
        found = k.kind_text(among.type.kind)
        scope.report(WrongType(span=node.right.span, what="this", expected="a list or a range", found=found))
        return unknown(node.span)
    negated = node.sign == "not in"
    return h.MemberTerm(type=typed(k.Bool(), of, among), span=node.span, of=of, among=among, negated=negated)


def _range(scope: Scope, node: t.Binary) -> h.Term:
    low, high = infer(scope, node.left), infer(scope, node.right)
    if failed(low) or failed(high):
        return unknown(node.span)
    match low, high:
        case h.Literal_(value=a), h.Literal_(value=b) if isinstance(a, int | float) and isinstance(
            b, int | float
        ):
            return h.RangeTerm(type=k.Type(k.ListOf(k.Number())), span=node.span, low=a, high=b)
    scope.report(WrongType(span=node.span, what="this range", expected="numbers", found="expressions"))
    return unknown(node.span)


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
        _mismatch(scope, node, _VERBS[node.sign], left, right)
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
        helps = did_you_mean(node.word.name, ("ordinal", "nominal"))
        scope.report(UnknownName(span=node.word.span, what="kind of scale", name=node.word.name, helps=helps))
        return unknown(node.span)
    if not isinstance(of.type.kind, k.ScaleValue):
        found = k.kind_text(of.type.kind)
        scope.report(WrongType(span=node.left.span, what="this", expected="a scale", found=found))
        return unknown(node.span)
    return h.KindTerm(type=typed(k.Bool(), of), span=node.span, of=of, word=node.word.name)


def _if(scope: Scope, node: t.If, expected: k.Kind | None) -> h.Term:
    condition = truth_of(scope, node.condition)
    then, otherwise = infer(scope, node.then, expected), infer(scope, node.otherwise, expected)
    if failed(condition) or failed(then) or failed(otherwise):
        return unknown(node.span)
    unit = units.together(then, otherwise)
    if unit is None:
        scope.report(
            UnitMismatch(
                span=node.span,
                verb="choose between",
                left=f"`{k.kind_text(then.type.kind)}`",
                right=f"`{k.kind_text(otherwise.type.kind)}`",
            )
        )
        return unknown(node.span)
    type_ = typed(k.Number(unit), condition, then, otherwise)
    return h.IfTerm(type=type_, span=node.span, condition=condition, then=then, otherwise=otherwise)
