"""Arithmetic of units.

A plain literal fits any share or plain number, a literal zero fits every unit; units add and compare only with
themselves; the difference of two shares is in points; a share of something keeps its unit; equal units divide to a
ratio (language.md section 4, A11).
"""

from __future__ import annotations

from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.subterms import subterms

U = k.Unit
_FRACTIONS = (U.SHARE, U.POINTS, U.RATIO, U.NONE)


def is_literal(term: h.Term) -> bool:
    """A number written in place, or the value of a parameter without a unit."""
    match term:
        case h.Literal_(type=type_):
            return isinstance(type_.kind, k.Number) and type_.kind.unit is U.NONE
        case h.NegateTerm(of=of):
            return is_literal(of)
    return False


def is_zero(term: h.Term) -> bool:
    return isinstance(term, h.Literal_) and term.value == 0 and not isinstance(term.value, bool)


def unit_of(term: h.Term) -> k.Unit | None:
    """The unit of a numeric term; levels that are numbers count as theirs."""
    match term.type.kind:
        case k.Number(unit):
            return unit
        case k.Of(vocabulary) if vocabulary.numeric:
            return vocabulary.unit
    return None


def together(left: h.Term, right: h.Term) -> k.Unit | None:
    """The common unit of two terms that are added or compared, or None where there is none."""
    a, b = unit_of(left), unit_of(right)
    if a is None or b is None:
        return None
    if a is b or is_zero(right):
        return a
    if is_zero(left):
        return b
    if is_literal(left) and b in (U.SHARE, U.POINTS, U.RATIO, U.COEFFICIENT):
        return b
    if is_literal(right) and a in (U.SHARE, U.POINTS, U.RATIO, U.COEFFICIENT):
        return a
    if {a, b} == {U.SHARE, U.POINTS}:
        return U.POINTS
    return None


def sum_unit(op: str, left: h.Term, right: h.Term) -> k.Unit | None:
    """The unit of `left + right` or `left - right`."""
    common = together(left, right)
    if common is not U.SHARE:
        return U.SHARE if common is U.POINTS and op == "+" and _share_plus_points(left, right) else common
    if op == "-" and not is_literal(left) and not is_zero(right):
        return U.POINTS
    return U.SHARE


def _share_plus_points(left: h.Term, right: h.Term) -> bool:
    return {unit_of(left), unit_of(right)} == {U.SHARE, U.POINTS}


def product_unit(left: h.Term, right: h.Term) -> k.Unit | None:
    """The unit of `left * right`: a plain number, share, ratio or points scales the other side."""
    a, b = unit_of(left), unit_of(right)
    if a is None or b is None:
        return None
    if a is b:
        return {U.BITS: None, U.NATS: None, U.STEPS: None}.get(a, a)
    for scaling in (U.NONE, U.RATIO, U.SHARE, U.POINTS, U.COEFFICIENT):
        if a is scaling:
            return b
        if b is scaling:
            return a
    return None


def quotient_unit(left: h.Term, right: h.Term) -> k.Unit | None:
    """The unit of `left / right`: equal units give a ratio, plain numbers, shares and ratios keep the left unit."""
    a, b = unit_of(left), unit_of(right)
    if a is None or b is None:
        return None
    if a is b:
        return U.NONE if a is U.NONE else U.RATIO
    if {a, b} == {U.SHARE, U.POINTS}:
        return U.RATIO
    return a if b in _FRACTIONS else None


def fits(found: k.Unit, declared: k.Unit, term: h.Term) -> bool:
    """Whether a value may be given where a unit is declared."""
    if found is declared or is_zero(term):
        return True
    if is_literal(term) and declared in (U.SHARE, U.POINTS, U.RATIO, U.COEFFICIENT):
        return True
    return declared in _FRACTIONS and found in _FRACTIONS and found is not U.NONE


def defines(found: k.Unit, declared: k.Number, term: h.Term) -> bool:
    """Whether the body of a metric may have the unit it declares: a metric may name the unit of a plain number.

    A sum of cumulative shares over the options counts steps: of one distribution, how far its people stand from the
    first option; of a difference of two, how far they must move (Vallender 1974).
    """
    if found is U.NONE or (fits(found, declared.unit, term) and not declared.whole):
        return True
    return declared.unit is U.STEPS and found in (U.SHARE, U.POINTS) and _is_cumulative(term)


def _is_cumulative(term: h.Term) -> bool:
    """Whether a term sums cumulative shares over `option`."""
    match term:
        case h.ReduceTerm(reducer="sum", direction="over", axes=("option",), of=of):
            return any(isinstance(one, h.ReduceTerm) and one.reducer == "cumsum" for one in subterms(of))
    return False
