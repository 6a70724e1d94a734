"""Whatever a survey holds, its import checks with its data, and its weighted shares are those of the file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from survey_files import FORMATS, Made, assert_checks, bring_in, bring_in_to

from cyclspec import corpora, pipeline
from cyclspec.compiler.data import HumanCells, distribution_of_people
from cyclspec.compiler.surveys import Imported, write_import

WORDS = st.sampled_from(
    [
        *(
            "Agree",
            "Disagree",
            "Neither",
            "Always",
            "Never",
            "Sometimes",
            "red",
            "blue",
            "18-29",
            "30+",
            "Don't know",
        ),
        *(
            "Refused",
            "Not asked",
            "Yes",
            "No",
            "País",
            "北京",
            "a,b",
            'say "x"',
            "value",
            "each",
            "{item}",
            "#1",
            "\\n",
        ),
    ]
)
HEADS = st.sampled_from(
    [
        *(
            "q1",
            "q2",
            "Q 3",
            "sex",
            "age",
            "country",
            "weight",
            "id",
            "stratum",
            "psu",
            "value",
            "model",
            "item",
        ),
        *(
            "person",
            "each",
            "über",
            "x-1",
            "x_1",
            "1st",
            "share",
            "date",
            "A",
            "a",
            "year",
            "psu2",
            "wt",
            "level",
        ),
    ]
)


@st.composite
def surveys(draw: st.DrawFn) -> Made:
    """Columns of every kind under names of every kind, with and without labels."""
    rows = draw(st.integers(3, 30))
    frame: dict[str, Any] = {}
    labels: dict[str, str] = {}
    values: dict[str, dict[float, str]] = {}
    missing: dict[str, list[Any]] = {}
    heads = draw(st.lists(HEADS, min_size=2, max_size=9, unique_by=str.casefold))
    for head in heads:
        kind = draw(st.sampled_from(["codes", "codes", "words", "numbers", "whole", "gaps"]))
        if kind == "words":
            some = draw(st.lists(WORDS, min_size=1, max_size=6))
            frame[head] = draw(st.lists(st.sampled_from(some), min_size=rows, max_size=rows))
            continue
        if kind == "numbers":
            frame[head] = draw(
                st.lists(st.floats(0, 9).map(lambda x: round(x, 3)), min_size=rows, max_size=rows)
            )
            continue
        # A weight below zero is refused, which test_deciding.py looks at.
        least = 0 if head in ("weight", "wt") else -9
        codes = draw(st.lists(st.integers(least, 12), min_size=2, max_size=8, unique=True))
        cells = st.sampled_from([float(code) for code in codes] + ([float("nan")] if kind == "gaps" else []))
        frame[head] = draw(st.lists(cells, min_size=rows, max_size=rows))
        if kind == "codes":
            known = draw(st.lists(st.sampled_from(codes), unique=True))
            values[head] = {float(code): draw(WORDS) for code in known}
            labels[head] = draw(WORDS)
            missing[head] = [{"lo": -9, "hi": -1}] if draw(st.booleans()) else []
    frame["asked"] = ([1.0, 2.0, 3.0] * rows)[:rows]
    return Made(
        pd.DataFrame(frame), labels, values, {name: found for name, found in missing.items() if found}
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    survey=surveys(), suffix=st.sampled_from([".sav", ".csv", ".parquet"]), lang=st.sampled_from(["", "en"])
)
def test_an_import_checks_with_its_data(survey: Made, suffix: str, lang: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = survey.frame
        if suffix == ".sav":
            # SPSS has names of its own that no file can break.
            renamed = {
                column: f"v{at}" if not column.isidentifier() else column for at, column in enumerate(frame)
            }
            survey = Made(
                frame.rename(columns=renamed),
                *(
                    {renamed[key]: found for key, found in part.items()}
                    for part in (survey.labels, survey.values)
                ),
                missing={renamed[key]: found for key, found in survey.missing.items()},
            )
        path = survey.write(folder / f"a{suffix}")
        imported = bring_in(path, audit=True, lang=lang, questions=("asked",) if suffix == ".parquet" else ())
        write_import(imported, folder / "out")
        assert_checks(folder / "out" / f"{imported.corpus.name}.cycl")
        for file in ("audit.cycl", "audit_choices.cycl"):
            if file in imported.files:
                assert not pipeline.check(folder / "out" / file).errors


# ---- against pandas


def people_cells(folder: Path, imported: Imported, item: str, by: list[str]) -> HumanCells:
    """The distribution of one item as cyclspec computes it from what was written."""
    spec = folder / f"{imported.corpus.name}.cycl"
    tables = corpora.opened(pipeline.check(spec).require())
    name = imported.corpus.name
    items = "items" if item in tables[f"{name}.items"].scales() else "choices"
    answers = "answers" if items == "items" else "choice_answers"
    scales = tables[f"{name}.{items}"].scales()
    people = imported.corpus.people
    return distribution_of_people(
        tables[f"{name}.{answers}"],
        tables[f"{name}.people"],
        items={item: scales[item]},
        item="item",
        person="person",
        value="value",
        by=by,
        weight=people.roles.weight if people is not None and people.roles.weight else None,
        count_missing=False,
    )


def survey_of(seed: int, n: int = 400) -> Made:
    """Two weighted questions with missing codes, sex and country, codes in every column."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "respid": np.arange(1, n + 1).astype(float),
            "country": rng.choice([10.0, 20.0, 30.0], n),
            "sex": rng.choice([1.0, 2.0], n),
            "q1": rng.choice([1.0, 2.0, 3.0, 4.0, -1.0, -4.0], n, p=[0.2, 0.3, 0.2, 0.1, 0.1, 0.1]),
            "q2": rng.choice([1.0, 2.0, 3.0, np.nan], n),
            "weight": np.round(rng.gamma(2.0, 0.5, n), 4),
        }
    )
    return Made(
        frame,
        {"q1": "How much do you agree that this is so?", "q2": "Which colour do you like best of these?"},
        {
            "q1": {1: "Strongly agree", 2: "Agree", 3: "Disagree", 4: "Strongly disagree", -1: "DK", -4: "Not asked"},
            "q2": {1: "Red", 2: "Green", 3: "Blue"},
            "country": {10: "Norway", 20: "Peru", 30: "Chad"},
            "sex": {1: "Man", 2: "Woman"},
        },
        {"q1": [{"lo": -9, "hi": -1}]},
    )  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
