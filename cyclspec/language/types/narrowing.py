"""What a condition on an axis says of the scales of its rows (language.md, rule A10).

`where item.options is ordinal` makes every scale that is left ordered; `size(item.options) == 4` gives them all one
length. Expects the typed condition of the axis that brings the scale along. Ensures that only what must hold in every
row that is left is used: the parts of an `and`, over that axis alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.constants import NotConstant, evaluate
from cyclspec.language.types.declared import MAX_OPTIONS
from cyclspec.language.types.scope import Scope

_FLIPPED: Mapping[str, h.CompareOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def narrowed(scope: Scope, axes: frozenset[str], where: h.Term) -> Mapping[tuple[str, str], k.ItemScale]:
    """The refined scales of rows of `axes`, by table and column, beside those of `scope`."""
    refined = dict(scope.refinements)
    for part in _parts(where):
        if not part.type.axes <= axes:
            continue
        never = _never_nominal(part)
        if never is not None:
            condition, label = f"{never} is ordinal", f"no row is left: every `{never}` has an order"
            told = OutsideRange(span=part.span, what=part.span.text, condition=condition, label=label)
            scope.report(told)
            continue
        for scale, facts in _facts(part):
            if scale.axis not in axes:
                continue
            key = (scale.table, scale.column)
            made = facts.of(refined.get(key, scale))
            if made is None:
                high = "inf" if scale.high is None else str(scale.high)
                condition = f"size({scale}) in {scale.low}..{high}"
                scope.report(OutsideRange(span=part.span, what=part.span.text, condition=condition))
                continue
            refined[key] = made
    return refined


def _never_nominal(part: h.Term) -> k.ItemScale | None:
    """The scale of which a condition says that it has no order, where it is declared with one."""
    match part:
        case (
            h.KindTerm(of=of, word="nominal")
            | h.LogicTerm(op="not", args=(h.KindTerm(of=of, word="ordinal"),))
        ):
            match of.type.kind:
                case k.ScaleValue(k.ItemScale(ordered=True) as scale):
                    return scale
    return None


def _parts(term: h.Term) -> Iterator[h.Term]:
    if isinstance(term, h.LogicTerm) and term.op == "and":
        for arg in term.args:
            yield from _parts(arg)
        return
    yield term


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """Ordered or not, and the least and largest length that a scale can have."""

    ordered: bool = False
    low: float = 0.0
    high: float = math.inf

    def of(self, scale: k.ItemScale) -> k.ItemScale | None:
        """The scale with these facts, or None where no scale can have them."""
        low = max(scale.low, math.ceil(self.low))
        highest = min(math.inf if scale.high is None else scale.high, self.high)
        if highest < low:
            return None
        high = None if highest == math.inf else math.floor(highest)
        return replace(scale, ordered=scale.ordered or self.ordered, low=low, high=high)


def _facts(term: h.Term) -> Iterator[tuple[k.ItemScale, _Facts]]:
    match term:
        case h.KindTerm(of=of, word="ordinal"):
            match of.type.kind:
                case k.ScaleValue(k.ItemScale() as scale):
                    yield scale, _Facts(ordered=True)
        case h.CompareTerm(op=op, left=left, right=right):
            yield from _compared(left, op, right)
            yield from _compared(right, _FLIPPED[op], left)
        case h.MemberTerm(of=of, among=h.RangeTerm(low=low, high=high), negated=False):
            sized = _sized(of)
            if sized is not None and low <= MAX_OPTIONS:
                yield sized, _Facts(low=low, high=math.inf if high is None else high)


def _sized(term: h.Term) -> k.ItemScale | None:
    """The scale whose length a term is: `size(item.options)`."""
    match term:
        case h.CallTerm(function="size", args=(h.AttributeTerm(type=type_),)):
            match type_.kind:
                case k.ScaleValue(k.ItemScale() as scale):
                    return scale
    return None


def _compared(term: h.Term, op: h.CompareOp, other: h.Term) -> Iterator[tuple[k.ItemScale, _Facts]]:
    scale = _sized(term)
    if scale is None:
        return
    try:
        number = evaluate(other)
    except NotConstant:
        return
    if not isinstance(number, int | float) or abs(number) > MAX_OPTIONS:
        return
    match op:
        case "==":
            yield scale, _Facts(low=number, high=number)
        case "<=":
            yield scale, _Facts(high=number)
        case "<":
            yield scale, _Facts(high=math.ceil(number) - 1)
        case ">=":
            yield scale, _Facts(low=number)
        case ">":
            yield scale, _Facts(low=math.floor(number) + 1)
