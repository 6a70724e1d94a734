"""Measures one case: arms in turns, round after round, and whether they agree.

Ensures that the arms of a round run one after the other on an otherwise idle machine, each warm; that ratios are made
within a round before the median is taken; and that answers are compared on the prompts that arms share.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arms import ARMS, Absent, Answers, ArmName, Dtype, Notes
from benchmarks.checkpoints import Shape
from benchmarks.process import ArmProcess, Asked, Timed
from benchmarks.workloads import Workload

MOST_ROUNDS = 5


@dataclass(slots=True)
class Measured:
    """One arm on one case."""

    workload: Workload
    notes: Notes = field(default_factory=dict)
    rounds: list[Timed] = field(default_factory=list)
    absent: str | None = None

    @property
    def speeds(self) -> list[float]:
        """Prompts a second, by round."""
        return [len(self.workload.prompts) / one.seconds for one in self.rounds]

    @property
    def cpu_speeds(self) -> list[float]:
        """Prompts a second of CPU, by round."""
        return [len(self.workload.prompts) / one.cpu_seconds for one in self.rounds]

    @property
    def answers(self) -> Answers:
        found: Answers = self.rounds[0].value
        return found


def measure(
    arms: Mapping[ArmName, Asked], workloads: Mapping[ArmName, Workload], seconds: float, least: int
) -> dict[ArmName, Measured]:
    """Rounds until `seconds` are over, at least `least` of them."""
    until = time.monotonic() + seconds
    found = {name: _prepared(arms[name], workloads[name]) for name in ARMS}
    taken = 0.0
    for turn in range(MOST_ROUNDS):
        started = time.monotonic()
        if turn >= least and started + taken > until:
            break
        for name, one in found.items():
            if one.absent is None:
                one.rounds.append(arms[name].ask("run", one.workload))
        taken = time.monotonic() - started
    return found


def _prepared(arm: Asked, workload: Workload) -> Measured:
    one = Measured(workload)
    try:
        one.notes = arm.ask("prepare", workload).value
    except Absent as error:
        one.absent = str(error)
    return one


def ratios(found: Mapping[ArmName, Measured]) -> dict[ArmName, dict[str, Any]]:
    """How many times faster ours is than each peer, by round, and the median of these.

    `cpu_median` compares seconds of CPU, which other work on the machine disturbs less.
    """
    ours = found["ours"]
    return {
        name: {
            "rounds": (rounds := _quotients(ours.speeds, one.speeds)),
            "median": statistics.median(rounds),
            "cpu_median": statistics.median(_quotients(ours.cpu_speeds, one.cpu_speeds)),
        }
        for name, one in found.items()
        if name != "ours" and ours.rounds and one.rounds
    }


def _quotients(ours: list[float], theirs: list[float]) -> list[float]:
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def matrix_rates(arms: Mapping[ArmName, Asked], shape: Shape) -> dict[ArmName, float | None]:
    """Operations a second of jax and torch on the products of a shape's layers."""
    rated: tuple[ArmName, ...] = ("ours", "transformers")
    return {name: None if arms[name].absent else arms[name].ask("matrix_rate", shape).value for name in rated}


def shares(answers: Answers) -> Answers:
    """The probabilities of options among each other."""
    weights = [np.exp(one - one.max()) for one in answers]
    return [one / one.sum() for one in weights]


def difference(kind: str, one: Answers, other: Answers) -> float | None:
    """The largest difference in the share of an option; of replies, the part that differs anywhere.

    None where one of them does not give its answers back.
    """
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if a.size and b.size]
    if not pairs:
        return None
    if kind == "writing":
        return float(np.mean([not np.array_equal(a, b) for a, b in pairs]))
    firsts, seconds = (shares([pair[at] for pair in pairs]) for at in (0, 1))
    return max(float(np.abs(a - b).max()) for a, b in zip(firsts, seconds, strict=True))


def compile_from_cache(folder: Path, dtype: Dtype, cache: Path, workload: Workload) -> float | None:
    """Seconds that a second process needs for the same programs, which it finds in the cache."""
    process = ArmProcess("ours", folder, dtype, cache)
    try:
        process.wait()
        notes: Notes = process.ask("prepare", workload).value
    except Absent:
        return None
    finally:
        process.stop()
    return float(notes["compile_seconds"])


@dataclass(frozen=True, slots=True)
class Fit:
    """Seconds = `fixed` + `each` times unshared tokens, by least squares; `explained` is the part of variance."""

    tokens: tuple[int, ...]
    seconds: tuple[float, ...]
    fixed: float
    each: float
    explained: float


def fit(arm: Asked, workloads: list[Workload], repeats: int = 2) -> Fit:
    """How the cost of ours grows with the tokens that texts do not share. Medians of `repeats`."""
    tokens, seconds = [one.unshared for one in workloads], []
    for one in workloads:
        arm.ask("prepare", one)
        seconds.append(statistics.median(arm.ask("run", one).seconds for _ in range(repeats)))
    each, fixed = np.polyfit(tokens, seconds, 1)
    left = np.array(seconds) - (fixed + each * np.array(tokens))
    explained = 1 - float(left @ left) / float(np.var(seconds) * len(seconds))
    return Fit(tuple(tokens), tuple(seconds), float(fixed), float(each), explained)


def useful_rate(shape: Shape, unshared: int, seconds: float) -> float:
    """Operations a second on what has to be computed: two for each parameter of the layers and unshared token."""
    return 2 * shape.trunk * unshared / seconds