def test_weighted_shares_of_every_format_equal_those_of_pandas(tmp_path: Path, suffix: str) -> None:
    survey = survey_of(seed=len(suffix))
    path = survey.write(tmp_path / f"survey{suffix}")
    settings = {} if suffix in (".sav", ".dta") else {"missing": {"q1": ("-1", "-4")}}
    imported = bring_in_to(tmp_path / "out", path, **settings)
    frame, checked = survey.frame, 0
    for question, codes in (("q1", [1, 2, 3, 4]), ("q2", [1, 2, 3])):
        cells = people_cells(tmp_path / "out", imported, question, ["country", "sex"])
        for (i, country), (j, sex) in (
            (a, b) for a in enumerate(cells.levels[0]) for b in enumerate(cells.levels[1])
        ):
            codes_of = {a.name: {level.name: level.code for level in a.levels} for a in imported.corpus.axes}
            group = frame[
                (frame["country"] == float(codes_of["country"][country]))
                & (frame["sex"] == float(codes_of["sex"][sex]))
                & frame[question].isin(codes)
                & (frame["weight"] > 0)
            ]
            expected = (
                group.groupby(question)["weight"].sum().reindex(codes, fill_value=0.0) / group["weight"].sum()
            )
            at = [cells.options[0].index(str(code)) for code in codes]
            np.testing.assert_allclose(cells.share[0, i, j][at], expected, rtol=1e-12, atol=1e-14)
            assert cells.n[0, i, j] == len(group)
            w = group["weight"]
            assert cells.n_eff[0, i, j] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
            checked += 1
    assert checked == 12


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_marginals_of_generated_surveys_equal_those_of_pandas(seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, survey = Path(name), survey_of(seed, n=60)
        imported = bring_in_to(folder / "out", survey.write(folder / "survey.sav"))
        for question, codes in (("q1", [1, 2, 3, 4]), ("q2", [1, 2, 3])):
            cells = people_cells(folder / "out", imported, question, [])
            kept = survey.frame[survey.frame[question].isin(codes) & (survey.frame["weight"] > 0)]
            expected = (
                kept.groupby(question)["weight"].sum().reindex(codes, fill_value=0.0) / kept["weight"].sum()
            )
            at = [cells.options[0].index(str(code)) for code in codes]
            np.testing.assert_allclose(cells.share[0][at], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("suffix", FORMATS)
def test_equal_files_give_equal_bytes(tmp_path: Path, suffix: str) -> None:
    path = survey_of(seed=3, n=50).write(tmp_path / f"survey{suffix}")
    first, second = bring_in(path, audit=True), bring_in(path, audit=True)
    assert first.files == second.files
    assert not any(str(tmp_path).encode() in data for data in first.files.values())
