"""A value without a label that stands apart from those with one is to be looked at: it may be no step of the scale."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from survey_files import Made, bring_in, bring_in_to, open_notes, said, write_csv

from cyclspec.compiler.surveys.notes import Topic

WORDS = {1: "Very", 2: "Rather", 3: "Not very", 4: "Not at all"}


def survey(values: list[float], labels: dict[int, str]) -> Made:
    answers = (values * 40)[:40]
    return Made(pd.DataFrame({"id": range(1, 41), "q": answers}), values={"q": labels})


def test_a_stray_code_is_left_open_with_what_to_type(tmp_path: Path) -> None:
    found = bring_in_to(tmp_path / "out", survey([1.0, 2.0, 3.0, 4.0, 99.0], WORDS).write(tmp_path / "a.sav"))
    (note,) = [note for note in open_notes(found) if note.topic is Topic.LABELS]
    assert "`99`" in note.text and note.subject == "q"
    assert note.settle == "--missing q=99"


@pytest.mark.parametrize(
    ("values", "labels"),
    [([1.0, 2.0, 3.0, 4.0, 5.0], WORDS), ([0.0, 3.0, 7.0, 10.0], {0: "Not at all", 10: "Entirely"})],
    ids=["the next step", "between the ends"],
)
def test_a_step_of_the_scale_is_shown_as_its_code(
    tmp_path: Path, values: list[float], labels: dict[int, str]
) -> None:
    found = bring_in_to(tmp_path / "out", survey(values, labels).write(tmp_path / "a.sav"))
    assert not [note for note in open_notes(found) if note.topic is Topic.LABELS]
    assert "values without labels are shown as their codes" in said(found, Topic.LABELS, "q")


def test_numbers_that_nothing_names_are_to_be_looked_at(tmp_path: Path) -> None:
    header = "id,sex,year,trust,vote,age\n"
    rows = "".join(f"{n},{1 + n % 2},{2000 + n % 3},{1 + n % 3},{'ab'[n % 2]},{20 + n}\n" for n in range(12))
    imported = bring_in(write_csv(tmp_path / "a.csv", header + rows))
    found = {note.subject: note.text for note in open_notes(imported) if note.topic is Topic.LABELS}
    assert set(found) == {"sex", "trust"}
    assert found["sex"].endswith("write their labels into the axis")
    assert found["trust"].endswith("write their labels into the items")
