"""Attributes of models, of people and of levels: after `by`, in `where` and after a dot, against pandas."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from worlds_on_disk import write_checkpoint

import cyclspec
from cyclspec import pipeline

SPECS = Path(str(cyclspec.__file__)).parent / "specs"
HEAD = """cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import { as_resident } from "quickstart/prompts.cycl"

panel models {
  factor origin : nominal {
    south "the south" { bloc = lower }
    north "the north" { bloc = upper }
    east  "the east"  { bloc = lower }
  }
  factor size : ordinal(parameters)
  model tiny  = demo()         { origin = south, size = 500k }
  model one   = local("one")   { origin = north, size = 7B }
  model two   = local("two")   { origin = south, size = 1B }
  model three = local("three") { origin = east,  size = 7B }
}

prompt of_person(person: survey.invented.people, item: survey.invented.items) -> choice(item.options) {
  user[en] "You live in {person.country} and are {person.age}. {item.question}\\n{item.options|lettered}"
}
"""
AUDIT = """
audit attributes {
  each item    in survey.invented.items where item.theme == family
  each country in survey.country
  each person  in sample(survey.invented.people, n = 15, strata = [country])
  each model   in models

  ask reply = as_resident(item, country, lang = en) { model = model, read = first_token }
  ask told  = of_person(person, item) { model = model, read = first_token }

  measure cells by item, country, model : share = reply.mass
  measure each_model by model : share = mean over item, country of reply.mass
  measure by_origin by origin : share = mean over item, country, model by origin of reply.mass
  measure by_size by size : share = mean over item, country, model by size of reply.mass
  measure by_bloc by bloc : share = mean over item, country, model by bloc of reply.mass
  measure by_both by origin, region : share =
    mean over item, country, model by origin, region of reply.mass
  measure largest by origin : share = max over model by origin of (mean over item, country of reply.mass)

  measure at_home by model : share = mean over item, country of
    (if model.origin == country.region then reply.mass else 0)
  measure at_large by country : share = mean over item, model of (if model.size >= 1B then reply.mass else 0)
  measure in_two by country : share = mean over item, model of
    (if model.origin in [south, east] then reply.mass else 0)
  measure growth by country : real =
    slope(against = number(model.size)) over model of (mean over item of number(reply.mass))

  let grouped = mean over item, country, model by origin of reply.mass
  let sized   = mean over item, country, model by size of reply.mass
  measure gap : points = grouped[origin: north] - grouped[origin: south]
  measure range_ : points = sized[size: last] - sized[size: first]
  measure middle : share = sized[size: 1B]

  measure persons by person, model : share = mean over item of told.mass
  measure by_age by age : share = mean over item, model, person by age of told.mass
  measure by_region by region : share = mean over item, model, person by region of told.mass
  measure of_young by model : share = mean over item, person of (if person.age == young then told.mass else 0)

  check label_mass = (min over item, country of reply.mass) >= 0 { on_fail = warn }
  check told_mass = (min over item, person of told.mass) >= 0 { on_fail = warn }
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attributes")
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    for seed, name in enumerate(("one", "two", "three")):
        write_checkpoint(folder / name, seed=seed)
    return folder


def run_of(folder: Path, audit: str) -> pd.DataFrame:
    path = folder / "audit.cycl"
    path.write_text(HEAD + audit, encoding="utf-8")
    frame: pd.DataFrame = cyclspec.load(path).run(out=folder / "runs").measures.to_pandas()
    return frame.astype({"measure": str})


@pytest.fixture(scope="module")
def run(folder: Path) -> pd.DataFrame:
    return run_of(folder, AUDIT)


@pytest.fixture(scope="module")
def cells(run: pd.DataFrame) -> pd.DataFrame:
    """The mass of every cell, with the attributes of its model and its country as pandas knows them."""
    frame = run[run.measure == "cells"][["item", "country", "model", "value"]].astype(
        {"country": str, "model": str}
    )
    models = pd.DataFrame(
        {
            "model": ["tiny", "one", "two", "three"],
            "origin": ["south", "north", "south", "east"],
            "bloc": ["lower", "upper", "lower", "lower"],
            "size": ["500k", "7B", "1B", "7B"],
            "number": [5e5, 7e9, 1e9, 7e9],
        }
    )
    countries = pd.DataFrame(
        {
            "country": ["vestrilo", "zephrune", "wexarro", "quorlith", "yimbrava", "fizzomar"],
            "region": ["north", "north", "south", "south", "north", "south"],
        }
    )
    return frame.merge(models).merge(countries)


def measured(run: pd.DataFrame, measure: str, *axes: str) -> Mapping[object, float]:
    """The values of a measure by the levels of its axes."""
    rows = run[run.measure == measure]
    keys = [tuple(row) for row in rows[list(axes)].astype(str).to_numpy()] if axes else [()]
    values = rows.value.tolist()
    return {key if len(key) != 1 else key[0]: value for key, value in zip(keys, values, strict=True)}


def close(found: Mapping[object, float], wanted: pd.Series) -> bool:
    wanted = wanted.astype(float)
    return set(found) == set(wanted.index) and found == pytest.approx(wanted.to_dict(), abs=1e-12)


@pytest.mark.parametrize(
    ("measure", "axes"),
    [
        ("each_model", ["model"]),
        ("by_origin", ["origin"]),
        ("by_size", ["size"]),
        ("by_bloc", ["bloc"]),
        ("by_both", ["origin", "region"]),
    ],
)
def test_a_mean_by_an_attribute_is_that_of_pandas(
    measure: str, axes: list[str], run: pd.DataFrame, cells: pd.DataFrame
) -> None:
    assert close(
        measured(run, measure, *axes), cells.groupby(axes if len(axes) > 1 else axes[0]).value.mean()
    )


def test_the_models_differ_so_that_groups_of_them_mean_something(run: pd.DataFrame) -> None:
    assert len({round(value, 6) for value in measured(run, "each_model", "model").values()}) == 4


def test_groups_stand_in_the_order_of_their_vocabulary(run: pd.DataFrame) -> None:
    assert list(measured(run, "by_origin", "origin")) == ["south", "north", "east"]
    assert list(measured(run, "by_size", "size")) == ["500k", "1B", "7B"]
    assert list(measured(run, "by_age", "age")) == ["young", "middle", "older"]


def test_another_reducer_keeps_an_attribute_too(run: pd.DataFrame, cells: pd.DataFrame) -> None:
    of_models = cells.groupby(["origin", "model"]).value.mean()
    assert close(measured(run, "largest", "origin"), of_models.groupby("origin").max())


def test_an_attribute_after_a_dot_is_a_value(run: pd.DataFrame, cells: pd.DataFrame) -> None:
    def kept(where: pd.Series, axis: str) -> pd.Series:
        return cells.assign(value=cells.value.where(where, 0.0)).groupby(axis).value.mean()

    assert close(measured(run, "at_home", "model"), kept(cells.origin == cells.region, "model"))
    assert close(measured(run, "at_large", "country"), kept(cells.number >= 1e9, "country"))
    assert close(measured(run, "in_two", "country"), kept(cells.origin.isin(["south", "east"]), "country"))


def test_a_slope_against_the_size_of_models_is_that_of_least_squares(
    run: pd.DataFrame, cells: pd.DataFrame
) -> None:
    for country, slope in measured(run, "growth", "country").items():
        means = cells[cells.country == country].groupby(["model", "number"]).value.mean().reset_index()
        wanted = means.number.cov(means.value) / means.number.var()
        assert slope == pytest.approx(wanted, rel=1e-9)


def test_a_group_can_be_picked(run: pd.DataFrame, cells: pd.DataFrame) -> None:
    origins, sizes = cells.groupby("origin").value.mean(), cells.groupby("size").value.mean()
    assert measured(run, "gap")[()] == pytest.approx(origins["north"] - origins["south"], abs=1e-12)
    assert measured(run, "range_")[()] == pytest.approx(sizes["7B"] - sizes["500k"], abs=1e-12)
    assert measured(run, "middle")[()] == pytest.approx(sizes["1B"], abs=1e-12)


def test_people_have_their_columns_and_the_attributes_of_these(run: pd.DataFrame) -> None:
    people = pd.read_csv(SPECS / "quickstart" / "data" / "people.csv", dtype={"person": str})
    frame = run[run.measure == "persons"][["person", "model", "value"]].astype({"person": str, "model": str})
    frame = frame.merge(people)
    frame["age"] = pd.cut(frame.age, [17, 29, 49, 200], labels=["young", "middle", "older"]).astype(str)
    frame["region"] = frame.country.map({
        "XVE": "north", "XZE": "north", "XYI": "north", "XWE": "south", "XQU": "south", "XFI": "south",
    })  # fmt: skip
    assert close(measured(run, "by_age", "age"), frame.groupby("age").value.mean())
    assert close(measured(run, "by_region", "region"), frame.groupby("region").value.mean())
    young = frame.assign(value=frame.value.where(frame.age == "young", 0.0))
    assert close(measured(run, "of_young", "model"), young.groupby("model").value.mean())


# ---- conditions


CONDITION = """
audit chosen {{
  each item    in survey.invented.items where item.theme == family
  each country in survey.country
  each model   in models where {condition}
  ask reply = as_resident(item, country, lang = en) {{ model = model, read = first_token }}
  check mass = (min over item, country of reply.mass) >= 0
}}
"""


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("model.origin == south", ["tiny", "two"]),
        ("model.origin != south and model.size == 7B", ["one", "three"]),
        ("model.origin in [north, east]", ["one", "three"]),
        ("model.size >= 1B", ["one", "two", "three"]),
        ("1B > model.size", ["tiny"]),
        ("model.size in 400k..2B", ["tiny", "two"]),
        ("model.size not in [1B, 7B]", ["tiny"]),
        ("size(item.options) > 0 and model.size < 7B", ["tiny", "two"]),
    ],
)
def test_a_condition_on_models_keeps_those_with_the_attribute(
    condition: str, kept: list[str], folder: Path
) -> None:
    path = folder / "chosen.cycl"
    path.write_text(HEAD + CONDITION.format(condition=condition), encoding="utf-8")
    context = pipeline.check(path).require()
    grid = pipeline.open_data(context, pipeline.choose(context, None)).grid
    assert list(grid.axes["model"].levels) == kept


