"""Every block of the README and of docs/ is true: specs check, commands run, Python runs, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from cyclspec import pipeline
from cyclspec.language.diagnostics.render import render

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


class Block(NamedTuple):
    page: Path
    kind: str
    text: str


BLOCKS = [Block(page, kind, text) for page in PAGES for kind, text in _BLOCK.findall(page.read_text("utf-8"))]


def blocks(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a copy of the specs, so that nothing is written beside them."""
    subprocess.run(["cp", "-r", str(ROOT / "specs"), str(tmp_path / "specs")], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", blocks("cycl"), ids=lambda b: b.page.name)
def test_every_spec_in_the_docs_checks(block: Block, copied: Path) -> None:
    spec = Path("audit.cycl")
    spec.write_text(block.text, encoding="utf-8")
    checked = pipeline.check(spec)
    assert not checked.errors, render(checked.diagnostics, "text")


def test_the_wrong_word_of_the_readme_gets_the_rendering_that_the_readme_shows(copied: Path) -> None:
    right = next(block.text for block in blocks("cycl") if block.page.name == "README.md")
    shown = next(b.text for b in blocks("") if b.page.name == "README.md" and b.text.startswith("error["))
    wrong = right.replace("alignment by model, country :", "alignment by model :")
    assert wrong != right
    spec = Path("audit.cycl")
    spec.write_text(wrong, encoding="utf-8")
    assert render(pipeline.check(spec).diagnostics, "text").strip() == shown.strip()


@pytest.mark.parametrize("block", blocks("python"), ids=lambda b: b.page.name)
def test_every_python_block_runs(block: Block, copied: Path) -> None:
    done = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_rows_of_the_readme_are_what_the_quickstart_prints(copied: Path) -> None:
    """Values to the digits shown, within 2e-4: the machine that wrote them was another one."""
    shown = next(b.text for b in blocks("") if b.page.name == "README.md" and b.text.startswith("measure "))
    header, *rows = (line.split() for line in shown.strip().splitlines())
    run = subprocess.run(
        [sys.executable, "-m", "cyclspec", "run", "specs/quickstart.cycl"], capture_output=True, check=True
    )
    assert b"198 asked, 0 reused" in run.stderr
    csv = subprocess.run(
        [sys.executable, "-m", "cyclspec", "show", "runs", "--format", "csv"], capture_output=True, check=True
    )
    names, *printed = (line.split(",") for line in csv.stdout.decode().splitlines())
    for row in rows:
        told = dict(zip(header, row, strict=True))
        found = next(
            found
            for line in printed
            if (found := dict(zip(names, line, strict=True)))["measure"] == told["measure"]
            and found["country"] == told["country"]
        )
        for name in ("value", "low", "high", "floor"):
            assert float(found[name]) == pytest.approx(float(told[name]), abs=2e-4)
        assert found["n_used"] == told["n_used"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_commands_of_the_readme_exist() -> None:
    from cyclspec.cli.main import group

    text = "".join(block.text for block in blocks("") if block.page.name == "README.md")
    lines = [line.split("#")[0] for line in text.splitlines() if line.startswith("cyclspec ")]
    assert len(lines) >= 5
    for line in lines:
        _, name, *arguments = shlex.split(line)
        command = group.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        command.make_context(name, arguments, resilient_parsing=False)


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for name in re.findall(r"\bmake ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert name in targets


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
