"""Human distributions against an independent computation with pandas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_on_disk import declare, refusal, write_rows

from cyclspec.compiler.data import (
    Column,
    HumanCells,
    Level,
    LoadedTable,
    distribution_of_people,
    distribution_of_table,
    read_tables,
)

OPTIONS: dict[str, list[str]] = {
    "q1": ["yes", "no", "dk"],
    "q2": ["low", "mid", "high", "top", "dk"],
    "q3": ["no", "yes"],
}
COUNTRIES = ("us", "cn", "mx")
REGION = {"us": "america", "mx": "america", "cn": "asia"}
AGES = (
    Level("young", low=18, high=29),
    Level("middle", low=30, high=49),
    Level("old", low=50, high=math.inf),
)
SUMMARY = {"item": "item", "person": "person", "value": "value"}


def microdata(folder: Path, seed: int, size: int = 400) -> dict[str, LoadedTable]:
    chance = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(size)],
            "country": chance.choice(COUNTRIES, size),
            "age": chance.integers(15, 80, size),
            "weight": np.where(chance.random(size) < 0.1, 0.0, chance.lognormal(0, 0.7, size)),
        }
    )
    rows = []
    for item, options in OPTIONS.items():
        for person in chance.permutation(people["person"])[: size * 4 // 5]:
            value = None if chance.random() < 0.05 else options[chance.integers(len(options))]
            rows.append({"item": item, "person": str(person), "value": value})
    chance.shuffle(rows)
    items = [
        {"item": i, "options": [{"code": c, "label": c, "missing": c == "dk"} for c in o]}
        for i, o in OPTIONS.items()
    ]
    return read(folder, items, people.to_dict("records"), rows)


def read(folder: Path, items: Any, people: Any, answers: Any) -> dict[str, LoadedTable]:
    folder.mkdir(exist_ok=True)
    tables = [
        declare(write_rows(folder / "items.json", items), Column("item", "key"), Column("options", "scale")),
        declare(
            write_rows(folder / "people.csv", people),
            Column("person", "key"),
            Column("country", "level", levels=tuple(Level(c) for c in COUNTRIES)),
            Column("age", "level", levels=AGES),
            Column("weight", "real", optional=True),
            name="people",
        ),
        declare(
            write_rows(folder / "answers.csv", answers),
            Column("item", "ref", table="items"),
            Column("person", "ref", table="people"),
            Column("value", "choice", table="items", optional=True),
            name="answers",
        ),
    ]
    return read_tables(tables)


def joined(folder: Path) -> pd.DataFrame:
    """The files once more, by pandas alone."""
    answers = pd.read_csv(folder / "answers.csv").merge(pd.read_csv(folder / "people.csv"), on="person")
    cuts = pd.cut(answers["age"], [17, 29, 49, math.inf], labels=["young", "middle", "old"]).astype(object)
    answers = answers.assign(age=cuts, region=answers["country"].map(REGION))
    return answers[answers["weight"] > 0]


def oracle(
    cell: pd.DataFrame, options: list[str], *, count_missing: bool
) -> tuple[list[float], float, int, int, float]:
    """Shares, n_eff, n, n_missing and missing share of one cell."""
    missing = cell["value"].isna() | (cell["value"] == "dk")
    kept = cell[cell["value"].notna()] if count_missing else cell[~missing]
    sums = kept.groupby("value")["weight"].sum().reindex(options).fillna(0.0)
    w = kept["weight"]
    if not len(kept):
        share, n_eff = [0.0] * len(options), 0.0
    else:
        share, n_eff = (sums / w.sum()).tolist(), w.sum() ** 2 / (w**2).sum()
    everyone = cell["weight"].sum()
    missing_share = cell.loc[missing, "weight"].sum() / everyone if everyone else 0.0
    return share, float(n_eff), len(kept), int(missing.sum()), float(missing_share)


def assert_equal_to_pandas(
    found: HumanCells, data: pd.DataFrame, options: Mapping[str, list[str]], by: list[str]
) -> None:
    shape = found.n.shape
    for at in np.ndindex(shape):
        item = found.items[at[0]]
        cell = data[data["item"] == item]
        for axis, position in enumerate(at[1:]):
            cell = cell[cell[by[axis]] == found.levels[axis][position]]
        share, n_eff, n, n_missing, missing_share = oracle(
            cell, options[item], count_missing=found.missing_counted
        )
        np.testing.assert_allclose(found.share[at][: len(share)], share, rtol=1e-12, atol=1e-14)
        assert not found.share[at][len(share) :].any()
        assert found.n_eff[at] == pytest.approx(n_eff, rel=1e-12)
        assert (found.n[at], found.n_missing[at]) == (n, n_missing)
        assert found.missing_share[at] == pytest.approx(missing_share, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("count_missing", [True, False])
@pytest.mark.parametrize("by", [[], ["country"], ["country", "age"], ["age", "country"]])
def test_weighted_marginals_equal_pandas(tmp_path: Path, by: list[str], count_missing: bool) -> None:
    t = microdata(tmp_path, seed=len(by))
    found = distribution_of_people(
        t["answers"],
        t["people"],
        items=t["items"].scales(),
        by=by,
        weight="weight",
        count_missing=count_missing,
        **SUMMARY,
    )
    assert found.share.shape == (3, *([3] * len(by)), 5)
    assert_equal_to_pandas(found, joined(tmp_path), OPTIONS, by)
    sums = found.share.sum(axis=-1)
    np.testing.assert_allclose(sums[found.n > 0], 1, rtol=1e-12)
    assert not sums[found.n == 0].any()
    assert not found.share[
        np.broadcast_to(~found.mask.reshape(3, *([1] * len(by)), 5), found.share.shape)
    ].any()


def test_an_attribute_of_levels_groups_them(tmp_path: Path) -> None:
    t = microdata(tmp_path, seed=9)
    found = distribution_of_people(
        t["answers"],
        t["people"],
        items=t["items"].scales(),
        by=[("country", REGION)],
        weight="weight",
        count_missing=False,
        **SUMMARY,
    )
    assert found.levels == (("america", "asia"),) and found.axes == ("country",)
    assert_equal_to_pandas(found, joined(tmp_path), OPTIONS, ["region"])
    some = distribution_of_people(
        t["answers"],
        t["people"],
        items=t["items"].scales(),
        by=[("country", {"cn": "asia"})],
        count_missing=False,
        **SUMMARY,
    )
    assert some.left_out == (int((t["people"]["country"].values != 1).sum()),)


def test_people_outside_every_range_are_counted_and_left_out(tmp_path: Path) -> None:
    t = microdata(tmp_path, seed=3)
    found = distribution_of_people(
        t["answers"], t["people"], items=t["items"].scales(), by=["age"], count_missing=True, **SUMMARY
    )
    ages = pd.read_csv(tmp_path / "people.csv")["age"]
    assert found.left_out == (int((ages < 18).sum()),) and found.left_out[0] > 0


def test_only_asked_items_count_and_their_order_is_kept(tmp_path: Path) -> None:
    t = microdata(tmp_path, seed=4)
    scales = t["items"].scales()
    found = distribution_of_people(
        t["answers"],
        t["people"],
        items={k: scales[k] for k in ("q3", "q1")},
        weight="weight",
        count_missing=True,
        **SUMMARY,
    )
    assert found.items == ("q3", "q1") and found.other_items == 320 and found.options[0] == ("no", "yes")
    assert_equal_to_pandas(found, joined(tmp_path), OPTIONS, [])


PEOPLE = [{"person": p, "country": "us", "age": 20, "weight": 1.0} for p in "abc"]
ITEMS = [{"item": "q", "options": ["x", "y"]}]


def run(folder: Path, people: Any, answers: Any, **more: Any) -> HumanCells:
    t = read(folder, ITEMS, people, answers)
    arguments: dict[str, Any] = {"weight": "weight", "count_missing": True, **SUMMARY, **more}
    return distribution_of_people(t["answers"], t["people"], items=t["items"].scales(), **arguments)


@pytest.mark.parametrize(
    ("weight", "said"), [(-1.0, "a weight of -1"), ("inf", "of inf"), (None, "has no weight")]
)
def test_bad_weights_are_refused_with_their_row(tmp_path: Path, weight: Any, said: str) -> None:
    people = [*PEOPLE[:2], {**PEOPLE[2], "weight": weight}]
    found = refusal(lambda: run(tmp_path, people, [{"item": "q", "person": "a", "value": "x"}]))
    assert found[0].place == "people.csv, row 3, column `weight`" and said in found[0].message


def test_a_person_answers_an_item_once(tmp_path: Path) -> None:
    answers = [{"item": "q", "person": p, "value": "x"} for p in "aba"]
    found = refusal(lambda: run(tmp_path, PEOPLE, answers))
    assert [d.place for d in found] == ["answers.csv, row 3, column `item`"]


def test_kish_number_is_free_of_scale_and_cells_without_people_are_zero(tmp_path: Path) -> None:
    answers = [{"item": "q", "person": p, "value": v} for p, v in zip("abc", "xxy", strict=True)]
    for scale in (1.0, 1e-200, 1e200):
        people = [{**row, "weight": w * scale} for row, w in zip(PEOPLE, (1.0, 2.0, 3.0), strict=True)]
        found = run(tmp_path, people, answers, by=["country", "age"])
        assert found.n_eff[0, 0, 0] == pytest.approx(36 / 14, rel=1e-12)
        np.testing.assert_allclose(found.share[0, 0, 0], [0.5, 0.5], rtol=1e-12)
        assert found.n.sum() == 3 and found.n[0, 0, 0] == 3
        assert not found.share[0, 1:].any() and not found.n_eff[0, 1:].any()


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(12)), st.lists(st.floats(0.01, 10), min_size=12, max_size=12))
def test_the_order_of_rows_changes_nothing(
    tmp_path_factory: Any, order: list[int], weights: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    people = [
        {"person": f"p{i}", "country": COUNTRIES[i % 3], "age": 20 + i, "weight": weights[i]}
        for i in range(12)
    ]
    answers = [{"item": "q", "person": f"p{i}", "value": "xy"[i % 2]} for i in range(12)]
    one = run(folder / "a", people, answers, by=["country"])
    two = run(folder / "b", [people[i] for i in order], [answers[i] for i in reversed(order)], by=["country"])
    np.testing.assert_allclose(one.share, two.share, rtol=1e-12)
    np.testing.assert_allclose(one.n_eff, two.n_eff, rtol=1e-12)
    np.testing.assert_array_equal(one.n, two.n)


LEVELS = (Level("x", 1), Level("y", 2), Level("dk", 9, missing=True))


def published(folder: Path, rows: Any) -> LoadedTable:
    items = declare(
        write_rows(folder / "items.json", [{"item": i, "options": OPTIONS3} for i in ("a", "b")]),
        Column("item", "key"),
        Column("options", "scale"),
    )
    table = declare(
        write_rows(folder / "human.json", rows),
        Column("item", "ref", table="items"),
        Column("country", "level", levels=tuple(Level(c) for c in COUNTRIES)),
        Column("d", "dist", table="items", optional=True),
        Column("n", "count"),
        name="human",
    )
    loaded = read_tables([items, table])
    return loaded["human"], loaded["items"].scales()  # type: ignore[return-value]


OPTIONS3 = [{"code": c, "label": str(c), "missing": c == 9} for c in (1, 2, 9)]


def test_published_distributions_become_cells(tmp_path: Path) -> None:
    rows = [
        {"item": "b", "country": "cn", "d": {"9": 20, "2": 20, "1": 60}, "n": 1000},
        {"item": "a", "country": "us", "d": [0.5, 0.5, 0.0], "n": 10},
        {"item": "a", "country": "mx", "d": None, "n": 10},
    ]
    table, scales = published(tmp_path, rows)
    arguments: dict[str, Any] = {"items": scales, "item": "item", "value": "d", "by": ["country"]}
    found = distribution_of_table(table, n="n", count_missing=False, **arguments)
    np.testing.assert_allclose(found.share[1, 1], [0.75, 0.25, 0], rtol=1e-15)
    assert found.n.tolist() == [[10, 0, 0], [0, 800, 0]] and found.n_eff[1, 1] == pytest.approx(800)
    assert found.n_missing[1, 1] == 200 and found.missing_share[1, 1] == pytest.approx(0.2)
    assert not found.share[0, 1:].any() and found.n_known
    both = distribution_of_table(table, n="n", count_missing=True, **arguments)
    np.testing.assert_allclose(both.share[1, 1], [0.6, 0.2, 0.2], rtol=1e-15)
    assert both.n[1, 1] == 1000
    unknown = distribution_of_table(table, count_missing=True, **arguments)
    assert not unknown.n_known and unknown.n.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert np.isnan(unknown.n_eff[1, 1]) and unknown.n_eff[1, 0] == 0
    # Options are matched by code: other order, same shares.
    turned = {k: type(s)(tuple(reversed(s.options)), s.ordered) for k, s in scales.items()}
    other = distribution_of_table(table, n="n", count_missing=True, **{**arguments, "items": turned})
    np.testing.assert_array_equal(other.share, both.share[..., ::-1])


def test_two_published_rows_of_one_cell_are_refused(tmp_path: Path) -> None:
    row = {"item": "a", "country": "us", "d": [1, 0, 0], "n": 5}
    table, scales = published(tmp_path, [row, row])
    found = refusal(
        lambda: distribution_of_table(
            table, items=scales, item="item", value="d", by=["country"], n="n", count_missing=True
        )
    )
    assert found[0].place == "human.json, row 2, column `d`" and "second distribution" in found[0].message
