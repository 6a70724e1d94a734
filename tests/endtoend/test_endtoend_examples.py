"""The six example audits and their libraries: all check, their data is what it should be, and all print their plans."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.language.diagnostics.render import render

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "specs" / "examples"
AUDITS = sorted(path.name for path in EXAMPLES.glob("*.cycl"))
LIBRARIES = sorted(path.name for path in EXAMPLES.glob("lib/*.cycl"))
CHAT = ("qwen25_7b", "llama31_8b")
PANEL = tuple(
    f"{family}_{size}" for family in ("qwen_3b", "qwen_7b", "llama_3b") for size in ("base", "chat")
)
SMALL = {
    "b_diversity.cycl": {"repeats": "1", "orders": "2", "langs": "[en]"},
    "c_dilemmas.cycl": {"sessions": "2"},
    "d_staged.cycl": {"repeats": "1"},
}


def options(name: str) -> list[str]:
    """Small parameters, and the demo model in place of every model."""
    models = PANEL if name == "e_panel.cycl" else CHAT
    params = [f"{key}={value}" for key, value in SMALL.get(name, {}).items()]
    return [*(f"-p{param}" for param in params), *(f"--model={model}=demo" for model in models)]


def test_there_are_six_audits_and_four_libraries() -> None:
    assert [name[0] for name in AUDITS] == list("abcdef")
    assert LIBRARIES == ["demographics.cycl", "panels.cycl", "prompts.cycl", "survey.cycl"]


@pytest.mark.parametrize("name", [*AUDITS, *(f"lib/{name}" for name in LIBRARIES)])
def test_an_example_checks_without_a_warning(name: str) -> None:
    checked = pipeline.check(EXAMPLES / name)
    assert not checked.diagnostics, render(checked.diagnostics, "text")


@pytest.mark.parametrize("name", AUDITS)
def test_an_example_prints_its_plan(name: str, tmp_path: Path) -> None:
    printed = CliRunner().invoke(
        group, ["plan", str(EXAMPLES / name), *options(name), "--out", str(tmp_path / "runs")]
    )
    assert printed.exit_code == 0, printed.output or repr(printed.exception)
    for word in ("design", "axes", "cells", "requests", "measures"):
        assert word in printed.stdout


@pytest.mark.parametrize("name", AUDITS)
@pytest.mark.parametrize("stage", ["types", "logical"])
def test_a_stage_of_an_example_can_be_explained(name: str, stage: str) -> None:
    params = [option for option in options(name) if option.startswith("-p")]
    printed = CliRunner().invoke(group, ["explain", str(EXAMPLES / name), "--stage", stage, *params])
    assert printed.exit_code == 0, printed.output or repr(printed.exception)
    typed = pipeline.check(EXAMPLES / name).require().audits
    assert all(measure.name in printed.stdout for audit in typed.values() for measure in audit.measures)


def test_the_examples_are_pinned_and_laid_out() -> None:
    files = [str(path) for path in EXAMPLES.rglob("*.cycl")]
    locked = CliRunner().invoke(group, ["check", "--locked", *files])
    assert locked.exit_code == 0, locked.output
    laid_out = CliRunner().invoke(group, ["fmt", "--check", *files])
    assert laid_out.exit_code == 0, laid_out.output


@pytest.mark.parametrize("script", ["make_data.py", "pin.py"])
def test_data_and_pins_are_what_the_scripts_write(script: str) -> None:
    path = ROOT / "scripts" / "examples" / script
    done = subprocess.run([sys.executable, str(path), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_data_is_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.glob("data/*")) < 300_000
