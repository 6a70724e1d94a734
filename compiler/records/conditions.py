"""Conditions on the fields of a record: `where situation_weight + character_weight == 1`.

Expects the condition of a field and the values that were read. Ensures that a condition which names a field without a
value does not hold, and that numbers which a model rounded are equal within `TOLERANCE`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cyclspec.compiler.data.codes import normal_code
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.constants import NotConstant, evaluate
from cyclspec.language.types.subterms import rewritten, subterms

TOLERANCE = 1e-6
_KNOWN = (
    h.Literal_,
    h.LevelTerm,
    h.FormalTerm,
    h.ListTerm,
    h.RangeTerm,
    h.NegateTerm,
    h.ArithmeticTerm,
    h.CompareTerm,
    h.MemberTerm,
    h.LogicTerm,
    h.IfTerm,
    h.VocabularyTerm,
    h.CallTerm,
)


def uncheckable(check: h.Term) -> Iterator[h.Term]:
    """The parts of a condition that cannot be evaluated for a reply."""
    return (term for term in subterms(check) if not isinstance(term, _KNOWN))


def holds(check: h.Term, values: Mapping[str, Any], kinds: Mapping[str, k.Kind]) -> bool:
    """Whether the condition of a field holds; `values` are those that were read, options by their codes."""

    def filled(term: h.Term) -> h.Term | None:
        match term:
            case h.CallTerm(function="size", args=(h.FormalTerm(name=name),)):
                return h.Literal_(type=term.type, span=term.span, value=len(_given(values, name)))
            case h.FormalTerm(name=name):
                return _constant(term, _given(values, name), kinds[name])
            case h.CompareTerm(op="==" | "!=" as op, left=left, right=right) if _are_numbers(left, right):
                one, other = (_number(rewritten(side, filled)) for side in (left, right))
                same = math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
                return h.Literal_(type=term.type, span=term.span, value=same == (op == "=="))
        return None

    try:
        return bool(evaluate(rewritten(check, filled)))
    except NotConstant:
        return False


def _number(term: h.Term) -> float:
    value = evaluate(term)
    if not isinstance(value, int | float):
        raise NotConstant(term.span.text)
    return float(value)


def _given(values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise NotConstant(name)
    return values[name]


def _are_numbers(*terms: h.Term) -> bool:
    return all(isinstance(term.type.kind, k.Number) for term in terms)


def _constant(term: h.FormalTerm, value: Any, kind: k.Kind) -> h.Term:
    match kind:
        case k.Choice(k.Vocabulary() as vocabulary) | k.Of(vocabulary) if vocabulary.levels:
            names = (level.name for level in vocabulary.levels if normal_code(level.code) == value)
            return h.LevelTerm(
                type=term.type, span=term.span, vocabulary=vocabulary, level=next(names, str(value))
            )
        case k.ListOf() | k.Picks():
            made = (h.Literal_(type=replace(term.type), span=term.span, value=one) for one in value)
            return h.ListTerm(type=term.type, span=term.span, items=tuple(made))
    return h.Literal_(type=term.type, span=term.span, value=value)
