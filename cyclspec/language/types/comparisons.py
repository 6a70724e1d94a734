"""Comparing values: `==`, `<`, `in`, and what they can stand between.

Numbers compare in one unit, levels of one vocabulary by name, levels with an order by it. An inline vocabulary, such as
that of a parameter, compares with another one where all levels of one of them are levels of the other.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import cast

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy05_units import UnitMismatch
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant, units
from cyclspec.language.types import terms as h
from cyclspec.language.types.constants import NotConstant, evaluate
from cyclspec.language.types.scope import Scope, failed, unknown
from cyclspec.language.types.values import is_ordered, typed
from cyclspec.language.types.vocabularies import range_of

_EQUALITY = ("==", "!=")
_JOINED = {"subtract": "from", "multiply": "by", "divide": "by", "raise": "to", "compare": "with"}


def infer_compare(scope: Scope, node: t.Binary) -> h.Term:
    """The term of `left == right` and its like."""
    left = scope.infer(node.left)
    if failed(left):
        return left
    if meant.is_null(node.right) and not scope.knows(node.right.span.text):
        mend = meant.missing_meant(node.left, node.span)
        scope.report(
            UnknownName(span=node.right.span, what="value", name=node.right.span.text, **mend._asdict())
        )
        return unknown(node.span)
    right = scope.infer(node.right, left.type.kind)
    if failed(right):
        return right
    if not comparable(scope, node.sign, left, right):
        mismatch(scope, node, "compare", left, right)
        return unknown(node.span)
    op = cast(h.CompareOp, node.sign)
    left, right = _as_level_of(left, right), _as_level_of(right, left)
    return h.CompareTerm(type=typed(k.Bool(), left, right), span=node.span, op=op, left=left, right=right)


def comparable(scope: Scope, sign: str, left: h.Term, right: h.Term) -> bool:
    """Whether two values can be compared so."""
    if units.unit_of(left) is not None and units.unit_of(right) is not None:
        return units.together(left, right) is not None
    a, b = left.type.kind, right.type.kind
    if isinstance(a, k.Number) or isinstance(b, k.Number):
        return False
    if isinstance(a, k.Text) and isinstance(b, k.Text):
        one_each = len(a.langs) <= 1 and len(b.langs) <= 1
        return sign in _EQUALITY and (one_each or set(a.langs) == set(b.langs))
    if sign not in _EQUALITY and not (is_ordered(scope, a) and is_ordered(scope, b)):
        return False
    return levels_meet(scope, a, b, sign) or k.fits(a, b) or k.fits(b, a)


def levels_meet(scope: Scope, a: k.Kind, b: k.Kind, sign: str = "==") -> bool:
    """Whether two kinds are levels that can be compared by name, or by order."""
    first, second = _vocabulary(a), _vocabulary(b)
    return first is not None and second is not None and _same_levels(scope, sign, first, second)


def _vocabulary(kind: k.Kind) -> k.Vocabulary | None:
    match kind:
        case k.Of(vocabulary):
            return vocabulary
        case k.Choice(k.Vocabulary() as scale):
            return scale
    return None


def _same_levels(scope: Scope, sign: str, a: k.Vocabulary, b: k.Vocabulary) -> bool:
    """One vocabulary, or two of which one stands in place and one is within the other, in one order if it counts."""
    if a == b:
        return True
    declared = tuple(scope.ctx.vocabularies.values())
    if a in declared and b in declared:
        return False
    if a.open or b.open:
        return sign in _EQUALITY
    small, large = sorted((a.names, b.names), key=len)
    if not set(small) <= set(large):
        return False
    return sign in _EQUALITY or small == tuple(name for name in large if name in small)


def _as_level_of(term: h.Term, other: h.Term) -> h.Term:
    """A level of a parameter's own vocabulary as the level of that name of the vocabulary it is compared with."""
    vocabulary = _vocabulary(other.type.kind)
    if not isinstance(term, h.LevelTerm) or vocabulary is None or term.vocabulary == vocabulary:
        return term
    if vocabulary.level(term.level) is None and not vocabulary.open:
        return term
    return replace(term, vocabulary=vocabulary, type=replace(term.type, kind=k.Of(vocabulary)))


