"""Programs that one run compiled are loaded by the next, from a folder that nobody else can write into."""

from __future__ import annotations

import os
import platform
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache
from scored_texts import laid_out, logprobs, requests

from cyclspec.compiler.checkpoints.private import Unusable, private_folder
from cyclspec.runtime.engine import ScoringEngine, programs
from cyclspec.runtime.engine.programs import Kept, kept, kept_programs
from cyclspec.runtime.models import Decoder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder that is not there yet, and a jax that was given none."""
    monkeypatch.setenv("CYCLSPEC_CACHE", str(tmp_path / "cache"))
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    yield tmp_path / "cache"
    jax.config.update("jax_compilation_cache_dir", before)
    compilation_cache.reset_cache()


@pytest.fixture
def events() -> Iterator[dict[str, int]]:
    """How many programs jax has loaded (`hits`) and compiled and written (`misses`)."""
    found = {"hits": 0, "misses": 0}

    def listen(event: str, **_: object) -> None:
        for name in found:
            found[name] += event == f"/jax/compilation_cache/cache_{name}"

    jax.monitoring.register_event_listener(listen)
    yield found
    jax.monitoring.unregister_event_listener(listen)


def compiled(by: float = 2.0) -> float:
    """The result of a program that is compiled or loaded for this call."""
    inputs = jax.device_put(np.arange(3, dtype=np.float32))
    program = jax.jit(lambda x: jnp.sum(x * by)).lower(inputs).compile()
    return float(program(inputs))


def files() -> list[Path]:
    found = kept()
    assert isinstance(found, Kept)
    return sorted(found.folder.iterdir())


def test_an_engine_loads_what_another_compiled_and_gives_the_same_bits(
    grouped: Any, loaded: Callable[..., Decoder], events: dict[str, int]
) -> None:
    decoder, asked = loaded(grouped.folder), requests(branches=2)
    layout, found = laid_out(asked, decoder), []
    for hits in (0, 1):
        with kept_programs():
            engine = ScoringEngine(decoder, layout, model="m")
            engine.compile()
        assert (len(layout.shapes), events["hits"], events["misses"]) == (1, hits, 1)
        found.append(logprobs(engine))
    for key, numbers in found[0].items():
        np.testing.assert_array_equal(numbers.view(np.int32), found[1][key].view(np.int32))


def test_it_ends_with_the_run(events: dict[str, int], tmp_path: Path) -> None:
    with kept_programs():
        compiled()
    assert jax.config.jax_compilation_cache_dir is None
    assert compiled() == 6.0
    assert events == {"hits": 0, "misses": 1}
    with pytest.raises(KeyError), kept_programs():
        raise KeyError
    assert jax.config.jax_compilation_cache_dir is None


def test_nobody_else_can_read_or_write_the_folder(cache: Path) -> None:
    with kept_programs():
        compiled()
    found = kept()
    assert isinstance(found, Kept)
    assert (found.programs, found.bytes) == (1, files()[0].stat().st_size)
    assert found.folder.parent == cache / "programs"
    for folder in (found.folder, found.folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
@pytest.mark.parametrize("inner", [False, True], ids=["all", "machine"])
def test_a_folder_that_others_can_write_into_is_not_used(
    mode: int, inner: bool, cache: Path, events: dict[str, int]
) -> None:
    found = kept()
    assert isinstance(found, Kept)
    shared = found.folder if inner else found.folder.parent
    shared.chmod(mode)
    with kept_programs():
        assert compiled() == 6.0
    assert events == {"hits": 0, "misses": 0}
    assert list(found.folder.iterdir()) == []
    assert kept() == Unusable(f"others can write into {shared}")


def test_a_folder_of_somebody_else_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "programs").mkdir(parents=True, mode=0o700)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with kept_programs():
        assert compiled() == 6.0
    assert kept() == Unusable(f"{cache / 'programs'} belongs to somebody else")
    assert list((cache / "programs").iterdir()) == []


def test_a_run_goes_on_where_there_can_be_no_folder(cache: Path) -> None:
    cache.write_text("")
    with kept_programs():
        assert compiled() == 6.0
    found = kept()
    assert isinstance(found, Unusable)
    assert str(cache) in found.reason


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"no program at all",
        lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:],
    ],
    ids=["empty", "half", "cut", "other", "flipped"],
)
def test_a_damaged_program_is_compiled_again_and_replaced(
    damage: Callable[[bytes], bytes], events: dict[str, int]
) -> None:
    """Warnings are errors here: that it was damaged is nothing that a user has to know."""
    with kept_programs():
        compiled()
    (file,) = files()
    file.write_bytes(damage(file.read_bytes()))
    os.utime(file, (1, 1))
    with kept_programs():
        assert compiled() == 6.0
    assert events["hits"] == 0
    assert files() == []
    for hits in (0, 1):
        with kept_programs():
            assert compiled() == 6.0
        assert (files(), events["hits"]) == ([file], hits)


def test_other_warnings_are_shown() -> None:
    with kept_programs(), pytest.warns(UserWarning, match="something else"):
        warnings.warn("something else", stacklevel=1)


def test_a_folder_that_jax_was_given_is_left_to_it(cache: Path, tmp_path: Path) -> None:
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    with kept_programs():
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
        compiled()
    assert (tmp_path / "own").is_dir()
    assert not cache.exists()


def test_the_oldest_programs_go_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept_programs():
        compiled(2.0)
        compiled(3.0)
    old, new = sorted(files(), key=lambda path: path.stat().st_mtime_ns)
    os.utime(old, (1, 1))
    monkeypatch.setattr(programs, "MOST_BYTES", new.stat().st_size)
    with kept_programs():
        pass
    assert files() == [new]


def test_another_processor_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home can be on a disk that machines share, and one may not know the instructions of the other."""
    with kept_programs():
        compiled()
    assert len(files()) == 1
    monkeypatch.setattr(platform, "machine", lambda: "other")
    assert files() == []


def test_the_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert private_folder("programs") == tmp_path / "cache" / "programs"
    monkeypatch.delenv("CYCLSPEC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert private_folder("programs") == tmp_path / "xdg" / "cyclspec" / "programs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert private_folder("programs") == tmp_path / "home" / ".cache" / "cyclspec" / "programs"


SCRIPT = """
import jax, numpy as np, jax.numpy as jnp
from cyclspec.runtime.engine.programs import kept_programs
x = jax.device_put(np.arange(64, dtype=np.float32).reshape(8, 8))
with kept_programs():
    for by in range(20):
        print(float(jax.jit(lambda x: jnp.sum(jnp.tanh(x @ x / 9) * by)).lower(x).compile()(x)))
"""


def test_two_processes_at_once_disturb_each_other_in_nothing(cache: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error::UserWarning", "-c", SCRIPT],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=200) for one in started]
    assert [one.returncode for one in started] == [0, 0]
    assert [err for _, err in said] == ["", ""]
    assert said[0][0] == said[1][0]
    assert len(said[0][0].splitlines()) == 20
    assert 0 < len(files()) <= 20
