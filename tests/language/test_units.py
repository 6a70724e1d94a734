"""Units: what adds, compares, multiplies and divides (language.md section 4, A11), and what a declaration takes."""

from __future__ import annotations

import pytest

from cyclspec.language.spans import Source, Span
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units

U = k.Unit
SPAN = Span(Source("test", ""), 0, 0)


def of(unit: k.Unit) -> h.Term:
    """A value that is no literal, in a unit."""
    return h.FormalTerm(type=k.Type(k.Number(unit)), span=SPAN, name="x")


def literal(value: float) -> h.Term:
    return h.Literal_(type=k.Type(k.Number()), span=SPAN, value=value)


TEXT = h.Literal_(type=k.Type(k.Text()), span=SPAN, value="x")
ONE, ZERO = literal(1), literal(0)
SHARE, POINTS, RATIO, BITS, NATS, STEPS = map(of, (U.SHARE, U.POINTS, U.RATIO, U.BITS, U.NATS, U.STEPS))
YEARS, PLAIN, COEFFICIENT, PARAMETERS = map(of, (U.YEARS, U.NONE, U.COEFFICIENT, U.PARAMETERS))


@pytest.mark.parametrize("unit", list(U))
def test_equal_units_compare_and_a_zero_has_every_unit(unit: k.Unit) -> None:
    assert units.together(of(unit), of(unit)) is unit
    assert units.together(of(unit), ZERO) is unit
    assert units.together(ZERO, of(unit)) is unit


@pytest.mark.parametrize(
    ("left", "right", "common"),
    [
        (SHARE, ONE, U.SHARE),
        (ONE, SHARE, U.SHARE),
        (RATIO, ONE, U.RATIO),
        (ONE, COEFFICIENT, U.COEFFICIENT),
        (SHARE, POINTS, U.POINTS),
        (POINTS, SHARE, U.POINTS),
        (BITS, ONE, None),
        (ONE, STEPS, None),
        (BITS, NATS, None),
        (SHARE, BITS, None),
        (SHARE, RATIO, None),
        (SHARE, PLAIN, None),
        (YEARS, PARAMETERS, None),
        (TEXT, ONE, None),
        (SHARE, TEXT, None),
    ],
)
def test_what_compares_with_what(left: h.Term, right: h.Term, common: k.Unit | None) -> None:
    assert units.together(left, right) is common


@pytest.mark.parametrize(
    ("op", "left", "right", "result"),
    [
        ("-", SHARE, SHARE, U.POINTS),
        ("+", SHARE, SHARE, U.SHARE),
        ("-", ONE, SHARE, U.SHARE),
        ("-", SHARE, ZERO, U.SHARE),
        ("-", SHARE, POINTS, U.POINTS),
        ("+", SHARE, POINTS, U.SHARE),
        ("+", POINTS, SHARE, U.SHARE),
        ("+", POINTS, POINTS, U.POINTS),
        ("-", BITS, BITS, U.BITS),
        ("+", BITS, ONE, None),
        ("-", ONE, ONE, U.NONE),
        ("+", YEARS, YEARS, U.YEARS),
        ("+", STEPS, BITS, None),
        ("+", TEXT, TEXT, None),
    ],
)
def test_the_unit_of_a_sum(op: str, left: h.Term, right: h.Term, result: k.Unit | None) -> None:
    assert units.sum_unit(op, left, right) is result


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (ONE, BITS, U.BITS),
        (BITS, ONE, U.BITS),
        (SHARE, BITS, U.BITS),
        (SHARE, SHARE, U.SHARE),
        (RATIO, STEPS, U.STEPS),
        (POINTS, YEARS, U.YEARS),
        (BITS, BITS, None),
        (STEPS, STEPS, None),
        (BITS, STEPS, None),
        (TEXT, ONE, None),
    ],
)
def test_the_unit_of_a_product(left: h.Term, right: h.Term, result: k.Unit | None) -> None:
    assert units.product_unit(left, right) is result


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (BITS, BITS, U.RATIO),
        (SHARE, SHARE, U.RATIO),
        (PLAIN, PLAIN, U.NONE),
        (POINTS, SHARE, U.RATIO),
        (BITS, ONE, U.BITS),
        (BITS, RATIO, U.BITS),
        (ONE, BITS, None),
        (BITS, STEPS, None),
        (TEXT, BITS, None),
    ],
)
def test_the_unit_of_a_quotient(left: h.Term, right: h.Term, result: k.Unit | None) -> None:
    assert units.quotient_unit(left, right) is result


@pytest.mark.parametrize(
    ("term", "declared", "fits"),
    [
        (SHARE, U.SHARE, True),
        (ONE, U.SHARE, True),
        (ZERO, U.BITS, True),
        (ONE, U.BITS, False),
        (BITS, U.SHARE, False),
        (POINTS, U.SHARE, True),
        (RATIO, U.SHARE, True),
        (PLAIN, U.SHARE, False),
        (STEPS, U.STEPS, True),
        (NATS, U.BITS, False),
    ],
)
def test_what_a_declared_unit_takes(term: h.Term, declared: k.Unit, *, fits: bool) -> None:
    unit = units.unit_of(term)
    assert unit is not None
    assert units.fits(unit, declared, term) is fits


def test_a_literal_may_be_negative_and_a_truth_is_no_number() -> None:
    assert units.is_literal(h.NegateTerm(type=k.Type(k.Number()), span=SPAN, of=ONE))
    assert not units.is_literal(SHARE)
    truth = h.Literal_(type=k.Type(k.Bool()), span=SPAN, value=False)
    assert units.unit_of(truth) is None
    assert not units.is_zero(truth)
