"""Groups by an attribute of a level, controls and every plain reducer, on the quickstart's survey and model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cyclspec

SPECS = Path(str(cyclspec.__file__)).parent / "specs"
SPEC = """cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import { as_resident } from "quickstart/prompts.cycl"
panel models { model tiny = demo() }
audit groups {
  each item    in survey.invented.items where item.theme == family
  each country in survey.country
  each model   in models
  ask reply   = as_resident(item, country, lang = en) { model = model, read = first_token }
  ask control = as_resident(item, prompt_shuffled(country), lang = en) { model = model, read = first_token }
  let human  = share over person by country weighted by person.weight of survey.invented.answers.value
  let region_people = share over person by region weighted by person.weight of survey.invented.answers.value
  let far    = m.tv(reply, human)
  measure each_country by country, model : share = mean over item of far
  measure by_region by region, model : share = mean over country by region of (mean over item of far)
  measure between by region : share = mean over item, country of m.tv(human, region_people)
  measure told_another by model : share = mean over item, country of m.tv(control, human)
  measure other_people by model : share = mean over item, country of m.tv(reply, human_shuffled(human, over = country))
  measure highest by model : share = max over country of (mean over item of far)
  measure lowest  by model : share = min over country of (mean over item of far)
  measure total   by model : share = sum over country of (mean over item of far)
  measure spread  by model : share = sd over country of (mean over item of far)
  measure middle  by model : share = median over country of (mean over item of far)
  measure often   by model : share = mode over country of (mean over item of far)
  measure close   by model : share = share over item, country of far < 20%
  check mass = (min over item, country of reply.mass) >= 50%
  check told = (min over item, country of control.mass) >= 50%
}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("groups")
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    (folder / "groups.cycl").write_text(SPEC, encoding="utf-8")
    found = cyclspec.load(folder / "groups.cycl").run(out=folder / "runs")
    frame: pd.DataFrame = found.measures.to_pandas()
    return frame.astype({"measure": str})


def value(run: pd.DataFrame, measure: str) -> float:
    return float(run[run.measure == measure].value.iloc[0])


def test_groups_by_an_attribute_of_a_level_are_means_of_their_countries(run: pd.DataFrame) -> None:
    north = {"vestrilo", "zephrune", "yimbrava"}
    countries = run[run.measure == "each_country"]
    by_region = run[run.measure == "by_region"].set_index("region").value
    inside = countries.country.isin(north)
    assert by_region["north"] == pytest.approx(countries[inside].value.mean(), abs=1e-12)
    assert by_region["south"] == pytest.approx(countries[~inside].value.mean(), abs=1e-12)


def test_people_group_by_an_attribute_of_a_level_too(run: pd.DataFrame) -> None:
    between = run[run.measure == "between"].set_index("region").value
    assert set(between.index) == {"north", "south"}
    assert (between > 0.02).all()


def test_reducers_agree_with_numpy(run: pd.DataFrame) -> None:
    far = run[run.measure == "each_country"].value.to_numpy()
    for name, expected in {
        "highest": far.max(),
        "lowest": far.min(),
        "total": far.sum(),
        "spread": far.std(ddof=1),
        "middle": np.median(far),
    }.items():
        assert value(run, name) == pytest.approx(expected, abs=1e-12)
    assert 0 < value(run, "close") < 1


def test_a_mode_of_values_that_all_differ_is_missing_with_its_reason(run: pd.DataFrame) -> None:
    row = run[run.measure == "often"].iloc[0]
    assert np.isnan(row.value) and row.n_used == 0 and row.n_missing > 0


def test_a_model_that_is_told_another_country_is_further_from_the_people(run: pd.DataFrame) -> None:
    own = float(run[run.measure == "each_country"].value.mean())
    assert value(run, "told_another") > own + 0.05
    assert value(run, "other_people") > own + 0.05
