"""Models in a lock: commits for branches, digests that need no weights, and a refusal for any other model."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from locked_projects import DEMO, Command, FakeHub, edit

from cyclspec.compiler.checkpoints import Demo, Folder, digest, identity, open_checkpoint, pin_of
from cyclspec.compiler.prompts.tokens import Tokenizer

BRANCH = 'hf("org/name", revision = "main")'
KEY = "org/name@main"


def models() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("cycl.lock").read_text())["models"]
    return found


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo model."""
    shutil.copytree(DEMO, tmp_path / "mine")
    return tmp_path / "mine"


def test_the_pin_of_a_model_is_over_the_files_that_decide_its_answers(folder: Path) -> None:
    pin = pin_of("m", Folder(folder))
    assert pin.weights == digest(open_checkpoint("m", Folder(folder), need="weights"))
    assert pin.config == sha(folder / "config.json")
    assert pin.tokenizer == sha(folder / "tokenizer.json")
    template = Tokenizer(open_checkpoint("m", Folder(folder), need="tokenizer")).chat_template
    assert template is not None
    assert pin.chat_template == hashlib.sha256(template.encode()).hexdigest()
    assert pin == pin_of("m", Demo())


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("model.safetensors", "weights:"),
        ("config.json", "weights: configuration:"),
        ("tokenizer.json", "tokenizer:"),
        ("chat_template.jinja", "chat template:"),
        ("generation_config.json", "settings of the tokenizer and of generation:"),
        ("special_tokens_map.json", "settings of the tokenizer and of generation:"),
    ],
)
def test_a_change_of_any_of_them_is_told_by_what_it_is(file: str, words: str, folder: Path) -> None:
    pin = pin_of("m", Folder(folder))
    path = folder / file
    path.write_bytes((path.read_bytes() if path.exists() else b"{}") + b" ")
    found = identity(open_checkpoint("m", Folder(folder), need="weights")).differences(pin)
    assert " ".join(one.split(" sha256")[0].split(": none")[0].rstrip(":") + ":" for one in found) == words


