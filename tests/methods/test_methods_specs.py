"""Every method as it is shipped checks, is laid out as its style says, and plans what its page says."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import cyclspec
from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.language.types import typed as d

ROOT = Path(__file__).resolve().parents[2]
METHODS = sorted((ROOT / "specs" / "methods").glob("*.cycl"))
CORPORA = sorted((ROOT / "specs" / "corpora").rglob("*.cycl")) + sorted(
    (ROOT / "specs" / "panels").glob("*.cycl")
)


@pytest.mark.parametrize("path", METHODS + CORPORA, ids=lambda path: path.stem)
def test_a_spec_checks_and_is_laid_out(path: Path) -> None:
    assert CliRunner().invoke(group, ["check", str(path)]).exit_code == 0
    assert CliRunner().invoke(group, ["fmt", "--check", str(path)]).exit_code == 0


def planned(name: str, *arguments: str) -> dict[str, int]:
    """Cells of each ask."""
    command = ["plan", str(ROOT / "specs" / "methods" / f"{name}.cycl"), *arguments, "--format", "json"]
    done = CliRunner().invoke(group, command)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    cells: dict[str, int] = {}
    for figures in found["asks"]:
        cells[figures["ask"]] = cells.get(figures["ask"], 0) + figures["cells"]
    return cells


def test_mark_asks_a_person_two_calls_and_three_more_for_each_question() -> None:
    """Three persons, three questions, three models."""
    cells = planned("mark", "-p", "people=3", "-p", "words=60")
    stages = [cells[name] for name in ("life", "self", "impact", "weighing", "final")]
    assert stages == [9, 9, 27, 27, 27]
    assert sum(stages) == 3 * 3 * (2 + 3 * 3)


def test_the_framework_asks_every_question_in_every_simulation() -> None:
    """Seven questions, two simulations, three models, five asks; six aspects of the first simulation are judged."""
    cells = planned("def", "-p", "simulations=2", "-p", "words=24", "-p", "memory=2")
    simulated = [cells[name] for name in ("plain", "placed", "configured", "remembering", "together")]
    assert simulated == [7 * 2 * 3] * 5
    assert cells["found"] == 7 * 6 * 3


def test_the_panel_has_models_of_both_origins() -> None:
    spec = cyclspec.load(ROOT / "specs" / "methods" / "panel.cycl")
    models = spec.typed.panels["open"].models
    families = {factor.name: factor for factor in spec.typed.panels["open"].factors}["family"]
    origin = {level.name: level.attributes["origin"] for level in families.levels}
    counts = pd.Series([origin[str(model.factors["family"])] for model in models]).value_counts()
    assert len(models) >= 24 and counts.min() >= 10
    assert {model.source for model in models} == {"hf"} and all(model.revision for model in models)


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_nothing_of_a_method_is_refused_once_its_data_are_open(path: Path) -> None:
    """Such as a test that changes nothing, which a plan does not tell."""
    context = pipeline.check(path).require()
    pipeline.require_executable(pipeline.open_data(context, pipeline.choose(context, None)))


def test_people_are_dealt_out_where_an_axis_of_that_name_plays_no_part() -> None:
    """The panel reasons for some persons, one by one, and counts all people beside models that were told of nobody."""
    spec = cyclspec.load(ROOT / "specs" / "methods" / "panel.cycl")
    tests = {measure.name: measure.test for measure in spec.typed.measures}
    nearest = tests["nearest_age"]
    assert isinstance(nearest, d.Permutation) and nearest.people == "values.people"


def test_the_real_survey_fits_where_the_simulated_one_stands(tmp_path: Path) -> None:
    """What the recipe writes of a file in the form of wave 7 has the names that the methods use."""
    sys.path.insert(0, str(ROOT / "scripts" / "methods"))
    try:
        from make_values import simulated, write_wave
    finally:
        sys.path.pop(0)
    write_wave(tmp_path / "wave.csv", simulated(3))
    command = ["corpus", "import", str(tmp_path / "wave.csv"), "--recipe", "wvs7", "--name", "values"]
    specs = tmp_path / "specs"
    shutil.copytree(ROOT / "specs", specs)
    written = CliRunner().invoke(group, [*command, "-o", str(specs / "corpora" / "values"), "--force"])
    assert written.exit_code == 0, written.output
    for name in ("first_token", "mark", "def"):
        path = specs / "methods" / f"{name}.cycl"
        said = CliRunner().invoke(group, ["check", str(path)]).output
        # The recipe knows English alone: nothing but the Chinese wording is missing.
        assert set(re.findall(r"error\[(CY\d+)\]", said)) <= {"CY0404", "CY0405"}, (name, said)
