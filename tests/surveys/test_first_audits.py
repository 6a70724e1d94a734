"""The first audit of published shares asks the combinations that have people, and says so only where some have none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from survey_files import assert_checks, bring_in_to, write_csv

from cyclspec import pipeline


def shares(path: Path, countries: dict[str, list[str]]) -> Path:
    """GlobalOpinionQA as a list of records: a question for each letter, asked in these countries."""
    options = {
        "a": ["Very good", "Somewhat good", "Somewhat bad", "Very bad"],
        "b": ["Tea", "Coffee", "Milk"],
    }
    records = [
        {
            "question": f"Question {letter}?",
            "options": options[letter],
            "attribute": country,
            "gold_distribution": [1.0, *[0.0] * (len(options[letter]) - 1)],
        }
        for letter, asked in countries.items()
        for country in asked
    ]
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


@pytest.mark.parametrize(("asked", "cells"), [(["Chad", "Peru"], (2, 2)), (["Peru"], (2, 1))])
def test_only_combinations_with_people_are_asked(
    asked: list[str], cells: tuple[int, int], tmp_path: Path
) -> None:
    path = shares(tmp_path / "shares.json", {"a": ["Chad", "Peru"], "b": asked})
    imported = bring_in_to(tmp_path / "out", path, "globalopinionqa", audit=True)
    for name, table, wanted in zip(
        ("audit.cycl", "audit_choices.cycl"), ("shares", "choice_shares"), cells, strict=True
    ):
        spec = tmp_path / "out" / name
        assert_checks(spec)
        condition = f"where not is_missing(survey.globalopinionqa.{table}.share)"
        assert (condition in imported.files[name].decode()) == (wanted == 1)
        context = pipeline.check(spec).require()
        opened = pipeline.open_data(context, pipeline.choose(context, None))
        assert pipeline.plan(opened, weights="if here").cells == wanted
        assert opened.warnings == ()


def test_who_would_not_say_is_no_group(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'North' if n % 2 else 'South'},{'yes' if n % 3 else 'no'}\n" for n in range(12))
    path = write_csv(tmp_path / "a.csv", f"id,region,vote\n{rows}12,Refused,yes\n")
    imported = bring_in_to(tmp_path / "out", path, audit=True)
    assert "where region not in [refused]" in imported.files["audit.cycl"].decode()
    context = pipeline.check(tmp_path / "out" / "audit.cycl").require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    assert (opened.grid.axes["region"].levels, opened.warnings) == (("north", "south"), ())
