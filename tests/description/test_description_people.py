"""Cells, marginals, weights and designs equal what pandas computes from the same files, however odd they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from oracles import check_shares, kish, one_plus_cv_squared
from pytest import approx
from surveys_on_disk import SPEC, Survey, corpus, random_survey

LEVELS = {"AA": "aa", "BB": "bb", "CC": "cc"}


def people_facts(survey: Survey, folder: Path, spec: str = SPEC, *options: str) -> Any:
    said = corpus("describe", survey.write(folder, spec), "--format", "json", *options)
    assert said.code == 0, said
    return said.facts["people"][0]


def changed(survey: Survey, **columns: object) -> Survey:
    """The same survey with other columns of its people."""
    return replace(survey, people=survey.people.assign(**columns))


@pytest.mark.parametrize("seed", range(5))
def test_marginals_with_their_design_effects_equal_the_textbook(seed: int, tmp_path: Path) -> None:
    survey = random_survey(seed)
    found = people_facts(survey, tmp_path)
    people = survey.people
    country, age = found["marginals"]
    check_shares(country["levels"], people, people["country"].map(LEVELS), design=True)
    check_shares(age["levels"], people, people["level"], design=True)
    assert [share["name"] for share in country["levels"]] == ["aa", "bb", "cc"]
    assert all(share["deff"] > 0 for share in age["levels"])


@pytest.mark.parametrize("seed", range(3))
def test_cells_are_counted_with_their_effective_number(seed: int, tmp_path: Path) -> None:
    survey = random_survey(seed)
    (cells,) = people_facts(survey, tmp_path)["cells"]
    people = survey.people[survey.people["weight"] > 0]
    assert (cells["target"], cells["axes"], cells["total"]) == (None, ["country", "age"], 6)
    for cell in cells["cells"]:
        inside = people[
            (people["country"].map(LEVELS) == cell["levels"][0]) & (people["level"] == cell["levels"][1])
        ]
        assert cell["n"] == len(inside)
        assert cell["n_eff"] == approx(kish(inside["weight"]), rel=1e-12)
        assert cell["share"] == approx(inside["weight"].sum() / people["weight"].sum(), rel=1e-12)
    assert sum(cell["n"] for cell in cells["cells"]) == len(people)
    assert cells["small"] == sum(0 < cell["n"] < 30 for cell in cells["cells"])


def test_weights_are_described_within_each_country_and_for_all(tmp_path: Path) -> None:
    survey = random_survey(3)
    found = people_facts(survey, tmp_path)
    for row in found["weights"]:
        weight = survey.people.loc[survey.people["country"].map(LEVELS) == row["level"], "weight"]
        assert (row["n"], row["n_zero"]) == (len(weight), int((weight == 0).sum()))
        assert row["mean"] == approx(weight.mean(), rel=1e-12) == approx(1, rel=1e-12)
        assert (row["least"], row["largest"]) == (approx(weight.min()), approx(weight.max()))
        assert row["deff_weights"] == approx(one_plus_cv_squared(weight[weight > 0]), rel=1e-10)
    renamed = replace(survey, people=survey.people.rename(columns={"country": "nation"}))
    (everybody,) = people_facts(renamed, tmp_path / "all", SPEC.replace("country", "nation"))["weights"]
    assert everybody["level"] is None
    assert everybody["mean"] == approx(survey.people["weight"].mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "columns"),
    [("stratum", "psu"), ("", "psu"), ("stratum", ""), ("", "")],
    ids=["both", "clusters", "strata", "neither"],
)
def test_a_design_may_have_strata_clusters_both_or_neither(given: str, columns: str, tmp_path: Path) -> None:
    survey = random_survey(11)
    spec = SPEC if given else SPEC.replace("    strata  = stratum\n", "")
    spec = spec if columns else spec.replace("    cluster = psu\n", "")
    found = people_facts(survey, tmp_path, spec)
    people = survey.people.copy()
    people["stratum"] = people["stratum"] if given else "one"
    people["psu"] = people["psu"] if columns else range(len(people))
    check_shares(found["marginals"][1]["levels"], people, people["level"], design=bool(given or columns))
    if not given and not columns:
        assert found["design"] is None
        return
    assert found["design"]["n_strata"] == (people["stratum"].nunique() if given else 0)
    clusters = people.groupby(["stratum", "psu"]).ngroups
    assert found["design"]["n_clusters"] == (clusters if columns else 0)


def test_a_lonely_cluster_is_centred_at_the_mean_of_the_sample_and_told_of(tmp_path: Path) -> None:
    survey = random_survey(5)
    people = survey.people
    survey = changed(survey, psu=people["psu"].where(people["stratum"] != "s2", 0))
    found = people_facts(survey, tmp_path)
    assert found["design"]["lonely"] == ["s2"]
    check_shares(found["marginals"][1]["levels"], survey.people, survey.people["level"], design=True)


def test_people_without_a_stratum_leave_no_design_effect(tmp_path: Path) -> None:
    survey = random_survey(6)
    survey = changed(survey, stratum=survey.people["stratum"].where(survey.people.index > 2, None))
    found = people_facts(survey, tmp_path, SPEC.replace("stratum : nominal", "stratum : nominal?"))
    assert found["design"]["incomplete"] == 3
    check_shares(found["marginals"][1]["levels"], survey.people, survey.people["level"], design=False)


@pytest.mark.parametrize(
    "columns",
    [
        {"weight": 0.0},
        {"weight": 1.0, "stratum": "one", "psu": 0},
        {"weight": 1e-300},
        {"weight": 1e150},
        {"country": "AA"},
        {"age": 20, "level": "young"},
    ],
    ids=["no weight", "one cluster", "tiny", "huge", "one country", "one age"],
)
def test_degenerate_people_have_facts_and_no_warning(columns: dict[str, object], tmp_path: Path) -> None:
    survey = changed(random_survey(8, n_people=60, n_items=2), **columns)
    found = people_facts(survey, tmp_path)
    country, age = found["marginals"]
    check_shares(country["levels"], survey.people, survey.people["country"].map(LEVELS), design=True)
    check_shares(age["levels"], survey.people, survey.people["level"], design=True)
    assert found["n"] == int((survey.people["weight"] > 0).sum())


@pytest.mark.parametrize("n", [1, 2])
def test_one_person_and_two_have_facts(n: int, tmp_path: Path) -> None:
    survey = random_survey(1, n_people=n, n_items=2)
    survey = changed(survey, weight=1.0)
    answers = pd.DataFrame({"item": ["q0"], "person": ["p0"], "value": ["1"]})
    found = people_facts(replace(survey, answers=answers), tmp_path)
    check_shares(found["marginals"][1]["levels"], survey.people, survey.people["level"], design=True)


def test_people_in_no_level_are_counted_apart(tmp_path: Path) -> None:
    survey = random_survey(2)
    children = survey.people.index < 7
    survey = changed(
        survey,
        weight=1.0,
        age=survey.people["age"].where(~children, 12),
        level=survey.people["level"].where(~children, None),
    )
    found = people_facts(survey, tmp_path)
    assert found["marginals"][1]["n_without"] == 7
    assert found["cells"][0]["n_without"] == 7
    check_shares(found["marginals"][1]["levels"], survey.people, survey.people["level"], design=True)


TARGETS = """
target grown {
  axes   = [age]
  rows   = survey.people
  weight = survey.people.weight
  min_n  = 5
}