def test_a_condition_can_tie_models_to_countries(folder: Path) -> None:
    path = folder / "tied.cycl"
    path.write_text(HEAD + CONDITION.format(condition="model.origin == country.region"), encoding="utf-8")
    context = pipeline.check(path).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    (presence,) = opened.grid.presence
    assert set(presence.axes) == {"country", "model"}
    assert presence.cells.sum() == 3 * 1 + 3 * 2
    plan = pipeline.plan(opened, weights="if here")
    assert sum(len(ask.requests[ask.requests >= 0]) for ask in plan.asks) == 7 * 9


# ---- checks


CHECKED = """
audit checked {{
  each item    in survey.invented.items where item.theme == family
  each country in survey.country
  each model   in models
  ask reply = as_resident(item, country, lang = en) {{ model = model, read = first_token }}
  measure each_model by model : share = mean over item, country of reply.mass
  measure by_origin by origin : share = mean over item, country, model by origin of reply.mass
  check of_origin = (mean over item, country, model by origin of reply.mass) >= 0.5 {{ on_fail = {on_fail} }}
}}
"""


ORIGIN_OF = {"tiny": "south", "one": "north", "two": "south", "three": "east"}


def withheld(run: pd.DataFrame, measure: str, axis: str) -> set[str]:
    rows = run[run.measure == measure]
    return set(rows[rows.withheld_by.notna()][axis].astype(str))


