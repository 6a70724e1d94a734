"""Choices, levels and truth values as operands: ragged scales, options that do not count, options of other items."""

from __future__ import annotations

from dataclasses import replace

import krippendorff
import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from score_terms import (
    NUMBER,
    answer,
    answers,
    attribute,
    audit,
    axis_list,
    call,
    check,
    choice,
    compare,
    grid,
    let,
    measure,
    metric,
    pick,
    real,
    reduce,
    word,
)

from cyclspec.compiler.axes import Grid, OptionLayout
from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

AXES = ("item", "repeat")
OPTIONS = (2, 5, 3, 5, 2, 4)
SHAPE = (6, 8)
RNG = np.random.default_rng(77)
CODES = np.array([RNG.integers(0, number, 8) for number in OPTIONS])
OK = RNG.uniform(size=SHAPE) > 0.1
LEVELS = k.Vocabulary("tone", True, tuple(k.Level(name, name, {}) for name in ("low", "mid", "high")))
TONES = ("high", "low", "mid", "high", None, "high")
chosen, mass = choice(*AXES), answer(*AXES, field="mass")
tone = attribute("item", "tone", k.Of(LEVELS))


def ragged() -> Grid:
    """Items of 2 to 5 options; the first option of items 1 and 3 is a missing answer, items 0 and 4 turn theirs."""
    found = grid({"item": 6, "repeat": 8}, OPTIONS, attributes={"item": {"tone": TONES}})
    old = found.options["item.options"]
    missing = old.missing.copy()
    missing[[1, 3], 0] = True
    codes = tuple(tuple(reversed(row)) if at in (0, 4) else row for at, row in enumerate(old.codes))
    items = OptionLayout("item", codes, old.exists, missing, old.value, True)
    tones = OptionLayout(
        None, (LEVELS.names,), np.ones((1, 3), bool), np.zeros((1, 3), bool), np.full((1, 3), np.nan), True
    )
    return Grid(found.axes, found.presence, {"item.options": items, "tone": tones})


def scored(*measures: d.TypedMeasure, lets: dict[str, h.Term] | None = None) -> dict[str, MeasureCells]:
    cells = answers(AXES, np.eye(5)[CODES], mass=np.full(SHAPE, 0.5), ok=OK)
    spec = audit(axes=AXES, measures=measures, lets=lets)
    found = lower(spec, ragged()).evaluate(ScoreInputs({"reply": cells}, {})).measures
    return {cells.name: cells for cells in found}


def gives(term: h.Term, kind: k.Kind) -> h.Term:
    return replace(term, type=replace(term.type, kind=kind))


def counted() -> NDArray[np.bool_]:
    """Which choices are there and count."""
    lacks = np.isin(np.arange(6), [1, 3])[:, None] & (CODES == 0)
    return OK & ~lacks


def test_shares_of_ragged_choices_are_distributions_over_the_options_that_count() -> None:
    scale = chosen.type.kind.scale if isinstance(chosen.type.kind, k.Choice) else None
    assert scale is not None
    shares = gives(reduce("share", ["repeat"], chosen), k.Dist(scale))
    flat = h.AttributeTerm(
        type=k.Type(k.ScaleValue(scale), frozenset({"item"})),
        span=mass.span,
        axis="item",
        attribute="options",
    )
    even = h.CallTerm(
        type=k.Type(k.Dist(scale), frozenset({"item"})), span=mass.span, function="uniform", args=(flat,)
    )
    named = let("shares", "item", kind=k.Dist(scale))
    found = scored(
        measure("tv", ["item"], metric("tv", named, even)),
        measure("last", ["item"], pick(named, option="last")),
        measure("position", ["item"], metric("mean_position", named)),
        lets={"shares": shares},
    )
    for item, number in enumerate(OPTIONS):
        here = CODES[item][counted()[item]]
        first = 1 if item in (1, 3) else 0
        p = np.array([(here == option).mean() for option in range(first, number)])
        assert abs(found["tv"].value[item] - 0.5 * np.abs(p - 1 / p.size).sum()) < 1e-12
        assert abs(found["last"].value[item] - p[-1]) < 1e-12
        assert abs(found["position"].value[item] - (p * np.arange(p.size)).sum() / (p.size - 1)) < 1e-12
        assert found["tv"].n_used[item] == here.size
        assert found["tv"].missing["missing option"][item] == (OK[item] & ~counted()[item]).sum()


