"""Shards beside each other, each in a thread of its own.

A product is shared out to all cores and ends when the slowest of them is done; meanwhile the others wait. jax runs what
one thread asks for in order, so another shard fills these gaps only from another thread. Numbers are those of shards
one after the other: a program gives the same whatever runs beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

Found = TypeVar("Found")
Job = Callable[[], Iterator[Found | None]]
"""What it finds; None where it has found nothing yet, which it says often enough to be stopped in between."""


@dataclass(frozen=True, slots=True)
class _Got(Generic[Found]):
    found: Found


@dataclass(frozen=True, slots=True)
class _Ended:
    """A thread has nothing left to do."""


def abreast(jobs: Sequence[Job[Found]], at_once: int) -> Iterator[Found]:
    """What jobs find, as it comes; at most `at_once` are at work.

    Ensures that an error of a job ends all of them and is raised here, and that whoever stops reading is left with no
    thread behind: each ends with what it is at.
    """
    threads = min(at_once, len(jobs))
    if threads <= 1:
        yield from (found for job in jobs for found in job() if found is not None)
        return
    waiting, taking, stopped = iter(jobs), threading.Lock(), threading.Event()
    results: SimpleQueue[_Got[Found] | _Ended] = SimpleQueue()

    def found_here() -> Iterator[Found | None]:
        while not stopped.is_set():
            with taking:
                job = next(waiting, None)
            if job is None:
                return
            yield from job()

    def work() -> None:
        try:
            for found in found_here():
                if found is not None:
                    results.put(_Got(found))
                if stopped.is_set():
                    return
        except BaseException:
            stopped.set()
            raise
        finally:
            results.put(_Ended())

    with ThreadPoolExecutor(threads, thread_name_prefix="shard") as pool:
        working: list[Future[None]] = []
        try:
            working += (pool.submit(work) for _ in range(threads))
            yield from _until_all_ended(results, threads)
        finally:
            stopped.set()
    for thread in working:
        thread.result()


def _until_all_ended(results: SimpleQueue[_Got[Found] | _Ended], threads: int) -> Iterator[Found]:
    left = threads
    while left:
        match results.get():
            case _Got(found):
                yield found
            case _Ended():
                left -= 1
