"""Freed memory is kept while an engine runs, and given back after it: told by page faults."""

from __future__ import annotations

import ctypes
import platform
import resource

import pytest

from cyclspec.runtime.engine.freed_memory import freed_memory_kept

SIZE = 64 * 2**20
PAGES = SIZE // resource.getpagesize()
LIBRARY = ctypes.CDLL(None)
LIBRARY.malloc.restype = ctypes.c_void_p
pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)


def faults() -> int:
    """Page faults of memory that is taken, written and freed four times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        taken = LIBRARY.malloc(ctypes.c_size_t(SIZE))
        LIBRARY.memset(ctypes.c_void_p(taken), 1, ctypes.c_size_t(SIZE))
        LIBRARY.free(ctypes.c_void_p(taken))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1])


def test_pages_are_taken_once_while_an_engine_runs() -> None:
    outside = faults()
    with freed_memory_kept():
        faults()
        inside = faults()
        held = resident()
    assert inside < outside / 10
    assert held - resident() > 0.9 * PAGES
    assert faults() > 0.9 * outside


def test_engines_within_each_other_keep_until_the_last_has_ended() -> None:
    with freed_memory_kept():
        with freed_memory_kept():
            faults()
        outside_of_one = faults()
    assert outside_of_one < faults() / 10


def test_what_a_user_has_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    outside = faults()
    with freed_memory_kept():
        faults()
        assert faults() > outside / 10
