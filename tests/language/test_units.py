"""Units: what adds, compares, multiplies and divides (language.md section 4, A11), and what a declaration takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import check_text, shown

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


DECLARED = """cycl 1
import std.metrics as m
param least : {param} where least > -5
metric taken(p: dist(S), x: {formal}) -> ratio = x * (max over option of p)
metric made(p: dist(S)) -> {metric} = {body}
scale mood : nominal {{ calm, tense }}
prompt put(mood: {prompt}) -> choice(mood_) {{ user "{{mood}}" }}
scale mood_ : nominal {{ calm, tense }}
panel models {{ model a = demo() }}
audit one {{
  each model in models
  each time  in 1..2
  ask reply = put({given}) {{ model = model, per = [time], read = sampled, missing = drop }}
  let asked = share over time of reply
  let one : {let} = {value}
  measure far by model : ratio = taken(asked, {argument})
  measure last : {measure} = {number}
}}
"""
SOUND = {
    "param": "share = 20%", "formal": "share = 20%", "metric": "share", "body": "max over option of p",
    "prompt": "share = 0.5", "given": "mood = 20%", "let": "share", "value": "20%", "argument": "x = 0.2",
    "measure": "share", "number": "100%",
}  # fmt: skip
OUTSIDE = "is outside its declared range"
DECLARATIONS = [
    ({}, []),
    ({"metric": "bits"}, ["cannot give a value in `share` as the declared `bits`"]),
    ({"metric": "years"}, ["cannot give a value in `share` as the declared `years`"]),
    ({"metric": "count"}, ["cannot give a value in `share` as the declared `count`"]),
    ({"metric": "rank"}, ["cannot give a value in `share` as the declared `rank`"]),
    ({"metric": "steps"}, ["cannot give a value in `share` as the declared `steps`"]),
    ({"metric": "share", "body": "m.entropy(p)"}, ["cannot give a value in `bits` as the declared `share`"]),
    ({"metric": "ratio"}, []),
    ({"metric": "real"}, []),
    ({"metric": "steps", "body": "sum over option of number(p)"}, []),
    ({"metric": "count", "body": "sum over option of number(p)"}, []),
    ({"metric": "bits", "body": "m.entropy(p)"}, []),
    ({"metric": "share?"}, ["this result has the wrong type"]),
    ({"formal": "share?"}, ["argument `x` has the wrong type"]),
    ({"prompt": "share?"}, ["argument `mood` has the wrong type"]),
    ({"param": "share? = 20%"}, ["parameter `least` has the wrong type"]),
    ({"let": "share?"}, []),
    ({"measure": "share?"}, ["`last` may be missing"]),
    ({"measure": "count"}, ["cannot give a value in `share` as the declared `count`"]),
    ({"measure": "real"}, []),
    ({"number": "300%"}, [f"`last = 300%` {OUTSIDE}"]),
    ({"number": "-1"}, [f"`last = -1` {OUTSIDE}"]),
    ({"measure": "points", "number": "-20%"}, []),
    ({"measure": "points", "number": "-2"}, [f"`last = -2` {OUTSIDE}"]),
    ({"measure": "coefficient", "number": "1.5"}, [f"`last = 1.5` {OUTSIDE}"]),
    ({"measure": "ratio", "number": "3"}, []),
    ({"value": "20"}, [f"`one = 20` {OUTSIDE}"]),
    ({"argument": "x = 20"}, [f"`x = 20` {OUTSIDE}"]),
    ({"argument": "20"}, [f"`x = 20` {OUTSIDE}"]),
    ({"given": "20"}, [f"`mood = 20` {OUTSIDE}"]),
    ({"prompt": "share = 20"}, [f"`mood = 20` {OUTSIDE}"]),
    ({"formal": "share = 20"}, [f"`x = 20` {OUTSIDE}"]),
    ({"param": "share = 20"}, [f"`least = 20` {OUTSIDE}"]),
    ({"param": "points = -3"}, [f"`least = -3` {OUTSIDE}"]),
]


@pytest.mark.parametrize(("change", "said"), DECLARATIONS, ids=[str(change) for change, _ in DECLARATIONS])
def test_a_declared_unit_is_that_of_the_value(
    change: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    checked = check_text(tmp_path, DECLARED.format(**{**SOUND, **change}))
    assert [d.message for d in checked.errors] == said, shown(checked)


def test_a_share_over_one_is_met_with_the_percentage_that_was_meant(tmp_path: Path) -> None:
    for text, helps in (("20", ("write `20%`",)), ("300%", ()), ("300", ()), ("1.5", ("write `1.5%`",))):
        (error,) = check_text(tmp_path, f"cycl 1\nparam p : share = {text}\n").errors
        assert error.helps == helps


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
