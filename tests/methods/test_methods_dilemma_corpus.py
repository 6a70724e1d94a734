"""The corpus of dilemmas keeps its promises, and the check of them sees what is broken."""

from __future__ import annotations

import copy
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from cyclspec.cli.main import group

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "specs" / "corpora" / "dilemmas"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    place = ROOT / "scripts" / "methods" / "check_dilemmas.py"
    spec = importlib.util.spec_from_file_location("check_dilemmas", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_nothing_is_amiss(check: ModuleType) -> None:
    rows = check.cases()
    assert len(rows) == 66
    assert check.broken(rows) == []


def test_the_declaration_fits_every_row() -> None:
    said = CliRunner().invoke(
        group, ["check", "--data", str(DATA / "dilemmas.cycl"), str(DATA / "forms.cycl")]
    )
    assert (said.exit_code, said.stderr) == (0, "2 files, no errors\n"), said.output


Change = Callable[[list[dict[str, Any]]], None]


def _repeated(rows: list[dict[str, Any]]) -> None:
    rows[3]["situations"][1]["zh"] = rows[3]["situations"][0]["zh"]


def _told(rows: list[dict[str, Any]]) -> None:
    rows[5]["situations"][2]["es"] += " " + rows[5]["action_a"]["es"]


def _contained(rows: list[dict[str, Any]]) -> None:
    rows[0]["actions"][0]["label"]["en"] = rows[0]["action_a"]["en"] = rows[0]["action_b"]["en"] + " now"


def _turned(rows: list[dict[str, Any]]) -> None:
    row = next(row for row in rows if row["serves_a"] == "loyalty" and row["pair"] == "truth_loyalty")
    row["serves_a"], row["serves_b"] = row["serves_b"], row["serves_a"]
    row = next(row for row in rows if row["serves_a"] == "loyalty" and row["pair"] == "truth_loyalty")
    row["serves_a"], row["serves_b"] = row["serves_b"], row["serves_a"]


def _silent(rows: list[dict[str, Any]]) -> None:
    del rows[7]["outcome_b"]["zh"]


def _short(rows: list[dict[str, Any]]) -> None:
    rows[9]["situations"][0]["en"] = "A lamp is broken."


def _lost(rows: list[dict[str, Any]]) -> None:
    rows.remove(next(row for row in rows if row.get("step") == "grave"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_repeated, "zh: not three wordings that differ"),
        (_told, "es: an action stands in the situation"),
        (_contained, "en: one action stands in the other"),
        (_turned, "truth_loyalty: the value that is named first has the first action in 7 of 10"),
        (_silent, "a language is missing"),
        (_short, "en: situation of 17 characters"),
        (_lost, "not five stories of four steps"),
    ],
)
def test_what_is_broken_is_said(check: ModuleType, change: Change, said: str) -> None:
    rows = copy.deepcopy(check.cases())
    change(rows)
    assert any(said in found for found in check.broken(rows)), check.broken(rows)
