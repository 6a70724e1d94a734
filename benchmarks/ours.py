"""Our arm: the plan of a workload and the engine that runs it, as an audit does.

Timed: laying out the whole workload, transfers, the programs, and bringing the answers back. Not timed: loading the
weights and compiling, which are stated apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.arms import Answers, Dtype, Notes, Value
from benchmarks.checkpoints import Shape
from benchmarks.rates import jax_rate
from benchmarks.workloads import Prompt, Workload
from cyclspec.compiler.checkpoints import Folder, open_checkpoint
from cyclspec.compiler.plan.device import CPU, Device
from cyclspec.compiler.plan.sharing.plan import Layout, lay_out
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence
from cyclspec.compiler.plan.sharing.shapes import Budget
from cyclspec.compiler.plan.writing import WritingBudget, WritingShard, WritingTask, plan_writing
from cyclspec.pipeline import DEFAULT_MEMORY
from cyclspec.runtime.engine.scoring import Missing, ScoringEngine
from cyclspec.runtime.engine.writing import WritingEngine
from cyclspec.runtime.models import Decoder, load_decoder


class Ours:
    """One decoder, and the engine of the workload that was prepared last."""

    def __init__(
        self, decoder: Decoder, dtype: Dtype, device: Device = CPU, memory: int = DEFAULT_MEMORY
    ) -> None:
        self._dtype: Dtype = dtype
        self._item = np.dtype(jnp.dtype(dtype)).itemsize
        self._decoder, self._budget = decoder, Budget(memory, device.wave, self._item, device.at_once)
        self._written_budget = WritingBudget(memory // 2, item=self._item, at_once=device.at_once)
        self._scoring: ScoringEngine | None = None
        self._writing: WritingEngine | None = None

    def prepare(self, workload: Workload) -> Notes:
        return (
            self._prepare_writing(workload) if workload.kind == "writing" else self._prepare_scoring(workload)
        )

    def run(self, workload: Workload) -> Answers:
        return self._write(workload) if workload.kind == "writing" else self._score(workload)

    def matrix_rate(self, shape: Shape) -> float:
        return jax_rate(shape, self._dtype)

    def _prepare_scoring(self, workload: Workload) -> Notes:
        layout, planned = _timed(lambda: self._laid_out(workload))
        self._scoring = ScoringEngine(self._decoder, layout, model="benchmark")
        _, compiled = _timed(self._scoring.compile)
        self._score(workload)
        return {
            "planning_seconds": planned,
            "compile_seconds": compiled,
            "programs": len(layout.shapes),
            "shapes": [str(shape) for shape in layout.shapes],
            "waves": layout.waves,
            "tokens_planned": layout.tokens_planned,
            "tokens_shared": layout.tokens_shared,
        }

    def _score(self, workload: Workload) -> Answers:
        assert self._scoring is not None
        layout = self._laid_out(workload)
        assert layout.shapes == self._scoring.layout.shapes, "the workload that was prepared"
        found: Answers = [np.empty(0)] * len(workload.prompts)
        for outcome in self._scoring.run({}, at_once=self._budget.at_once):
            assert not isinstance(outcome, Missing), outcome
            at = int(outcome.request)
            ends = np.cumsum([len(ids) for ids in workload.prompts[at].option_ids])[:-1]
            found[at] = np.array([part.sum() for part in np.split(outcome.logprobs.astype(np.float64), ends)])
        return found

    def _laid_out(self, workload: Workload) -> Layout:
        asked = ((str(at), sequences(prompt)) for at, prompt in enumerate(workload.prompts))
        return lay_out(asked, self._decoder.config, self._budget)

    def _prepare_writing(self, workload: Workload) -> Notes:
        shards, planned = _timed(lambda: self._sharded(workload))
        self._writing = WritingEngine(self._decoder, model="benchmark")
        engine = self._writing
        _, compiled = _timed(lambda: engine.compile(shards))
        self._write(workload)
        return {
            "planning_seconds": planned,
            "compile_seconds": compiled,
            "programs": engine.compiled_programs,
            "shapes": [str(shard.shape) for shard in shards],
        }

    def _write(self, workload: Workload) -> Answers:
        assert self._writing is not None
        found: Answers = [np.empty(0, np.int64)] * len(workload.prompts)
        for outcome in self._writing.run(self._sharded(workload), at_once=self._budget.at_once):
            assert not isinstance(outcome, Missing), outcome
            found[int(outcome.request)] = np.array(outcome.token_ids, np.int64)
        return found

    def _sharded(self, workload: Workload) -> tuple[WritingShard, ...]:
        return plan_writing(writing_tasks(workload), self._decoder.config, self._written_budget)


def _timed(call: Callable[[], Value]) -> tuple[Value, float]:
    started = time.perf_counter()
    return call(), time.perf_counter() - started


def cached_in(folder: Path) -> None:
    """Keeps compiled programs in a folder, however small."""
    update: Callable[[str, Any], None] = jax.config.update
    update("jax_compilation_cache_dir", str(folder))
    update("jax_persistent_cache_min_compile_time_secs", 0)
    update("jax_persistent_cache_min_entry_size_bytes", -1)


def load_ours(folder: Path, dtype: Dtype) -> Decoder:
    """The decoder of a folder."""
    return load_decoder(open_checkpoint("benchmark", Folder(folder), need="weights"), dtype=dtype)


def writing_tasks(workload: Workload) -> list[WritingTask]:
    """Greedy replies to every prompt, each of the length that is asked for."""
    return [
        WritingTask(str(at), prompt.ids, 0.0, 1.0, workload.new_tokens, (), (0, 0))
        for at, prompt in enumerate(workload.prompts)
    ]


def sequences(prompt: Prompt) -> tuple[Sequence, ...]:
    """What is asked of a prompt: options of one token together, others a text each."""
    before, options = prompt.ids, prompt.option_ids
    if all(len(option) == 1 for option in options):
        return (Sequence(before, (Probe(len(before), tuple(token for (token,) in options)),)),)
    return tuple(
        Sequence(
            before + option[:-1],
            tuple(Probe(len(before) + at, (token,)) for at, token in enumerate(option)),
        )
        for option in options
    )
