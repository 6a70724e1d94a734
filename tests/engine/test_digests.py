"""The digest of a checkpoint follows what its weights answer; what is remembered is private."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cyclspec.compiler.checkpoints import Checkpoint, Folder, digest, digests, open_checkpoint
from cyclspec.language.diagnostics.base import InternalError

Opened = Callable[[Path], Checkpoint]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh cache folder and an empty memory."""
    monkeypatch.setenv("CYCLSPEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(digests, "_remembered", {})
    return tmp_path / "cache" / "digests"


def test_the_digest_is_over_names_and_contents(own: Path, opened: Opened) -> None:
    lines = ["cyclspec checkpoint 1"]
    for name in ("config.json", "model.safetensors"):
        lines.append(f"{name} {hashlib.sha256((own / name).read_bytes()).hexdigest()}")
    assert digest(opened(own)) == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_settings_of_generation_do_not_change_it(own: Path, opened: Opened) -> None:
    before = digest(opened(own))
    (own / "generation_config.json").write_text("{}")
    (own / "README.md").write_text("words")
    assert digest(opened(own)) == before


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_one_changed_byte_changes_it(name: str, own: Path, opened: Opened) -> None:
    checkpoint = opened(own)
    before = digest(checkpoint)
    data = (own / name).read_bytes()
    (own / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(own / name, ns=(1, 1))
    assert digest(checkpoint) != before


def test_a_file_is_read_once_while_it_does_not_change(
    own: Path, opened: Opened, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = opened(own)
    before = digest(checkpoint)
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert digest(checkpoint) == before
    monkeypatch.setattr(digests, "_remembered", {})
    assert digest(checkpoint) == before
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in cache.iterdir()} == {0o600}


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "zz" * 32])
def test_a_damaged_memory_is_computed_anew(
    text: str, own: Path, opened: Opened, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(opened(own))
    for file in cache.iterdir():
        file.write_text(text)
    monkeypatch.setattr(digests, "_remembered", {})
    assert digest(opened(own)) == before


def test_a_folder_that_others_can_write_is_not_used(own: Path, opened: Opened, cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    assert len(digest(opened(own))) == 64
    assert list(cache.iterdir()) == []


def test_it_works_where_no_cache_can_be_written(
    own: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(opened(own))
    (own / "a_file").write_text("")
    monkeypatch.setenv("CYCLSPEC_CACHE", str(own / "a_file" / "under"))
    monkeypatch.setattr(digests, "_remembered", {})
    assert digest(opened(own)) == before


def test_the_cache_follows_the_xdg_folder(
    own: Path, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CYCLSPEC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    digest(opened(own))
    assert len(list((tmp_path / "xdg" / "cyclspec" / "digests").iterdir())) == 2


def test_a_checkpoint_without_weights_has_no_digest(own: Path) -> None:
    with pytest.raises(InternalError):
        digest(open_checkpoint("m", Folder(own), need="tokenizer"))