def test_options_of_different_items_are_compared_by_code_and_ordered_by_place() -> None:
    units = gives(
        reduce(
            "krippendorff",
            AXES,
            chosen,
            units=axis_list("item"),
            raters=axis_list("repeat"),
            level=word("nominal"),
        ),
        NUMBER,
    )
    ordinal = replace(units, args=(*units.args[:2], ("level", word("ordinal"))))  # type: ignore[attr-defined]
    equal = gives(reduce("pair_agreement", AXES, chosen), NUMBER)
    found = scored(
        measure("nominal", [], units), measure("ordinal", [], ordinal), measure("equal", [], equal)
    )
    layout = ragged().options["item.options"]
    names = np.array([[int(layout.codes[item][code][1:]) for code in CODES[item]] for item in range(6)])
    places = CODES - np.isin(np.arange(6), [1, 3])[:, None]
    by_code, by_place = (np.where(counted(), values, np.nan) for values in (names, places))
    wanted = krippendorff.alpha(reliability_data=by_code.T, level_of_measurement="nominal")
    assert abs(found["nominal"].value - float(wanted)) < 1e-12
    wanted = krippendorff.alpha(reliability_data=by_place.T, level_of_measurement="ordinal")
    assert abs(found["ordinal"].value - float(wanted)) < 1e-12
    times = np.unique(by_code[counted()], return_counts=True)[1]
    pairs = (times * (times - 1)).sum() / (times.sum() * (times.sum() - 1))
    assert abs(found["equal"].value - pairs) < 1e-12


def test_levels_are_counted_ordered_shared_and_correlated() -> None:
    low, high = (
        h.LevelTerm(type=k.Type(k.Of(LEVELS)), span=mass.span, vocabulary=LEVELS, level=name)
        for name in ("low", "high")
    )
    shares = gives(reduce("share", ["item"], tone), k.Dist(LEVELS))
    answered = gives(reduce("count", ["repeat"], chosen), NUMBER)
    found = scored(
        measure("equal", [], gives(reduce("pair_agreement", ["item"], tone), NUMBER)),
        measure("least", [], one_where(compare("==", reduce("min", ["item"], tone), low))),
        measure("most", [], one_where(compare("==", reduce("mode", ["item"], tone), high))),
        measure("highs", [], pick(shares, option="high")),
        measure("levels", [], gives(reduce("count", ["item"], tone), NUMBER)),
        measure("rho", [], gives(reduce("spearman", ["item"], answered, against=tone), NUMBER)),
    )
    assert abs(found["equal"].value - 6 / 20) < 1e-12
    assert found["equal"].missing["no value"] == 1
    assert found["least"].value == 1.0 and found["most"].value == 1.0
    assert abs(found["highs"].value - 3 / 5) < 1e-12
    assert found["levels"].value == 5
    ranks = [LEVELS.names.index(name) for name in TONES if name is not None]
    there = [name is not None for name in TONES]
    number = counted().sum(axis=1)[there]
    assert abs(found["rho"].value - scipy.stats.spearmanr(number, ranks).statistic) < 1e-12


def one_where(condition: h.Term) -> h.Term:
    """1 where a condition holds, 0 elsewhere."""
    type_ = replace(condition.type, kind=NUMBER)
    return h.IfTerm(type=type_, span=mass.span, condition=condition, then=real(1.0), otherwise=real(0.0))


def test_truth_values_agree_like_options() -> None:
    high = compare(">", gives(reduce("count", ["repeat"], chosen), NUMBER), real(7.0))
    found = scored(measure("equal", [], gives(reduce("pair_agreement", ["item"], high), NUMBER)))["equal"]
    many = counted().sum(axis=1) > 7
    pairs = sum(n * (n - 1) for n in (int(many.sum()), int((~many).sum()))) / 30
    assert abs(found.value - pairs) < 1e-12


def test_a_check_takes_choices_out_with_its_name_as_reason() -> None:
    many = compare(">", gives(reduce("count", ["repeat"], chosen), NUMBER), real(6.0))
    cells = answers(AXES, np.eye(5)[CODES], mass=np.full(SHAPE, 0.5), ok=OK)
    equal = measure("equal", [], gives(reduce("pair_agreement", AXES, chosen), NUMBER))
    spec = audit(axes=AXES, measures=[equal], checks=[check("many", ["item"], many, "exclude")])
    found = lower(spec, ragged()).evaluate(ScoreInputs({"reply": cells}, {})).measure("equal")
    few = counted().sum(axis=1) <= 6
    assert few.any() and not few.all()
    assert found.missing["check many"] == counted()[few].size
    assert found.n_used == counted()[~few].sum()
    assert found.missing["missing option"] == (OK & ~counted())[~few].sum()


@pytest.mark.parametrize("reducer", ["mode", "min", "share"])
def test_options_of_several_items_give_no_option(reducer: str) -> None:
    scale = chosen.type.kind.scale if isinstance(chosen.type.kind, k.Choice) else None
    assert scale is not None
    term = reduce(reducer, ["item", "repeat"], chosen)
    if reducer == "share":
        term = pick(gives(term, k.Dist(scale)), option="last")
    else:
        term = gives(reduce("share", [], compare("==", term, term)), NUMBER)
    with pytest.raises(SpecError) as raised:
        scored(measure("x", [], term))
    assert f"`{reducer} over item` of its own options" in raised.value.diagnostics[0].message


