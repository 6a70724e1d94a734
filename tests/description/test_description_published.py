"""Published distributions, languages and repetitions: facts equal what is counted in the same rows by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from surveys_on_disk import SPEC, Survey, corpus, items, random_survey

PUBLISHED = """cycl 1

axis country : nominal { aa, bb, cc, dd, ee }

corpus survey {
  table items {
    source = jsonl("items.jsonl")

    item     : key
    question : text(en, zh)
    options  : scale(ordinal, 2..10)
  }

  table shares {
    source    = jsonl("shares.jsonl")
    tolerance = 1%

    item    : ref(items)
    country : country
    share   : dist(item.options)
    n       : count
  }
}
"""


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def published(folder: Path, rows: Sequence[Mapping[str, Any]], n_items: int = 3) -> Path:
    write_lines(folder / "items.jsonl", items(n_items))
    write_lines(folder / "shares.jsonl", rows)
    (folder / "survey.cycl").write_text(PUBLISHED, encoding="utf-8")
    return folder / "survey.cycl"


def row(item: str, country: str, *share: float, n: int = 100) -> dict[str, Any]:
    return {"item": item, "country": country, "share": list(share), "n": n}


def test_every_sum_that_is_not_one_is_named_with_its_distance(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(3):
        for country in ("aa", "bb", "cc", "dd", "ee"):
            shares = rng.dirichlet(np.ones(4)) * 100
            rows.append(row(f"q{i}", country, *np.round(shares, 1 if country != "ee" else 9).tolist()))
    rows[4]["share"][0] += 7.0
    path = published(tmp_path, rows)
    found = json.loads(corpus("describe", path, "--format", "json").out)["corpora"][0]["published"][0]
    sums = pd.Series([sum(one["share"]) / 100 - 1 for one in rows])
    expected = sums[sums.abs() > 2e-6]
    assert {one["row"] - 1: one["deviation"] for one in found["off"]} == {
        index: approx(value, rel=1e-9) for index, value in expected.items()
    }
    assert [abs(one["deviation"]) for one in found["off"]] == sorted(expected.abs(), reverse=True)
    assert (found["off"][0]["item"], found["off"][0]["levels"]) == ("q0", ["ee"])
    said = corpus("check", path, "--format", "json")
    assert said.code == 1
    (error,) = [one for one in json.loads(said.out) if one["severity"] == "error"]
    assert (error["code"], error["place"]) == ("CY0708", "shares.jsonl")
    assert error["message"] == "1 of 15 distributions do not sum to 1 within 1.00%"
    assert error["notes"] == ["q0 ee: 1.07"]


def test_a_sum_that_is_no_distribution_at_all_is_refused_by_row(tmp_path: Path) -> None:
    said = corpus("check", published(tmp_path, [row("q0", "aa", 0.1, 0.1, 0.1, 0.0)]))
    assert said.code == 1
    assert "shares.jsonl, row 1, column `share`" in said.out


def test_published_items_are_counted_by_country_with_what_is_missing_in_them(tmp_path: Path) -> None:
    rows = [
        row("q0", "aa", 0.5, 0.3, 0.1, 0.1),
        row("q0", "bb", 0.2, 0.5, 0.0, 0.3, n=12),
        row("q0", "cc", 0.2, 0.8, 0.0, 0.0),
        row("q1", "aa", 0.6, 0.0, 0.4, 0.0),
        row("q1", "aa", 0.7, 0.0, 0.3, 0.0),
    ]
    path = published(tmp_path, rows)
    facts = corpus("describe", path, "--format", "json").facts
    (found,) = facts["published"]
    assert (found["rows"], found["second"], found["small"], found["levels"]) == (5, 1, 1, {"country": 3})
    q0, q1, q2 = found["items"]
    assert (q0["rows"], q0["never"], q0["asked_in"]) == (3, [], {"country": 3})
    assert q0["missing"] == approx((0.1 + 0.3 + 0.0) / 3)
    assert (q1["never"], q1["asked_in"]) == (["2"], {"country": 1})
    assert (q2["rows"], q2["missing"], q2["never"], q2["asked_in"]) == (0, None, [], {"country": 0})
    said = corpus("check", path, "--format", "json")
    assert sorted(said.codes) == ["CY0708", "CY0730", "CY0731", "CY0733"]
    assert "fewer than half of the levels of `country`" in said.out
    assert "second distributions of the same item and group" in said.out


# ---- languages


def languages(path: Path) -> dict[str, dict[str, Any]]:
    return {one["what"]: one for one in corpus("describe", path, "--format", "json").facts["languages"]}


PROMPT = """
prompt as_resident(item: survey.items) -> choice(item.options) {
  system     "Answer."
  user[en]   "Which?\\n{item.options|lettered}"
  user[fr]   "Lequel ?\\n{item.options|lettered}"
  prefix[en] "Answer:"
  prefix[fr] "Réponse :"
}
"""


def test_texts_are_counted_in_each_language_where_they_stand(tmp_path: Path) -> None:
    survey = random_survey(0, n_people=40, n_items=3)
    plain = [{**survey.items[0]["options"][0], "label": "yes"}, *survey.items[0]["options"][1:]]
    english = [{**option, "label": {"en": option["label"]["en"]}} for option in survey.items[0]["options"]]
    changed = [
        {**survey.items[0], "options": plain},
        {**survey.items[1], "options": english},
        survey.items[2],
    ]
    spec = SPEC.replace(', zh: "丙国"', "") + PROMPT
    found = languages(replace(survey, items=changed).write(tmp_path, spec))
    assert found["survey.items.question"]["have"] == {"en": 3, "zh": 3}
    options = found["survey.items.options"]
    assert (options["total"], options["plain"], options["have"]) == (12, 1, {"en": 11, "zh": 7})
    assert found["axis country"]["have"] == {"en": 3, "zh": 2}
    prompt = found["prompt as_resident"]
    assert (prompt["total"], prompt["plain"], prompt["have"]) == (3, 1, {"en": 2, "fr": 2})
    said = corpus("check", tmp_path / "survey.cycl", "--format", "json")
    told = {one["message"]: one for one in json.loads(said.out) if one["code"] == "CY0732"}
    assert set(told) == {
        "`survey.items.question` is not all written in `fr`",
        "`survey.items.options` is not all written in `fr`, `zh`",
        "`axis country` is not all written in `fr`, `zh`",
        "`axis age` is not all written in `fr`",
        "`prompt as_resident` is not all written in `zh`",
    }
    lacking = told["`survey.items.options` is not all written in `fr`, `zh`"]
    assert lacking["notes"] == ["fr: 11 of 12 missing; zh: 4 of 12 missing"]
    assert lacking["line"] == next(n for n, line in enumerate(spec.splitlines(), 1) if "options  :" in line)


# ---- what is there twice


def repeated(survey: Survey, *people: str, change: Mapping[str, object] | None = None) -> Survey:
    """The same survey with copies of some people and of their answers under other names."""
    for person in people:
        copy = survey.people[survey.people["person"] == person].assign(person=person + "x", **(change or {}))
        answers = survey.answers[survey.answers["person"] == person].assign(person=person + "x")
        survey = replace(
            survey,
            people=pd.concat([survey.people, copy], ignore_index=True),
            answers=pd.concat([survey.answers, answers.iloc[::-1]], ignore_index=True),
        )
    return survey


def test_people_who_equal_another_in_everything_are_found(tmp_path: Path) -> None:
    survey = random_survey(1, n_people=200, n_items=20)
    assert corpus("describe", survey.write(tmp_path / "a"), "--format", "json").facts["duplicates"] == []
    path = repeated(survey, "p3", "p3x", "p7").write(tmp_path / "b")
    (found,) = corpus("describe", path, "--format", "json").facts["duplicates"]
    assert (found["kind"], found["table"], found["count"], found["total"]) == (
        "people",
        "survey.people",
        3,
        203,
    )
    assert found["groups"] == [["p3", "p3x", "p3xx"], ["p7", "p7x"]]
    said = corpus("check", path)
    assert "warning[CY0736]: 3 of 203 people of `survey.people` equal another in every column" in said.out
    assert "= note: p3 = p3x = p3xx; p7 = p7x" in said.out


@pytest.mark.parametrize(
    "change", [{"weight": 1.25}, {"age": 91}, {"stratum": "other"}, {"psu": 99}], ids=lambda c: next(iter(c))
)
def test_people_who_differ_in_one_column_are_not_the_same(change: dict[str, object], tmp_path: Path) -> None:
    survey = random_survey(1, n_people=60, n_items=20)
    survey = replace(survey, people=survey.people.assign(age=survey.people["age"].clip(upper=80)))
    path = repeated(survey, "p3", change=change).write(tmp_path)
    # An age is only known by its group, as answers are compared by it.
    same = "age" in change and (survey.people.set_index("person").loc["p3", "age"] >= 40)
    assert len(corpus("describe", path, "--format", "json").facts["duplicates"]) == int(same)


def test_people_with_a_handful_of_answers_are_not_compared(tmp_path: Path) -> None:
    path = repeated(random_survey(1, n_people=60, n_items=5), "p3").write(tmp_path)
    assert corpus("describe", path, "--format", "json").facts["duplicates"] == []


def test_a_question_that_is_there_twice_is_found(tmp_path: Path) -> None:
    survey = random_survey(2, n_people=60, n_items=4)
    same = {**survey.items[1], "item": "q3"}
    other = {**survey.items[1], "item": "q2", "options": survey.items[1]["options"][:3]}
    path = replace(survey, items=[*survey.items[:2], other, same]).write(tmp_path)
    # `9` is no option of q2 any more.
    assert corpus("describe", path, "--format", "json").code == 1
    kept = survey.answers[~((survey.answers["item"] == "q2") & (survey.answers["value"] == "9"))]
    path = replace(survey, items=[*survey.items[:2], other, same], answers=kept).write(tmp_path)
    (found,) = corpus("describe", path, "--format", "json").facts["duplicates"]
    assert (found["kind"], found["count"], found["groups"]) == ("items", 1, [["q1", "q3"]])
