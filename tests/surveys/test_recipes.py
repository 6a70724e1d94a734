"""Recipes: each loads, names nothing that the language refuses, and brings in a file made to its codebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from survey_files import axis_of, bring_in, bring_in_to, item_of, labels_of, notes_of, refused, said

from cyclspec.cli.corpus_import import RECIPES
from cyclspec.compiler.surveys.deciding.identifiers import REFUSED
from cyclspec.compiler.surveys.notes import State, Topic
from cyclspec.compiler.surveys.recipes.recipe import load_recipe
from cyclspec.compiler.surveys.writing.report import made_of

CODEBOOK = Path(__file__).parents[3] / "shared" / "data" / "worldvaluesbench" / "codebook.json"
N = 60


def csv(folder: Path, columns: dict[str, Any], n: int = N) -> Path:
    """Codes of `n` people; a short list is repeated."""
    frame = pd.DataFrame({name: (list(values) * n)[:n] for name, values in columns.items()})
    frame.to_csv(folder / "survey.csv", index=False)
    return folder / "survey.csv"


def test_the_command_line_knows_the_recipes_that_there_are() -> None:
    files = {path.stem for path in Path(load_recipe.__code__.co_filename).parent.glob("*.toml")}
    assert set(RECIPES) == files


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_loads_and_says_where_its_facts_are_from(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name and recipe.facts and recipe.licence
    assert recipe.layouts or (recipe.axes and recipe.blocks)
    for axis in recipe.axes:
        assert axis.name.isidentifier() and axis.name not in REFUSED
    for block in recipe.blocks:
        for word in (block.theme, block.battery):
            assert not word or (word.isidentifier() and word not in REFUSED), word
    for scale, known in recipe.scales.items():
        codes = [code for code, _ in known.options]
        assert len(set(codes)) == len(codes) >= 2 and all(label for _, label in known.options), scale
    named = [column for block in recipe.blocks for column in block.questions]
    assert len(set(named)) == len(named)


@pytest.mark.realdata
@pytest.mark.skipif(not CODEBOOK.is_file(), reason="the folder ../shared/data is not beside the repository")
def test_every_scale_of_wave_seven_has_the_codes_of_the_codebook() -> None:
    codebook, recipe = json.loads(CODEBOOK.read_text("utf-8")), load_recipe("wvs7")
    checked = 0
    for block in recipe.blocks:
        for column in block.questions:
            codes = {code for code in codebook[column]["choices"] if not code.startswith("-")}
            assert {code for code, _ in recipe.scales[block.scale].options} == codes, column
            checked += 1
    assert checked == 274
    for axis in recipe.axes:
        if axis.scale and axis.name != "country":
            codes = {code for code in codebook[axis.columns[0]]["choices"] if not code.startswith("-")}
            assert {code for code, _ in recipe.scales[axis.scale].options} == codes, axis.name
    known = dict(recipe.scales["countries"].options)
    countries = codebook["B_COUNTRY_ALPHA"]["choices"]
    assert {code for code in known if code in countries} >= {"AND", "EGY", "USA", "ZWE"}
    missing = {**recipe.missing.shown, **recipe.missing.absent}
    used = {code for column in codebook.values() for code in column["choices"] if code.startswith("-")}
    assert {"-999" if code == "-999.00" else code for code in used} <= missing.keys()


def test_wave_seven(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        {
            "version": ["5-0-0"],
            "B_COUNTRY_ALPHA": ["EGY", "NZL", "USA"],
            "D_INTERVIEW": range(1, N + 1),
            "I_PSU": [1, 2, 3, 4],
            "W_WEIGHT": [0.8, 1.2],
            "S018": [0.5, 2.0],
            "N_TOWN": [20001, 20002, 20003],
            "Q1": [1, 2, 3, 4, -1, -2, -4],
            "Q2": [1, 2, -5],
            "Q56": [1, 2, 3],
            "Q176": range(1, 11),
            "Q223": [1, 2, 3],
            "Q260": [1, 2],
            "Q262": [17, 34, 71, -2],
            "Q275R": [1, 2, 3, -4],
        },
    )
    found = bring_in_to(tmp_path / "out", path, "wvs7")
    assert [axis.name for axis in found.corpus.axes] == ["country", "sex", "age", "education"]
    assert [(level.name, level.label) for level in axis_of(found, "country").levels] == [
        ("egypt", "Egypt"), ("new_zealand", "New Zealand"), ("united_states", "United States"),
    ]  # fmt: skip
    assert labels_of(found, "Q1")[0] == "Very important"
    assert [(o.code, o.missing) for o in item_of(found, "Q1").options][4:] == [("-2", True), ("-1", True)]
    assert labels_of(found, "Q56") == ["Better off", "About the same", "Worse off"]
    assert labels_of(found, "Q176")[0] == "Completely agree" and item_of(found, "Q176").ordered
    assert (
        item_of(found, "Q1").battery == "important_in_life" and item_of(found, "Q1").theme == "social_values"
    )
    roles = found.corpus.people.roles if found.corpus.people else None
    assert roles is not None and (roles.weight, roles.cluster) == ("weight", "psu")
    assert {note.subject for note in notes_of(found, Topic.LEFT_OUT)} == {"version", "N_TOWN", "Q223"}
    assert "an excerpt: 270 of 274 questions" in said(found, Topic.RECIPE)
    assert [level.missing for level in axis_of(found, "age").levels][-1]


def test_general_social_survey_as_stata_has_it(tmp_path: Path) -> None:
    """Identifiers count within a year; `.i` was never asked, `.d` does not know."""
    frame = pd.DataFrame(
        {
            "year": [1998, 2018] * 30,
            "id": [n // 2 + 1 for n in range(N)],
            "wtssnrps": [0.5, 1.5] * 30,
            "vstrat": [1, 2, 3] * 20,
            "vpsu": [1, 2] * 30,
            "age": [18, 44, 89] * 20,
            "sex": [1, 2] * 30,
            "degree": [0, 1, 2, 3, 4] * 12,
            "hompop": list(range(1, 11)) * 6,
            "natheal": [1, 2, 3, "d", "i", "n"] * 10,
            "finalter": [1, 2, 3] * 20,
        }
    )
    tags = {"natheal": ["d", "i", "n"]}
    labels: dict[str, Any] = {
        "natheal": {1: "TOO LITTLE", 2: "ABOUT RIGHT", 3: "TOO MUCH", "i": ".i:  Inapplicable"}
    }
    columns = {"natheal": "improving & protecting nations health"}
    pyreadstat.write_dta(
        frame,
        tmp_path / "gss.dta",
        missing_user_values=tags,
        variable_value_labels=labels,
        column_labels=columns,
    )
    found = bring_in_to(tmp_path / "out", tmp_path / "gss.dta", "gss")
    people = found.corpus.people
    assert people is not None and people.keys[:2] == ("1998.1", "2018.1") and len(set(people.keys)) == N
    assert (people.roles.weight, people.roles.strata, people.roles.cluster) == ("weight", "stratum", "psu")
    assert [(o.code, o.missing) for o in item_of(found, "natheal").options] == [
        ("1", False), ("2", False), ("3", False), (".d", True), (".n", True),
    ]  # fmt: skip
    assert item_of(found, "natheal").question == "improving & protecting nations health"
    (answers,) = [a for a in found.corpus.answers if a.item == "natheal"]
    assert len(answers.person) == 50
    assert labels_of(found, "finalter") == ["Getting better", "Stayed the same", "Getting worse"]
    assert [axis.name for axis in found.corpus.axes] == ["year", "age", "sex", "education"]


def test_election_study_by_its_codes(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        {
            "V200001": range(200001, 200001 + N),
            "V200010a": [0.5, 1.5],
            "V200010b": [0.6, 1.4],
            "V200010c": [1, 2],
            "V200010d": [1, 2, 3],
            "V201006": [1, 2, 3, -9],
            "V201231x": [1, 2, 3, 4, 5, 6, 7, -8],
            "V201233": [1, 2, 3, 4, 5],
            "V201507x": [18, 44, 80, -9],
            "V201600": [1, 2, -9],
            "V202066": [1, 2, -6, -7],
        },
    )
    found = bring_in_to(tmp_path / "out", path, "anes")
    people = found.corpus.people
    assert people is not None
    assert {c.name for c in people.columns} >= {"weight", "V200010a", "stratum", "psu", "sex", "age"}
    assert labels_of(found, "V201233") == [
        "Always",
        "Most of the time",
        "About half the time",
        "Some of the time",
        "Never",
    ]
    assert [o.code for o in item_of(found, "V201006").options if o.missing] == ["-9"]
    (answers,) = [a for a in found.corpus.answers if a.item == "V202066"]
    assert len(answers.person) == N // 2
    assert "called `weight` in the corpus" in said(found, Topic.NAMES, "V200010b")


def test_european_social_survey(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        {
            "essround": [10],
            "idno": [n // 2 for n in range(N)],
            "cntry": ["NO", "PT"],
            "pspwght": [0.9, 1.1],
            "anweight": [0.2, 1.9],
            "stratum": [1, 2, 3],
            "psu": range(9),
            "gndr": [1, 2],
            "agea": [15, 40, 90, 999],
            "eisced": [1, 7, 55, 77],
            "ppltrst": [0, 5, 10, 77, 88, 99],
            "gincdif": [1, 5, 7, 8, 9],
            "rlgatnd": [1, 7, 77],
            "impenv": [1, 6, 66],
            "prob": [0.01],
        },
    )
    found = bring_in_to(tmp_path / "out", path, "ess")
    people = found.corpus.people
    assert people is not None and people.keys[:2] == ("NO.0", "PT.0")
    assert (people.roles.weight, people.roles.strata, people.roles.cluster) == ("weight", "stratum", "psu")
    trust = item_of(found, "ppltrst")
    assert trust.size == 11 and [o.code for o in trust.options if o.missing] == ["77", "88", "99"]
    assert [o.value for o in trust.options[:3]] == [0.0, 1.0, 2.0]
    assert item_of(found, "gincdif").size == 5
    assert [level.label for level in axis_of(found, "country").levels] == ["Norway", "Portugal"]
    assert axis_of(found, "education").levels[-1].missing


def test_american_trends_panel(tmp_path: Path) -> None:
    options = {1.0: "Very likely", 2.0: "Somewhat likely", 3.0: "Not too likely", 99.0: "Refused"}
    frame = pd.DataFrame(
        {
            "QKEY": np.arange(1.0, N + 1),
            "INTERVIEW_START_W92": [1.0] * N,
            "FUTURE_a_W92": [1.0, 2.0, 3.0, 99.0] * 15,
            "FUTURE_b_W92": [1.0, 2.0, 3.0, 3.0] * 15,
            "F_AGECAT": [1.0, 2.0, 3.0, 4.0] * 15,
            "F_GENDER": [1.0, 2.0, 99.0] * 20,
            "WEIGHT_W92": [0.5, 1.5] * 30,
        }
    )
    labels = {"FUTURE_a_W92": "FUTURE_a. Robots will do most of the work in the country within thirty years?"}
    pyreadstat.write_sav(
        frame,
        tmp_path / "W92.sav",
        column_labels=labels,
        variable_value_labels={"FUTURE_a_W92": options, "FUTURE_b_W92": options},
    )
    found = bring_in_to(tmp_path / "out", tmp_path / "W92.sav", "pew-atp")
    assert [item.key for item in found.corpus.items] == ["FUTURE_a_W92", "FUTURE_b_W92"]
    assert item_of(found, "FUTURE_a_W92").ordered
    assert [o.code for o in item_of(found, "FUTURE_a_W92").options if o.missing] == ["99"]
    assert [axis.name for axis in found.corpus.axes] == ["age", "gender"]
    assert [level.label for level in axis_of(found, "age").levels] == ["18-29", "30-49", "50-64", "65+"]


def test_values_survey_module(tmp_path: Path) -> None:
    columns: dict[str, Any] = {f"m{n:02d}": [1, 2, 3, 4, 5, 9] for n in range(1, 25)}
    path = csv(
        tmp_path, {"id": range(N), "country": ["NO", "PT"], **columns, "m25": [1, 2], "m26": [1, 4, 8]}
    )
    found = bring_in_to(tmp_path / "out", path, "vsm13")
    assert len(found.corpus.items) == 24 and all(
        item.ordered and item.size == 5 for item in found.corpus.items
    )
    assert labels_of(found, "m20") == ["Never", "Seldom", "Sometimes", "Usually", "Always"]
    assert [axis.name for axis in found.corpus.axes] == ["country", "sex", "age"]
    assert item_of(found, "m01").battery == "ideal_job"


def test_a_recipe_refuses_a_file_of_another_kind(tmp_path: Path) -> None:
    path = csv(tmp_path, {"id": range(N), "vote": [1, 2]})
    for name in RECIPES:
        diagnostic = refused(path, name)
        assert f"recipe `{name}`" in diagnostic.message and diagnostic.code == "CY0707"


# ---- published tables


def test_published_opinions_in_both_layouts(tmp_path: Path) -> None:
    records = [
        {"id": 1, "question": "Question: Is it so?\nOptions: A. Yes B. No C. DK/Refused\nAnswer:",
         "options": ["Yes", "No", "DK/Refused"], "attribute": country, "gold_distribution": shares}
        for country, shares in (("Peru", [0.5, 0.4, 0.1]), ("India (Old national sample)", [0.2, 0.799, 0.0]))
    ]  # fmt: skip
    broken = {**records[0], "attribute": "Chad", "gold_distribution": [0.5, 0.1, 0.1]}
    (tmp_path / "a.json").write_text(json.dumps([*records, broken, records[0]]))
    found = bring_in_to(tmp_path / "one", tmp_path / "a.json", "globalopinionqa")
    (item,) = found.corpus.items
    assert item.question == "Is it so?" and [o.missing for o in item.options] == [False, False, True]
    assert {share.level for share in found.corpus.shares} == {"Peru", "India (Old national sample)"}
    text = said(found, Topic.LEFT_OUT)
    assert "its shares do not sum to one within 0.5%: 1 (q0001 at Chad (0.7))" in text
    assert "there is one already for this item and level" in text
    assert "sums that miss one by rounding, at most 0.5%: 1" in said(found, Topic.SHARES)
    selections = "defaultdict(<class 'list'>, {'Peru': [0.5, 0.5], 'Chad': [0.25, 0.75]})"
    frame = pd.DataFrame(
        {
            "question": ["Is it?"],
            "selections": [selections],
            "options": ["['Agree', 'Disagree']"],
            "source": ["GAS"],
        }
    )
    frame.to_csv(tmp_path / "b.csv", index=False)
    other = bring_in_to(tmp_path / "two", tmp_path / "b.csv", "globalopinionqa")
    assert len(other.corpus.shares) == 2 and other.corpus.items[0].theme == "gas"
    assert other.corpus.shares[0].shares == (("Agree", 0.5), ("Disagree", 0.5))


HOW = "How important, with '1' being 'Very important' and '4' being 'Not important'. Provide a number only."
WHICH = "Which one? 1: The first, 2: The second one, 3: Neither"
THIRDS = "(2.00, {'1.0': '33.33%', '2.0': '33.33%', '3.0': '33.33%'})"


def test_values_by_column(tmp_path: Path) -> None:
    columns = [
        (
            "Source",
            "Sub Question",
            "Min",
            "MAX",
            "Scale",
            "Category",
            "Sub Category",
            "Full Question",
            "Egypt",
            "Iran",
        ),
        (
            "WVS 7",
            "Q1: Family",
            1,
            4,
            "y",
            "SOCIAL",
            "x",
            HOW,
            "(1.0, {'1': '99.67%', '2': '0.33%'})",
            "(No data, {})",
        ),
        ("AOI", None, 1, 3, "n", "POLITICS", "y", WHICH, THIRDS, "(1.5, {'1': '50.00%', '2': '20.00%'})"),
    ]
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in zip(*columns, strict=True):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    found = bring_in_to(tmp_path / "out", tmp_path / "a.xlsx", "mena-values")
    first, second = found.corpus.items
    assert (first.key, first.ordered, labels_of(found, "Q1")) == (
        "Q1",
        True,
        ["Very important", "2", "3", "Not important"],
    )
    assert first.question.endswith("'Not important'.")
    assert (second.ordered, second.question) == (False, "Which one?")
    assert labels_of(found, second.key) == ["The first", "The second one", "Neither"]
    assert [(share.item, share.level) for share in found.corpus.shares] == [
        ("Q1", "Egypt"),
        (second.key, "Egypt"),
    ]
    assert "its shares do not sum to one within 0.5%: 1" in said(found, Topic.LEFT_OUT)
    assert "sums that miss one by rounding, at most 0.5%: 1" in said(found, Topic.SHARES)


def test_dilemmas_have_no_people(tmp_path: Path) -> None:
    scenario = {"scenario_id": "H_001", "ambiguity": "high", "generation_rule": "Do not kill",
                "context": 'You say "no",\nand then?', "action1": "I go.", "action2": "I stay."}  # fmt: skip
    pd.DataFrame([scenario]).to_csv(tmp_path / "mc.csv", index=False)
    found = bring_in_to(tmp_path / "one", tmp_path / "mc.csv", "moralchoice")
    (item,) = found.corpus.items
    assert (item.key, item.theme, dict(item.attributes)) == ("H_001", "do_not_kill", {"ambiguity": "high"})
    assert labels_of(found, "H_001") == ["I go.", "I stay."] and item.question == 'You say "no", and then?'
    rows = [
        {
            "idx": 5,
            "dilemma_situation": "Should you?",
            "action_type": kind,
            "action": text,
            "topic_group": "work",
        }
        for kind, text in (("to_do", "Report it"), ("not_to_do", "Keep quiet"))
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "dd.csv", index=False)
    other = bring_in_to(tmp_path / "two", tmp_path / "dd.csv", "dailydilemmas")
    assert [o.code for o in other.corpus.items[0].options] == ["to_do", "not_to_do"]
    pd.DataFrame(rows)[["idx", "dilemma_situation"]].to_csv(tmp_path / "d.csv", index=False)
    assert labels_of(bring_in(tmp_path / "d.csv", "dailydilemmas"), "5") == ["Yes", "No"]


def test_polarities_need_the_file_that_words_them(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "cntry_an": ["NO", "PT", "NO"],
            "question_key": ["F120", "f120", "x1"],
            "pro_score": [0.75, 0.5, 0.5],
        }
    )
    frame.to_csv(tmp_path / "truth.csv", index=False)
    assert (
        "needs `stance_labels.json` beside it"
        in refused(tmp_path / "truth.csv", "multicultural-alignment").message
    )
    (tmp_path / "stance_labels.json").write_text(json.dumps({"f120": ["It is right.", "It is not right."]}))
    found = bring_in_to(tmp_path / "out", tmp_path / "truth.csv", "multicultural-alignment")
    assert labels_of(found, "F120") == ["It is right.", "It is not right."]
    assert found.corpus.shares[0].shares == (("pro", 0.75), ("con", 0.25))
    first = next(note for note in notes_of(found, Topic.LEFT_OUT) if note.state is State.OPEN)
    assert first.text.startswith("left out because nothing words its options: 1")


def test_prompts_in_several_languages_are_open_questions(tmp_path: Path) -> None:
    columns = {
        "index": [0, 1],
        "language": ["da", "en"],
        "template_type": ["argument", "argument"],
        "prompt": ["Argumenter for {topic}.", "Arguments on {topic}."],
        "topic": ["Demokrati", "democracy"],
        "question_key": ["e235", "e235"],
    }
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "prompts.csv", index=False)
    found = bring_in_to(tmp_path / "out", tmp_path / "prompts.csv", "multicultural-alignment")
    assert [item.question for item in found.corpus.items] == [
        "Argumenter for Demokrati.",
        "Arguments on democracy.",
    ]
    assert found.corpus.items[0].attributes["lang"] == "da"
    assert made_of(found.report.result) == "2 open items"
    assert said(found, Topic.SCALES).startswith("the questions are open")
    assert (
        found.corpus.lang == "" and "question : text\n" in found.files[f"{found.corpus.name}.cycl"].decode()
    )
    assert "in the language that column `lang` of its item names" in said(found, Topic.RECIPE)


def test_years_are_in_order_and_a_file_without_the_questions_of_a_recipe_is_said(tmp_path: Path) -> None:
    path = csv(tmp_path, {"year": [2004, 1998, 2000], "sex": [1, 2], "mine": ["a", "b", "c", "a"]})
    found = bring_in_to(tmp_path / "out", path, "gss")
    assert axis_of(found, "year").ordered
    assert [level.code for level in axis_of(found, "year").levels] == ["1998", "2000", "2004"]
    assert "no question of recipe `gss`" in said(found, Topic.RECIPE)
