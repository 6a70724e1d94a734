"""An arm in a process of its own, so that two libraries never share threads; idle arms sleep.

Expects nothing of an arm but `arms.Arm`. Ensures that wall and CPU seconds are taken inside the process, around the
answer alone.
"""

from __future__ import annotations

import multiprocessing
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Protocol

from benchmarks.arms import Absent, Arm, ArmName, Dtype, load
from benchmarks.checkpoints import Shape
from benchmarks.workloads import Workload

Verb = Literal["prepare", "run", "matrix_rate"]


@dataclass(frozen=True, slots=True)
class Timed:
    """What an arm gave back, with the seconds that it took."""

    value: Any
    seconds: float
    cpu_seconds: float


class Asked(Protocol):
    """An arm that can be asked."""

    absent: str | None

    def ask(self, verb: Verb, about: Workload | Shape) -> Timed:
        """One call of the arm.

        Raises:
            Absent: the arm is not there or does not do this.
        """


@dataclass(slots=True)
class Here:
    """An arm in this process."""

    arm: Arm | None
    absent: str | None = None

    def ask(self, verb: Verb, about: Workload | Shape) -> Timed:
        found = Absent(self.absent) if self.arm is None else _answered(self.arm, verb, about)
        if isinstance(found, Absent):
            raise found
        return found


class ArmProcess:
    """A live arm. `absent` says why there is none."""

    def __init__(self, name: ArmName, folder: Path, dtype: Dtype, cache: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, name, folder, dtype, cache), daemon=True)
        self._process.start()
        theirs.close()
        self.absent: str | None = None

    def wait(self) -> None:
        """Until the arm is loaded, or known to be absent."""
        found = self._received()
        if isinstance(found, Absent):
            self.absent = str(found)

    def ask(self, verb: Verb, about: Workload | Shape) -> Timed:
        if self.absent is not None:
            raise Absent(self.absent)
        self._connection.send((verb, about))
        found = self._received()
        if isinstance(found, Absent):
            raise found
        assert isinstance(found, Timed)
        return found

    def stop(self) -> None:
        """Ends the process, where it has not ended by itself."""
        with suppress(BrokenPipeError):
            self._connection.send(None)
        self._process.join(timeout=30)
        self._connection.close()

    def _received(self) -> Timed | Absent | None:
        found = self._connection.recv()
        if isinstance(found, str):
            raise RuntimeError(f"an arm failed:\n{found}")
        assert found is None or isinstance(found, Timed | Absent)
        return found


def _serve(connection: Connection, name: ArmName, folder: Path, dtype: Dtype, cache: Path) -> None:
    """Answers until it is told to stop. A failure is sent as its traceback."""
    try:
        arm = load(name, folder, dtype, cache)
        connection.send(None)
        while (asked := connection.recv()) is not None:
            connection.send(_answered(arm, *asked))
    except Absent as error:
        connection.send(error)
    except Exception:  # noqa: BLE001 - the parent raises it
        connection.send(traceback.format_exc())


def _answered(arm: Arm, verb: Verb, about: Any) -> Timed | Absent:
    started, cpu = time.perf_counter(), time.process_time()
    try:
        value = getattr(arm, verb)(about)
    except Absent as error:
        return error
    return Timed(value, time.perf_counter() - started, time.process_time() - cpu)
