"""What people answered equals what pandas counts in the same files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from oracles import check_shares, kish
from pytest import approx
from surveys_on_disk import SPEC, Survey, corpus, random_survey


def answers_facts(survey: Survey, folder: Path, spec: str = SPEC) -> Any:
    said = corpus("describe", survey.write(folder, spec), "--format", "json")
    assert said.code == 0, said
    return said.facts["answers"][0]


@pytest.mark.parametrize("seed", range(4))
def test_options_of_every_item_equal_pandas(seed: int, tmp_path: Path) -> None:
    survey = random_survey(seed)
    found = answers_facts(survey, tmp_path)
    people = survey.people.set_index("person")
    assert [item["item"] for item in found["items"]] == [item["item"] for item in survey.items]
    for item in found["items"]:
        rows = survey.answers[survey.answers["item"] == item["item"]].set_index("person")["value"]
        given = rows.reindex(people.index)
        asked = people.index.isin(rows.index) & (people["weight"] > 0)
        answered = asked & given.isin(["1", "2", "3"])
        assert item["n"] == int(answered.sum())
        assert item["n_eff"] == approx(kish(people.loc[answered, "weight"]), rel=1e-12)
        assert item["n_missing"] == int((asked & ~answered).sum())
        assert item["n_absent"] == int((people["weight"] > 0).sum() - asked.sum())
        assert item["missing"] == approx((asked & ~answered).sum() / asked.sum(), rel=1e-12)
        weight = people["weight"]
        assert item["missing_weighted"] == approx(
            weight[asked & ~answered].sum() / weight[asked].sum(), rel=1e-12
        )
        check_shares(item["options"], people, given.where(answered), design=True)
        assert item["missing_options"] == {"9": int((given == "9").sum())}


def test_missing_rates_by_group_equal_pandas(tmp_path: Path) -> None:
    survey = random_survey(7)
    found = answers_facts(survey, tmp_path)
    joined = survey.answers.merge(survey.people, on="person")
    joined = joined[joined["weight"] > 0]
    joined["lacking"] = ~joined["value"].isin(["1", "2", "3"])
    joined["country"] = joined["country"].str.lower()
    joined["age"] = joined["level"]
    assert len(found["missing"]) == 12 * (3 + 2)
    for group in found["missing"]:
        rows = joined[(joined["item"] == group["item"]) & (joined[group["axis"]] == group["level"])]
        assert (group["n"], group["n_missing"]) == (len(rows), int(rows["lacking"].sum()))


def test_where_an_item_was_asked_is_counted_level_by_level(tmp_path: Path) -> None:
    survey = random_survey(12)
    where = survey.answers["person"].map(survey.people.set_index("person")["country"])
    kept = ~((survey.answers["item"] == "q1") & (where != "BB")) & (survey.answers["item"] != "q2")
    found = answers_facts(replace(survey, answers=survey.answers[kept]), tmp_path)
    assert found["levels"] == {"country": 3, "age": 2}
    asked = {item["item"]: item["asked_in"]["country"] for item in found["items"]}
    assert (asked["q0"], asked["q1"], asked["q2"]) == (3, 1, 0)
    nobody = next(item for item in found["items"] if item["item"] == "q2")
    assert (nobody["n"], nobody["n_eff"], nobody["missing"], nobody["never"]) == (0, 0.0, None, [])
    assert {share["weighted"] for share in nobody["options"]} == {None}


def test_options_that_nobody_chose_are_named_and_missing_ones_are_not(tmp_path: Path) -> None:
    survey = random_survey(13)
    value = survey.answers["value"].where(~survey.answers["value"].isin(["2", "9"]), "1")
    found = answers_facts(replace(survey, answers=survey.answers.assign(value=value)), tmp_path)
    assert {tuple(item["never"]) for item in found["items"]} == {("2",)}


def test_of_two_answers_the_first_counts(tmp_path: Path) -> None:
    survey = random_survey(14, n_people=50, n_items=3)
    again = survey.answers.head(20).assign(value="3")
    twice = replace(survey, answers=pd.concat([survey.answers, again]))
    once = answers_facts(survey, tmp_path / "once")
    said = corpus("describe", twice.write(tmp_path / "twice"), "--format", "json")
    assert said.facts["answers"][0] == once
    (found,) = said.facts["duplicates"]
    assert (found["kind"], found["count"], found["total"]) == ("answers", 20, len(survey.answers) + 20)


def test_answers_over_one_declared_scale_are_described_too(tmp_path: Path) -> None:
    survey = random_survey(15)
    scale = "scale mood : ordinal { yes = 1, perhaps = 2, no = 3, missing unknown = 9 }\n\ncorpus survey"
    spec = SPEC.replace("corpus survey", scale).replace("choice(item.options)", "choice(mood)")
    assert answers_facts(survey, tmp_path / "a", spec) == answers_facts(survey, tmp_path / "b")


def test_the_weights_of_a_person_count_not_the_order_of_rows(tmp_path: Path) -> None:
    survey = random_survey(17)
    rng = np.random.default_rng(0)
    mixed = replace(
        survey,
        people=survey.people.iloc[rng.permutation(len(survey.people))],
        answers=survey.answers.iloc[rng.permutation(len(survey.answers))],
    )
    first, second = answers_facts(survey, tmp_path / "a"), answers_facts(mixed, tmp_path / "b")
    for one, other in zip(first["items"], second["items"], strict=True):
        for left, right in zip(one["options"], other["options"], strict=True):
            assert left["name"] == right["name"]
            assert left["weighted"] == approx(right["weighted"], rel=1e-12)
            assert left["se"] == approx(right["se"], rel=1e-9)
