"""Scores that others published, computed again from recorded answers by the scripts of `scripts/realdata`.

The first tests make spreadsheets of the same layout; the others need the real ones beside the checkout.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
PAGE = ROOT / "docs" / "published.md"
sys.path.insert(0, str(ROOT / "scripts" / "realdata"))

import mena  # noqa: E402
import multilingual  # noqa: E402
import scruples  # noqa: E402
import worldvalues  # noqa: E402
from comparison import laid_out, shown  # noqa: E402

real = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not beside the repository"),
]
FILES = [*mena.SCORES.values(), mena.CONSISTENCY]


# ---- spreadsheets of the same layout


def sheet(path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four questions in two countries: a mean that names its answer, one that does not, a code too many, no order."""
    folder = tmp_path_factory.mktemp("invented")
    sheet(
        folder / mena.BENCHMARK,
        [
            ["Source", "W", "W", "W", "W"],
            ["Sub Question", "a", "b", "c", "d"],
            ["Min", 1, 1, 1, 1],
            ["MAX", 4, 3, 3, 3],
            ["Scale", "y", "y", "y", "n"],
            ["Category", "k", "k", "k", "k"],
            ["Sub Category", "k", "k", "k", "k"],
            ["Full Question", "First?", "Second?", "Third?", "Fourth?"],
            [
                "Egypt",
                "(1.61, {'1': '60.56%', '2': '22.12%', '3.0': '12.66%', '4': '4.67%'})",
                "(2.00, {'1': '25.00%', '2': '50.00%', '3': '25.00%'})",
                "(1.20, {'0': '40.00%', '1': '20.00%', '2': '20.00%', '3': '20.00%'})",
                "(3.00, {'1': '30.00%', '2': '20.00%', '3': '50.00%'})",
            ],
            ["Tunisia", "(1.30, {'1': '70.00%', '2': '30.00%'})", "(No data, {})", None, None],
        ],
    )
    picked = {1: 2, 2: 3, 3: 1, 4: 1}
    questions = {1: (1.61, 3), 2: (2.0, 2), 3: (1.2, 2), 4: (3.0, 2)}
    scores = {n: 100 * (1 - abs(picked[n] - mean) / span) for n, (mean, span) in questions.items()}
    tunisia = 100 * (1 - abs(2 - 1.3) / 3)
    rows: list[list[Any]] = [[n, scores[n], tunisia if n == 1 else None] for n in picked]
    average = ["Average", sum(scores.values()) / 4, tunisia]
    for name in FILES[:-1]:
        sheet(folder / name, [["Code", "Egypt", "Tusnia"], *rows, average])
    sheet(folder / mena.CONSISTENCY, [["Code", "Egypt", "Tusnia"], *([n, 100, 100] for n in picked)])
    return folder


def test_an_answer_is_the_one_option_that_gives_its_score(invented: Path) -> None:
    published = mena.read(invented)
    first, second, *_ = published.questions
    scores = published.scores["llama", "persona"]
    assert mena.fitting(first, 1.61, scores[1, "Egypt"]) == [2]
    assert mena.fitting(second, 2.0, scores[2, "Egypt"]) == [1, 3]
    assert mena.fitting(first, 1.61, 12.3) == []
    assert (1, "Tunisia") in scores


