"""The answers behind a distribution of people: aligned with its cells, with everybody in a unit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cyclspec import pipeline
from cyclspec.compiler.axes import Axis
from cyclspec.compiler.scores import PeopleCells, ScoreInputs, lower
from cyclspec.compiler.scores.support import misfits

SPEC = """cycl 1
import std.metrics as m version "1"
axis town : nominal {{ mill, ridge, harbour }}
axis psu  : nominal {{ {units} }}
axis zone : nominal {{ north, south }}
corpus survey {{
  table items {{
    source   = jsonl("items.jsonl")
    item     : key
    question : text
    options  : scale(ordinal, 2..4)
  }}
  table people {{
    source  = csv("people.csv")
    strata  = zone
    cluster = psu
    person  : key
    town    : town
    psu     : psu?
    zone    : zone?
    weight  : real where weight >= 0
  }}
  table answers {{
    source = csv("answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }}
}}
audit one {{
  each item in survey.items
  each town in town where town in [ridge, mill]
  let human = share over person by town weighted by person.weight of survey.answers.value
  measure place by town : share = mean over item of m.mean_position(human) {{ {how} }}
}}
"""
CODES = ("no", "maybe", "yes")


def opened(folder: Path, how: str, people: int = 240) -> tuple[pipeline.Opened, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(11)
    options = [{"code": code, "label": code, "missing": code == "maybe"} for code in CODES]
    items = [{"item": f"i{at}", "question": "?", "options": options} for at in range(3)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    psu = rng.integers(0, 24, people)
    table = pd.DataFrame(
        {
            "person": [f"p{at}" for at in range(people)],
            "town": rng.choice(["harbour", "mill", "ridge"], people),
            "psu": [f"u{at}" for at in psu],
            "zone": np.where(psu < 12, "north", "south"),
            "weight": np.round(rng.uniform(0.5, 2.0, people), 3),
        }
    )
    table.loc[[4, 9], "psu"] = None
    table.loc[3, "weight"] = 0.0
    table.to_csv(folder / "people.csv", index=False)
    rows = [
        {"item": f"i{item}", "person": f"p{person}", "value": rng.choice(CODES)}
        for person in range(people)
        for item in range(3)
        if person != 7 and rng.uniform() > 0.1
    ]
    answers = pd.DataFrame(rows)
    answers.to_csv(folder / "answers.csv", index=False)
    units = ", ".join(f"u{at}" for at in range(24))
    path = folder / "one.cycl"
    path.write_text(SPEC.format(units=units, how=how), encoding="utf-8")
    context = pipeline.check(path).require()
    return pipeline.open_data(context, context.audits["one"]), table, answers


def cells_of(found: pipeline.Opened) -> PeopleCells:
    (cells,) = found.people.values()
    return cells


@pytest.mark.parametrize("how", ["interval = bootstrap(over = person)", "test = permutation(over = person)"])
def test_rows_add_up_to_the_shares(how: str, tmp_path: Path) -> None:
    found, _, _ = opened(tmp_path, how)
    cells = cells_of(found)
    rows = cells.rows
    assert rows is not None
    mass = np.zeros(cells.share.shape)
    np.add.at(mass, (rows.item, rows.group[rows.person], rows.option), rows.weight[rows.person])
    np.testing.assert_allclose(mass / mass.sum(axis=-1, keepdims=True), cells.share, rtol=0, atol=1e-12)
    # Who lives in a town that is not asked about is in no group; `maybe` is missing and does not count.
    assert (rows.group < 0).any() and (mass[..., 1] == 0.0).all()


def test_everybody_of_weight_is_in_a_unit_and_units_rise_by_stratum(tmp_path: Path) -> None:
    found, people, _ = opened(tmp_path, "interval = bootstrap(over = person)")
    rows = cells_of(found).rows
    assert rows is not None
    units = rows.units["person/psu/zone"]
    assert np.flatnonzero(units.unit < 0).tolist() == [3]
    assert (np.diff(units.stratum) >= 0).all() and units.stratum.max() == 1
    known = people["psu"].notna() & (people["weight"] > 0)
    pairs = pd.Series(units.unit[known.to_numpy()]).groupby(people.loc[known, "psu"].to_numpy()).nunique()
    assert (pairs == 1).all()
    # Two people without a cluster are clusters of their own.
    assert len(units.stratum) == people.loc[known, "psu"].nunique() + 2
    assert rows.units["person//"].unit.max() == len(people) - 2


def test_answers_are_kept_only_where_people_are_drawn(tmp_path: Path) -> None:
    found, _, _ = opened(tmp_path, "interval = bootstrap(over = item)")
    assert cells_of(found).rows is None


def test_the_interval_of_a_survey_has_its_clusters(tmp_path: Path) -> None:
    """The standard error against that of the mean position of every town by clusters, within 15 %: 22 clusters."""
    found, people, answers = opened(tmp_path, "interval = bootstrap(over = person, draws = 4000, method = t)")
    (measured,) = lower(found.audit, found.grid).evaluate(ScoreInputs({}, found.people)).measures
    joined = answers[answers["value"] != "maybe"].merge(people[people["weight"] > 0], on="person")
    joined["y"] = (joined["value"] == "yes").astype(float)
    for at, town in enumerate(found.grid.axes["town"].levels):
        here = joined[joined["town"] == town].copy()
        parts = []
        for _, one in here.groupby("item"):
            mean = np.average(one["y"], weights=one["weight"])
            parts.append(one.assign(z=one["weight"] * (one["y"] - mean) / one["weight"].sum() / 3))
        scored = pd.concat(parts)
        scored["unit"] = scored["psu"].fillna(scored["person"])
        totals = scored.groupby(["zone", "unit"])["z"].sum()
        every = people[people["weight"] > 0].assign(unit=lambda x: x["psu"].fillna(x["person"]))
        totals = totals.reindex(
            pd.MultiIndex.from_frame(every[["zone", "unit"]].drop_duplicates()), fill_value=0.0
        )
        by_zone = totals.groupby("zone")
        wanted = np.sqrt(sum(len(z) / (len(z) - 1) * ((z - z.mean()) ** 2).sum() for _, z in by_zone))
        assert abs(measured.error[at] / wanted - 1.0) < 0.15
        assert measured.n_clusters[at] <= 26
    assert measured.judgement.estimand == "another person by psu within zone; the same item, town"


def test_counts_that_memory_does_not_hold_are_refused(tmp_path: Path) -> None:
    """Half a million draws of 3 items are 12 MB; a hundred thousand items would hold hundreds of GiB."""
    found, _, _ = opened(tmp_path, "interval = bootstrap(over = item, draws = 500000)")
    lower(found.audit, found.grid)
    axes = {**found.grid.axes, "item": Axis("item", tuple(f"i{at}" for at in range(100_000)))}
    refused = misfits(found.audit, replace(found.grid, axes=axes))
    assert [one.code for one in refused] == ["CY0209"]
    assert "373 GiB" in refused[0].message and "`draws = 2684`" in refused[0].helps[0]