def mismatch(
    scope: Scope, node: t.Binary, verb: str, left: h.Term, right: h.Term, mend: Mend = meant.NOTHING
) -> None:
    """Reports two values that do not go together; `mend` is what was meant, where it is known."""

    def words(term: h.Term) -> str:
        return "a plain number" if units.is_literal(term) else f"`{k.kind_text(term.type.kind)}`"

    helps, edits = mend
    for side, term in ((node.left, left), (node.right, right)):
        if isinstance(term.type.kind, k.Text) and len(term.type.kind.langs) > 1:
            helps = ("compare what is the same in every language, such as a key or a level",)
        if units.unit_of(term) in (k.Unit.BITS, k.Unit.NATS, k.Unit.STEPS):
            helps = (f"drop the unit on purpose: `{meant.in_number(side)}`",)
    for node_, kind in ((node.right, left.type.kind), (node.left, right.type.kind)):
        vocabulary = _vocabulary(kind)
        if (
            isinstance(node_, t.TextValue)
            and vocabulary is not None
            and vocabulary.level(node_.value) is not None
        ):
            helps = (f"a level is written without quotation marks: `{node_.value}`",)
            edits = meant.word_meant(node_).edits
    first, second = words(left), words(right)
    if verb == "subtract":
        first, second = second, first
    word = _JOINED.get(verb, "and")
    scope.report(
        UnitMismatch(span=node.span, verb=verb, left=first, right=second, word=word, helps=helps, edits=edits)
    )


# ---- membership and ranges


def infer_member(scope: Scope, node: t.Binary) -> h.Term:
    """The term of `value in [..]` or `value in low..high`."""
    of = scope.infer(node.left)
    if failed(of):
        return of
    among = _among(scope, node, of)
    if failed(among):
        return unknown(node.span)
    if not isinstance(among, h.ListTerm | h.RangeTerm):
        found = k.kind_text(among.type.kind)
        scope.report(WrongType(span=node.right.span, what="this", expected="a list or a range", found=found))
        return unknown(node.span)
    if isinstance(among, h.ListTerm):
        wrong = [item for item in among.items if not comparable(scope, "==", of, item)]
        if wrong:
            mismatch(
                scope, node, "compare", of, wrong[0], meant.words_meant(node.right, _vocabulary(of.type.kind))
            )
            return unknown(node.span)
        among = replace(among, items=tuple(_as_level_of(item, of) for item in among.items))
    elif units.unit_of(of) is None:
        found = k.kind_text(of.type.kind)
        scope.report(WrongType(span=node.left.span, what="this", expected="a number", found=found))
        return unknown(node.span)
    negated = node.sign == "not in"
    return h.MemberTerm(type=typed(k.Bool(), of, among), span=node.span, of=of, among=among, negated=negated)


def _among(scope: Scope, node: t.Binary, of: h.Term) -> h.Term:
    ends = range_of(node.right)
    if ends is None:
        return _range_or_list(scope, node, of)
    return _range(scope, node.right.span, k.Number(), *ends)


def _range_or_list(scope: Scope, node: t.Binary, of: h.Term) -> h.Term:
    right = node.right
    if isinstance(right, t.Binary) and right.sign == ".." and isinstance(of.type.kind, k.Date):
        text = node.left.span.text
        helps = (f"write `{text} >= {right.left.span.text} and {text} <= {right.right.span.text}`",)
        scope.report(
            WrongType(
                span=right.span, what="this range", expected="numbers", found="a range of dates", helps=helps
            )
        )
        return unknown(right.span)
    return scope.infer(right, of.type.kind)


def infer_range(scope: Scope, node: t.Binary) -> h.Term:
    """The term of `low..high`, both ends numbers that the spec itself gives."""
    low, high = scope.infer(node.left), scope.infer(node.right)
    if failed(low) or failed(high):
        return unknown(node.span)
    ends = _number(low), _number(high)
    if ends[0] is not None and ends[1] is not None:
        return _range(scope, node.span, k.ListOf(k.Number()), ends[0], ends[1])
    scope.report(WrongType(span=node.span, what="this range", expected="numbers", found="expressions"))
    return unknown(node.span)


def _number(term: h.Term) -> float | None:
    """The number that a term stands for, whatever its unit; None where the spec itself does not give it."""
    try:
        value = evaluate(term)
    except NotConstant:
        return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _range(scope: Scope, span: Span, kind: k.Kind, low: float, high: float) -> h.Term:
    """The term of a range, which holds something: its low end is no higher than its high end."""
    if low > high:
        text = span.text if re.search(r"[^\d.]", span.text) is None else f"{low:g}..{high:g}"
        expected, ends = "a low end, then a high end", span.text.split("..")
        mend = write(span, f"{ends[1].strip()}..{ends[0].strip()}") if len(ends) == 2 else meant.NOTHING
        told = WrongType(span=span, what="this range", expected=expected, found=text, **mend._asdict())
        scope.report(told)
        return unknown(span)
    return h.RangeTerm(type=k.Type(kind), span=span, low=low, high=None if high == math.inf else high)