def test_every_cell_has_its_reason(invented: Path, tmp_path: Path) -> None:
    published, ordered, unordered = mena.run(invented, tmp_path)
    lines = mena.compare(published, ordered)
    found = {(line.measure, line.why.split(":")[0]): line for line in lines if line.model == "llama persona"}
    assert {key: line.cells for key, line in found.items()} == {
        ("as_published", "ambiguous"): 1,
        ("as_published", "equal"): 3,
        ("as_published", "options have no order, published with the mode as the mean"): 1,
        ("nvas", "ambiguous"): 1,
        ("nvas", "equal"): 1,
        ("nvas", "options have no order, published with the mode as the mean"): 1,
        ("nvas", "people's code outside of the scale, part of the published mean"): 1,
        ("nvas", "the published mean and percentages have two decimals"): 1,
    }
    # Without the code 0 the mean of the third question is 2, and its answer 1: half of the scale away.
    outside = found["nvas", "people's code outside of the scale, part of the published mean"]
    assert outside.gaps == [pytest.approx(50 - 90)]
    assert [line.cells for line in lines if line.measure == "consistency" and line.why == "equal"] == [3]
    alike = [row["value"] for row in unordered.measures.to_pylist() if row["country"] == "egypt"]
    assert [value for value in alike if value is not None] == pytest.approx([0.3] * 4)


# ---- the real ones


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> tuple[mena.Published, Any, Any]:
    return mena.run(DATA / "mena_values", tmp_path_factory.mktemp("mena"))


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> tuple[multilingual.Published, multilingual.Found]:
    folder = DATA / "multicultural_alignment_da_nl_pt_en"
    return multilingual.run(folder, tmp_path_factory.mktemp("multilingual"))


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return scruples.run(DATA / "scruples_human_label_counts", tmp_path_factory.mktemp("scruples"))


