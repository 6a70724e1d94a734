"""Reductions, picks and groups against plain NumPy, with missing cells and holes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from score_terms import (
    NUMBER,
    SCALE,
    answer,
    answers,
    arithmetic,
    attribute,
    audit,
    call,
    check,
    compare,
    grid,
    let,
    measure,
    metric,
    people,
    people_cells,
    pick,
    real,
    reduce,
)

from cyclspec.compiler.axes import Presence
from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Floats = NDArray[np.float64]
SIZES = {"model": 3, "country": 4, "item": 7}
AXES = ("model", "country", "item")
RNG = np.random.default_rng(11)
MASS = RNG.uniform(0.1, 1.0, (3, 4, 7)).astype(np.float32)
OK = RNG.uniform(size=(3, 4, 7)) > 0.25
OK[2, 3] = False
WEIGHT = RNG.uniform(0.5, 2.0, 7)
ATTRIBUTES = {
    "item": {"weight": tuple(WEIGHT), "theme": ("a", "b", "a", None, "c", "a", "b")},
    "country": {"region": ("south", "north", "south", "north")},
    "model": {"value": (1.0, 10.0, 100.0)},
}
PROBS = np.full((3, 4, 7, 2), 0.5)
X = np.where(OK, MASS.astype(np.float64), np.nan)
mass = answer(*AXES, field="mass")


def scored(*measures: d.TypedMeasure, presence: tuple[Presence, ...] = ()) -> tuple[MeasureCells, ...]:
    spec = audit(axes=AXES, measures=measures)
    cells = answers(AXES, PROBS, mass=MASS, ok=OK)
    world = grid(SIZES, [2] * 7, attributes=ATTRIBUTES, presence=presence)
    return lower(spec, world).evaluate(ScoreInputs({"reply": cells}, {})).measures


REDUCERS: dict[str, Callable[[Floats], float]] = {
    "mean": lambda x: float(np.mean(x)),
    "sum": lambda x: float(np.sum(x)),
    "min": lambda x: float(np.min(x)),
    "max": lambda x: float(np.max(x)),
    "sd": lambda x: float(np.std(x, ddof=1)),
    "median": lambda x: float(np.median(x)),
}


def test_each_reducer_agrees_with_numpy_over_one_axis_and_over_two() -> None:
    one = [measure(name, ["country", "model"], reduce(name, ["item"], mass)) for name in REDUCERS]
    two = [measure(f"{name}_2", ["model"], reduce(name, ["country", "item"], mass)) for name in REDUCERS]
    found = {cells.name: cells for cells in scored(*one, *two)}
    for name, oracle in REDUCERS.items():
        cells = found[name]
        assert cells.axes == ("country", "model") and cells.value.shape == (4, 3)
        for model, country in np.ndindex(3, 4):
            kept = X[model, country][OK[model, country]]
            assert cells.n_used[country, model] == kept.size
            assert cells.n_missing[country, model] == 7 - kept.size
            assert cells.missing["absent"][country, model] == 7 - kept.size
            wanted = oracle(kept) if kept.size > (1 if name == "sd" else 0) else np.nan
            np.testing.assert_allclose(cells.value[country, model], wanted, rtol=0, atol=1e-12)
        for model in range(3):
            np.testing.assert_allclose(
                found[f"{name}_2"].value[model], oracle(X[model][OK[model]]), atol=1e-12
            )


def test_weights_are_normalised_over_what_is_not_missing() -> None:
    weight = attribute("item", "weight")
    term = reduce("mean", ["item"], mass, weight=weight)
    total = reduce("sum", ["item"], mass, weight=weight)
    found = scored(measure("mean", ["model", "country"], term), measure("sum", ["model", "country"], total))
    heft = np.where(OK, WEIGHT, 0.0)
    sums = (heft * np.nan_to_num(X)).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found[0].value, sums / heft.sum(axis=-1), rtol=0, atol=1e-12)
    sums[2, 3] = np.nan
    np.testing.assert_allclose(found[1].value, sums, rtol=0, atol=1e-12)


def test_the_effective_count_is_that_of_kish_and_without_weights_the_count() -> None:
    plain = reduce("effective_count", ["item"], mass)
    weighed = reduce("effective_count", ["item"], mass, weight=attribute("item", "weight"))
    found = scored(
        measure("plain", ["model", "country"], plain), measure("kish", ["model", "country"], weighed)
    )
    np.testing.assert_allclose(found[0].value, OK.sum(axis=-1), rtol=0, atol=1e-12)
    heft = np.where(OK, WEIGHT, 0.0)
    squares = (heft**2).sum(axis=-1)
    wanted = np.divide(heft.sum(axis=-1) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)
    np.testing.assert_allclose(found[1].value, wanted, rtol=0, atol=1e-12)
    assert found[1].value[2, 3] == 0.0


def test_share_counts_true_cells_and_mode_leaves_ties_missing() -> None:
    high = compare(">=", mass, real(0.5))
    step = h.IfTerm(
        type=k.Type(NUMBER, high.type.axes), span=mass.span, condition=high, then=real(2), otherwise=real(1)
    )
    found = scored(
        measure("share", ["model"], reduce("share", ["country", "item"], high)),
        measure("mode", ["model", "country"], reduce("mode", ["item"], step)),
    )
    truth = X >= 0.5
    wanted = [truth[model][OK[model]].mean() for model in range(3)]
    np.testing.assert_allclose(found[0].value, wanted, rtol=0, atol=1e-12)
    ties = 0
    for model, country in np.ndindex(3, 4):
        here = truth[model, country][OK[model, country]]
        many, few = here.sum(), (~here).sum()
        ties += many == few
        mode = np.nan if many == few else 2.0 if many > few else 1.0
        np.testing.assert_equal(found[1].value[model, country], mode)
        tied = here.size if many == few else 0
        assert found[1].missing["tie"][model, country] == tied
    assert ties > 1


def test_groups_by_an_attribute_of_a_reduced_axis() -> None:
    found = scored(
        measure("region", ["region", "model"], reduce("mean", ["country", "item"], mass, by=["region"])),
        measure("theme", ["model", "theme"], reduce("median", ["item", "country"], mass, by=["theme"])),
    )
    assert found[0].value.shape == (2, 3)
    for model in range(3):
        for at, members in enumerate(([0, 2], [1, 3])):
            part = X[model, members]
            np.testing.assert_allclose(found[0].value[at, model], np.nanmean(part), rtol=0, atol=1e-12)
            assert found[0].n_used[at, model] + found[0].n_missing[at, model] == 14
        for at, items in enumerate(([0, 2, 5], [1, 6], [4])):
            part = X[model][:, items]
            np.testing.assert_allclose(found[1].value[model, at], np.nanmedian(part), rtol=0, atol=1e-12)


def test_slope_is_the_least_squares_slope_on_a_numeric_axis() -> None:
    sizes = k.Of(k.Vocabulary("size", True, (), k.Unit.PARAMETERS, open=True))
    size = h.AxisTerm(type=k.Type(sizes, frozenset({"model"})), span=mass.span, axis="model")
    term = reduce("slope", ["model"], reduce("mean", ["item"], mass), against=call("log10", size))
    found = scored(measure("slope", ["country"], term))[0].value
    with np.errstate(invalid="ignore"):
        means = np.array(
            [[np.mean(X[m, c][OK[m, c]]) if OK[m, c].any() else np.nan for m in range(3)] for c in range(4)]
        )
    for country in range(4):
        there = np.isfinite(means[country])
        wanted = scipy.stats.linregress(np.arange(3)[there], means[country][there]).slope
        assert abs(found[country] - wanted) < 1e-12


def test_nested_reductions_count_the_cells_at_the_bottom() -> None:
    term = reduce("mean", ["country"], reduce("mean", ["item"], mass))
    cells = scored(measure("nested", ["model"], term))[0]
    assert cells.n_used.tolist() == OK.sum(axis=(1, 2)).tolist()
    assert cells.n_missing.tolist() == (~OK).sum(axis=(1, 2)).tolist()


def test_a_pick_takes_one_level_and_a_difference_uses_only_full_pairs() -> None:
    term = arithmetic("-", pick(mass, model="model2"), pick(mass, model="first"))
    cells = scored(measure("difference", ["country"], reduce("mean", ["item"], term)))[0]
    both = OK[2] & OK[0]
    for country in range(3):
        wanted = (X[2, country] - X[0, country])[both[country]].mean()
        assert abs(cells.value[country] - wanted) < 1e-12
    assert np.isnan(cells.value[3]) and cells.n_used.tolist() == both.sum(axis=1).tolist()


def test_holes_are_neither_used_nor_missing() -> None:
    exists = np.ones((3, 4), dtype=bool)
    exists[1, 2] = False
    presence = (Presence(("model", "country"), exists),)
    found = scored(
        measure("all", ["model", "country"], reduce("mean", ["item"], mass)),
        measure("mean", ["model"], reduce("mean", ["country", "item"], mass)),
        measure(
            "absent", ["model"], reduce("share", ["country", "item"], call("is_missing", mass, kind=k.Bool()))
        ),
        presence=presence,
    )
    assert found[0].exists.tolist() == exists.tolist()
    assert np.isnan(found[0].value[1, 2]) and found[0].n_missing[1, 2] == 0
    kept = OK & exists[..., None]
    assert found[1].n_used.tolist() == kept.sum(axis=(1, 2)).tolist()
    assert (found[1].n_used + found[1].n_missing).tolist() == [28, 21, 28]
    missing = [(~OK[model])[exists[model]].mean() for model in range(3)]
    np.testing.assert_allclose(found[2].value, missing, rtol=0, atol=1e-12)


def test_completeness_is_judged_for_each_of_the_other_axes_that_exist() -> None:
    exists = np.ones((2, 3, 2), dtype=bool)
    exists[0, 1, 1] = False
    exists[:, 2] = False
    world = grid(
        {"family": 2, "size": 3, "tuning": 2, "item": 1},
        [2],
        presence=[Presence(("family", "size", "tuning"), exists)],
    )
    term = call("complete", kind=k.Bool(), over=("family", "tuning"))
    spec = audit(axes=["item"], checks=[check("paired", ["size"], term, "warn")])
    cells = lower(spec, world).evaluate(ScoreInputs({}, {})).checks[0]
    assert cells.passed.tolist() == [True, False, False] and cells.ok.tolist() == [True, True, False]
    assert cells.n_failed == 1 and cells.n_missing == 0


def test_levels_are_compared_by_name_and_lists_by_membership() -> None:
    region = attribute("country", "region", k.Text())
    south = h.LevelTerm(type=k.Type(k.Text()), span=mass.span, vocabulary=None, level="south")
    nowhere = h.LevelTerm(type=k.Type(k.Text()), span=mass.span, vocabulary=None, level="nowhere")
    listed = h.ListTerm(type=k.Type(k.Text()), span=mass.span, items=(south, nowhere))
    member = h.MemberTerm(
        type=k.Type(k.Bool(), frozenset({"country"})), span=mass.span, of=region, among=listed, negated=True
    )
    inside = h.MemberTerm(
        type=mass.type,
        span=mass.span,
        of=mass,
        among=h.RangeTerm(type=mass.type, span=mass.span, low=0.3, high=0.6),
        negated=False,
    )
    spec = audit(
        axes=AXES,
        checks=[
            check("south", ["country"], compare("==", region, south), "warn"),
            check("listed", ["country"], member, "warn"),
            check("inside", AXES, inside, "warn"),
        ],
    )
    inputs = ScoreInputs({"reply": answers(AXES, PROBS, mass=MASS, ok=OK)}, {})
    found = lower(spec, grid(SIZES, [2] * 7, attributes=ATTRIBUTES)).evaluate(inputs).checks
    assert found[0].passed.tolist() == [True, False, True, False]
    assert found[1].passed.tolist() == [False, True, False, True]
    np.testing.assert_array_equal(found[2].passed, OK & (X >= 0.3) & (X <= 0.6))
    assert found[2].n_missing == (~OK).sum()


def test_an_option_is_picked_by_its_code_and_by_its_place() -> None:
    share = np.array([[0.1, 0.2, 0.7], [0.4, 0.6, 0.0]])
    p = people("item")
    spec = audit(
        axes=["item"],
        measures=[
            measure(name, ["item"], pick(p, option=level)) for name, level in (("o2", "o2"), ("end", "last"))
        ],
    )
    found = lower(spec, grid({"item": 2}, [3, 2])).evaluate(
        ScoreInputs({}, {p: people_cells(["item"], share)})
    )
    np.testing.assert_allclose(found.measure("o2").value, [0.7, np.nan], rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.measure("end").value, [0.7, 0.6], rtol=0, atol=1e-15)


def test_a_mean_of_distributions_is_a_distribution() -> None:
    p, scale = (
        people("country", "item"),
        h.AttributeTerm(type=k.Type(k.ScaleValue(SCALE)), span=mass.span, axis="item", attribute="options"),
    )
    mixture = reduce("mean", ["country"], p)
    flat = call("uniform", scale, kind=k.Dist(SCALE))
    spec = audit(
        axes=["item"],
        lets={"mixture": mixture},
        measures=[measure("tv", ["item"], metric("tv", let("mixture", "item", kind=k.Dist(SCALE)), flat))],
    )
    share = np.random.default_rng(3).dirichlet(np.ones(3), size=(4, 2))
    share[:, 1, 2] = 0.0
    share /= share.sum(axis=-1, keepdims=True)
    ok = np.array([[True, True], [True, False], [True, True], [True, True]])
    cells = people_cells(["country", "item"], share, ok=ok)
    found = (
        lower(spec, grid({"country": 4, "item": 2}, [3, 2])).evaluate(ScoreInputs({}, {p: cells})).measures[0]
    )
    for item, size in enumerate((3, 2)):
        mean = share[ok[:, item], item, :size].mean(axis=0)
        assert abs(found.value[item] - 0.5 * np.abs(mean - 1 / size).sum()) < 1e-12


@pytest.mark.parametrize("base", [0.0, -1.0])
def test_an_undefined_value_is_missing_and_counted(base: float) -> None:
    term = reduce("mean", ["item"], call("log2", arithmetic("*", mass, real(base))))
    cells = scored(measure("broken", ["model", "country"], term))[0]
    assert np.isnan(cells.value).all() and (cells.n_used == 0).all()
    np.testing.assert_array_equal(cells.missing["undefined"], OK.sum(axis=-1))
    np.testing.assert_array_equal(cells.missing["absent"], (~OK).sum(axis=-1))