target everywhere {
  axes = [country]
  rows = survey.people
}
"""


def test_cells_are_those_of_the_targets_of_the_file(tmp_path: Path) -> None:
    survey = random_survey(4)
    found = people_facts(survey, tmp_path, SPEC + TARGETS)
    assert [(c["target"], c["axes"], c["weight"], c["least"]) for c in found["cells"]] == [
        ("grown", ["age"], "weight", 5),
        ("everywhere", ["country"], None, 30),
    ]
    assert sum(cell["n"] for cell in found["cells"][1]["cells"]) == len(survey.people)
    (one,) = people_facts(survey, tmp_path / "b", SPEC + TARGETS, "--target", "grown", "--min-n", "200")[
        "cells"
    ]
    assert (one["target"], one["least"]) == ("grown", 200)


def test_a_target_weighs_people_whose_table_does_not(tmp_path: Path) -> None:
    survey = random_survey(4)
    spec = SPEC.replace("    weight  = weight\n", "") + TARGETS.split("\ntarget everywhere", maxsplit=1)[0]
    found = people_facts(survey, tmp_path, spec)
    assert found["weight"] == "weight"
    assert found["n_eff"] == approx(kish(survey.people["weight"]), rel=1e-12)


def test_too_many_cells_are_counted_and_not_listed(tmp_path: Path) -> None:
    axes = "".join(f"axis a{i} : nominal {{ {', '.join(f'l{j}' for j in range(50))} }}\n" for i in range(4))
    columns = "".join(f"    a{i} : a{i}\n" for i in range(4))
    spec = SPEC.replace("corpus survey", axes + "corpus survey").replace(
        "    stratum :", columns + "    stratum :"
    )
    survey = random_survey(9, n_people=50, n_items=1)
    survey = changed(survey, **{f"a{i}": [f"l{j}" for j in range(50)] for i in range(4)})
    found = people_facts(survey, tmp_path, spec)
    assert found["cells"] == []
    assert found["too_many_cells"] == 6 * 50**4
    assert "37,500,000, too many to list" in corpus("describe", tmp_path / "survey.cycl").out
