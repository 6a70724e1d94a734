"""While an engine runs on a CPU, the C library keeps memory that is freed for what comes next.

Every run of a program allocates its intermediate results anew, tens of megabytes at a time. Above its threshold glibc
takes such memory from the system and gives it back each time, so that every page of it is a page fault, and is zeroed,
in every wave. Ensures that this is a matter of the engine alone: settings of the user are left as they are, and after
the last engine stopped the defaults stand again and what was kept is given back.
"""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import jax

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of `mallopt`: from how many free bytes on memory is given back, how many mappings there may be."""

_KEEPING: Final = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1))
_DEFAULT: Final = ((_MMAP_MAX, 65536), (_TRIM_THRESHOLD, 128 * 1024))
_SETTINGS: Final = ("MALLOC_", "GLIBC_TUNABLES")
"""How variables of the environment begin by which a user sets the same."""


@dataclass(slots=True)
class _Engines:
    """How many run now: the first and the last make the difference."""

    running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, library: Any) -> None:
        with self.lock:
            self.running += 1
            if self.running == 1:
                _set(library, _KEEPING)

    def end(self, library: Any) -> None:
        with self.lock:
            self.running -= 1
            if self.running == 0:
                _set(library, _DEFAULT)
                library.malloc_trim(ctypes.c_size_t(0))


_engines: Final = _Engines()


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """While it lasts, freed memory is kept; nothing is changed on an accelerator and beside other C libraries."""
    library = _glibc()
    if library is None:
        yield
        return
    _engines.begin(library)
    try:
        yield
    finally:
        _engines.end(library)


def _glibc() -> Any:
    chosen = any(name.startswith(_SETTINGS) for name in os.environ)
    if chosen or platform.libc_ver()[0] != "glibc" or jax.default_backend() != "cpu":
        return None
    return ctypes.CDLL(None)


def _set(library: Any, settings: tuple[tuple[int, int], ...]) -> None:
    for parameter, value in settings:
        library.mallopt(ctypes.c_int(parameter), ctypes.c_int(value))
