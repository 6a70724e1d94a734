"""The programs that the tests of the language share, and short ways to check one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cyclspec import pipeline
from cyclspec.language.diagnostics.render import render
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
GOOD = sorted((TESTS / "good").rglob("*.cycl"))
BAD = sorted((TESTS / "bad").glob("*.cycl"))
BAD_FOLDERS = sorted(path.parent for path in (TESTS / "bad").glob("*/audit.cycl"))
_SPECS = ROOT / "specs"
SHIPPED = sorted([_SPECS / "quickstart.cycl", *_SPECS.glob("quickstart/*.cycl"), *_SPECS.glob("std/*.cycl")])


def name_of(path: Path) -> str:
    """How a test of a program is called."""
    return str(path.relative_to(TESTS if path.is_relative_to(TESTS) else ROOT).with_suffix(""))


def check_text(folder: Path, text: str | bytes, params: Mapping[str, str] | None = None) -> pipeline.Checked:
    """Checks a program that is written to `folder`."""
    path = folder / "main.cycl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return pipeline.check(path, params)


def codes(checked: pipeline.Checked) -> list[str]:
    """The codes of everything that was found, in the order of the text."""
    return [diagnostic.code for diagnostic in checked.diagnostics]


def shown(checked: pipeline.Checked) -> str:
    """Everything that was found, as a terminal shows it."""
    return render(checked.diagnostics, "text")


def module_of(text: str) -> t.Module:
    """The tree of a text that parses."""
    parsed = parse(Source("main.cycl", text))
    assert parsed.module is not None, parsed.diagnostics
    return parsed.module
