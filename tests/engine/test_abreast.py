"""Jobs beside each other: everything is found, errors come out, and no thread is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from typing import Any

import pytest

from cyclspec.runtime.engine.abreast import abreast


def counted(job: int, results: int) -> Iterator[tuple[int, int]]:
    yield from ((job, at) for at in range(results))


def shard_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("shard")]


@pytest.mark.parametrize("at_once", [1, 2, 3, 20])
@pytest.mark.parametrize("jobs", [0, 1, 2, 7])
def test_all_that_jobs_find_comes_once_and_in_the_order_of_each(jobs: int, at_once: int) -> None:
    found = list(abreast([partial(counted, job, job % 3 + 1) for job in range(jobs)], at_once))
    for job in range(jobs):
        assert [at for own, at in found if own == job] == list(range(job % 3 + 1))
    assert len(found) == sum(job % 3 + 1 for job in range(jobs))
    assert not shard_threads()


def test_no_more_than_allowed_are_at_work_and_as_many_are() -> None:
    """A job that waits for another can only end where the other runs beside it."""
    at_work: list[int] = []
    most: list[int] = []
    both = threading.Barrier(2, timeout=60)

    def job() -> Iterator[int]:
        at_work.append(1)
        most.append(len(at_work))
        both.wait()
        at_work.pop()
        yield 1

    assert list(abreast([job] * 6, 2)) == [1] * 6
    assert max(most) == 2


def test_one_after_the_other_needs_no_thread() -> None:
    here = threading.get_ident()

    def job() -> Iterator[int]:
        yield threading.get_ident()

    assert list(abreast([job, job], 1)) == [here, here]
    assert list(abreast([job], 4)) == [here]


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_error_of_a_job_ends_the_others_and_is_raised_here(at_once: int) -> None:
    asked: list[int] = []

    def endless() -> Iterator[int]:
        for at in count():
            asked.append(at)
            time.sleep(0.001)
            yield at

    def broken() -> Iterator[int]:
        yield -1
        raise MemoryError("no room")

    found: list[int] = []
    with pytest.raises(MemoryError, match="no room"):
        for one in abreast([broken, endless], at_once):
            found.append(one)
    assert -1 in found
    ended = len(asked)
    time.sleep(0.02)
    assert len(asked) == ended
    assert not shard_threads()


def test_a_job_that_finds_nothing_for_long_ends_soon_where_nobody_reads() -> None:
    def silent() -> Iterator[int | None]:
        for _ in range(60_000):
            time.sleep(0.001)
            yield None

    def found() -> Iterator[int | None]:
        yield 1
        yield from silent()

    running = abreast([found, silent], 2)
    assert next(running) == 1
    began = time.monotonic()
    running.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 30
    assert not shard_threads()


def test_nothing_yet_is_no_result() -> None:
    def job() -> Iterator[int | None]:
        yield from (None, 1, None, 2)

    for at_once in (1, 2):
        assert sorted(abreast([job, job], at_once)) == [1, 1, 2, 2]


def test_a_thread_that_cannot_be_started_leaves_the_others_with_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []

    def job() -> Iterator[int]:
        for at in range(2000):
            time.sleep(0.001)
            done.append(at)
            yield at

    submit = ThreadPoolExecutor.submit
    started: list[int] = []

    def once(self: ThreadPoolExecutor, *given: Any) -> Any:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(1)
        return submit(self, *given)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", once)
    with pytest.raises(RuntimeError, match="can't start"):
        list(abreast([job, job], 2))
    assert len(done) < 1000
    assert not shard_threads()


def test_whoever_stops_reading_leaves_no_thread_behind() -> None:
    def endless() -> Iterator[int]:
        for at in count():
            time.sleep(0.001)
            yield at

    running = abreast([endless] * 3, 2)
    assert len(list(islice(running, 4))) == 4
    assert len(shard_threads()) == 2
    running.close()  # type: ignore[attr-defined]
    assert not shard_threads()
