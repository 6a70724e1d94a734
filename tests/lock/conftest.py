"""Fixtures of a project with a lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from locked_projects import AUDIT, METRIC, SURVEY, Command, FakeHub


@pytest.fixture
def cycl() -> Command:
    return Command()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes an audit of the project; the first call makes the project, which is then the current folder."""
    home = tmp_path / "home"
    for folder in ("lib", "data"):
        (home / folder).mkdir(parents=True)
    (home / "cycl.lock").touch()
    (home / "lib" / "survey.cycl").write_text(SURVEY)
    (home / "stats.py").write_text(METRIC)
    items = [{"item": f"i{n}", "question": f"Is it {n}?", "options": ["yes", "no"]} for n in range(3)]
    (home / "data" / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    monkeypatch.chdir(home)

    def write_one(name: str = "audit", model: str = "demo()") -> Path:
        digest = hashlib.sha256(METRIC.encode()).hexdigest()
        path = home / f"{name}.cycl"
        path.write_text(AUDIT.format(name=name, model=model, metric=digest))
        return Path(path.name)

    return write_one


@pytest.fixture
def audit(write: Callable[..., Path]) -> Path:
    """The project with one audit of the demo model."""
    return write()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    made = FakeHub(tmp_path / "hub")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", made.snapshot_download)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda **_: made)
    return made