@pytest.fixture(scope="module")
def participants(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return worldvalues.run(DATA / "worldvaluesbench", tmp_path_factory.mktemp("worldvalues"))


def real_data(test: Any) -> Any:
    for mark in real:
        test = mark(test)
    return test


@real_data
def test_no_published_score_of_mena_values_is_unexplained(values: tuple[mena.Published, Any, Any]) -> None:
    published, ordered, _ = values
    lines = mena.compare(published, ordered)
    assert not [line for line in lines if line.why == "unexplained"]
    cells: Counter[tuple[str, str]] = Counter()
    for line in lines:
        cells[line.measure, line.why] += line.cells
    total = sum(len(scores) for scores in published.scores.values())
    for measure in ("as_published", "nvas"):
        assert sum(count for (name, _), count in cells.items() if name == measure) == total == 23476
    assert cells["as_published", "equal"] == 19706
    assert cells["consistency", "equal"] == 6735


@real_data
def test_scores_of_mena_values_are_those_of_pandas(values: tuple[mena.Published, Any, Any]) -> None:
    """From the answers that the script wrote and the published percentages, without any of the package."""
    published, ordered, _ = values
    rows = []
    for (base, framing), scores in published.scores.items():
        for (number, country), score in scores.items():
            question, marginal = published.questions[number - 1], published.marginals[number, country]
            picked = mena.fitting(question, marginal.mean, score)
            if not question.has_order or len(picked) != 1:
                continue
            on_scale = pd.Series(dict(marginal.percent)).loc[lambda s, q=question: s.index >= q.least]
            mean = (on_scale.index * on_scale).sum() / on_scale.sum()
            rows.append((base, framing, country, 1 - abs(picked[0] - mean) / question.span))
    theirs = pd.DataFrame(rows, columns=["base", "framing", "country", "nvas"])
    wanted = theirs.groupby(["base", "framing", "country"])["nvas"].mean()
    ours = {
        key: row["value"] for key, row in mena._by_country(ordered.measures.to_pylist(), "nvas_mean").items()
    }
    assert ours == pytest.approx(wanted.to_dict(), abs=1e-9)
    assert len(ours) == 64


@real_data
def test_scores_in_four_languages_are_those_of_pandas(
    languages: tuple[multilingual.Published, multilingual.Found],
) -> None:
    folder = DATA / "multicultural_alignment_da_nl_pt_en"
    frame = pd.read_csv(folder / multilingual.REPLIES)
    frame["near"] = 1 - (frame["response_pro_score"] - frame["ground_truth_pro_score"]).abs()
    group = ["model_name", "language"]
    by_reply = frame.groupby(group)["near"].mean()
    means = frame.groupby([*group, "question_key"])[["response_pro_score", "ground_truth_pro_score"]].mean()
    by_question = (
        (1 - (means["response_pro_score"] - means["ground_truth_pro_score"]).abs()).groupby(group).mean()
    )
    speakers = pd.read_csv(folder / multilingual.SPEAKERS)
    speakers["question_key"] = speakers["question_key"].str.lower()
    both = frame.merge(speakers, left_on=["question_key", "language"], right_on=["question_key", "lnge_iso"])
    by_speakers = (1 - (both["response_pro_score"] - both["pro_score"]).abs()).groupby(
        [both["model_name"], both["language"]]
    )
    for measure, wanted in (
        ("by_reply", by_reply),
        ("by_question", by_question),
        ("by_speakers", by_speakers.mean()),
    ):
        # Answers are float32.
        rows = multilingual.by_group(languages[1], measure)
        assert {key: row["value"] for key, row in rows.items()} == pytest.approx(
            wanted.to_dict(), abs=1e-7
        ), measure
    used = {key: row["n_used"] for key, row in multilingual.by_group(languages[1], "by_reply").items()}
    assert used == frame.groupby(group).size().to_dict()


@real_data
def test_the_page_shows_what_the_scripts_print(
    values: tuple[mena.Published, Any, Any],
    languages: tuple[multilingual.Published, multilingual.Found],
    labels: tuple[Any, Any],
    participants: Any,
) -> None:
    published, ordered, unordered = values
    printed = [
        shown(mena.compare(published, ordered)),
        laid_out([mena.MEANS_HEAD, *mena.means(published, ordered, unordered)]),
        shown(multilingual.compare(*languages)),
        laid_out([multilingual.TABLE_HEAD, *multilingual.table(*languages)]),
        laid_out([multilingual.RANKS_HEAD, *multilingual.ranks(*languages)]),
        laid_out([scruples.HEAD, *scruples.shown(*labels)]),
        laid_out([worldvalues.HEAD, *worldvalues.shown(participants)]),
    ]
    tables = re.findall(r"^```\n(m[^`]*)```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(tables) == len(printed)
    for table, whole in zip(tables, printed, strict=True):
        assert set(table.splitlines()) <= set(whole.splitlines())
    assert [tables[0].strip(), tables[2].strip()] == [printed[0], printed[2]]


@real_data
def test_the_ceiling_of_five_labels_is_that_of_a_simulation(labels: tuple[Any, Any]) -> None:
    """2340 dilemmas and 200 draws on each side: the error of their difference is 4e-4."""
    counts, found = labels
    assert set(counts.sum(axis=1)) == {5}
    wanted = scruples.simulated(counts)
    for row in found.measures.to_pylist():
        assert row["floor"] == pytest.approx(wanted[row["measure"]], abs=2e-3)


@real_data
def test_answers_of_participants_are_missing_by_reason_as_pandas_counts_them(participants: Any) -> None:
    rows = [row for row in participants.measures.to_pylist() if row["measure"] == "level"]
    for row in rows:
        name = next(file for file, who in worldvalues.MODELS.items() if who == (row["base"], row["told"]))
        frame = pd.read_csv(DATA / "worldvaluesbench" / "model_outputs" / f"{name}.tsv", sep="\t", dtype=str)
        meant = pd.read_json(DATA / "worldvaluesbench" / "question_metadata.json").T.loc[frame["QUESTION_ID"]]
        score = pd.to_numeric(frame["SCORE"]).to_numpy()
        most = pd.to_numeric(meant["answer_scale_max"]).to_numpy()
        least = pd.to_numeric(meant["answer_scale_min"]).to_numpy()
        off = int(((score > most) | (score < least)).sum())
        assert (row["n_off_scale"], row["n_unreadable"]) == (off, int(frame["SCORE"].isna().sum()))
        assert row["bound_low"] < row["value"] < row["bound_high"]
