"""An arm in a process of its own: its threads, its memory, and its seconds.

Expects the name of an arm and sizes. Ensures that wall and CPU seconds are taken inside the process around `run` alone,
and that an idle arm sleeps.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Literal

from benchmarks.scores.survey import Sizes

if TYPE_CHECKING:
    from benchmarks.scores.arms import Arm

Name = Literal["ours", "numpy", "pandas"]
NAMES: tuple[Name, ...] = ("ours", "numpy", "pandas")
PANDAS_CELLS = 2


@dataclass(frozen=True, slots=True)
class Timed:
    """One run of an arm: `cells` of the means that were asked for, and the most memory its process ever had."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    cells: int
    notes: dict[str, float]
    scored: dict[str, object]


class ArmProcess:
    """An arm that waits until it is asked to run."""

    def __init__(self, name: Name, sizes: Sizes) -> None:
        spawned = multiprocessing.get_context("spawn")
        self._here, there = spawned.Pipe()
        self._process = spawned.Process(target=_serve, args=(there, name, sizes), daemon=True)
        self._process.start()
        there.close()

    def ready(self) -> None:
        """Waits until the arm has its inputs and is warm. EOFError where its process ended."""
        self._here.recv()

    def run(self) -> Timed:
        self._here.send("run")
        found: Timed = self._here.recv()
        return found

    def stop(self) -> None:
        self._here.close()
        self._process.join(timeout=30)
        if self._process.is_alive():
            self._process.terminate()


def _serve(connection: Connection, name: Name, sizes: Sizes) -> None:
    arm = _arm(name, sizes)
    connection.send("ready")
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        wall, cpu = time.perf_counter(), time.process_time()
        scored = dict(arm.run())
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        # Linux counts in KiB.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        cells = int(arm.notes.get("cells", sizes.means))
        connection.send(Timed(seconds, cpu_seconds, peak, cells, dict(arm.notes), scored))


def _arm(name: Name, sizes: Sizes) -> Arm:
    from benchmarks.scores import arms

    match name:
        case "ours":
            return arms.Ours(sizes)
        case "numpy":
            return arms.Vectorised(sizes)
        case "pandas":
            return arms.Grouped(sizes, min(PANDAS_CELLS, sizes.means))
