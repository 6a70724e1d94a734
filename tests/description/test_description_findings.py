"""What `corpus check` tells of, what it does not, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from surveys_on_disk import SPEC, Said, Survey, corpus, random_survey

FEW = ("--min-n", "1")


def check(survey: Survey, folder: Path, *options: str, spec: str = SPEC) -> Said:
    return corpus("check", survey.write(folder, spec), "--format", "json", *options)


def told(said: Said, code: str) -> list[str]:
    return [one["message"] for one in json.loads(said.out) if one["code"] == code]


def test_a_sound_survey_gets_nothing(tmp_path: Path) -> None:
    said = check(random_survey(0), tmp_path, *FEW, "--strict")
    assert (said.code, said.out.strip(), said.err.strip()) == (0, "[]", "survey.cycl: no errors, no warnings")


def test_warnings_pass_unless_they_are_taken_strictly(tmp_path: Path) -> None:
    survey = random_survey(0)
    assert check(survey, tmp_path, "--min-n", "100").code == 0
    said = check(survey, tmp_path, "--min-n", "100", "--strict")
    assert (said.code, set(said.codes)) == (1, {"CY0730"})
    assert "survey.cycl: no errors, 1 warning" in said.err


def test_empty_and_small_cells_are_counted_and_the_smallest_named(tmp_path: Path) -> None:
    survey = random_survey(1, n_people=300)
    kept = (
        (survey.people["country"] != "CC") | (survey.people["level"] == "young") | (survey.people.index < 8)
    )
    kept &= (survey.people["country"] != "AA") | (survey.people["level"] == "older")
    people = survey.people[kept]
    survey = replace(
        survey, people=people, answers=survey.answers[survey.answers["person"].isin(people["person"])]
    )
    said = check(survey, tmp_path, "--min-n", "5")
    (empty,) = [one for one in json.loads(said.out) if one["code"] == "CY0706"]
    assert empty["message"] == "1 of 6 cells of `survey.people` have nobody in them"
    assert empty["notes"] == ["country aa, age young"]
    counts = people[people["weight"] > 0].groupby(["country", "level"]).size()
    (small,) = [one for one in json.loads(said.out) if one["code"] == "CY0730"]
    assert small["message"].startswith(f"{int((counts < 5).sum())} of 6 cells")
    assert small["notes"] == [f"country cc, age older: {counts['CC', 'older']}"]


def test_missing_answers_are_told_of_by_item_and_where_only_a_group_lacks_them(tmp_path: Path) -> None:
    survey = random_survey(2, n_people=600, n_items=4)
    country = survey.answers["person"].map(survey.people.set_index("person")["country"])
    answers = survey.answers
    lost = (answers["item"] == "q1") & (answers.index % 2 == 0)
    lost |= (answers["item"] == "q2") & (country == "CC") & (answers.index % 3 == 0)
    said = check(
        replace(survey, answers=answers.assign(value=answers["value"].mask(lost, "9"))), tmp_path, *FEW
    )
    assert told(said, "CY0735") == [
        "1 of 4 items: more than 20% of the answers are missing",
        "1 groups of items with fewer on the whole: more than 20% of the answers are missing",
    ]
    assert "q2 in country cc: 35%" in said.out
    strict = check(survey, tmp_path, *FEW, "--max-missing", "0.01")
    assert told(strict, "CY0735") == ["4 of 4 items: more than 1% of the answers are missing"]


def test_weights_are_judged_within_countries(tmp_path: Path) -> None:
    survey = random_survey(3)
    factor = survey.people["country"].map({"AA": 1.0, "BB": 1.04, "CC": 3.0})
    said = check(
        replace(survey, people=survey.people.assign(weight=survey.people["weight"] * factor)), tmp_path, *FEW
    )
    (found,) = json.loads(said.out)
    assert found["message"] == "weights do not average 1 in 1 of 3 levels of `country`"
    assert found["notes"] == ["cc: 3"]
    assert found["help"] == ["divide the weights by their mean in each country"]
    within = check(survey, tmp_path, *FEW, "--within", "age")
    assert "levels of `age`" in within.out or within.codes == []


def test_a_column_of_weights_without_a_role_is_told_of(tmp_path: Path) -> None:
    said = check(random_survey(0), tmp_path, *FEW, spec=SPEC.replace("    weight  = weight\n", ""))
    assert said.codes == ["CY0738"]


def test_a_design_with_gaps_is_told_of(tmp_path: Path) -> None:
    survey = random_survey(4)
    people = survey.people
    psu = people["psu"].where(~people["stratum"].isin(["s2", "s3"]), 0)
    said = check(replace(survey, people=people.assign(psu=psu)), tmp_path, *FEW)
    assert told(said, "CY0737") == ["2 of 7 strata of `survey.people` have one cluster"]
    lost = people.assign(stratum=people["stratum"].where(people.index > 1, None))
    spec = SPEC.replace("stratum : nominal", "stratum : nominal?")
    said = check(replace(survey, people=lost), tmp_path, *FEW, spec=spec)
    assert told(said, "CY0737") == ["2 people of `survey.people` have no stratum or no cluster"]


def test_second_answers_are_an_error_as_they_are_for_a_run(tmp_path: Path) -> None:
    survey = random_survey(0)
    said = check(replace(survey, answers=pd.concat([survey.answers, survey.answers.head(3)])), tmp_path, *FEW)
    assert (said.code, said.codes) == (1, ["CY0708"])
    assert told(said, "CY0708") == ["3 second answers of the same person to the same item"]


@pytest.mark.parametrize("command", ["describe", "check"])
def test_refused_data_are_told_of_as_by_check(command: str, tmp_path: Path) -> None:
    survey = random_survey(6)
    path = replace(survey, people=survey.people.assign(weight=-1.0)).write(tmp_path)
    said = corpus(command, path)
    assert said.code == 1
    assert "error[CY0708]" in said.out + said.err
    assert "more errors in people.parquet are not shown" in said.out + said.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--corpus", "servey"), "no corpus named `servey`"),
        (("--target", "nobody"), "no target named `nobody`"),
        (("--within", "cuontry"), "did you mean `country`?"),
    ],
)
def test_names_that_there_are_not_are_refused_with_a_suggestion(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    found = corpus("describe", random_survey(0).write(tmp_path), *options)
    assert (found.code, found.out) == (1, "")
    assert said in found.err


def test_a_file_without_a_corpus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.cycl"
    path.write_text("cycl 1\n", encoding="utf-8")
    said = corpus("check", path)
    assert said.code == 1
    assert "declares no corpus and imports none" in said.out + said.err


def test_an_audit_describes_the_corpus_that_it_imports(tmp_path: Path) -> None:
    random_survey(0).write(tmp_path)
    audit = tmp_path / "audit.cycl"
    audit.write_text('cycl 1\n\nimport "survey.cycl" as s\n', encoding="utf-8")
    assert corpus("describe", audit, "--format", "json").facts["corpus"] == "survey"


def test_a_description_is_printed_as_tables_and_cut_where_it_is_long(tmp_path: Path) -> None:
    path = random_survey(0, n_items=60).write(tmp_path)
    said = corpus("describe", path).out
    for title in ("tables", "people of", "cells of", "marginals of", "weights of", "items of", "languages"):
        assert title in said
    assert "and 20 more rows; `--all` shows them" in said
    whole = corpus("describe", path, "--all").out
    assert "options of survey.answers.value" in whole
    assert "more rows" not in whole


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    survey = random_survey(0, n_people=60, n_items=2)
    items = [{**item, "item": item["item"].replace("q0", "q0\x1b[2J")} for item in survey.items]
    answers = survey.answers.assign(item=survey.answers["item"].replace("q0", "q0\x1b[2J"))
    path = replace(survey, items=items, answers=answers).write(tmp_path)
    for command in ("describe", "check"):
        assert "\x1b" not in corpus(command, path, *FEW).out
    assert "\x1b" not in corpus("describe", path, "--format", "json").out


def test_help_loads_no_heavy_library() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cyclspec", "corpus", "check", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {
        line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line
    }
    assert loaded.isdisjoint({"jax", "flax", "transformers", "pyarrow", "numpy"})


def test_a_command_that_there_is_not_gets_a_suggestion() -> None:
    said = corpus("describ")
    assert (said.code, "there is no command 'describ'. did you mean describe?" in said.err) == (2, True)
