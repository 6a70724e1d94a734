"""New measures from stored answers, with no model anywhere near."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds_on_disk import Ran, Said, edit

import cyclspec


@pytest.fixture
def alone(tmp_path: Path, ran: Ran) -> Ran:
    """A copy of the finished run whose checkpoint and replies are gone."""
    folder = tmp_path / "alone"
    shutil.copytree(ran.spec.parent, folder)
    shutil.rmtree(folder / "tiny")
    shutil.rmtree(folder / "out" / "replies")
    return Ran(folder / ran.spec.name, folder / "out", ran.said)


def test_new_measures_come_from_stored_answers_without_a_checkpoint(alone: Ran) -> None:
    edit(
        alone.spec,
        "  check labels",
        "  measure spread by model, country : share = max over item of m.tv(reply, human)\n\n  check labels",
    )
    child = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cyclspec", "score", alone.out, alone.spec],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert "0 asked" in child.stderr
    loaded = {
        line.rsplit("|", 1)[1].strip()
        for line in child.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert not loaded & {"flax", "transformers", "safetensors", "cyclspec.runtime.models"}
    found = cyclspec.open_run(alone.out).measures.to_pylist()
    spread = {row["country"]: row["value"] for row in found if row["measure"] == "spread"}
    assert spread.keys() == {"avria", "belmar", "corvin"}
    assert all(0 < value <= 1 for value in spread.values())
    assert "spread" in child.stdout


def test_an_audit_of_another_design_is_refused(alone: Ran, command: Callable[..., Said]) -> None:
    before = sorted(alone.out.rglob("*"))
    edit(alone.spec, "seed  = 11", "seed  = 12")
    said = command("score", alone.out, alone.spec)
    assert (said.code, said.out) == (1, "")
    assert "error[CY0712]" in said.err
    assert "this audit has design" in said.err and "audit.cycl:" in said.err
    assert sorted(alone.out.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("answers.parquet", "has not come so far"),
        ("plan.json", "is not a run"),
        ("origin.json", "has not come so far"),
    ],
)
def test_a_run_that_lacks_a_file_says_which(
    alone: Ran, command: Callable[..., Said], name: str, said: str
) -> None:
    (alone.run / name).unlink()
    found = command("score", alone.out)
    assert (found.code, found.out) == (1, "")
    assert said in found.err


@pytest.mark.parametrize("name", ["answers.parquet", "plan.json", "origin.json"])
def test_a_damaged_run_is_refused(alone: Ran, command: Callable[..., Said], name: str) -> None:
    path = alone.run / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = command("score", alone.run, *([alone.spec] if name != "origin.json" else []))
    assert (found.code, found.out) == (1, "")
    assert "is damaged" in found.err and name in found.err


def test_a_run_of_the_python_face_can_be_scored_by_the_command_line(
    place: Path, out: Path, command: Callable[..., Said]
) -> None:
    run = cyclspec.load(place).run(out=out)
    before = run.measures
    shutil.rmtree(place.parent / "tiny")
    said = command("score", run.path)
    assert said.code == 0, said.err
    assert cyclspec.open_run(out).measures.equals(before)
    assert before.num_rows == 3 + 3 + 1 + 3 + 3


def test_a_score_keeps_what_a_file_bound_and_may_bind_a_threshold_again(
    place: Path, out: Path, command: Callable[..., Said]
) -> None:
    edit(place, "\npanel models", "\nparam least : share = 0%\nparam start : count\n\npanel models")
    edit(place, "seed  = 11", "seed  = start")
    edit(place, ">= 0.0 { on_fail = warn }", ">= least { on_fail = withhold }")
    given = place.with_name("given.json")
    given.write_text('{"start": 11, "least": 1}', encoding="utf-8")
    said = command("run", place, "--out", out, "--params", given, "-p", "least=0%")
    assert said.code == 0, said.err
    design = cyclspec.open_run(out).path
    given.unlink()
    withheld = command("score", out, "-p", "least=100%")
    assert (withheld.code, "0 asked" in withheld.err) == (3, True), withheld.err
    assert command("score", out).code == 0
    assert cyclspec.open_run(out).path == design
