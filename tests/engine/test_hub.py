"""Fetching from the Hub: what is asked for, and how each failure is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import errors

from cyclspec.compiler.checkpoints import Hub, open_checkpoint
from cyclspec.compiler.checkpoints.hub import fetch
from cyclspec.language.diagnostics.base import SpecError

COMMIT = "0123456789abcdef" * 2 + "01234567"


def _raising(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fake(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)


def _http(kind: type[Exception]) -> Exception:
    """The error without the response of a server that it is made from."""
    error = kind.__new__(kind)
    error.args = ("https://cdn.example/signed?token=secret",)
    return error


@pytest.mark.parametrize(
    ("error", "words", "help_words"),
    [
        (
            _http(errors.GatedRepoError),
            "the repository is gated",
            "ask for access at https://huggingface.co/org/name",
        ),
        (_http(errors.RepositoryNotFoundError), "there is no such repository", "check the name `org/name`"),
        (_http(errors.RevisionNotFoundError), "has no revision `v9`", "--model base=FOLDER"),
        (errors.OfflineModeIsEnabled("off"), "HF_HUB_OFFLINE", "--model base=FOLDER"),
        (errors.LocalEntryNotFoundError("none"), "not in the local cache", "--model base=FOLDER"),
        (errors.HFValidationError("bad"), "not the name of a repository", "--model base=FOLDER"),
        (OSError(28, "No space left on device"), "no space left on device", "--model base=FOLDER"),
        (TimeoutError(), "TimeoutError", "--model base=FOLDER"),
        (RuntimeError("?token=secret"), "RuntimeError", "--model base=FOLDER"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_failure_is_a_refusal_with_a_way_on(
    error: Exception, words: str, help_words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, error)
    with pytest.raises(SpecError) as refused:
        fetch(Hub("org/name", "v9"), "base", ("config.json",))
    diagnostic = refused.value.diagnostics[0]
    assert diagnostic.code == "CY0710"
    assert diagnostic.message.startswith("checkpoint `base` could not be fetched from `org/name@v9`: ")
    assert words in diagnostic.message
    assert help_words in diagnostic.help
    assert "--model base=FOLDER" in diagnostic.help
    assert "secret" not in diagnostic.message + diagnostic.help


def test_without_the_network_a_repository_that_is_not_cached_is_refused(tmp_path: Path) -> None:
    """In a process of its own, since the Hub's client reads its settings when it is imported."""
    code = (
        "from cyclspec.compiler.checkpoints import Hub, open_checkpoint\n"
        "from cyclspec.language.diagnostics.base import SpecError\n"
        "try:\n    open_checkpoint('base', Hub('org/name', None), need='weights')\n"
        "except SpecError as error:\n    print(error.diagnostics[0].message)\n"
    )
    settings = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True
    )
    assert "could not be fetched from `org/name`: " in done.stdout
    assert "local cache" in done.stdout or "HF_HUB_OFFLINE" in done.stdout


@pytest.fixture
def cache(grouped: Any, tmp_path: Path) -> Path:
    """A snapshot as the Hub's client lays it out: links into a folder of blobs."""
    snapshot, blobs = tmp_path / "snapshots" / COMMIT, tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sorted(grouped.folder.iterdir())):
        (blobs / str(number)).write_bytes(file.read_bytes())
        (snapshot / file.name).symlink_to(Path("../../blobs") / str(number))
    return snapshot


def test_a_snapshot_of_links_is_opened_at_its_commit(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def fake(repo: str, **settings: Any) -> str:
        asked.append({"repo": repo, **settings})
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    found = open_checkpoint("base", Hub("org/name", "main"), need="weights")
    assert (found.place, found.revision, found.folder) == ("org/name@main", COMMIT, cache)
    assert [path.name for path in found.weights] == ["model.safetensors"]
    assert asked[0]["repo"] == "org/name"
    assert asked[0]["revision"] == "main"
    assert {"config.json", "tokenizer.json", "model.safetensors", "model-*.safetensors"} <= set(
        asked[0]["allow_patterns"]
    )
    assert not any(one.endswith((".py", ".bin", ".pt")) for one in asked[0]["allow_patterns"])


def test_for_the_tokenizer_no_weights_are_fetched(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fake(_repo: str, *, allow_patterns: list[str], **_: object) -> str:
        asked.extend(allow_patterns)
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    assert open_checkpoint("base", Hub("org/name", None), need="tokenizer").weights == ()
    assert not any("safetensors" in one for one in asked)


@pytest.fixture
def imported() -> Callable[[str], set[str]]:
    """The top-level modules in memory after importing one."""

    def modules(name: str) -> set[str]:
        code = f"import {name}, sys; print(' '.join(m for m in sys.modules if '.' not in m))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    return modules


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("cyclspec.compiler.checkpoints", {"jax", "flax", "torch", "transformers"}),
        ("cyclspec.compiler.plan.sharing.plan", {"jax", "flax", "torch", "transformers"}),
        ("cyclspec.runtime.engine", {"torch", "transformers"}),
    ],
)
def test_heavy_packages_are_imported_only_where_they_work(
    module: str, absent: set[str], imported: Callable[[str], set[str]]
) -> None:
    assert not imported(module) & absent