def test_a_check_by_an_attribute_covers_the_levels_that_have_it(folder: Path) -> None:
    """The demo model alone puts its answers on the labels: the south holds, though one of its models does not."""
    found = run_of(folder, CHECKED.format(on_fail="warn"))
    failing = {origin for origin, value in measured(found, "by_origin", "origin").items() if value < 0.5}
    models = measured(found, "each_model", "model")
    assert failing == {"north", "east"}
    assert models["two"] < 0.5

    held = run_of(folder, CHECKED.format(on_fail="withhold"))
    assert withheld(held, "by_origin", "origin") == failing
    assert withheld(held, "each_model", "model") == {"one", "three"}

    left = measured(run_of(folder, CHECKED.format(on_fail="exclude")), "each_model", "model")
    assert {model for model, value in left.items() if pd.isna(value)} == {"one", "three"}
    assert {model: left[model] for model in ("tiny", "two")} == {m: models[m] for m in ("tiny", "two")}


def test_a_check_by_model_covers_the_groups_that_have_the_model(folder: Path) -> None:
    """Only the demo model fails to put little on the labels, and only its group is withheld."""
    audit = CHECKED.format(on_fail="withhold").replace(
        "(mean over item, country, model by origin of reply.mass) >= 0.5",
        "(mean over item, country of reply.mass) <= 0.5",
    )
    held = run_of(folder, audit)
    assert withheld(held, "by_origin", "origin") == {"south"}
    assert withheld(held, "each_model", "model") == {"tiny"}
