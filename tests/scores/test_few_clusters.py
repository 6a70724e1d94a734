"""Few clusters: which of them have an interval, and what the warning of a cell says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from score_terms import answer, answers, audit, grid, measure, pick, reduce

from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.compiler.scores.few_clusters import caution, lack
from cyclspec.language.types import typed as d
from cyclspec.runtime.store.tables import measures_table

AXES = ("model", "country", "item")
HALVES = ("x", "x", "x", "x", "y", "y")
mass = answer(*AXES, field="mass")


def scored(
    items: int, method: Any = "percentile", level: float = 0.95, **drawn: str
) -> tuple[MeasureCells, str]:
    """The mean of so many items of one country, and the warning of its row."""
    attributes = {"item": {"half": HALVES[:items], "own": tuple("abcdef"[:items])}}
    world = grid({"model": 1, "country": 1, "item": items}, [2] * items, attributes=attributes)
    interval = d.Interval(("item",), 200, level, method, (d.Drawn("item", **drawn),))
    spec = measure("m", ["model"], reduce("mean", ["country", "item"], mass), interval)
    values = np.random.default_rng(4).uniform(size=(1, 1, items))
    cells = answers(AXES, np.full((1, 1, items, 2), 0.5), mass=values)
    found = lower(audit(axes=AXES, measures=[spec], seed=3), world).evaluate(
        ScoreInputs({"reply": cells}, {})
    )
    (row,) = measures_table(found.measures, world, {}).to_pylist()
    return found.measures[0], row["warning"]


@pytest.mark.parametrize(
    ("items", "method", "given", "words"),
    [
        (1, "t", False, "1 cluster: no interval, which needs two"),
        (2, "percentile", False, "no interval by percentiles, which held the truth in as few as 49 %"),
        (3, "percentile", False, "(write `method = t`: 94 %)"),
        (
            4,
            "percentile",
            True,
            "4 clusters: such intervals held the truth in as few as 86 % of simulated audits",
        ),
        (3, "t", True, "3 clusters: such intervals held the truth in as few as 94 % of simulated audits"),
    ],
)
def test_a_warning_says_how_often_such_intervals_held_the_truth(
    items: int, method: str, words: str, *, given: bool
) -> None:
    cells, warning = scored(items, method)
    assert np.isfinite(cells.low[0]) == np.isfinite(cells.high[0]) == given
    assert words in warning
    # The standard error needs two clusters by either method.
    assert np.isfinite(cells.error[0]) == (items > 1)


def test_numbers_between_those_that_were_measured_have_the_figure_of_the_one_below() -> None:
    assert "as few as 91 %" in caution("percentile 95%", 9, 8)
    assert "as few as 93 %" in caution("percentile 95%", 10, 9)
    assert "method = t" not in caution("percentile 95%", 10, 9)


def test_other_levels_have_no_figure() -> None:
    few = "5 clusters: such intervals may cover less than they say (below 30)"
    assert scored(5, level=0.9)[1] == few
    assert scored(3, level=0.9)[1] == (
        "3 clusters: no interval by percentiles, which needs 4 (write `method = t`)"
    )


def test_clusters_in_strata_tell_as_much_as_clusters_less_strata() -> None:
    cells, warning = scored(6, strata="half")
    assert (cells.n_clusters.tolist(), cells.freedom.tolist()) == ([6], [4])
    assert warning.startswith("6 clusters in 2 strata: such intervals held the truth in as few as 82 %")
    cells, warning = scored(5, strata="half")
    assert np.isnan(cells.low[0]) and warning.startswith("5 clusters in 2 strata: no interval by percentiles")
    # Of the four items here all are in the first stratum.
    assert scored(4, strata="half")[0].freedom.tolist() == [3]


def test_strata_of_one_cluster_have_no_interval() -> None:
    cells, warning = scored(6, "t", strata="own")
    assert np.isnan(cells.low[0]) and np.isnan(cells.error[0])
    assert warning == "6 clusters in 6 strata: no interval, which needs two in a stratum"


@pytest.mark.parametrize(
    ("by", "drawn", "columns", "advice"),
    [
        (["half"], {}, ["half"], "`strata = item.half` keeps every half in every draw"),
        (["half"], {"cluster": "twin"}, ["half"], "`strata = item.half` keeps every half in every draw"),
        # Clusters that lie in both halves, and groups of two attributes, are no strata.
        (["half"], {"cluster": "mixed"}, ["half"], ""),
        (["half", "twin"], {}, ["half", "twin"], ""),
        # An attribute of an attribute is none that `strata` may name.
        (["half"], {}, [], ""),
    ],
)
def test_draws_that_lack_a_group_are_told_of_strata(
    by: list[str], drawn: dict[str, str], columns: list[str], advice: str
) -> None:
    """Of six items two are in the second half: (4/6)^6 = 9 % of the draws have neither."""
    attributes = {"half": HALVES, "twin": tuple("aabbcd"), "mixed": tuple("abcdad")}
    world = grid({"model": 1, "country": 1, "item": 6}, [2] * 6, attributes={"item": attributes})
    term = reduce("mean", ["country", "item"], mass, by=by)
    values = np.random.default_rng(4).uniform(size=(1, 1, 6))
    cells = answers(AXES, np.full((1, 1, 6, 2), 0.5), mass=values)

    def warnings(**how: str) -> dict[str, str]:
        interval = d.Interval(("item",), 200, 0.95, "t", (d.Drawn("item", **how),))
        asked = [measure("m", ["model", *by], term, interval)]
        spec = audit(axes=AXES, measures=asked, seed=3, columns=columns)
        graph = lower(spec, world)
        found = graph.evaluate(ScoreInputs({"reply": cells}, {}))
        table = measures_table(found.measures, replace(world, axes=graph.frame.axes), {})
        return {row["half"]: row["warning"] or "" for row in table.to_pylist()}

    lost = warnings(**drawn)["y"]
    assert "of the draws leave nothing to measure" in lost
    assert lost.endswith(f" ({advice})") if advice else "strata =" not in lost
    if advice:
        assert "leave nothing" not in warnings(**drawn, strata="half")["y"]


def test_strata_are_counted_where_they_have_an_answer() -> None:
    """Of six items in two strata, a country that has answers to the first four has one stratum."""
    world = grid({"model": 1, "country": 2, "item": 6}, [2] * 6, attributes={"item": {"half": HALVES}})
    interval = d.Interval(("item",), 50, 0.95, "t", (d.Drawn("item", strata="half"),))
    spec = measure("m", ["model", "country"], reduce("mean", ["item"], mass), interval)
    ok = np.ones((1, 2, 6), dtype=np.bool_)
    ok[0, 1, 4:] = False
    cells = answers(
        AXES, np.full((1, 2, 6, 2), 0.5), mass=np.random.default_rng(5).uniform(size=ok.shape), ok=ok
    )
    found = lower(audit(axes=AXES, measures=[spec], seed=3), world).evaluate(
        ScoreInputs({"reply": cells}, {})
    )
    assert found.measures[0].n_clusters.tolist() == [[6, 4]]
    assert found.measures[0].freedom.tolist() == [[4, 3]]


def test_no_reason_is_given_where_there_is_no_value_or_no_interval_was_asked_for() -> None:
    assert lack("t 95%", 2, 1) == ""
    world = grid({"model": 2, "country": 1, "item": 1}, [2])
    plain = measure("plain", ["model"], reduce("mean", ["country", "item"], mass))
    sure = measure(
        "sure",
        [],
        pick(reduce("mean", ["country", "item"], mass), model="model0"),
        d.Interval(("item",), 50, 0.95),
    )
    cells = answers(
        AXES, np.full((2, 1, 1, 2), 0.5), mass=np.ones((2, 1, 1)), ok=np.array([[[False]], [[True]]])
    )
    found = lower(audit(axes=AXES, measures=[plain, sure], seed=3), world).evaluate(
        ScoreInputs({"reply": cells}, {})
    )
    assert [row["warning"] for row in measures_table(found.measures, world, {}).to_pylist()] == [None] * 3