def test_a_choice_has_the_number_of_its_option_and_a_level_has_its_own() -> None:
    rng = np.random.default_rng(8)
    numbers = rng.normal(size=(6, 5)).round(2)
    numbers[2, 1] = np.nan
    place = ragged()
    layout = replace(place.options["item.options"], value=numbers)
    tones = k.Vocabulary("tone", True, tuple(k.Level(n, n, {}, value=v) for n, v in TONE_VALUES.items()))
    cells = answers(AXES, np.eye(5)[CODES], mass=np.full(SHAPE, 0.5), ok=OK)
    spec = audit(
        axes=AXES,
        measures=[
            measure("mean", ["item"], gives(reduce("mean", ["repeat"], call("value", chosen)), NUMBER)),
            measure(
                "tones", [], reduce("sum", ["item"], call("value", attribute("item", "tone", k.Of(tones))))
            ),
        ],
    )
    grid_ = Grid(place.axes, place.presence, {**place.options, "item.options": layout})
    found = lower(spec, grid_).evaluate(ScoreInputs({"reply": cells}, {}))
    mean = found.measure("mean")
    for item in range(6):
        given = numbers[item][CODES[item][counted()[item]]]
        np.testing.assert_allclose(mean.value[item], np.nanmean(given), rtol=0, atol=1e-12)
        assert mean.missing["no value"][item] == np.isnan(given).sum()
    assert mean.missing["no value"].sum() > 0
    assert found.measure("tones").value == sum(TONE_VALUES[name] for name in TONES if name is not None)


TONE_VALUES = {"low": -1.0, "mid": 0.5, "high": 4.0}


def test_if_chooses_between_options_and_between_levels() -> None:
    """The option of the repeat where it is even, else the last one; both compare as options afterwards."""
    low = k.Vocabulary("calm", False, tuple(k.Level(name, name, {}) for name in ("mid", "none", "low")))
    other = attribute("item", "calm", k.Of(low))
    even = compare("==", attribute("repeat", "even"), real(1.0))
    last = pick(chosen, repeat="repeat7")
    either = h.IfTerm(type=chosen.type, span=mass.span, condition=even, then=chosen, otherwise=last)
    first = compare("==", attribute("item", "place"), real(0.0))
    level = h.IfTerm(type=tone.type, span=mass.span, condition=first, then=other, otherwise=tone)
    mid = h.LevelTerm(type=k.Type(k.Of(LEVELS)), span=mass.span, vocabulary=LEVELS, level="mid")
    worded = h.IfTerm(type=tone.type, span=mass.span, condition=first, then=mid, otherwise=tone)
    place = ragged()
    items = {**place.axes["item"].attributes, "calm": ("mid", *("low",) * 5), "place": (0, 1, 1, 1, 1, 1)}
    axes = {
        "item": replace(place.axes["item"], attributes=items),
        "repeat": replace(place.axes["repeat"], attributes={"even": (1, 0) * 4}),
    }
    spec = audit(
        axes=AXES,
        measures=[
            measure("same", [], reduce("share", AXES, compare("==", either, last))),
            measure("mids", [], reduce("sum", ["item"], compare("==", level, mid))),
            measure("words", [], reduce("sum", ["item"], compare("==", worded, mid))),
        ],
    )
    cells = answers(AXES, np.eye(5)[CODES], mass=np.full(SHAPE, 0.5), ok=OK)
    found = lower(spec, Grid(axes, place.presence, place.options)).evaluate(ScoreInputs({"reply": cells}, {}))
    taken = np.where(np.arange(8) % 2 == 0, CODES, CODES[:, 7:])
    there = np.where(np.arange(8) % 2 == 0, counted(), counted()[:, 7:]) & counted()[:, 7:]
    assert found.measure("same").value == pytest.approx((taken == CODES[:, 7:])[there].mean(), abs=1e-12)
    assert found.measure("same").n_used == there.sum()
    assert found.measure("words").value == 2
    assert found.measure("mids").value == 2  # the first by `calm`, the third by its tone


def test_numbers_are_bounded_rounded_and_signed_cell_by_cell() -> None:
    x = attribute("item", "x")
    numbers = (-2.5, -0.5, 0.0, 0.5, 1.5, 7.0)
    place = grid({"item": 6, "repeat": 8}, OPTIONS, attributes={"item": {"x": numbers}})
    terms = {
        "clip": call("clip", x, real(-1.0), real(1.2)),
        "sign": call("sign", x),
        "round": call("round", x),
        "minimum": call("minimum", x, real(1.0)),
        "maximum": call("maximum", x, real(1.0)),
    }
    spec = audit(axes=AXES, measures=[measure(name, ["item"], term) for name, term in terms.items()])
    cells = answers(AXES, np.eye(5)[CODES])
    found = lower(spec, place).evaluate(ScoreInputs({"reply": cells}, {}))
    wanted = {
        "clip": np.clip(numbers, -1.0, 1.2),
        "sign": np.sign(numbers),
        "round": [round(number) for number in numbers],
        "minimum": np.minimum(numbers, 1.0),
        "maximum": np.maximum(numbers, 1.0),
    }
    for name, value in wanted.items():
        np.testing.assert_array_equal(found.measure(name).value, value)
