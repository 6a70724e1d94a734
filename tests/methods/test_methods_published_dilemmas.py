"""The dilemma audit on MoralChoice and DailyDilemmas as their recipes import them: its sizes, and a run of a sample."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import cyclspec
from cyclspec.cli.main import group

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "scripts" / "realdata"))

from dilemmas import FILES, prepared  # noqa: E402


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not beside the repository")
@pytest.mark.parametrize(("recipe", "items"), [("moralchoice", 680), ("dailydilemmas", 1360)])
def test_published_dilemmas_are_asked_by_the_same_method(recipe: str, items: int, tmp_path: Path) -> None:
    audit = prepared(recipe, DATA / FILES[recipe], tmp_path)
    said = CliRunner().invoke(group, ["plan", str(audit), "-p", f"n={items}", "--format", "json"])
    plan = json.loads(said.stdout)
    assert plan["cells"] == items * 2 * 2 * (2 * 2 + 1)
    run = cyclspec.load(audit, params={"n": "3"}).run(out=tmp_path / "runs")
    measures = run.measures.to_pandas()
    likely = measures[measures["measure"].astype(str) == "action_likelihood"]["value"]
    first = measures[measures["measure"].astype(str) == "first_action"]["value"].iloc[0]
    assert len(likely) == 3 and first == pytest.approx(likely.mean(), abs=1e-12)
