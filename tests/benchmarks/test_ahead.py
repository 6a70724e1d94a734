"""Programs compiled for another device are those of the engines; their memory is told beside the plan's."""

from __future__ import annotations

import os

import jax
import pytest

from benchmarks.checkpoints import SHAPES, config_of, corpus, train_tokenizer
from benchmarks.workloads import workload
from cyclspec.compiler.checkpoints import decoder_config
from cyclspec.compiler.plan.cost import weight_bytes


def test_waves_are_compiled_for_a_device_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    from benchmarks import ahead

    monkeypatch.setattr(ahead, "KERNELS", ("batches",))
    text, shape = corpus(), SHAPES["tiny"]
    config = decoder_config("benchmark", config_of(shape))
    some = workload("W1", text, train_tokenizer(text, shape.vocab), personas=2, questions=5)
    ((kernel, made, planned),) = ahead._scored(config, some, jax.devices()[0])
    assert (kernel, made.name) == ("batches", "step")
    assert 0 < made.bytes - weight_bytes(config, "bfloat16") < 2 * planned
