"""Hold-outs: two sides of one split, drawn row by row, the same in every audit."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from plan_worlds import Small, grid_of, open_world, refusal_of

from cyclspec.compiler.plan.grid import build_grid
from cyclspec.compiler.plan.holdout import is_held_out
from cyclspec.language.types import typed as d

ITEMS = 400


def levels(folder: Path, source: str, world: Small | None = None, axis: str = "item") -> list[str]:
    return list(grid_of(folder, world or Small(items=ITEMS), f"each {axis} in {source}").axes[axis].levels)


def test_the_two_sides_are_each_others_complement_in_the_order_of_the_file(tmp_path: Path) -> None:
    held = levels(tmp_path, "holdout(small.items, share = 20%)")
    rest = levels(tmp_path, "rest(small.items, share = 20%)")
    everything = levels(tmp_path, "small.items")
    assert set(held).isdisjoint(rest)
    assert [item for item in everything if item in held] == held
    assert [item for item in everything if item not in held] == rest


def test_about_the_share_is_held_out() -> None:
    """Four standard deviations of a binomial around 20% of 10,000 rows."""
    part = d.HeldOut(share=0.2, name="", cluster=None, rest=False)
    drawn = sum(is_held_out(part, "item", f"q{i}") for i in range(10_000))
    assert drawn == pytest.approx(2000, abs=4 * (10_000 * 0.2 * 0.8) ** 0.5)


def test_a_larger_share_holds_out_more_of_the_same(tmp_path: Path) -> None:
    sides = [set(levels(tmp_path, f"holdout(small.items, share = {share}%)")) for share in (10, 20, 60, 100)]
    assert all(one < other for one, other in itertools.pairwise(sides))
    assert len(sides[-1]) == ITEMS


def test_a_row_more_changes_no_other(tmp_path: Path) -> None:
    few = levels(tmp_path / "few", "holdout(small.items, share = 30%)", Small(items=200))
    many = levels(tmp_path / "many", "holdout(small.items, share = 30%)", Small(items=ITEMS))
    assert [item for item in many if int(item[1:]) < 200] == few


def test_the_order_of_the_file_changes_nothing(tmp_path: Path) -> None:
    before = levels(tmp_path, "holdout(small.items, share = 30%)")
    audit, _ = open_world(tmp_path, Small(items=ITEMS), "each item in holdout(small.items, share = 30%)")
    path = tmp_path / "items.jsonl"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))), encoding="utf-8")
    from cyclspec.compiler.plan.sources import open_tables, tables_of

    after = build_grid(audit, open_tables(audit.tables, tables_of(audit))).axes["item"].levels
    assert list(reversed(after)) == before


def test_the_split_is_the_same_in_audits_of_other_seeds_and_another_by_another_name(tmp_path: Path) -> None:
    audit, tables = open_world(tmp_path, Small(items=ITEMS), "each item in holdout(small.items, share = 50%)")
    one, other = (build_grid(replace(audit, seed=seed), tables).axes["item"].levels for seed in (5, 6))
    assert one == other
    named = levels(tmp_path, 'holdout(small.items, share = 50%, name = "tuning")')
    both = len(set(named) & set(one))
    assert both == pytest.approx(ITEMS / 4, abs=4 * (ITEMS * 0.25 * 0.75) ** 0.5)
    assert named == levels(tmp_path, 'holdout(small.items, name = "tuning", share = 50%)')


def test_rows_of_one_cluster_stay_together(tmp_path: Path) -> None:
    world = Small(items=4, people=300)
    for side in ("holdout", "rest"):
        grid = grid_of(
            tmp_path, world, f"each person in {side}(small.people, share = 50%, cluster = country)"
        )
        of = set(grid.axes["person"].attributes["country"])
        assert len(grid.axes["person"]) == 100 * len(of) < 300


def test_people_are_sampled_among_those_that_are_held_out_or_not(tmp_path: Path) -> None:
    world = Small(people=300)
    held = set(levels(tmp_path, "holdout(small.people, share = 40%)", world, "person"))
    drawn = levels(
        tmp_path, "sample(holdout(small.people, share = 40%), n = 30, strata = [country])", world, "person"
    )
    other = levels(tmp_path, "sample(rest(small.people, share = 40%), n = 30)", world, "person")
    assert len(drawn) == len(other) == 30
    assert set(drawn) < held
    assert held.isdisjoint(other)


def test_a_condition_and_a_hold_out_both_count(tmp_path: Path) -> None:
    held = levels(tmp_path, "holdout(small.items, share = 30%)")
    family = levels(tmp_path, "small.items where item.theme == family")
    both = levels(tmp_path, "holdout(small.items, share = 30%) where item.theme == family")
    assert both == [item for item in held if item in family]


def test_a_side_without_rows_is_refused(tmp_path: Path) -> None:
    said = refusal_of(tmp_path, Small(items=4), "each item in rest(small.items, share = 100%)")
    assert "CY0709" in said
    assert "none of the rows is on this side of the split" in said
