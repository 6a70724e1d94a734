"""Real microdata with survey weights: marginals equal to those that pandas computes from the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables_on_disk import declare

from cyclspec.compiler.data import Column, HumanCells, LoadedTable, distribution_of_people, read_tables

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "microdata_weights"
PEW = FOLDER / "pew_dec13" / "dec13_excerpt.csv"
ANES = FOLDER / "anes_2020" / "anes_2020_labelled_columns.csv"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data is not beside the repository"),
]


def load(
    folder: Path, source: Path, person: str, weight: str, by: list[str], questions: list[str]
) -> dict[str, LoadedTable]:
    """Long form and items from a wide file; respondents are read from the file itself."""
    wide = pd.read_csv(source, dtype=str, keep_default_na=False, na_values=[""])
    long = wide.melt(person, questions, var_name="item", value_name="value")
    long.to_parquet(folder / "answers.parquet")
    options = {q: sorted(wide[q].dropna().unique()) for q in questions}
    pd.DataFrame({"item": list(options), "options": list(options.values())}).to_parquet(
        folder / "items.parquet"
    )
    tables = [
        declare(folder / "items.parquet", Column("item", "key"), Column("options", "scale")),
        declare(
            source,
            Column(person, "key"),
            Column(weight, "real", check=lambda w: w >= 0),
            *(Column(name, "levels_open", optional=True) for name in by),
            name="people",
        ),
        declare(
            folder / "answers.parquet",
            Column("item", "ref", table="items"),
            Column(person, "ref", table="people"),
            Column("value", "choice", table="items", optional=True),
            name="answers",
        ),
    ]
    return read_tables(tables)


@pytest.mark.parametrize(
    ("source", "person", "weight", "by", "questions"),
    [
        (PEW, "psraid", "weight", ["cregion"], ["q1", "q2", "q45"]),
        (PEW, "psraid", "llweight", ["sex", "recage"], ["q1", "q45"]),
        (PEW, "psraid", "cellweight", [], ["q1"]),
        (ANES, "CaseID", "Weight", ["Gender"], ["TrustGovernment", "TrustPeople", "PartyID"]),
        (ANES, "CaseID", "Weight", ["AgeGroup", "RaceEth"], ["CampaignInterest", "TrustPeople"]),
    ],
)
def test_weighted_marginals_of_real_surveys_equal_pandas(
    tmp_path: Path, source: Path, person: str, weight: str, by: list[str], questions: list[str]
) -> None:
    t = load(tmp_path, source, person, weight, by, questions)
    found = distribution_of_people(
        t["answers"],
        t["people"],
        items=t["items"].scales(),
        item="item",
        person=person,
        value="value",
        by=by,
        weight=weight,
        count_missing=True,
    )
    wide = pd.read_csv(source, keep_default_na=False, na_values=[""])
    assert found.n.sum() > 1000
    for i, question in enumerate(questions):
        assert_question(found, i, wide[wide[weight] > 0], question, weight, by)


def assert_question(
    found: HumanCells, i: int, wide: pd.DataFrame, question: str, weight: str, by: list[str]
) -> None:
    answered = wide.dropna(subset=[question])
    checked = 0
    for at in np.ndindex(found.n.shape[1:]):
        cell = answered
        for axis, position in enumerate(at):
            cell = cell[cell[by[axis]] == found.levels[axis][position]]
        w = cell[weight]
        assert found.n[(i, *at)] == len(cell)
        if not len(cell):
            continue
        expected = cell.groupby(question)[weight].sum().reindex(list(found.options[i])).fillna(0.0) / w.sum()
        np.testing.assert_allclose(found.share[(i, *at)][: len(expected)], expected, rtol=1e-12, atol=1e-14)
        assert found.n_eff[(i, *at)] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
        checked += 1
    assert checked >= 1
