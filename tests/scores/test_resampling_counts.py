"""How often levels are drawn: clusters together, strata apart, nested axes anew, and the variance that this makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from score_terms import answer, answers, audit, grid, measure, reduce

from cyclspec.compiler.axes import Grid, Presence
from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.compiler.scores.counts import counts_of, rescaled
from cyclspec.compiler.scores.frame import Frame, frame_of
from cyclspec.language.types import typed as d

Floats = NDArray[np.float64]
AXES = ("model", "country", "item")
DRAWS = 4000
mass = answer(*AXES, field="mass")
BATTERIES = ("a", "a", "b", None, "b", "c", None, "c", "c")
HALVES = ("x", "x", "x", "x", "x", "y", "y", "y", "y")


def world(countries: int = 4, items: int = 9) -> Grid:
    attributes = {"item": {"battery": BATTERIES[:items], "half": HALVES[:items]}}
    return grid({"model": 1, "country": countries, "item": items}, [2] * items, attributes=attributes)


def frame(place: Grid) -> Frame:
    return frame_of(audit(axes=AXES), place)


def counts(*drawn: d.Drawn, place: Grid | None = None, draws: int = DRAWS) -> dict[str, Floats]:
    return as_named(place or world(), counts_of(frame(place or world()), 5, ("bootstrap", "m"), drawn, draws))


def as_named(place: Grid, found: dict[str, Floats]) -> dict[str, Floats]:
    """Nested counts as [draw, model, country, item]."""
    order = [1 + frame(place).place_of(axis) for axis in AXES]
    return {axis: one if one.ndim == 2 else one[..., 0].transpose(0, *order) for axis, one in found.items()}


def scored(values: Floats, spec: d.TypedMeasure, place: Grid | None = None) -> MeasureCells:
    cells = answers(AXES, np.full((*values.shape, 2), 0.5), mass=values)
    graph = lower(audit(axes=AXES, measures=[spec], seed=3), place or world(*values.shape[1:]))
    return graph.evaluate(ScoreInputs({"reply": cells}, {})).measures[0]


def test_clusters_are_drawn_as_wholes() -> None:
    found = counts(d.Drawn("item", cluster="battery"))["item"]
    assert found.shape == (DRAWS, 9)
    for same in ((0, 1), (2, 4), (5, 7, 8)):
        assert (found[:, same] == found[:, same[:1]]).all()
    # Five clusters are drawn: two of the levels have no battery, and are clusters of their own.
    assert (found[:, [0, 2, 3, 5, 6]].sum(axis=1) == 5).all()
    assert abs(np.corrcoef(found[:, 3], found[:, 6])[0, 1] + 1 / 4) < 5 / np.sqrt(DRAWS)


def test_strata_are_drawn_apart_and_rescaled() -> None:
    found = counts(d.Drawn("item", strata="half"))["item"]
    np.testing.assert_allclose(found[:, :5].sum(axis=1), 5.0)
    np.testing.assert_allclose(found[:, 5:].sum(axis=1), 4.0)
    assert abs(np.corrcoef(found[:, 0], found[:, 6])[0, 1]) < 5 / np.sqrt(DRAWS)


def test_a_stratum_with_one_cluster_keeps_it() -> None:
    halves = ("x",) * 8 + ("y",)
    place = grid({"model": 1, "country": 1, "item": 9}, [2] * 9, attributes={"item": {"half": halves}})
    found = counts(d.Drawn("item", strata="half"), place=place)["item"]
    assert (found[:, 8] == 1.0).all()


@pytest.mark.parametrize("number", [2, 5, 30])
def test_rescaled_counts_make_the_variance_of_a_total_unbiased(number: int) -> None:
    """Rao and Wu: the variance over draws of the mean is s^2 / n, within 5 standard errors of such a variance."""
    values = np.random.default_rng(number).normal(size=number)
    draws = rescaled(7, 40_000, number) @ values / number
    wanted = values.var(ddof=1) / number
    kurtosis = np.mean((draws - draws.mean()) ** 4) / draws.var() ** 2
    assert abs(draws.var() / wanted - 1.0) < 5 * np.sqrt((kurtosis - 1) / 40_000)
    assert abs(draws.mean() - values.mean()) < 5 * np.sqrt(wanted / 40_000)


def test_nested_levels_are_drawn_anew_in_every_copy() -> None:
    found = counts(d.Drawn("item"), d.Drawn("country", within=("item",)))
    joint = found["country"]
    assert joint.shape == (DRAWS, 1, 4, 9)
    # Four countries for every copy of an item: as many as there are.
    np.testing.assert_array_equal(joint.sum(axis=2)[:, 0], 4 * found["item"])
    free = counts(d.Drawn("country", within=("item",)))["country"]
    np.testing.assert_allclose(free.sum(axis=2), 4.0)
    assert abs(np.corrcoef(free[:, 0, 0, 0], free[:, 0, 0, 1])[0, 1]) < 5 / np.sqrt(DRAWS)


def test_nested_levels_that_do_not_exist_are_never_drawn() -> None:
    place = world()
    cells = np.ones((9, 4), dtype=np.bool_)
    cells[2, 1:] = False
    place = replace(place, presence=(Presence(("item", "country"), cells),))
    found = counts(d.Drawn("item"), d.Drawn("country", within=("item",)), place=place)
    assert (found["country"][:, 0, 1:, 2] == 0).all()
    np.testing.assert_array_equal(found["country"][:, 0, 0, 2], found["item"][:, 2])


def test_draws_belong_to_names() -> None:
    both = counts(d.Drawn("item", cluster="battery"), d.Drawn("country"))
    np.testing.assert_array_equal(both["country"], counts(d.Drawn("country"))["country"])
    np.testing.assert_array_equal(both["item"], counts(d.Drawn("item", cluster="battery"))["item"])


@pytest.mark.parametrize("name", ["mean", "sum", "sd", "median"])
def test_a_nested_interval_equals_that_of_a_loop_over_the_same_draws(name: str) -> None:
    """One reduction over both axes: each cell as often as it was drawn."""
    rng = np.random.default_rng(8)
    values = rng.uniform(size=(1, 3, 7)).astype(np.float32).astype(np.float64)
    drawn = (d.Drawn("item"), d.Drawn("country", within=("item",)))
    interval = d.Interval(("item", "country"), 50, 0.9, "t", drawn)
    cells = scored(values, measure("m", ["model"], reduce(name, ["country", "item"], mass), interval))
    place = world(3, 7)
    joint = as_named(place, counts_of(frame(place), 3, ("bootstrap", "m"), drawn, 50))["country"]
    of = {"mean": np.mean, "sum": np.sum, "sd": lambda x: np.std(x, ddof=1), "median": np.median}[name]
    draws = [of(np.repeat(values[0].ravel(), one[0].astype(int).ravel())) for one in joint]
    error = np.std(draws, ddof=1) * np.sqrt(7 / 6)
    np.testing.assert_allclose(cells.error[0], error, rtol=0, atol=1e-12)


def test_a_mean_of_nested_means_counts_each_copy_once() -> None:
    """Countries within items, then items: equal to the mean over both where every item has all countries."""
    values = np.random.default_rng(9).uniform(size=(1, 3, 7)).astype(np.float32).astype(np.float64)
    drawn = (d.Drawn("item"), d.Drawn("country", within=("item",)))
    interval = d.Interval(("item", "country"), 200, 0.9, "percentile", drawn)
    once = scored(values, measure("m", ["model"], reduce("mean", ["country", "item"], mass), interval))
    twice = reduce("mean", ["item"], reduce("mean", ["country"], mass))
    cells = scored(values, measure("m", ["model"], twice, interval))
    np.testing.assert_allclose(cells.low, once.low, rtol=0, atol=1e-12)
    np.testing.assert_allclose(cells.high, once.high, rtol=0, atol=1e-12)
    assert cells.n_clusters.tolist() == [7]


def test_the_design_effect_of_equal_clusters_follows_their_likeness() -> None:
    """30 clusters of 5 equal values: the variance is 5 times that of 150 values, less what few clusters take.

    Both variances come from 4,000 draws: 5 standard errors of their ratio.
    """
    rng = np.random.default_rng(10)
    shared = np.repeat(rng.normal(size=30), 5)
    values = shared[None, None, :]
    names = tuple(f"b{at // 5}" for at in range(150))
    place = grid({"model": 1, "country": 1, "item": 150}, [2] * 150, attributes={"item": {"battery": names}})
    drawn = (d.Drawn("item", cluster="battery"),)
    interval = d.Interval(("item",), DRAWS, 0.95, "t", drawn)
    spec = measure("m", ["model"], reduce("mean", ["country", "item"], mass), interval)
    cells = scored(values, spec, place)
    wanted = shared[::5].var(ddof=1) / 30 / (shared.var(ddof=1) / 150)
    assert abs(cells.deff[0] / wanted - 1.0) < 5 * np.sqrt(2 * 2 / DRAWS)
    assert cells.n_clusters.tolist() == [30]
    assert cells.few.tolist() == [False]


def test_clusters_are_counted_where_they_have_an_answer() -> None:
    values = np.ones((1, 1, 9))
    ok = np.ones(values.shape, dtype=np.bool_)
    ok[0, 0, [2, 4, 3]] = False
    drawn = (d.Drawn("item", cluster="battery"),)
    spec = measure(
        "m",
        ["model"],
        reduce("mean", ["country", "item"], mass),
        d.Interval(("item",), 50, 0.95, drawn=drawn),
    )
    cells = answers(AXES, np.full((*values.shape, 2), 0.5), mass=values, ok=ok)
    graph = lower(audit(axes=AXES, measures=[spec], seed=3), world(1))
    found = graph.evaluate(ScoreInputs({"reply": cells}, {})).measures[0]
    assert (found.n_clusters.tolist(), found.freedom.tolist()) == ([3], [2])
    assert found.judgement.estimand == "another item by battery; the same country, model"
