"""Evaluates terms that are known from the text alone: parameters and their conditions.

Expects typed terms of phase `static`, whose parameters are folded. Ensures plain Python values; raises `NotConstant`
for anything that needs data.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

Value = bool | int | float | str | Mapping[str, str] | tuple[Any, ...]

_OPS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": lambda base, exponent: float(base) ** float(exponent),
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_ORDERING = ("<", "<=", ">", ">=")
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "sign": lambda x: math.copysign(1, x) if x else 0,
    "round": round,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "log": math.log,
    "log10": math.log10,
    "exp": math.exp,
    "number": lambda x: x,
    "minimum": min,
    "maximum": max,
    "clip": lambda x, low, high: min(max(x, low), high),
}


class NotConstant(Exception):
    """The term needs data or answers."""


def evaluate(term: h.Term) -> Value:
    """The value of a static term."""
    match term:
        case h.Literal_(value=value):
            return value
        case h.TextsTerm(texts=texts):
            return dict(texts)
        case h.LevelTerm(level=level):
            return level
        case h.ListTerm(items=items):
            return tuple(evaluate(item) for item in items)
        case h.RangeTerm(low=low, high=high):
            return (low, math.inf if high is None else high)
        case h.NegateTerm(of=of):
            return -_number(evaluate(of))
        case h.CompareTerm(op=op, left=h.LevelTerm() as left, right=h.LevelTerm() as right) if (
            op in _ORDERING
        ):
            return _apply(op, _position(left), _position(right))
        case h.CompareTerm(op=op, left=left, right=right):
            return _apply(
                op, as_text(evaluate(left), left.type.kind), as_text(evaluate(right), right.type.kind)
            )
        case h.ArithmeticTerm(op=op, left=left, right=right):
            return _apply(op, evaluate(left), evaluate(right))
        case h.CallTerm(function="size", args=(arg,)):
            return _size(arg)
        case h.CallTerm(function=function, args=args) if function in _FUNCTIONS:
            return _call(function, [_number(evaluate(arg)) for arg in args])
        case h.MemberTerm(of=of, among=among, negated=negated):
            return _member(as_text(evaluate(of), of.type.kind), among) != negated
        case h.LogicTerm(op="not", args=(arg,)):
            return not evaluate(arg)
        case h.LogicTerm(op=op, args=args):
            return all(map(evaluate, args)) if op == "and" else any(map(evaluate, args))
        case h.IfTerm(condition=condition, then=then, otherwise=otherwise):
            return evaluate(then) if evaluate(condition) else evaluate(otherwise)
    raise NotConstant(type(term).__name__)


def folded(term: h.Term) -> h.Term:
    """A static term as its value, so that whatever names it computes nothing again. `NotConstant` where it has none."""
    match term:
        case h.Literal_() | h.TextsTerm() | h.LevelTerm() | h.RangeTerm():
            return term
        case h.ListTerm(items=items):
            return replace(term, items=tuple(map(folded, items)))
        case h.IfTerm(condition=condition, then=then, otherwise=otherwise):
            return replace(folded(then if evaluate(condition) else otherwise), span=term.span)
    value = evaluate(term)
    if isinstance(value, tuple | Mapping):
        raise NotConstant(type(term).__name__)
    return h.Literal_(type=term.type, span=term.span, value=value)


def has_more(term: h.Term, most: int) -> bool:
    """Whether a list, with the lists in it, has more than `most` values; looks at no more than that."""
    waiting, seen = [term], 0
    while waiting and seen <= most:
        one = waiting.pop()
        if isinstance(one, h.ListTerm):
            waiting.extend(one.items[: most + 1 - seen])
        seen += 1
    return seen > most


def _position(term: h.LevelTerm) -> int:
    """Where a level stands among those of its vocabulary: levels are ordered by place, not by name."""
    names = term.vocabulary.names if term.vocabulary is not None else ()
    if term.level not in names:
        raise NotConstant("a level without a place")
    return names.index(term.level)


def _size(term: h.Term) -> int:
    """The length of a list, or of a declared scale without the options that do not count."""
    if isinstance(term, h.VocabularyTerm):
        return sum(not level.missing for level in term.vocabulary.levels)
    found = evaluate(term) if isinstance(term.type.kind, k.ListOf) else None
    if not isinstance(found, tuple) or isinstance(term, h.RangeTerm):
        raise NotConstant("no length")
    return len(found)


def _call(function: str, args: list[int | float]) -> Value:
    try:
        result: Value = _FUNCTIONS[function](*args)
    except (ValueError, OverflowError) as error:
        raise NotConstant(str(error)) from error
    return result


def _number(value: Value) -> int | float:
    if isinstance(value, int | float):
        return value
    raise NotConstant("not a number")


def _apply(op: str, left: Value, right: Value) -> Value:
    try:
        result: Value = _OPS[op](left, right)
    except (ZeroDivisionError, OverflowError, TypeError) as error:
        raise NotConstant(str(error)) from error
    if isinstance(result, complex) or (isinstance(result, float) and not math.isfinite(result)):
        raise NotConstant("not a number")
    return result


def _member(value: Value, among: h.ListTerm | h.RangeTerm) -> bool:
    found = evaluate(among)
    assert isinstance(found, tuple)
    if isinstance(among, h.RangeTerm):
        return bool(found[0] <= _number(value) <= found[1])
    kinds = [item.type.kind for item in among.items]
    return value in [as_text(item, kind) for item, kind in zip(found, kinds, strict=True)]


def as_text(value: Any, kind: k.Kind) -> Any:
    """A text of one language, or of none, as it is compared: the words alone. Any other value as it is."""
    if not isinstance(value, Mapping) or not isinstance(kind, k.Text):
        return value
    match kind.langs:
        case ():
            return value.get("", value)
        case (lang,):
            return value.get(lang, value.get("", value))
    return {lang: value.get(lang) for lang in kind.langs}
