"""What the command runs: workloads by shapes and types, how many prompts each arm gets, and the goals.

Arms that share nothing get few prompts, since their cost a prompt does not depend on how many there are; arms that
share get whole personas, ours as many as fill the waves of a plan. All take the first prompts of one list, and sharing
in the first personas equals that in the whole within one per cent (five for languages); speeds are in prompts a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.arms import ArmName, Dtype

BOTH: tuple[Dtype, ...] = ("float32", "bfloat16")
EXACT: tuple[Dtype, ...] = ("float32",)


@dataclass(frozen=True, slots=True)
class Case:
    """A workload on a shape. `counts` are the prompts of each arm; `personas` and `questions` the size of the whole.

    `compiles_again` has a second process compile from the cache; `fits` has the cost of three sizes
    measured, in float32.
    """

    workload: str
    shape: str
    dtypes: tuple[Dtype, ...]
    counts: Mapping[ArmName, int]
    personas: int = 40
    questions: int = 25
    compiles_again: bool = True
    fits: bool = False


def counts(ours: int, past: int, transformers: int, harness: int) -> Mapping[ArmName, int]:
    """Prompts by arm."""
    return {"ours": ours, "past": past, "transformers": transformers, "harness": harness}


CASES = (
    Case("W1", "30m", BOTH, counts(200, 100, 64, 64), fits=True),
    Case("W1", "135m", BOTH, counts(100, 50, 32, 16)),
    Case("W2", "30m", BOTH, counts(200, 100, 32, 32)),
    Case("W3", "30m", EXACT, counts(100, 50, 12, 8)),
    Case("W4", "30m", EXACT, counts(100, 50, 50, 32)),
    Case("W5", "30m", BOTH, counts(200, 50, 8, 6), personas=10),
)
DEVICE_MEMORY = 2**33
ON_A_GPU = tuple(
    Case(name, shape, ("bfloat16",), counts(prompts, prompts, prompts, 0))
    for shape, prompts in (("1b", 2000), ("8b", 500))
    for name in ("W1", "W2")
)
QUICK = tuple(
    Case(name, "tiny", EXACT, counts(20, 20, 20, 4), 2, 5, compiles_again=name == "W1")
    for name in ("W1", "W2", "W3", "W4", "W5")
)
FIT_SIZES = (50, 100, 200)

GOALS: Mapping[tuple[str, str, Dtype, ArmName], float] = {
    ("W1", "30m", "float32", "harness"): 5.0,
    ("W1", "30m", "bfloat16", "harness"): 4.0,
    ("W1", "30m", "float32", "transformers"): 3.2,
    ("W1", "30m", "bfloat16", "transformers"): 2.2,
    ("W1", "30m", "float32", "past"): 1.7,
    ("W1", "30m", "bfloat16", "past"): 1.2,
    ("W1", "135m", "float32", "harness"): 3.5,
    ("W1", "135m", "bfloat16", "harness"): 2.2,
    ("W1", "135m", "float32", "transformers"): 2.8,
    ("W1", "135m", "bfloat16", "transformers"): 2.2,
    ("W1", "135m", "float32", "past"): 1.7,
    ("W1", "135m", "bfloat16", "past"): 1.2,
    ("W2", "30m", "float32", "harness"): 10.0,
    ("W2", "30m", "bfloat16", "harness"): 7.0,
    ("W2", "30m", "float32", "transformers"): 5.0,
    ("W2", "30m", "bfloat16", "transformers"): 3.6,
    ("W2", "30m", "float32", "past"): 1.7,
    ("W2", "30m", "bfloat16", "past"): 1.2,
    ("W3", "30m", "float32", "harness"): 20.0,
    ("W4", "30m", "float32", "transformers"): 1.5,
}
USEFUL: Mapping[Dtype, float] = {"float32": 0.65, "bfloat16": 0.35}
PADDING = 1.10
COMPILE_COLD, COMPILE_CACHED = 5.0, 0.5
TOLERANCE = 1e-4
REPLIES = 0.05
"""The part of greedy replies that may differ: two tokens can be equally likely up to the order of a sum. torch
parts from itself as often where it sorts its batches otherwise."""
