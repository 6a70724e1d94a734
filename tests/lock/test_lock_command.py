"""`cyclspec lock`: what it writes, that it takes no change in silence, and how a change is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from locked_projects import Command, edit

from cyclspec import pipeline
from cyclspec.language.names.lock import read


def lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("cycl.lock").read_text())
    return found


def test_a_lock_has_everything_that_the_audit_reaches_by_its_digest(audit: Path, cycl: Command) -> None:
    said = cycl.ok("lock", audit)
    assert "2 modules, 1 data file, 1 metric in Python, 1 model" in said.stderr
    found = lock()
    assert found["version"] == 1
    assert set(found["modules"]) == {"lib/survey.cycl", "std.metrics"}
    assert found["modules"]["std.metrics"]["version"] == "1"
    modules = pipeline.check(Path("lib/survey.cycl")).require().program.main
    assert found["modules"]["lib/survey.cycl"]["sha256"] == modules.hash
    for kind, path in (("data", "data/items.jsonl"), ("metrics", "stats.py")):
        data = Path(path).read_bytes()
        assert found[kind] == {path: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}}
    assert set(found["models"]["demo"]) == {"weights", "config", "tokenizer", "settings", "chat_template"}
    assert found["audits"] == {
        "audit.cycl": {
            "edition": 1,
            "modules": ["lib/survey.cycl", "std.metrics"],
            "data": {"town.items": "data/items.jsonl"},
            "metrics": {"odd": "stats.py"},
            "models": {"models.tiny": "demo"},
        }
    }


def test_a_lock_is_the_same_bytes_each_time_and_is_then_up_to_date(audit: Path, cycl: Command) -> None:
    cycl.ok("lock", audit)
    first = Path("cycl.lock").read_bytes()
    assert "up to date" in cycl.ok("lock", audit).stderr
    Path("cycl.lock").unlink()
    Path("cycl.lock").touch()
    cycl.ok("lock", audit)
    assert Path("cycl.lock").read_bytes() == first
    assert cycl("lock", audit, "--check").exit_code == 0


def test_without_a_lock_the_check_of_it_fails_and_writes_nothing(audit: Path, cycl: Command) -> None:
    said = cycl("lock", audit, "--check")
    assert said.exit_code == 1
    assert "+ module lib/survey.cycl" in said.stdout
    assert Path("cycl.lock").read_bytes() == b""


def test_a_changed_library_is_told_in_the_words_of_the_language(audit: Path, cycl: Command) -> None:
    cycl.ok("lock", audit)
    before = Path("cycl.lock").read_bytes()
    edit("lib/survey.cycl", "2..5", "2..4")
    said = cycl("lock", audit)
    assert said.exit_code == 1
    assert "~ module lib/survey.cycl: hash " in said.stdout
    assert (
        "corpus town, table items, column options, type: scale(ordinal, 2..5) -> scale(ordinal, 2..4)"
        in said.stdout
    )
    assert "--accept lib/survey.cycl" in said.stderr
    assert Path("cycl.lock").read_bytes() == before
    assert cycl("lock", audit, "--check").exit_code == 1
    cycl.ok("lock", audit, "--accept", "survey")
    assert cycl("lock", audit, "--check").exit_code == 0


def test_what_changed_is_not_told_where_it_was_not_kept(
    audit: Path, cycl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYCLSPEC_CACHE", str(tmp_path / "cache"))
    cycl.ok("lock", audit)
    for kept in (tmp_path / "cache" / "modules").iterdir():
        kept.write_text("{}")
    edit("lib/survey.cycl", "2..5", "2..4")
    said = cycl("lock", audit)
    assert said.exit_code == 1
    assert "what it was is not kept on this machine" in said.stdout


def test_layout_and_comments_of_a_library_change_nothing(audit: Path, cycl: Command) -> None:
    cycl.ok("lock", audit)
    edit("lib/survey.cycl", "corpus town {", "# a comment\n\n## Documentation.\ncorpus   town  {")
    assert cycl("lock", audit, "--check").exit_code == 0
    cycl.ok("check", "--locked", audit)


def test_changed_data_and_metrics_need_their_names_and_all_takes_all(audit: Path, cycl: Command) -> None:
    cycl.ok("lock", audit)
    edit("data/items.jsonl", "Is it 1?", "Is it one?")
    Path("stats.py").write_text(Path("stats.py").read_text().replace("max", "min"))
    digest = hashlib.sha256(Path("stats.py").read_bytes()).hexdigest()
    edit(
        "audit.cycl",
        hashlib.sha256(Path("stats.py").read_bytes().replace(b"min", b"max")).hexdigest(),
        digest,
    )
    said = cycl("lock", audit, "--accept", "items")
    assert said.exit_code == 2, said.output
    said = cycl("lock", audit, "--accept", "town.items")
    assert said.exit_code == 1
    assert "~ data data/items.jsonl (town, town.items): hash" in said.stdout
    assert "~ metric stats.py (odd): hash" in said.stdout
    assert "--accept stats.py" in said.stderr and "--accept data/items.jsonl" not in said.stderr
    cycl.ok("lock", audit, "--accept", "all")
    assert lock()["metrics"]["stats.py"]["sha256"] == digest


def test_a_name_that_nothing_has_is_a_usage_error_with_a_hint(audit: Path, cycl: Command) -> None:
    said = cycl("lock", audit, "--accept", "surveys")
    assert said.exit_code == 2
    assert "did you mean survey" in said.output
    said = cycl("lock", audit, "--accept", "questionnaire")
    assert said.exit_code == 2
    for key in ("data/items.jsonl", "lib/survey.cycl", "stats.py", "or all for every one"):
        assert key in said.output.replace("\n", " "), said.output


def test_several_audits_share_a_lock_and_keep_their_pins(
    audit: Path, write: Callable[..., Path], cycl: Command
) -> None:
    other = write("other")
    Path("lib/more.cycl").write_text("cycl 1\naxis town : nominal { mill, harbour }\n")
    edit(
        "other.cycl",
        'import "lib/survey.cycl" as survey',
        'import "lib/survey.cycl" as survey\nimport "lib/more.cycl" as x',
    )
    cycl.ok("lock", audit)
    cycl.ok("lock", other)
    assert set(lock()["audits"]) == {"audit.cycl", "other.cycl"}
    assert "lib/more.cycl" in lock()["modules"]
    assert cycl("lock", audit, "--check").exit_code == 0
    assert cycl("lock", other, "--check").exit_code == 0
    edit("other.cycl", 'import "lib/more.cycl" as x', "")
    said = cycl.ok("lock", other)
    assert "- module lib/more.cycl" in said.stdout
    assert set(lock()["modules"]) == {"lib/survey.cycl", "std.metrics"}
    other.unlink()
    cycl.ok("lock", audit)
    assert set(lock()["audits"]) == {"audit.cycl"}


def test_the_lock_is_at_the_root_of_the_project_wherever_the_audit_is(audit: Path, cycl: Command) -> None:
    Path("deep/er").mkdir(parents=True)
    text = audit.read_text().replace('"lib/survey.cycl"', '"../../lib/survey.cycl"')
    Path("deep/er/audit.cycl").write_text(text)
    cycl.ok("lock", "deep/er/audit.cycl")
    assert set(lock()["audits"]) == {"deep/er/audit.cycl"}
    assert "data/items.jsonl" in lock()["data"]
    assert not Path("deep/er/cycl.lock").exists()


def test_a_spec_with_errors_or_without_its_data_is_not_locked(audit: Path, cycl: Command) -> None:
    edit("audit.cycl", "undecided by model", "undecided by town")
    assert cycl.refused("lock", audit)
    edit("audit.cycl", "undecided by town", "undecided by model")
    Path("data/items.jsonl").unlink()
    assert cycl.refused("lock", audit) == ["CY0707"]
    assert Path("cycl.lock").read_bytes() == b""


def test_a_lock_that_cannot_be_read_is_not_written_over(audit: Path, cycl: Command) -> None:
    Path("cycl.lock").write_text("<<<<<<< mine\n")
    for command in (("lock", audit), ("check", audit), ("plan", audit)):
        assert cycl.refused(*command) == ["CY0901"]
    assert Path("cycl.lock").read_text() == "<<<<<<< mine\n"


def test_what_is_not_read_is_not_locked(audit: Path, cycl: Command) -> None:
    cycl.ok("lock", audit)
    assert "data/not_here.csv" not in read(Path("cycl.lock").read_text()).data
    cycl.ok("check", "--locked", audit)
