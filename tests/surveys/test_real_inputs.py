"""Real files, each from the file to a plan in one command; shares equal to those that pandas computes from it."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from survey_files import assert_checks, bring_in, item_of, run, said
from test_import_properties import people_cells

from cyclspec import corpora, pipeline
from cyclspec.compiler.surveys import Imported, write_import
from cyclspec.compiler.surveys.notes import Topic
from cyclspec.compiler.surveys.reading.textual import plain

DATA = Path(__file__).parents[3] / "shared" / "data"
MICRO, POLARITIES = DATA / "microdata_weights", DATA / "multicultural_alignment_da_nl_pt_en"
SHARES = DATA / "globalopinionqa_and_moralchoice_distributions"
GSS, ANES = MICRO / "gss_infer" / "gss.csv", MICRO / "anes_2020" / "anes_2020_labelled_columns.csv"
PEW = MICRO / "pew_dec13" / "dec13_excerpt.csv"
MENA = DATA / "mena_values" / "MenaValues_Benchmark.xlsx"
OPINIONS = SHARES / "distributional_test_globalopinionqa_small.json"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not beside the repository"),
]


FIRST_QUESTIONS = 60
CELLS = {
    "gss": "item 2 x sex 2 x model 1",
    "anes": "item 4 x sex 2 x model 1",
    "pew": "item 3 x region 4 x model 1",
    "mena": "item 753 x country 16 x model 1",
    "opinions": "item 26 x country 41 x model 1",
    "moral": "item 680 x model 1",
    "dilemmas": "item 1360 x model 1",
    "polarities": "item 32 x country 13 x model 1",
    "prompts": "item 3600 x model 1",
}
LINES = [
    shlex.split(line)
    for line in (Path(__file__).parents[2] / "docs" / "importing.md").read_text("utf-8").splitlines()
    if line.startswith("cyclspec corpus import") and "&&" in line
]


def test_the_page_has_a_line_for_every_real_input() -> None:
    assert {words[words.index("-o") + 1] for words in LINES} == CELLS.keys()


def excerpt(file: Path, folder: Path) -> Path:
    """The first questions of a published table."""
    found = folder / file.name
    found.write_text(json.dumps(json.loads(file.read_text("utf-8"))[:FIRST_QUESTIONS]), encoding="utf-8")
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("words", LINES, ids=lambda words: words[words.index("-o") + 1])
def test_one_line_of_the_documentation_takes_a_real_file_to_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """As it stands in docs/importing.md; only the file is looked up in the folder of real data.

    Of the largest grid, questions by all countries that were ever asked one, the first questions are enough.
    """
    monkeypatch.chdir(tmp_path)
    cut = words.index("&&")
    first, second = words[1:cut], words[cut + 2 :]
    (file,) = DATA.rglob(first[2])
    first[2] = str(excerpt(file, tmp_path) if file == OPINIONS else file)
    done = run(*first)
    assert done.exit_code == 0, done.output
    out = Path(first[first.index("-o") + 1])
    (spec,) = (path for path in out.glob("*.cycl") if not path.name.startswith("audit"))
    assert run("check", "--data", spec).exit_code == 0
    planned = run(*second)
    assert planned.exit_code == 0 and CELLS[out.name] in planned.output, planned.output


@pytest.mark.parametrize(
    ("path", "recipe", "items"),
    [
        (DATA / "moralchoice" / "scenarios_moralchoice_low_ambiguity.csv", "moralchoice", 687),
        (SHARES / "distributional_test_moralchoice_example.json", "moralchoice", 1367),
        (DATA / "daily_dilemmas" / "dilemmas_with_detail_by_action_test.csv", "dailydilemmas", 4),
        (DATA / "country_scores" / "vsm2013_questions.xlsx", "vsm13", 24),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else None,
)
def test_other_layouts_of_a_recipe_are_met(tmp_path: Path, path: Path, recipe: str, items: int) -> None:
    imported = bring_in(path, recipe)
    assert len(imported.corpus.items) == items
    write_import(imported, tmp_path)
    assert_checks(tmp_path / f"{imported.corpus.name}.cycl")


@pytest.mark.parametrize(
    ("path", "recipe", "questions", "by"),
    [
        (PEW, "pew-atp", ["q1", "q45", "party"], "cregion:region"),
        (ANES, "anes", ["TrustGovernment", "TrustPeople", "PartyID"], "Gender:sex"),
        (GSS, "gss", ["class", "finrela"], "sex:sex"),
    ],
    ids=["pew", "anes", "gss"],
)
def test_weighted_shares_of_real_surveys_equal_those_of_pandas(
    tmp_path: Path, path: Path, recipe: str, questions: list[str], by: str
) -> None:
    imported = bring_in(path, recipe)
    write_import(imported, tmp_path)
    column, axis = by.split(":")
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    weight = "Weight" if recipe == "anes" else "weight"
    levels = {level.name: level.code for a in imported.corpus.axes if a.name == axis for level in a.levels}
    for question in questions:
        codes = [option.code for option in item_of(imported, question).options if not option.missing]
        cells = people_cells(tmp_path, imported, question, [axis])
        for at, level in enumerate(cells.levels[0]):
            group = frame[
                (frame[column] == levels[level]) & frame[question].isin(codes) & (frame[weight] > 0)
            ]
            expected = (
                group.groupby(question)[weight].sum().reindex(codes, fill_value=0.0) / group[weight].sum()
            )
            places = [cells.options[0].index(code) for code in codes]
            np.testing.assert_allclose(cells.share[0, at][places], expected, rtol=1e-12, atol=1e-14)
            assert cells.n[0, at] == len(group) > 10


def test_excerpts_say_what_they_do_not_have() -> None:
    assert "the file has no strata of the codebook (VSTRAT)" in said(bring_in(GSS, "gss"), Topic.RECIPE)
    anes = bring_in(ANES, "anes")
    assert anes.corpus.people is not None and anes.corpus.people.roles.cluster == "psu"
    assert "excerpt: " in said(anes, Topic.RECIPE)
    assert "far from mean 1 (mean 3.598)" in said(bring_in(PEW, "pew-atp"), Topic.WEIGHTS)


def published(folder: Path, imported: Imported) -> dict[tuple[str, str], dict[str, float]]:
    """Shares by item and level, as the tables of the corpus hold them once they are read."""
    write_import(imported, folder)
    assert_checks(folder / f"{imported.corpus.name}.cycl")
    tables = corpora.opened(pipeline.check(folder / f"{imported.corpus.name}.cycl").require())
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name in ("shares", "choice_shares"):
        table = tables.get(f"{imported.corpus.name}.{name}")
        for row in range(0 if table is None else table.n_rows):
            assert table is not None
            codes = table["share"].options[row]
            shares = table["share"].values[row][: len(codes)].tolist()
            found[str(table["item"].code(row)), str(table["country"].code(row))] = dict(
                zip(codes, shares, strict=True)
            )
    return found


def test_every_published_opinion_arrives(tmp_path: Path) -> None:
    imported = bring_in(OPINIONS, "globalopinionqa")
    rows = json.loads(OPINIONS.read_text("utf-8"))
    assert (len(imported.corpus.items), len(imported.corpus.shares)) == (1270, 5752)
    questions = {
        (item.question, frozenset(o.code for o in item.options)): item.key for item in imported.corpus.items
    }
    levels = {level.code: level.name for level in imported.corpus.axes[0].levels}
    found = published(tmp_path, imported)
    for row in rows[::7]:
        text = plain(row["question"].removeprefix("Question: ").split("\nOptions:")[0])
        item = questions[text, frozenset(map(plain, row["options"]))]
        shares = found[item, levels[row["attribute"]]]
        np.testing.assert_allclose(
            [shares[plain(label)] for label in row["options"]], row["gold_distribution"], atol=1e-9
        )
    assert "carry a remark, such as" in said(imported, Topic.SHARES)


def test_every_published_percentage_arrives(tmp_path: Path) -> None:
    imported = bring_in(MENA, "mena-values")
    assert (len(imported.corpus.items), len(imported.corpus.shares)) == (864, 9051)
    assert sum(not item.ordered for item in imported.corpus.items) == 110
    sheet = openpyxl.load_workbook(MENA).worksheets[0]
    rows = {row[0]: row[1:] for row in sheet.iter_rows(values_only=True)}
    found, checked = published(tmp_path, imported), 0
    for country in ("Egypt", "Iran", "Qatar"):
        for item, cell in zip(imported.corpus.items, rows[country], strict=True):
            mapping = re.search(r"\{.+\}", cell or "")
            if mapping is None:
                continue
            percent = {
                str(int(float(c))): float(p.rstrip("%")) for c, p in ast.literal_eval(mapping[0]).items()
            }
            total = sum(percent.values())
            shares = found[item.key, country.lower()]
            assert {c: p for c, p in shares.items() if p > 0} == pytest.approx(
                {c: p / total for c, p in percent.items() if p > 0}, abs=1e-12
            )
            checked += 1
    assert checked == 1440


def test_polarities_are_the_published_ones(tmp_path: Path) -> None:
    path = POLARITIES / "ground_truth_every_country.csv"
    imported = bring_in(path, "multicultural-alignment")
    truth = pd.read_csv(path).set_index(["question_key", "cntry_an"])["pro_score"]
    found = published(tmp_path, imported)
    levels = {level.name: level.code for level in imported.corpus.axes[0].levels}
    assert len(found) > 400
    for (item, level), shares in found.items():
        assert shares["pro"] == pytest.approx(truth[item, levels[level]], abs=1e-12)


def test_prompts_know_their_language(tmp_path: Path) -> None:
    path = POLARITIES / "translated_prompts_with_english_no_controversy.csv"
    spec = bring_in(path, "multicultural-alignment").files["multicultural_alignment.cycl"].decode()
    assert "lang     : nominal(da, en, nl, pt)" in spec
