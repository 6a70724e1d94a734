"""A lock holds, and `--locked` lets nothing through that is not pinned or not as it was pinned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from locked_projects import Command, edit

import cyclspec
from cyclspec.language.diagnostics import SpecError

COMMANDS = ("check", "plan", "run", "score")


@pytest.fixture
def pinned(audit: Path, cycl: Command) -> Path:
    cycl.ok("lock", audit)
    return audit


def options(command: str, audit: Path) -> list[str | Path]:
    return ["score", "runs", audit] if command == "score" else [command, audit]


def change_library() -> str:
    edit("lib/survey.cycl", "2..5", "2..4")
    return "CY0105"


def change_data() -> str:
    edit("data/items.jsonl", "Is it 1?", "Is it one?")
    return "CY0703"


@pytest.mark.parametrize("change", [change_library, change_data])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_differs_from_the_lock_is_refused_with_and_without_locked(
    command: str, change: Callable[[], str], pinned: Path, cycl: Command
) -> None:
    if command == "score":
        cycl.ok("run", pinned, "--quiet")
    before = sorted(Path("runs").rglob("*"))
    code = change()
    assert cycl.refused(*options(command, pinned), "--locked") == [code]
    if command == "check" and code == "CY0703":
        cycl.ok("check", pinned)
        assert cycl.refused("check", "--data", pinned) == [code]
    else:
        assert cycl.refused(*options(command, pinned)) == [code]
    assert sorted(Path("runs").rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_locked_refuses_what_nothing_pins_before_anything_else(
    command: str, audit: Path, cycl: Command
) -> None:
    if command == "score":
        cycl.ok("run", audit, "--quiet")
        for path in Path("runs").rglob("*.parquet"):
            path.unlink()
    assert set(cycl.refused(*options(command, audit), "--locked")) == {"CY0109"}
    cycl.ok("lock", audit)
    if command != "score":
        cycl.ok(*options(command, audit), "--locked")


def test_the_refusal_names_the_command_that_shows_and_the_one_that_takes_it(
    pinned: Path, cycl: Command
) -> None:
    change_library()
    said = cycl("check", pinned)
    assert "`cycl.lock` has sha256:" in said.output
    assert "`cyclspec lock audit.cycl` shows what changed; `--accept lib/survey.cycl` takes it" in said.output
    edit("lib/survey.cycl", "2..4", "2..5")
    change_data()
    found = cycl("plan", pinned).exception
    assert isinstance(found, SpecError)
    assert "`--accept data/items.jsonl` takes it" in found.diagnostics[0].help


def test_a_missing_entry_is_fine_without_locked(pinned: Path, cycl: Command) -> None:
    lock = json.loads(Path("cycl.lock").read_text())
    del lock["modules"]["std.metrics"], lock["audits"]
    Path("cycl.lock").write_text(json.dumps(lock))
    cycl.ok("plan", pinned)


def test_a_metric_that_the_lock_has_otherwise_is_refused(pinned: Path, cycl: Command) -> None:
    import hashlib

    old = hashlib.sha256(Path("stats.py").read_bytes()).hexdigest()
    edit("stats.py", "max", "min")
    edit("audit.cycl", old, hashlib.sha256(Path("stats.py").read_bytes()).hexdigest())
    said = cycl("check", pinned)
    assert "error[CY0602]: `stats:odd` is not the one in `cycl.lock`" in said.output


def test_a_commit_pins_a_model_without_a_lock_and_a_branch_does_not(
    write: Callable[..., Path], cycl: Command
) -> None:
    library = write("library", 'hf("org/name", revision = "main")')
    said = cycl("check", library, "--locked")
    assert "`tiny` is not pinned" in said.output
    assert 'add `revision = "..."`, the commit that the hub shows' in said.output
    library = write("library", 'hf("org/name", revision = "0123abc")')
    assert "`tiny` is not pinned" not in cycl("check", library, "--locked").output
    library = write("library", 'local("mine")')
    assert "`tiny` is not pinned" in cycl("check", library, "--locked").output
    library = write("library", 'openai("some")')
    said = cycl("check", library, "--locked")
    assert "who hosts a model can change it" in said.output


def test_the_python_face_is_held_to_the_lock_too(pinned: Path, cycl: Command) -> None:
    cyclspec.load(pinned, locked=True).plan()
    change_data()
    with pytest.raises(SpecError, match="CY0703"):
        cyclspec.load(pinned).plan()
    with pytest.raises(SpecError, match="CY0703"):
        cyclspec.load(pinned, locked=True)


def test_a_comparison_is_never_held_to_a_lock(pinned: Path, cycl: Command) -> None:
    cycl.ok("run", pinned, "--quiet")
    Path("before.cycl").write_text(pinned.read_text())
    change_library()
    said = cycl.ok("diff", "runs", pinned)
    assert "scale(ordinal, 2..5) -> scale(ordinal, 2..4)" in said.stdout
    assert "no difference" in cycl.ok("diff", "before.cycl", pinned).stdout


def test_an_editor_shows_what_the_lock_refuses(pinned: Path) -> None:
    from cyclspec import pipeline

    change_library()
    texts = {pinned.resolve(): pinned.read_text()}
    assert [d.code for d in pipeline.check(pinned, texts=texts).errors] == ["CY0105"]
