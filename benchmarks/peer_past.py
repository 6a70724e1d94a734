"""Peer: transformers in torch with shared prefixes, as a competent user writes it by hand.

The prefix of a persona runs once; its `past_key_values`, expanded, stand before batches of suffixes. Where a prompt
has options of several tokens the prompt itself can be the prefix: the better of the two is taken, at the best batch
size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import torch
import transformers

from benchmarks.arms import Answers, Dtype, Notes, fastest
from benchmarks.checkpoints import Shape
from benchmarks.peer_transformers import forward, greedy
from benchmarks.rates import torch_rate
from benchmarks.rows import Padded, Row, answers, batches, padded, rows, scored, unanswered
from benchmarks.workloads import Ids, Workload

Level = Literal["persona", "prompt"]
SIZES = (10, 25)
TRIAL, WARM = 25, 4


class Prefixes:
    """One level of sharing."""

    def __init__(self, model: Any, dtype: Dtype) -> None:
        self._model = model
        self._dtype: Dtype = dtype
        self._level: Level = "persona"
        self._size = SIZES[0]

    def prepare(self, workload: Workload) -> Notes:
        levels: tuple[Level, ...] = ("persona", "prompt") if workload.kind == "options" else ("persona",)
        settings = [
            (level, size) for level in levels for size in (SIZES if level == "persona" else SIZES[:1])
        ]
        self.run(workload.first(WARM))
        trial = workload.first(TRIAL)
        (self._level, self._size), seconds = fastest(settings, lambda one: self._answer(trial, *one))
        return {"prefix": self._level, "batch": self._size, "trial_seconds": seconds}

    def run(self, workload: Workload) -> Answers:
        return self._answer(workload, self._level, self._size)

    def matrix_rate(self, shape: Shape) -> float:
        return torch_rate(shape, self._dtype, self._model.device)

    def _answer(self, workload: Workload, level: Level, size: int) -> Answers:
        return (
            self._write(workload, size) if workload.kind == "writing" else self._read(workload, level, size)
        )

    @torch.inference_mode()
    def _read(self, workload: Workload, level: Level, size: int) -> Answers:
        found = unanswered(workload)
        for prefix, suffixes in _grouped(workload, level):
            kept = self._prefix(prefix)
            for batch in batches(suffixes, size):
                texts = [row.ids[len(prefix) :] for row in batch]
                inputs = padded(texts, self._model.device, past=len(prefix))
                hidden = forward(self._model, inputs, _expanded(kept, len(batch)))
                scored(hidden, self._model.lm_head, batch, found)
        return answers(found)

    @torch.inference_mode()
    def _write(self, workload: Workload, size: int) -> Answers:
        found: Answers = [np.empty(0, np.int64)] * len(workload.prompts)
        prompts = workload.prompts
        for prefix, members in _personas(workload):
            kept = self._prefix(prefix)
            members.sort(key=lambda at: -len(prompts[at].ids))
            for start in range(0, len(members), size):
                batch = members[start : start + size]
                suffixes = [prompts[at].ids[len(prefix) :] for at in batch]
                inputs = _after(prefix, padded(suffixes, self._model.device, past=len(prefix)))
                written = greedy(self._model, inputs, workload.new_tokens, _expanded(kept, len(batch)))
                for at, ids in zip(batch, written.cpu().numpy(), strict=True):
                    found[at] = ids
        return found

    def _prefix(self, prefix: Ids) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values [1, head, token, dim] of every layer."""
        cache: Any = transformers.DynamicCache(config=self._model.config)
        forward(self._model, padded([prefix], self._model.device), cache)
        return [(layer.keys, layer.values) for layer in cache.layers]


def _expanded(kept: list[tuple[torch.Tensor, torch.Tensor]], batch: int) -> Any:
    pairs = [(k.expand(batch, -1, -1, -1), v.expand(batch, -1, -1, -1)) for k, v in kept]
    return transformers.DynamicCache(pairs)


def _after(prefix: Ids, inputs: Padded) -> Padded:
    """`generate` wants the ids of the prefix too, and skips as many as the cache holds."""
    before = torch.tensor(prefix, device=inputs.ids.device).expand(inputs.ids.shape[0], -1)
    return Padded(torch.cat([before, inputs.ids], dim=1), inputs.mask, inputs.positions)


def _personas(workload: Workload) -> Iterator[tuple[Ids, list[int]]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for at, prompt in enumerate(workload.prompts):
        groups[prompt.prefix].append(at)
    for members in groups.values():
        first = workload.prompts[members[0]]
        yield first.ids[: first.shared], members


def _grouped(workload: Workload, level: Level) -> Iterator[tuple[Ids, list[Row]]]:
    """Rows by what they share. A prompt as prefix leaves its last token, which the first option is read from."""
    groups: dict[Ids, list[Row]] = defaultdict(list)
    for row in rows(workload):
        prompt = workload.prompts[row.asked[0][0]]
        shared = prompt.shared if level == "persona" else len(prompt.ids) - 1
        groups[prompt.ids[:shared]].append(row)
    yield from groups.items()
