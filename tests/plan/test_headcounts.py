"""Numbers of people and shares of targets in measures, against pandas on the quickstart's survey."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

import cyclspec
from cyclspec import pipeline
from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import LevelsNotRecorded

SPECS = Path(str(cyclspec.__file__)).parent / "specs"
DATA = SPECS / "quickstart" / "data"
LEVELS: dict[str, list[str]] = {}
"""The levels of each axis of the grid."""
AUDIT = """cycl 1
import std.metrics as m version "1"
import std.def as def version "1"
import "quickstart/survey.cycl" as survey
target citizens {
  axes   = [country, age]
  rows   = survey.invented.people
  weight = survey.invented.people.weight
  min_n  = 150
}
audit heads {
  each item         in survey.invented.items where item.theme == family
  each country, age in citizens
  let human  = share over person by country of survey.invented.answers.value
  let by_age = share over person by country, age of survey.invented.answers.value
  let heads  = count over person by country, age of survey.invented.answers.value
  let n_eff  = effective_count over person by country weighted by person.weight of survey.invented.answers.value
  let part   = def.part_by_heads(heads, (sum over age of heads))
  let whose  = def.favourite_of(human, by_age, part)
  measure asked by item, country, age : count = heads
  measure telling by item, country : real = n_eff
  measure of_everybody by country, age : share = citizens.share
  measure spoken by item : bits = mean over country, age weighted by citizens.share of m.entropy(by_age)
  measure owners by item, country, age : share = whose
}
"""
ZERO = """cycl 1
axis town : nominal { mill, harbour }
corpus c {
  table items {
    source  = csv("items.csv")
    item    : key
    options : scale(ordinal, 2..2)
  }
  table people {
    source = csv("people.csv")
    person : key
    town   : town
    weight : real where weight >= 0
  }
  table answers {
    source = csv("answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }
  table replies {
    source = csv("replies.csv")
    item   : ref(items)
    town   : town
    model  : nominal
    value  : choice(item.options)
  }
}
prompt asked(item: c.items, town: town) -> choice(item.options) { user "{town}: {item.options|inline}" }
panel models { model a = recorded("a") }
target citizens { axes = [town], rows = c.people, weight = c.people.weight, min_n = 2 }
audit zero {
  each item in c.items
  each town in citizens
  each model in models
  ask reply = asked(item, town) { model = model, read = recorded(c.replies.value), missing = drop }
  let people = share over person by town weighted by person.weight of c.answers.value
  measure heads by item, town : count = count over person by town of c.answers.value
  measure telling by item, town : real =
    effective_count over person by town weighted by person.weight of c.answers.value
  measure chose_b by item, town : share = people[option: last]
}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, MeasureCells]:
    folder = tmp_path_factory.mktemp("heads")
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    (folder / "heads.cycl").write_text(AUDIT, encoding="utf-8")
    context = pipeline.check(folder / "heads.cycl").require()
    opened = pipeline.open_data(context, context.audits["heads"])
    scores = lower(opened.audit, opened.grid).evaluate(ScoreInputs({}, opened.people, opened.headcounts))
    LEVELS.update({name: list(axis.levels) for name, axis in opened.grid.axes.items()})
    return {one.name: one for one in scores.measures}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    table = pd.read_csv(DATA / "people.csv")
    bands = pd.cut(table["age"], [17, 29, 49, np.inf], labels=["young", "middle", "older"])
    names = {"XVE": "vestrilo", "XZE": "zephrune", "XWE": "wexarro", "XQU": "quorlith"}
    names |= {"XYI": "yimbrava", "XFI": "fizzomar"}
    return table.assign(age=bands, country=table["country"].map(names))


@pytest.fixture(scope="module")
def told(people: pd.DataFrame) -> pd.DataFrame:
    """The answers that count, with who gave them."""
    items = pd.read_json(DATA / "items.jsonl", lines=True)
    items = items[items["theme"] == "family"]
    counted = [
        (i, o["code"])
        for i, options in zip(items["item"], items["options"], strict=True)
        for o in options
        if not o.get("missing")
    ]
    answers = pd.read_parquet(DATA / "answers.parquet").astype(str)
    return answers.merge(pd.DataFrame(counted, columns=["item", "value"])).merge(people, on="person")


def series(found: MeasureCells) -> pd.Series[float]:
    """The cells that exist, by their levels."""
    index = pd.MultiIndex.from_product([LEVELS[axis] for axis in found.axes], names=found.axes)
    return pd.Series(found.value.ravel(), index)[found.exists.ravel()]


def test_heads_and_effective_numbers_are_those_of_the_answers_that_count(
    found: dict[str, MeasureCells], told: pd.DataFrame
) -> None:
    heads = told.groupby(["item", "country", "age"], observed=True).size()
    asked = series(found["asked"])
    pd.testing.assert_series_equal(asked, heads.reindex(asked.index), check_dtype=False, check_names=False)
    weights = told.groupby(["item", "country"])["weight"]
    kish = weights.sum() ** 2 / weights.agg(lambda w: (w**2).sum())
    telling = series(found["telling"])
    np.testing.assert_allclose(telling, kish.reindex(telling.index), rtol=1e-12)


def test_a_target_weighs_combinations_by_their_share_of_all_its_people(
    found: dict[str, MeasureCells], people: pd.DataFrame, told: pd.DataFrame
) -> None:
    shares = people.groupby(["country", "age"], observed=True)["weight"].sum() / people["weight"].sum()
    size = people.groupby(["country", "age"], observed=True).size()
    kept = series(found["of_everybody"])
    assert set(kept.index) == set(size[size >= 150].index) and 0 < len(kept) < 18
    np.testing.assert_allclose(kept, shares.reindex(kept.index), rtol=1e-12)
    each = told.groupby(["item", "country", "age"], observed=True)["value"]
    bits = each.agg(lambda one: entropy(one.value_counts(), base=2)).unstack(["country", "age"])[
        list(kept.index)
    ]
    spoken = series(found["spoken"])
    wanted = bits @ kept / kept.sum()
    np.testing.assert_allclose(spoken, wanted.reindex(spoken.index.get_level_values(0)), rtol=1e-10)


def test_whose_the_favourite_is_by_heads_is_a_share_of_those_who_chose_it(
    found: dict[str, MeasureCells], told: pd.DataFrame
) -> None:
    """By counting people who chose the commonest option. A group that is too small is not among the groups."""
    kept = series(found["owners"])
    scored = told[
        pd.MultiIndex.from_frame(told[["country", "age"]]).isin(kept.index.droplevel("item").unique())
    ]
    for (item, country), values in kept.groupby(level=["item", "country"]):
        all_here = told[(told["item"] == item) & (told["country"] == country)]
        chose = all_here[all_here["value"] == all_here["value"].mode()[0]]
        grouped = scored[(scored["item"] == item) & (scored["country"] == country)]
        among = len(chose) / len(all_here) * len(grouped)
        wanted = chose["age"].value_counts().reindex(values.index.get_level_values("age")) / among
        np.testing.assert_allclose(values, wanted, rtol=1e-10)


def zero(folder: Path, least: int = 2) -> pipeline.Opened:
    """Of three people the mill has one of positive weight, the harbour two; one item has no recorded answer."""
    files = {
        "people.csv": "person,town,weight\np0,mill,1\np1,mill,0\np2,mill,0\np3,harbour,1\np4,harbour,2\np5,harbour,0\n",
        "items.csv": 'item,options\nq,"[""a"", ""b""]"\nr,"[""a"", ""b""]"\n',
        "answers.csv": "item,person,value\nq,p0,a\nq,p1,b\nq,p2,b\nq,p3,a\nq,p4,b\nq,p5,b\n",
        "replies.csv": "item,town,model,value\nq,harbour,a,b\n",
        "zero.cycl": ZERO.replace("min_n = 2", f"min_n = {least}"),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    context = pipeline.check(folder / "zero.cycl").require()
    return pipeline.open_data(context, context.audits["zero"])


def test_who_weighs_nothing_is_nobody_of_a_target(tmp_path: Path) -> None:
    """`min_n = 2` keeps the harbour, where two people have a weight, and not the mill."""
    opened = zero(tmp_path)
    (presence,) = opened.grid.presence
    assert opened.grid.axes["town"].levels == ("mill", "harbour")
    assert presence.cells.tolist() == [False, True]
    headcounts = ScoreInputs({}, opened.people, opened.headcounts)
    found = {
        one.name: one.value[0, 1] for one in lower(opened.audit, opened.grid).evaluate(headcounts).measures
    }
    # `count` names no weights, so all three of the harbour are heads.
    assert found == {"heads": 3.0, "telling": pytest.approx(9 / 5), "chose_b": pytest.approx(2 / 3)}


def test_a_level_that_a_target_leaves_out_needs_no_recorded_answer(tmp_path: Path) -> None:
    (warning,) = (one for one in zero(tmp_path).warnings if isinstance(one, LevelsNotRecorded))
    assert (warning.axis, warning.count, warning.total, warning.label) == ("item", 1, 2, "`r`")


def test_a_target_without_a_combination_of_enough_people_is_empty(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as found:
        zero(tmp_path, least=3)
    (error,) = found.value.diagnostics
    assert error.code == "CY0709"
    assert error.notes == ("its largest combination has 2 people, and `min_n` is 3",)
