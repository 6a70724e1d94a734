"""Compiled programs are kept in a private folder, so that the next run loads what this one compiled.

Whoever can write into the folder can have a run execute code of theirs, so a folder that is not the user's alone is not
used. Ensures that jax is left as it was found, that a damaged file costs one more compile and nothing else, and that
the folder does not grow without end. jax's own key tells programs, versions and devices apart; the processor's
abilities are in the name of the folder, since a home can be on a disk that several machines share.
"""

from __future__ import annotations

import hashlib
import platform
import re
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from cyclspec.compiler.checkpoints.private import Unusable, private_folder

MOST_BYTES = 2**30
_CONFIG: Any = jax.config
_FOLDER = "programs"
_TROUBLE = r"Error (reading|writing) persistent compilation cache entry"


@dataclass(frozen=True, slots=True)
class Kept:
    """The programs of this machine: how many, and their bytes."""

    folder: Path
    programs: int
    bytes: int


def kept() -> Kept | Unusable:
    """What is kept for this machine, or why nothing is."""
    folder = private_folder(_FOLDER, _machine())
    if isinstance(folder, Unusable):
        return folder
    sizes = [size for _, size, _ in _files(folder)]
    return Kept(folder, len(sizes), sum(sizes))


@contextmanager
def kept_programs() -> Iterator[None]:
    """While it lasts, jax keeps every program that it compiles, and loads those that are there.

    Nothing is changed where jax has been given a folder already, or where no private one can be had.
    """
    given = _CONFIG.jax_compilation_cache_dir
    folder = None if given else private_folder(_FOLDER, _machine())
    if not isinstance(folder, Path):
        yield
        return
    began = time.time()
    damaged: list[str] = []
    with _configured(_settings(folder)), _collected(damaged):
        yield
    if damaged:
        # jax does not replace a file that it cannot read; which one it was, it does not say.
        _remove(path for at, _, path in _files(folder) if at < began)
    _trim(folder.parent)


def _settings(folder: Path) -> dict[str, Any]:
    return {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": 0,
    }


@contextmanager
def _configured(settings: Mapping[str, Any]) -> Iterator[None]:
    before = {name: getattr(_CONFIG, name) for name in settings}
    try:
        for name, value in settings.items():
            _CONFIG.update(name, value)
        # jax opens its folder once; without this it would stay with the one that it had, here and afterwards.
        compilation_cache.reset_cache()
        yield
    finally:
        for name, value in before.items():
            _CONFIG.update(name, value)
        compilation_cache.reset_cache()


@contextmanager
def _collected(trouble: list[str]) -> Iterator[None]:
    """Takes jax's warnings about files that it cannot read or write; others are shown as ever."""
    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=_TROUBLE)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if re.match(_TROUBLE, str(message)):
                trouble.append(str(message))
            else:
                shown(message, category, *where, **more)

        warnings.showwarning = show
        yield


def _machine() -> str:
    """A name for what the processor can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    able = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    abilities = " ".join(sorted(able.partition(":")[2].split())) or platform.processor()
    return hashlib.sha256(f"{platform.machine()}\0{abilities}".encode()).hexdigest()[:16]


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Time of writing, bytes and path of the programs in a folder and those below it, the oldest first."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.rglob("*-cache"):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        found.append((state.st_mtime, state.st_size, path))
    return sorted(found)


def _trim(folder: Path) -> None:
    """Removes the oldest programs of all machines until the rest is small enough."""
    files = _files(folder)
    excess = sum(size for _, size, _ in files) - MOST_BYTES
    for _, size, path in files:
        if excess <= 0:
            return
        _remove([path])
        excess -= size


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
