"""What an arm is: something that answers a workload from a checkpoint, with the best settings it can find.

Ensures that an arm that cannot be loaded, or does not answer a kind of workload, says so by `Absent`: never in silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, assert_never

import numpy as np

from benchmarks.checkpoints import Shape
from benchmarks.workloads import Workload

Dtype = Literal["float32", "bfloat16"]
ArmName = Literal["ours", "transformers", "past", "harness"]
ARMS: tuple[ArmName, ...] = ("ours", "transformers", "past", "harness")
TITLES: Mapping[ArmName, str] = {
    "ours": "cyclspec",
    "transformers": "transformers, sorted batches",
    "past": "transformers, one `past_key_values` a prefix",
    "harness": "lm-evaluation-harness `hf`",
}

Answers = list[np.ndarray]
"""One array a prompt: log-probabilities [option] in nats, or the ids of a reply [token]."""

Notes = dict[str, Any]


class Absent(Exception):
    """An arm is not there or does not do what a workload asks; the text says why."""


class Arm(Protocol):
    """Answers workloads. A process has one arm."""

    def prepare(self, workload: Workload) -> Notes:
        """Finds the best settings, compiles and warms up; what it settled on. Not timed."""

    def run(self, workload: Workload) -> Answers:
        """Answers from texts to arrays. Timed."""

    def matrix_rate(self, shape: Shape) -> float:
        """Operations a second that its library reaches on the matrix products of a layer."""


Value = TypeVar("Value")


def fastest(settings: Sequence[Value], attempt: Callable[[Value], object]) -> tuple[Value, dict[str, float]]:
    """The setting whose attempt took least, and the seconds of each. Warm up before."""
    seconds: dict[str, float] = {}
    for setting in settings:
        started = time.perf_counter()
        attempt(setting)
        seconds[str(setting)] = time.perf_counter() - started
    return min(settings, key=lambda setting: seconds[str(setting)]), seconds


def load(name: ArmName, folder: Path, dtype: Dtype, cache: Path) -> Arm:
    """The arm of that name over a checkpoint; `cache` keeps the compiled programs of ours.

    Raises:
        Absent: its library is not installed.
    """
    try:
        match name:
            case "ours":
                from benchmarks.ours import Ours, cached_in, load_ours

                cached_in(cache)
                return Ours(load_ours(folder, dtype), dtype)
            case "transformers":
                from benchmarks.peer_transformers import Batches, load_model

                return Batches(load_model(folder, dtype), dtype)
            case "past":
                from benchmarks.peer_past import Prefixes
                from benchmarks.peer_transformers import load_model

                return Prefixes(load_model(folder, dtype), dtype)
            case "harness":
                from benchmarks.peer_harness import Harness

                return Harness(folder, dtype)
            case _:
                assert_never(name)
    except ModuleNotFoundError as error:
        raise Absent(f"{error.name} is not installed") from error
