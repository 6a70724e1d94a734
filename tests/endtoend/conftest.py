"""Fixtures of the end-to-end tests: one small world, its checkpoint and its run, shared by a session."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from worlds_on_disk import Ran, Said, World, make_world, write_checkpoint, write_world

from cyclspec.cli import main as entry


def _command(*args: str | Path) -> Said:
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["cyclspec", *map(str, args)]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            entry.main()
    finally:
        sys.argv = before
    assert "Traceback" not in err.getvalue() + out.getvalue()
    code = ended.value.code
    return Said(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs of equal shape are compiled once a session, not once a run."""
    import jax

    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="session")
def command() -> Callable[..., Said]:
    """Runs the command line in this process; a traceback on either stream fails the test."""
    return _command


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama with a chat template. Not to be changed."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny")


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, world: World, checkpoint: Path) -> Ran:
    """The small audit, run once. Not to be changed."""
    folder = tmp_path_factory.mktemp("ran")
    spec = write_world(folder, world)
    shutil.copytree(checkpoint, folder / "tiny")
    return Ran(spec, folder / "out", _command("run", spec, "--out", folder / "out"))


@pytest.fixture
def place(tmp_path: Path, world: World, checkpoint: Path) -> Path:
    """A folder of one's own with the small world and its checkpoint; the path of the spec."""
    spec = write_world(tmp_path, world)
    shutil.copytree(checkpoint, tmp_path / "tiny")
    return spec


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where results of one's own go; absent until something is written."""
    return tmp_path / "out"


@pytest.fixture
def refused(command: Callable[..., Said], out: Path) -> Callable[..., str]:
    """Runs a command that must be refused with an error of a code, exit code 1 and nothing written; what it says."""

    def check(code: str, *args: str | Path, said: str = "") -> str:
        found = command("run", *args, "--out", out)
        assert (found.code, found.out) == (1, ""), found
        assert f"error[{code}]" in found.err
        assert said in found.err, found.err
        assert not out.exists()
        return found.err

    return check
