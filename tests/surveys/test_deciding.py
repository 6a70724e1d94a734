"""What columns are, what is missing, what has an order: each rule by an example, and the option that says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from survey_files import (
    Made,
    axis_of,
    bring_in,
    bring_in_to,
    item_of,
    labels_of,
    notes_of,
    open_notes,
    refused,
    said,
    write_csv,
)

from cyclspec.compiler.surveys.deciding.grades import grade
from cyclspec.compiler.surveys.deciding.identifiers import REFUSED, identifier
from cyclspec.compiler.surveys.deciding.scales import rising_numbers
from cyclspec.compiler.surveys.deciding.words import demographic_word, unanswered
from cyclspec.compiler.surveys.notes import State, Topic
from cyclspec.compiler.surveys.settings import matching, missing_rules
from cyclspec.compiler.surveys.survey import Between

N = 40


def made(columns: dict[str, Any], **metadata: Any) -> Made:
    """A survey of `N` people; a short list is repeated."""
    frame = pd.DataFrame({name: (list(values) * N)[:N] for name, values in columns.items()})
    return Made(frame, **metadata)


def imported(folder: Path, columns: dict[str, Any], suffix: str = ".csv", **settings: Any) -> Any:
    """Imports a survey whose people have an identifier."""
    table = {"id": range(1, N + 1), **columns}
    return bring_in_to(folder / "out", made(table).write(folder / f"survey{suffix}"), **settings)


# ---- roles


def test_columns_are_recognised_by_name_and_each_role_is_said(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        {
            "wgt": np.linspace(0.5, 1.5, N),
            "stratum": [1, 2],
            "psu": range(10),
            "gender": ["f", "m"],
            "AgeGroup": ["18-29", "30-49", "50+"],
            "vote": ["yes", "no", "yes"],
            "interview_date": ["2024-01-01"],
            "comment": [f"text number {n}" for n in range(N)],
            "constant": ["same"],
            "hours": np.arange(N) / 4,
            "empty": [None],
        },
    )
    people = found.corpus.people
    assert (
        people.roles.weight == "weight" and people.roles.strata == "stratum" and people.roles.cluster == "psu"
    )
    assert [axis.name for axis in found.corpus.axes] == ["gender", "AgeGroup"]
    assert [item.key for item in found.corpus.items] == ["vote"]
    why = {note.subject: note.text for note in notes_of(found, Topic.LEFT_OUT)}
    assert why["interview_date"] == "a technical column, by its name"
    assert why["comment"].startswith("open text: 40 different answers")
    assert why["constant"] == "it has one answer only"
    assert why["hours"] == "an open numeric column: 40 different numbers without labels"
    assert why["empty"] == "it is empty"
    assert "called `weight` in the corpus" in said(found, Topic.NAMES, "wgt")


def test_the_command_line_gives_every_role(tmp_path: Path) -> None:
    columns = {
        "x": np.linspace(0.5, 1.5, N),
        "a": [1, 2],
        "b": [1, 2, 3],
        "c": [1, 2],
        "d": [1, 2],
        "Q1": [1, 2],
        "Q2": [1, 2],
    }
    found = imported(
        tmp_path, columns, weight="x", strata="a", psu="b", demographics=("c",), questions=("Q*",), id="id"
    )
    assert found.corpus.people.roles.weight == "weight"
    assert [axis.name for axis in found.corpus.axes] == ["c"]
    assert [item.key for item in found.corpus.items] == ["Q1", "Q2"]
    assert "not among the questions that the command line names" in said(found, Topic.LEFT_OUT, "d")


def test_a_question_and_a_demographic_can_change_places(tmp_path: Path) -> None:
    columns = {"sex": [1, 2], "party": ["a", "b", "c"]}
    found = imported(tmp_path, columns, questions=("sex",), demographics=("party",))
    assert [item.key for item in found.corpus.items] == ["sex"]
    assert [axis.name for axis in found.corpus.axes] == ["party"]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"weight": "wait"}, "CY0701"),
        ({"questions": ("Z*",)}, "CY0701"),
        ({"id": "idd"}, "CY0701"),
        ({"weight": "vote"}, "CY0702"),
        ({"weight": "neg"}, "CY0702"),
        ({"weight": "zero"}, "CY0702"),
        ({"questions": ("same",)}, "CY0707"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_with_help(
    tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    columns = {
        "id": range(N),
        "weight": [1.0, 2.0],
        "vote": ["a", "b"],
        "neg": [-1.0, 1.5],
        "zero": [0],
        "same": [1],
    }
    diagnostic = refused(made(columns).write(tmp_path / "a.csv"), **settings)
    assert diagnostic.code == code and diagnostic.helps


def test_names_patterns_and_runs_name_columns() -> None:
    names = ("id", "Q1", "Q2", "Q10", "other")
    assert matching("Q*", names) == ("Q1", "Q2", "Q10")
    assert matching("Q1..Q10", names) == ("Q1", "Q2", "Q10")
    assert matching("OTHER", names) == ("other",)
    assert matching("nothing", names) == ()


@pytest.mark.parametrize(
    ("name", "label", "word"),
    [
        ("AgeGroup", "", "age"),
        ("recage", "", "age"),
        ("v12", "Age of respondent", "age"),
        ("language", "", "language"),
        ("message", "", ""),
        ("Q7", "Important child qualities: Religious faith", ""),
        ("cregion", "", "region"),
        ("v3", "Respondent's sex", "sex"),
        ("manager", "", ""),
        ("incident", "", ""),
    ],
)
def test_demographics_are_known_by_whole_words(name: str, label: str, word: str) -> None:
    assert demographic_word(name, label) == word


# ---- weights and people


def test_several_weights_are_all_kept_and_the_choice_is_left_open(tmp_path: Path) -> None:
    columns = {"llweight": [1.0, 2.0], "weight": [0.5, 1.5], "vote": ["a", "b"]}
    found = imported(tmp_path, columns)
    (note,) = [n for n in notes_of(found, Topic.WEIGHTS) if n.state is State.OPEN]
    assert note.text.startswith("several columns are weights by their names (llweight, weight)")
    assert note.settle == "--weight llweight"
    assert {c.name for c in found.corpus.people.columns} == {"weight", "llweight"}
    other = (
        imported(tmp_path / "second", columns, weight="llweight")
        if (tmp_path / "second").mkdir() is None
        else None
    )
    assert other is not None
    assert {c.name for c in other.corpus.people.columns} >= {"weight"}


def test_odd_weights_are_said(tmp_path: Path) -> None:
    found = imported(tmp_path, {"weight": [0.0, 10.0, None, 30.0], "vote": ["a", "b", "a"]})
    text = said(found, Topic.WEIGHTS)
    assert "people without a weight get zero, and count in no weighted share: 10" in text
    assert "people of weight zero, who count in no weighted share: 20" in text
    assert "far from mean 1 (mean 20)" in text
    assert "effective number 16, design effect of weighting 1.25" in text


def test_a_weight_is_recognised_by_its_label(tmp_path: Path) -> None:
    columns = {"W": np.linspace(0.5, 1.5, N), "kg": np.linspace(50, 90, N), "vote": [1, 2]}
    labels = {"W": "Post-stratification weight", "kg": "Body weight"}
    path = made(columns, labels=labels).write(tmp_path / "survey.sav")
    found = bring_in(path)
    assert found.corpus.people.roles.weight == "weight"
    assert "the weight, by its label" in said(found, Topic.WEIGHTS, "W")
    assert "open numeric column" in said(found, Topic.LEFT_OUT, "kg")


def test_a_weight_with_negative_numbers_is_no_question(tmp_path: Path) -> None:
    columns = {"weight": [-1, 1, 2], "vote": ["a", "b"]}
    path = made(columns).write(tmp_path / "survey.csv")
    assert refused(path).code == "CY0702"
    assert bring_in(path, left_out=("weight",)).corpus.people.roles.weight == ""
    second = made({**columns, "wgt": [0.5, 1.5]}).write(tmp_path / "second.csv")
    assert "the weight, by its name" in said(bring_in(second), Topic.WEIGHTS, "wgt")


def test_an_identifier_that_many_rows_share_is_said(tmp_path: Path) -> None:
    columns = {"id": [*range(N - 5), *range(5)], "vote": ["a", "b", "a"]}
    found = bring_in(made(columns).write(tmp_path / "survey.csv"))
    [note] = [note for note in open_notes(found) if note.subject == "id"]
    assert "5 of 40 rows repeat a value of it" in note.text
    assert note.settle == "--id id"


def test_no_weight_is_left_open(tmp_path: Path) -> None:
    found = imported(tmp_path, {"vote": ["a", "b"]})
    assert "every person counts once" in said(found, Topic.WEIGHTS)
    assert found.corpus.people.roles.weight == ""


def test_rows_that_stand_twice_are_left_out_and_identifiers_that_do_are_told_apart(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'yes' if n % 2 else 'no'}\n" for n in range(1, 41))
    path = write_csv(tmp_path / "a.csv", "id,vote\n" + rows + "7,yes\n8,yes\n")
    found = bring_in_to(tmp_path / "out", path)
    text = said(found, Topic.PEOPLE)
    assert "rows that repeat another in every column are left out: 1 (41)" in text
    assert "the identifier of an earlier row and other answers: 1 (42)" in text
    assert found.corpus.people is not None
    assert len(found.corpus.people.keys) == 41 and found.corpus.people.keys[-1] == "8#2"


def test_without_an_identifier_people_are_named_by_their_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "vote,age\n" + "yes,30\nno,40\n" * 10)
    found = bring_in_to(tmp_path / "out", path)
    assert found.corpus.people is not None and found.corpus.people.keys[:2] == ("r1", "r2")
    assert "rows that repeat another in every column: 18" in said(found, Topic.PEOPLE)


def test_a_household_number_is_no_identifier(tmp_path: Path) -> None:
    found = imported(tmp_path, {"vote": ["a", "b"]})
    assert "identified by this column" in said(found, Topic.PEOPLE, "id")
    path = made({"caseid": range(N // 2), "vote": ["a", "b"]}).write(tmp_path / "b.csv")
    assert "people are named by their row" in said(bring_in(path), Topic.PEOPLE)


# ---- missing


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("Don't know", "shown"),
        ("Don’t know/Refused (VOL.)", "shown"),
        ("DK/Ref", "shown"),
        ("Refused", "shown"),
        ("Refused to help", None),
        ("No, I do not know anyone", None),
        ("No answer", "shown"),
        ("Not asked in this country", "absent"),
        ("Missing; Not available; AU: Other", "absent"),
        ("-1. Inapplicable", None),
        (".i:  Inapplicable", "absent"),
        (".d:  Do not Know/Cannot Choose", "shown"),
        ("Not important", None),
        ("None", None),
        ("Weiß nicht", "shown"),
        ("Neither agree nor disagree", None),
    ],
)
def test_labels_that_stand_for_no_answer(label: str, found: str | None) -> None:
    assert unanswered(label) == found


def test_missing_codes_of_the_command_line(tmp_path: Path) -> None:
    columns = {"q1": [1, 2, 3, 8], "q2": [1, 2, 9, 8], "q3": [1, 2, -9, -8]}
    found = imported(tmp_path, columns, missing={"q1": ("8",), "": (Between(-9, -1),)})
    assert [o.code for o in item_of(found, "q1").options if o.missing] == ["8"]
    assert [o.code for o in item_of(found, "q2").options if o.missing] == []
    assert [o.code for o in item_of(found, "q3").options if o.missing] == ["-9", "-8"]
    assert "by the command line, kept as missing options: `-9`, `-8`" in said(found, Topic.MISSING, "q3")


def test_missing_rules_are_codes_and_ranges() -> None:
    assert missing_rules("-1, -2,DK,98..99,2.0") == ("-1", "-2", "DK", Between(98, 99), "2")


def test_a_user_missing_code_without_a_label_is_left_open(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "q": [1.0, 2.0, 3.0, -7.0]},
        values={"q": {1: "Low", 2: "Mid", 3: "High"}},
        missing={"q": [{"lo": -9, "hi": -1}]},
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    (note,) = notes_of(found, Topic.MISSING, "q")
    assert note.state is State.OPEN and "no label says what it means" in note.text


# ---- scales

AGREEMENT = "Strongly agree,Agree,Disagree,Strongly disagree"
DOLLARS = "Under $20k,$20k to < 40k,$125k or more"
SATISFACTION = "Very satisfied,Fairly satisfied,Not at all satisfied"


@pytest.mark.parametrize(
    ("values", "ordered", "order", "why"),
    [
        (["Agree", "Strongly disagree", "Disagree", "Strongly agree"], True, AGREEMENT, "grade one thing (agreement)"),
        (["Never", "Always", "Sometimes"], True, "Always,Sometimes,Never", "grade one thing (frequency)"),
        (["30-49", "18-29", "50+"], True, "18-29,30-49,50+", "rising numbers"),
        (["$20k to < 40k", "Under $20k", "$125k or more"], True, DOLLARS, "rising numbers"),
        (["red", "blue", "green"], False, "blue,green,red", "no rule says"),
        (["yes", "no"], False, "no,yes", "two options"),
        (["Very satisfied", "Fairly satisfied", "Not at all satisfied"], True, SATISFACTION, "satisfaction"),
    ],
)  # fmt: skip
def test_words_without_codes_get_an_order_by_rule(
    tmp_path: Path, values: list[str], ordered: bool, order: str, why: str
) -> None:
    found = imported(tmp_path, {"q": values})
    assert item_of(found, "q").ordered is ordered
    assert labels_of(found, "q") == order.split(",")
    assert why in said(found, Topic.SCALES, "q")


def test_codes_that_do_not_follow_their_words_are_put_right_and_said(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "q": [1.0, 2.0, 3.0]}, values={"q": {1: "Agree", 2: "Disagree", 3: "Neither"}}
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    assert [o.code for o in item_of(found, "q").options] == ["1", "3", "2"]
    (note,) = notes_of(found, Topic.SCALES, "q")
    assert note.state is State.OPEN and "in the order of their words" in note.text


def test_a_scale_of_which_the_ends_are_labelled_is_ordinal(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "q": [float(n) for n in range(1, 11)]},
        values={"q": {1: "Nothing", 10: "Everything"}},
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    assert item_of(found, "q").ordered and labels_of(found, "q")[:2] == ["Nothing", "2"]
    assert "values without labels are shown as their codes" in said(found, Topic.LABELS, "q")
    assert [o.value for o in item_of(found, "q").options] == [float(n) for n in range(1, 11)]


def test_the_measure_of_the_file_counts(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]},
        values={"a": {1: "x", 2: "y", 3: "z"}, "b": {1: "x", 2: "y", 3: "z"}},
        measure={"a": "ordinal", "b": "nominal"},
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    assert (item_of(found, "a").ordered, item_of(found, "b").ordered) == (True, False)
    assert {"items.jsonl", "choices.jsonl", "answers.parquet", "choice_answers.parquet"} <= found.files.keys()


def test_the_command_line_has_the_last_word_on_order(tmp_path: Path) -> None:
    columns = {"q": ["Never", "Always", "Sometimes"], "colour": ["red", "blue", "green"]}
    found = imported(tmp_path, columns, nominal=("q",), ordinal=("colour",))
    assert (item_of(found, "q").ordered, item_of(found, "colour").ordered) == (False, True)
    assert said(found, Topic.SCALES, "q") == "nominal: the command line says so"


def test_labels_without_values_stay_options_and_codes_with_one_label_are_left_open(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "q": [1.0, 2.0, 3.0]},
        values={"q": {1: "Good", 2: "Bad", 3: "Bad", 4: "Awful"}},
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    assert len(item_of(found, "q").options) == 4
    assert "value labels without values: nobody chose `4` Awful" in said(found, Topic.LABELS, "q")
    assert "several codes have one label: Bad" in [note.text for note in open_notes(found)]


def test_grades_and_numbers_are_read_from_words() -> None:
    found = grade(["A great deal", "Quite a lot", "Not very much", "None at all"])
    assert found is not None and found.distinct and found.ranks == tuple(sorted(found.ranks))
    assert grade(["Protestant", "Catholic"]) is None
    anything = grade(["Very serious problem", "Somewhat serious problem", "Not a serious problem at all"])
    assert anything is not None and anything.ranks == (1, 3, 5)
    assert grade(["Very large", "Not small"]) is None
    assert grade(["Very good", "Somewhat good", "Somewhat bad", "Very bad"]) is not None
    assert grade(["Agree", "Never"]) is None
    assert rising_numbers(["lt $1000", "$1000 to 2999", "$25000 or more"]) == (999.5, 1000, 25000.5)
    assert rising_numbers(["one", "2"]) is None


# ---- batteries


def test_batteries_are_recognised_by_names_and_by_labels(tmp_path: Path) -> None:
    options = {1: "A lot", 2: "Some", 3: "None"}
    names = ["q5a", "q5b", "q5c", "trust_1", "trust_2", "Q10", "Q11", "v1", "v2"]
    survey = made(
        {"id": range(1, N + 1), **{name: [1.0, 2.0, 3.0] for name in names}},
        labels={
            "v1": "Confidence in: courts",
            "v2": "Confidence in: police",
            "Q10": "One thing",
            "Q11": "Another",
        },
        values={
            name: options if not name.startswith("q5c") else {1: "Yes", 2: "No", 3: "Maybe"} for name in names
        },
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    batteries = {item.key: item.battery for item in found.corpus.items}
    assert batteries == {
        "q5a": "q5", "q5b": "q5", "q5c": "", "trust_1": "trust", "trust_2": "trust",
        "Q10": "", "Q11": "", "v1": "confidence_in", "v2": "confidence_in",
    }  # fmt: skip
    assert "recognised by the beginning of their labels" in said(found, Topic.BATTERIES, "confidence_in")


# ---- demographics


def test_open_ages_become_bands_and_other_numbers_stay_numbers(tmp_path: Path) -> None:
    columns = {
        "age": [16 + n + 0.5 for n in range(N)],
        "income": [n * 17.5 for n in range(N)],
        "vote": ["a", "b"],
    }
    found = imported(tmp_path, columns)
    age = axis_of(found, "age")
    assert age.unit == "years"
    assert [(level.low, level.high) for level in age.levels] == [(0, 17), (18, 29), (30, 49), (50, None)]
    assert "ages are taken in completed years" in said(found, Topic.DEMOGRAPHICS, "age")
    (income,) = [column for column in found.corpus.people.columns if column.name == "income"]
    assert income.kind == "real"


def test_levels_nobody_has_are_dropped_and_missing_ones_flagged(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "country": [1.0, 2.0, 9.0, np.nan], "vote": [1.0, 2.0]},
        values={"country": {1: "Norway", 2: "Peru", 3: "Chad", 9: "Refused"}, "vote": {1: "Yes", 2: "No"}},
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    levels = axis_of(found, "country").levels
    assert [(level.name, level.code, level.missing) for level in levels] == [
        ("norway", "1", False),
        ("peru", "2", False),
        ("refused", "9", True),
    ]
    assert "levels that nobody has are left out: `3` Chad" in said(found, Topic.DEMOGRAPHICS, "country")


def test_hundreds_of_levels_are_an_open_vocabulary(tmp_path: Path) -> None:
    people = 300
    frame = pd.DataFrame(
        {
            "id": range(people),
            "region": [f"place {n}" for n in range(people)],
            "vote": ["a", "b"] * (people // 2),
        }
    )
    path = tmp_path / "a.csv"
    frame.to_csv(path, index=False)
    found = bring_in_to(tmp_path / "out", path)
    assert "kept as an open vocabulary" in said(found, Topic.DEMOGRAPHICS, "region")


# ---- names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("country", "country"),
        ("Age (in years)", "Age_in_years"),
        ("18-29", "level_18_29"),
        ("model", "model_"),
        ("each", "each_"),
        ("value", "value_"),
        ("share", "share_"),
        ("---", "level"),
        ("don't know", "dont_know"),
        ("北京", "北京"),
        ("x" * 300, "x" * 48),
        ("_hidden", "hidden"),
    ],
)
def test_texts_become_names_of_the_language(text: str, name: str) -> None:
    assert identifier(text, (), "level") == name
    assert identifier(text, (name,), "level") == f"{name}_2"


def test_no_reserved_word_is_an_axis_or_a_column(tmp_path: Path) -> None:
    """Demographics under every word that the language keeps for itself, in one file."""
    columns: dict[str, Any] = {word: [1, 2] for word in sorted(REFUSED)}
    found = imported(tmp_path, {**columns, "vote": ["a", "b"]}, demographics=tuple(columns), id="id")
    assert len(found.corpus.axes) == len(columns)
    assert not {axis.name for axis in found.corpus.axes} & REFUSED


def test_labels_with_control_characters_and_overlong_texts_are_cleaned_and_said(tmp_path: Path) -> None:
    survey = made(
        {"id": range(1, N + 1), "q": [1.0, 2.0]},
        labels={"q": "Do you\tagree\x07 \u202ewith this, and is it so? Or not?"},
        values={"q": {1: "Y\x1bes", 2: "No\n"}},
    )
    found = bring_in_to(tmp_path / "out", survey.write(tmp_path / "a.sav"))
    assert item_of(found, "q").question == "Do you agree with this, and is it so? Or not?"
    assert labels_of(found, "q") == ["Y es", "No"]
    long = imported(tmp_path / "b", {"q": ["x" * 1500, "y"]}) if (tmp_path / "b").mkdir() is None else None
    assert long is not None and len(labels_of(long, "q")[0]) == 1000
    assert "a text of 1,500 characters was cut to 1,000" in said(long, Topic.WORDING)
