"""Peer: lm-evaluation-harness, its `hf` backend called as its tasks call it, at the best of a few batch sizes.

Called with texts, so its own tokenisation is in its time; its loading of tasks and data is not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lm_eval.api.instance import Instance  # type: ignore[import-not-found, unused-ignore]
from lm_eval.models.huggingface import HFLM  # type: ignore[import-not-found, unused-ignore]
from transformers import AutoTokenizer

from benchmarks.arms import Answers, Dtype, Notes, fastest
from benchmarks.checkpoints import Shape
from benchmarks.peer_transformers import load_model
from benchmarks.rates import torch_rate
from benchmarks.workloads import Kind, Workload

SIZES, WRITING_SIZES = (4, 8, 16), (16, 32)
WARM = 2


_TRIALS: Mapping[Kind, tuple[tuple[int, ...], int]] = {
    "letters": (SIZES, 16),
    "options": (SIZES, 2),  # a prompt is as many texts as it has options
    "writing": (WRITING_SIZES, 32),
}


class Harness:
    """`HFLM.loglikelihood`, with its cache of logits for options of one token, and `HFLM.generate_until`."""

    def __init__(self, folder: Path, dtype: Dtype) -> None:
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        self._model = load_model(folder, dtype)
        self._tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self._dtype: Dtype = dtype
        self._size = SIZES[0]

    def prepare(self, workload: Workload) -> Notes:
        self.run(workload.first(WARM))
        sizes, prompts = _TRIALS[workload.kind]
        trial = workload.first(prompts)
        self._size, seconds = fastest(sizes, lambda size: self._answer(trial, size))
        return {"batch": self._size, "trial_seconds": seconds}

    def run(self, workload: Workload) -> Answers:
        return self._answer(workload, self._size)

    def matrix_rate(self, shape: Shape) -> float:
        return torch_rate(shape, self._dtype, self._model.device)

    def _answer(self, workload: Workload, size: int) -> Answers:
        backend = HFLM(pretrained=self._model, tokenizer=self._tokenizer, batch_size=size, backend="causal")
        return _written(backend, workload) if workload.kind == "writing" else _read(backend, workload)


def _read(backend: Any, workload: Workload) -> Answers:
    asked = [(prompt.text, option) for prompt in workload.prompts for option in prompt.options]
    found = backend.loglikelihood(_instances("loglikelihood", asked), disable_tqdm=True)
    logprobs = iter([logprob for logprob, _ in found])
    return [np.array([next(logprobs) for _ in prompt.options]) for prompt in workload.prompts]


@torch.inference_mode()
def _written(backend: Any, workload: Workload) -> Answers:
    """Its replies are texts, which do not give back their ids: they are not compared."""
    settings = {
        "max_gen_toks": workload.new_tokens,
        "min_new_tokens": workload.new_tokens,
        "do_sample": False,
    }
    asked = [(prompt.text, settings) for prompt in workload.prompts]
    backend.generate_until(_instances("generate_until", asked), disable_tqdm=True)
    return [np.empty(0, np.int64) for _ in workload.prompts]


def _instances(kind: str, asked: list[Any]) -> list[Any]:
    return [Instance(kind, doc={}, arguments=one, idx=at) for at, one in enumerate(asked)]
