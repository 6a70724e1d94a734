"""The grid on opened data: what a new row changes, what conditions leave, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from plan_worlds import MISSING_AT, Small, grid_of, open_world, refusal_of

from cyclspec.compiler.data.contracts import Option, Scale
from cyclspec.compiler.plan.dependent import MOST_ORDERS, scale_orders
from cyclspec.compiler.plan.grid import build_grid
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.render import render
from cyclspec.language.spans import Source, Span
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

SCALE = k.ItemScale("small.items", "options", "item", False, 2, 10)

ORDERS = "each order in permutations(item.options, n = 3, keep = identity)"


def test_a_new_item_changes_no_orders_of_the_others(tmp_path: Path) -> None:
    few = grid_of(tmp_path / "few", Small(items=4), f"each item in small.items {ORDERS}")
    more = grid_of(tmp_path / "more", Small(items=6), f"each item in small.items {ORDERS}")
    assert more.orders["order"][:4] == few.orders["order"]
    assert more.axes["order"].levels == ("1", "2", "3")


def test_missing_options_keep_their_places_in_every_order(tmp_path: Path) -> None:
    grid = grid_of(tmp_path, Small(items=6), f"each item in small.items {ORDERS}")
    for row in grid.orders["order"]:
        assert all(order[MISSING_AT] == MISSING_AT for order in row)
        assert all(sorted(order) == list(range(len(order))) for order in row)


def test_an_item_with_fewer_orders_leaves_holes(tmp_path: Path) -> None:
    all_orders = "each order in permutations(item.options)"
    grid = grid_of(tmp_path, Small(items=4), f"each item in small.items {all_orders}")
    (holes,) = [found for found in grid.presence if found.axes == ("item", "order")]
    sizes = [2, 3, 4, 5]
    assert holes.cells.sum(axis=1).tolist() == [math.factorial(size) for size in sizes]
    assert len(grid.axes["order"]) == 120


def test_more_orders_than_anybody_would_ask_are_refused_with_what_to_write() -> None:
    source = d.PermutationsSource(SCALE, None, True, "item")
    each = d.TypedEach(("order",), source, None, Span(Source("test", "here"), 0, 4))
    options = tuple(Option(str(code), {}) for code in range(9))
    with pytest.raises(SpecError) as refused:
        scale_orders(0, each, source, {"q1": Scale(options[:7]), "q2": Scale(options)})
    said = render(refused.value.diagnostics, "text")
    assert said.startswith("error[CY0705]")
    assert f"362 880 orders of 9 options; the limit is {MOST_ORDERS}" in said
    assert "permutations(.., n = 24, keep = identity)" in said


def test_lists_of_different_length_leave_holes(tmp_path: Path) -> None:
    grid = grid_of(tmp_path, Small(items=6), "each item in small.items each wording in item.wordings")
    (holes,) = grid.presence
    assert (holes.axes, holes.cells.sum(axis=1).tolist()) == (("item", "wording"), [1, 2, 3, 1, 2, 3])
    assert grid.axes["wording"].levels == ("1", "2", "3")


def test_a_new_person_changes_who_is_first_in_no_other_stratum(tmp_path: Path) -> None:
    sample = "each person in sample(small.people, n = 12, strata = [country], weight = weight)"
    before = grid_of(tmp_path / "a", Small(people=60), sample).axes["person"]
    after = grid_of(tmp_path / "b", Small(people=60, more_in="AV"), sample).axes["person"]
    for country in ("belmar", "corvin"):
        old, new = (
            {p for p, c in zip(axis.levels, axis.attributes["country"], strict=True) if c == country}
            for axis in (before, after)
        )
        assert old <= new or new <= old


def test_a_condition_on_a_sample_says_who_can_be_drawn(tmp_path: Path) -> None:
    sample = "each person in sample(small.people, n = 10) where person.country == belmar"
    axis = grid_of(tmp_path, Small(people=60), sample).axes["person"]
    assert (len(axis), set(axis.attributes["country"])) == (10, {"belmar"})


def test_a_sample_larger_than_its_table_is_everybody_with_a_warning(tmp_path: Path) -> None:
    grid = grid_of(tmp_path, Small(people=9), "each person in sample(small.people, n = 12)")
    assert len(grid.axes["person"]) == 9
    (warning,) = grid.warnings
    assert (warning.code, warning.message) == (
        "CY0706",
        "3 of 12 cells of sample `person` have nobody in them",
    )


def test_a_weighted_sample_prefers_the_heavy(tmp_path: Path) -> None:
    """Person 0 weighs as much as all the 59 others together: drawn first in about half of 200 seeds."""
    sample = "each person in sample(small.people, n = 1, weight = weight)"
    audit, tables = open_world(tmp_path, Small(people=60, heavy=True), sample)
    grids = (build_grid(replace(audit, seed=seed), tables) for seed in range(200))
    drawn = sum(grid.axes["person"].levels == ("p0",) for grid in grids)
    assert drawn == pytest.approx(100, abs=28)  # four standard deviations of a binomial


def test_conditions_over_two_axes_are_holes(tmp_path: Path) -> None:
    grid = grid_of(
        tmp_path,
        Small(items=4),
        "each item in small.items each country in country where item.theme == family or country == avria",
    )
    (holes,) = grid.presence
    assert holes.axes == ("item", "country")
    assert holes.cells.tolist() == [[True] * 3, [True, False, False]] * 2


def test_a_condition_is_split_into_what_is_settled_on_its_axis_and_what_ties_axes(tmp_path: Path) -> None:
    grid = grid_of(
        tmp_path,
        Small(items=4),
        "each item in small.items each country in country "
        "where country.region == north and (item.theme == family or country == avria)",
    )
    assert grid.axes["country"].levels == ("avria", "belmar")
    assert [holes.cells.tolist() for holes in grid.presence] == [[[True, True], [True, False]] * 2]


def test_a_condition_that_leaves_no_combination_is_refused(tmp_path: Path) -> None:
    said = refusal_of(
        tmp_path,
        Small(items=4),
        "each item in small.items where item.theme == work "
        "each country in country where item.theme == family and country == avria or item.theme == family",
    )
    assert said.startswith("error[CY0709]")
    assert "the condition keeps none of them" in said


def test_waves_are_numbered_and_can_be_chosen(tmp_path: Path) -> None:
    grid = grid_of(tmp_path, Small(), "each session in waves(count = 4, every = 7d) where session >= 3")
    assert grid.axes["session"].levels == ("3", "4")


def test_a_condition_can_name_what_is_drawn(tmp_path: Path) -> None:
    grid = grid_of(
        tmp_path,
        Small(items=12),
        "each item in small.items each place in draw(country, per = item) "
        "each country in country where country.region == place.region",
    )
    (holes,) = grid.presence
    assert holes.axes == ("item", "country")
    rows = {tuple(row) for row in holes.cells.tolist()}
    assert rows == {(True, True, False), (False, False, True)}
