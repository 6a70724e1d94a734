"""Jobs beside each other: everything is found, errors come out, and no thread is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice

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
