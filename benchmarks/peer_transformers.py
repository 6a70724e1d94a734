"""Peer: transformers in torch, texts sorted by length, padded on the left, at the best of a few batch sizes.

Only scored positions go through the head, attention is torch's fused one (sdpa).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from benchmarks.arms import Answers, Dtype, Notes, fastest
from benchmarks.checkpoints import Shape
from benchmarks.rates import torch_rate
from benchmarks.rows import Padded, Row, answers, batches, padded, rows, scored, unanswered
from benchmarks.workloads import Workload

SIZES, WRITING_SIZES = (8, 16, 32), (16, 32, 64)
TRIAL, WARM = 32, 4


def load_model(folder: Path, dtype: Dtype) -> Any:
    """The model of a folder, ready to answer."""
    logging.getLogger("transformers").setLevel(logging.ERROR)
    quiet: Callable[[], None] = transformers.logging.disable_progress_bar
    quiet()
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, dtype), attn_implementation="sdpa", local_files_only=True
    )
    return model.eval()


def forward(model: Any, inputs: Padded, past: Any = None) -> torch.Tensor:
    """Hidden states [row, token, hidden]. Where nothing is padded there is no mask, which is faster."""
    mask = None if bool(inputs.mask.all()) else inputs.mask
    found = model.model(
        input_ids=inputs.ids,
        attention_mask=mask,
        position_ids=inputs.positions,
        past_key_values=past,
        use_cache=past is not None,
    )
    hidden: torch.Tensor = found.last_hidden_state
    return hidden


class Batches:
    """Every text on its own."""

    def __init__(self, model: Any, dtype: Dtype, sizes: Sequence[int] = SIZES) -> None:
        self._model = model
        self._dtype: Dtype = dtype
        self._sizes = sizes
        self._size = sizes[0]

    def prepare(self, workload: Workload) -> Notes:
        self.run(workload.first(WARM))
        if workload.kind == "writing":
            self._size, seconds = fastest(WRITING_SIZES, lambda size: self._write(workload, size))
        else:
            some = sorted(rows(workload), key=lambda row: len(row.ids))
            trial = some[:: max(1, len(some) // TRIAL)][:TRIAL]
            self._size, seconds = fastest(self._sizes, lambda size: self._read(workload, trial, size))
        return {"batch": self._size, "trial_seconds": seconds}

    def run(self, workload: Workload) -> Answers:
        if workload.kind == "writing":
            return self._write(workload, self._size)
        return self._read(workload, rows(workload), self._size)

    def matrix_rate(self, shape: Shape) -> float:
        return torch_rate(shape, self._dtype, self._model.device)

    @torch.inference_mode()
    def _read(self, workload: Workload, some: list[Row], size: int) -> Answers:
        found = unanswered(workload)
        for batch in batches(some, size):
            inputs = padded([row.ids for row in batch], self._model.device)
            scored(forward(self._model, inputs), self._model.lm_head, batch, found)
        return answers(found)

    @torch.inference_mode()
    def _write(self, workload: Workload, size: int) -> Answers:
        found: Answers = [np.empty(0, np.int64)] * len(workload.prompts)
        order = sorted(range(len(found)), key=lambda at: -len(workload.prompts[at].ids))
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            inputs = padded([workload.prompts[at].ids for at in batch], self._model.device)
            written = greedy(self._model, inputs, workload.new_tokens)
            for at, ids in zip(batch, written.cpu().numpy(), strict=True):
                found[at] = ids
        return found


def greedy(model: Any, inputs: Padded, new_tokens: int, past: Any = None) -> torch.Tensor:
    """Replies [row, token] of exactly `new_tokens` tokens, by the library's own loop."""
    written: torch.Tensor = model.generate(
        input_ids=inputs.ids,
        attention_mask=inputs.mask,
        past_key_values=past,
        max_new_tokens=new_tokens,
        min_new_tokens=new_tokens,
        do_sample=False,
        pad_token_id=0,
    )
    return written[:, inputs.ids.shape[1] :]