def test_a_template_of_its_own_file_counts_before_the_one_in_the_settings(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    found = identity(open_checkpoint("m", Folder(folder), need="tokenizer"))
    template = Tokenizer(open_checkpoint("m", Folder(folder), need="tokenizer")).chat_template
    assert template == "{{ messages }}"
    assert found.chat_template == hashlib.sha256(template.encode()).hexdigest()
    assert found.weights is None


# ---- the hub


def test_a_branch_becomes_a_commit_and_no_weights_are_fetched(
    write: Callable[..., Path], hub: FakeHub, cycl: Command
) -> None:
    commit = hub.commit(1)
    cycl.ok("lock", write(model=BRANCH))
    pin = models()[KEY]
    assert pin["revision"] == commit
    assert not any(
        "safetensors" in pattern and "index" not in pattern for call in hub.calls for pattern in call
    )
    assert {name: pin[name] for name in ("weights", "tokenizer", "chat_template")} == {
        name: getattr(pin_of("m", Demo()), name) for name in ("weights", "tokenizer", "chat_template")
    }
    assert json.loads(Path("cycl.lock").read_text())["audits"]["audit.cycl"]["models"] == {"models.tiny": KEY}


def test_a_run_takes_the_commit_of_the_lock_and_not_the_branch(
    write: Callable[..., Path], hub: FakeHub, cycl: Command
) -> None:
    commit = hub.commit(1)
    audit = write(model=BRANCH)
    cycl.ok("lock", audit)
    hub.commit(2, config__json=(DEMO / "config.json").read_bytes() + b"\n")
    cycl.ok("run", audit, "--locked", "--quiet")
    (plan,) = Path("runs").glob("*/plan.json")
    (model,) = json.loads(plan.read_text())["environment"]["models"]
    assert (model["revision"], model["digest"]) == (commit, models()[KEY]["weights"])


def test_a_branch_that_moved_is_shown_and_taken_only_by_its_name(
    write: Callable[..., Path], hub: FakeHub, cycl: Command
) -> None:
    first = hub.commit(1)
    audit = write(model=BRANCH)
    cycl.ok("lock", audit)
    second = hub.commit(2, tokenizer__json=(DEMO / "tokenizer.json").read_bytes() + b"\n")
    said = cycl.ok("lock", audit)
    assert f"{KEY} is at {second[:12]} on the hub; the lock holds {first[:12]}" in said.stderr
    assert models()[KEY]["revision"] == first
    assert cycl("lock", audit, "--check").exit_code == 0
    said = cycl.ok("lock", audit, "--accept", "tiny")
    assert f"revision {first[:12]} -> {second[:12]}" in said.stdout
    assert "tokenizer " in said.stdout and "weights" not in said.stdout
    assert models()[KEY]["revision"] == second


def test_without_the_hub_a_lock_stands_and_the_cache_serves(
    write: Callable[..., Path], hub: FakeHub, cycl: Command
) -> None:
    hub.commit(1)
    audit = write(model=BRANCH)
    cycl.ok("lock", audit)
    cycl.ok("plan", audit)
    hub.offline = True
    assert "up to date" in cycl.ok("lock", audit).stderr
    other = write("other", 'hf("org/other")')
    assert cycl.refused("lock", other) == ["CY0710"]


def test_another_revision_in_the_spec_is_another_entry(
    write: Callable[..., Path], hub: FakeHub, cycl: Command
) -> None:
    commit = hub.commit(1)
    audit = write(model=BRANCH)
    cycl.ok("lock", audit)
    edit(audit, BRANCH, f'hf("org/name", revision = "{commit}")')
    cycl.ok("plan", audit)
    assert "- model org/name@main" in cycl.ok("lock", audit).stdout
    assert set(models()) == {f"org/name@{commit}"}


def test_weights_that_are_not_the_locked_ones_are_refused_before_anything_is_asked(
    write: Callable[..., Path], folder: Path, cycl: Command
) -> None:
    shutil.copytree(folder, Path("mine"))
    audit = write(model='local("mine")')
    cycl.ok("lock", audit)
    cycl.ok("run", audit, "--quiet")
    weights = Path("mine/model.safetensors")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    for command in ("plan", "run"):
        assert cycl.refused(command, audit, "--out", "new") == ["CY0902"]
        assert cycl.refused(command, audit, "--out", "new", "--locked") == ["CY0902"]
    assert not Path("new").exists()
    said = cycl("lock", audit)
    assert said.exit_code == 1
    assert "~ model ./mine (models.tiny, tiny): weights" in said.stdout
    cycl.ok("lock", audit, "--accept", "models.tiny")
    assert cycl.refused("score", "runs", audit) == ["CY0902"]
    cycl.ok("run", audit, "--quiet")
    cycl.ok("score", "runs", audit, "--locked")


def test_the_place_of_a_model_on_this_machine_is_not_in_the_lock(
    write: Callable[..., Path], hub: FakeHub, folder: Path, cycl: Command
) -> None:
    hub.commit(1)
    audit = write(model=BRANCH)
    hub.offline = True
    cycl.ok("lock", audit, "--model", f"tiny={folder}")
    assert set(models()) == {KEY} and "revision" not in models()[KEY]
    assert str(folder) not in Path("cycl.lock").read_text()
    cycl.ok("plan", audit, "--model", f"tiny={folder}", "--locked")
    hub.offline = False
    cycl.ok("run", audit, "--quiet", "--locked")
    (folder / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes() + b"\n")
    assert cycl.refused("plan", audit, "--model", f"tiny={folder}") == ["CY0902"]


def test_the_demo_model_in_the_place_of_another_is_a_rehearsal(
    write: Callable[..., Path], folder: Path, cycl: Command
) -> None:
    shutil.copytree(folder, Path("mine"))
    Path("mine/tokenizer.json").write_bytes(Path("mine/tokenizer.json").read_bytes() + b"\n")
    audit = write(model='local("mine")')
    cycl.ok("lock", audit)
    cycl.ok("run", audit, "--model", "tiny=demo", "--quiet")
    cycl.ok("score", "runs")
    assert cycl.refused("run", audit, "--model", "tiny=demo", "--locked") == ["CY0902"]


def test_a_model_behind_an_api_is_left_out_and_said(write: Callable[..., Path], cycl: Command) -> None:
    said = cycl.ok("lock", write(model='openai("some")'))
    assert "models.tiny is behind an API: nothing pins it" in said.stderr
    assert "models" not in json.loads(Path("cycl.lock").read_text())


def test_a_model_that_the_audit_does_not_have_is_no_place(audit: Path, cycl: Command) -> None:
    assert cycl.refused("lock", audit, "--model", "other=demo") == ["CY0101"]
