"""The same questions on a GPU: Llama shapes of 1B and 8B parameters in bfloat16 against transformers in torch.

Weights are drawn on the device and stand there once: torch draws them, and jax takes them over without a trip through
the host (its layers are stacked, a second copy). So both libraries answer from the same weights, and can be
compared. All arms live in this process; a round runs one after the other, each to its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch needs memory of the same device

import click
import jax
import jax.numpy as jnp
import torch
import transformers

from benchmarks.arms import ArmName, Dtype
from benchmarks.cases import DEVICE_MEMORY, Case
from benchmarks.checkpoints import SHAPES, Shape, config_of, corpus, train_tokenizer
from benchmarks.measure import matrix_rates, measure
from benchmarks.ours import Ours
from benchmarks.peer_past import Prefixes
from benchmarks.peer_transformers import Batches
from benchmarks.process import Asked, Here
from benchmarks.records import Records, record_of
from benchmarks.workloads import workload
from cyclspec.compiler.checkpoints import decoder_config
from cyclspec.compiler.checkpoints.families import decoder_layout
from cyclspec.compiler.checkpoints.stored import Stored
from cyclspec.compiler.plan.device import ACCELERATOR
from cyclspec.runtime.models import Decoder

BATCHES = (32, 64, 128, 256)
ROUNDS, SECONDS = 3, 60.0


def run_on_device(planned: Sequence[tuple[Case, Dtype]], records: Records, device: str) -> None:
    """Measures the cases, those of one shape with the same weights.

    Raises:
        click.ClickException: torch or jax sees no such device.
    """
    _require(device)
    text = corpus()
    for shape_name, dtype in dict.fromkeys((case.shape, dtype) for case, dtype in planned):
        shape = SHAPES[shape_name]
        tokenizer = train_tokenizer(text, shape.vocab)
        arms = _arms(shape, dtype, torch.device(device), config_of(shape))
        for case in [one for one, kind in planned if (one.shape, kind) == (shape_name, dtype)]:
            whole = workload(case.workload, text, tokenizer, personas=case.personas, questions=case.questions)
            own = {name: whole.first(case.counts[name]) for name in arms}
            found = measure(arms, own, SECONDS, ROUNDS)
            rates = matrix_rates(arms, shape)
            reference = found["transformers"].answers
            record = record_of(shape, dtype, whole, found, rates, reference)
            record["machine"]["accelerator"] = torch.cuda.get_device_name() if device == "cuda" else "none"
            records.write(record)


def _require(device: str) -> None:
    """Neither library may fall back to the CPU in silence."""
    backend = jax.default_backend()
    if device == "cuda" and not torch.cuda.is_available():
        raise click.ClickException("torch sees no GPU")
    if (device == "cuda") != (backend == "gpu"):
        raise click.ClickException(f"torch is asked for {device}, and jax runs on {backend}")


def _arms(shape: Shape, dtype: Dtype, device: torch.device, config: dict[str, Any]) -> dict[ArmName, Asked]:
    model = _drawn(config, dtype, device)
    return {
        "ours": Here(Ours(_taken_over(model, config), dtype, ACCELERATOR, DEVICE_MEMORY)),
        "transformers": Here(Batches(model, dtype, BATCHES)),
        "past": Here(Prefixes(model, dtype)),
        "harness": Here(None, f"does not run at {shape.name}"),
    }


@torch.inference_mode()
def _drawn(config: dict[str, Any], dtype: Dtype, device: torch.device) -> Any:
    """A model of random weights in the range of `checkpoints`, made on the device."""
    torch.manual_seed(1)
    settings = transformers.LlamaConfig(**config)
    make: Callable[..., Any] = transformers.AutoModelForCausalLM.from_config
    with device:
        model = make(settings, dtype=getattr(torch, dtype), attn_implementation="sdpa")
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            parameter.normal_(1.0, 0.1)
        else:
            parameter.normal_(0.0, 0.05 if "embed" in name else parameter.shape[-1] ** -0.5)
    return model.eval()


def _taken_over(model: Any, config: dict[str, Any]) -> Decoder:
    """Our decoder over the same weights."""
    described = decoder_config("benchmark", config)
    layout = decoder_layout(described)
    stored = model.state_dict()

    def taken(one: Stored, name: str) -> Any:
        array = jnp.from_dlpack(stored[name].detach().contiguous())
        return array.T if one.turned else array

    def stacked(one: Stored) -> Any:
        return jnp.stack([taken(one, one.name.format(layer=layer)) for layer in range(described.layers)])

    outer = {one.parameter: taken(one, one.name) for one in layout.outer}
    return Decoder(described, outer, {one.parameter: stacked(one) for one in layout.layer})
