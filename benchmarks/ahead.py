"""The programs of a plan compiled for a TPU that is not here: `make ahead`.

libtpu compiles for a chip by its name, on any machine. That tells whether the engines' programs can be compiled with
their kernel, and what memory the compiler gives them beside what the plan says; not how fast they are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

# libtpu asks nobody which machine this is, keeps no log, and jax itself stays on the CPU.
os.environ |= {
    "JAX_PLATFORMS": "cpu",
    "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    "TPU_LOG_DIR": "disabled",
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_WORKER_HOSTNAMES": "localhost",
}

import click
import jax
import jax.numpy as jnp
from flax import nnx
from jax.experimental import topologies
from jax.sharding import SingleDeviceSharding

from benchmarks.cases import DEVICE_MEMORY
from benchmarks.checkpoints import SHAPES, config_of, corpus, train_tokenizer
from benchmarks.ours import sequences, writing_tasks
from benchmarks.workloads import Workload, workload
from cyclspec.compiler.checkpoints import decoder_config
from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families import decoder_layout
from cyclspec.compiler.plan.cost import weight_bytes
from cyclspec.compiler.plan.device import ACCELERATOR
from cyclspec.compiler.plan.sharing.plan import lay_out
from cyclspec.compiler.plan.sharing.shapes import Budget, wave_bytes
from cyclspec.compiler.plan.writing import WritingBudget, cache_bytes, handed_bytes, plan_writing
from cyclspec.runtime.engine import compiled as programs
from cyclspec.runtime.engine import scoring, writing
from cyclspec.runtime.models import Decoder
from cyclspec.runtime.models.decoder.kernels import Kernel

PROMPTS = {"W1": 2000, "W2": 2000, "W4": 200}
KERNELS: tuple[Kernel, ...] = ("tiles", "batches")
ITEM = 2
COLUMNS = ("model", "workload", "program", "attention", "compile, s", "memory, GiB", "planned, GiB")


@dataclass(frozen=True, slots=True)
class Made:
    """A program, and the seconds that it took to make."""

    name: str
    seconds: float
    program: jax.stages.Compiled

    @property
    def bytes(self) -> int:
        """Memory of what it takes, gives and needs in between; what is overwritten counts once."""
        told = self.program.memory_analysis()
        assert told is not None
        ends = told.argument_size_in_bytes + told.output_size_in_bytes - told.alias_size_in_bytes
        return int(told.temp_size_in_bytes + ends)


@click.command()
@click.option("--chip", default="v5e:2x2", show_default=True, help="A kind of TPU, and how its chips stand.")
@click.option(
    "--shape", "shapes", multiple=True, type=click.Choice(list(SHAPES)), default=("1b",), show_default=True
)
def main(chip: str, shapes: tuple[str, ...]) -> None:
    """Compiles what scores W1 and W2 and what writes W4, for one chip, and prints a table.

    Memory is that beside the weights.
    """
    device = topologies.get_topology_desc(platform="tpu", topology_name=chip).devices[0]
    click.echo(f"{device.device_kind}, jax {jax.__version__}\n")
    click.echo(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for name in shapes:
        for row in _rows(name, device):
            click.echo(f"| {name} | {' | '.join(row)} |")


def _rows(name: str, device: jax.Device) -> Iterator[tuple[str, ...]]:
    text = corpus()
    tokenizer = train_tokenizer(text, SHAPES[name].vocab)
    config = decoder_config("benchmark", config_of(SHAPES[name]))
    for asked, count in PROMPTS.items():
        some = workload(asked, text, tokenizer, personas=40, questions=25).first(count)
        found = _written(config, some, device) if some.kind == "writing" else _scored(config, some, device)
        for kernel, made, planned in found:
            weights = 0 if made.name == "fill" else weight_bytes(config, "bfloat16")
            sizes = (f"{size / 2**30:.2f}" for size in (made.bytes - weights, planned))
            yield asked, made.name, kernel, f"{made.seconds:.1f}", *sizes


def _scored(config: DecoderConfig, some: Workload, device: jax.Device) -> Iterator[tuple[str, Made, int]]:
    """Its waves, with the kernel and without."""
    asked = ((str(at), sequences(one)) for at, one in enumerate(some.prompts))
    layout = lay_out(asked, config, Budget(DEVICE_MEMORY, ACCELERATOR.wave, ITEM, ACCELERATOR.at_once))
    for kernel in KERNELS:
        with _made_for(device) as made:
            scoring.ScoringEngine(_decoder(config), layout, model="benchmark", kernel=kernel).compile()
        yield from (
            (kernel, one, wave_bytes(config, shape, ITEM))
            for one, shape in zip(made, layout.shapes, strict=True)
        )


def _written(config: DecoderConfig, some: Workload, device: jax.Device) -> Iterator[tuple[str, Made, int]]:
    """What reads its prompts, hands their keys and values to the rows, and writes."""
    budget = WritingBudget(DEVICE_MEMORY // 2, item=ITEM, at_once=ACCELERATOR.at_once)
    shards = plan_writing(writing_tasks(some), config, budget)
    with _made_for(device) as made:
        writing.WritingEngine(_decoder(config), model="benchmark").compile(shards[:1])
    shape = shards[0].shape
    writes = cache_bytes(config, shape, ITEM) + handed_bytes(config, shape, ITEM)
    planned = (wave_bytes(config, shape.reading, ITEM), writes, writes)
    yield from (("tiles", one, size) for one, size in zip(made, planned, strict=True))


@contextmanager
def _made_for(device: jax.Device) -> Iterator[list[Made]]:
    """While it lasts, engines compile for a device, whatever is here; each program once it is made."""
    made: list[Made] = []
    place = SingleDeviceSharding(device)

    def compiled(function: Callable[..., Any], *inputs: Any, donated: int | None = None) -> Any:
        there = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=place), inputs)
        started = time.perf_counter()
        program = programs.compiled(function, *there, donated=donated)
        made.append(Made(function.__name__, time.perf_counter() - started, program))
        return program

    with ExitStack() as patched:
        patched.enter_context(mock.patch.object(jax, "default_backend", return_value="tpu"))
        for engine in (scoring, writing):
            patched.enter_context(mock.patch.object(engine, "compiled", compiled))
        yield made


def _decoder(config: DecoderConfig) -> Decoder:
    """One whose weights are shapes."""
    layout, every = decoder_layout(config), (config.layers,)

    def drawn() -> Decoder:
        outer = {one.parameter: jnp.zeros(one.shape_in_use, jnp.bfloat16) for one in layout.outer}
        layer = {one.parameter: jnp.zeros(every + one.shape_in_use, jnp.bfloat16) for one in layout.layer}
        return Decoder(config, outer, layer)

    found: Decoder = nnx.eval_shape(drawn)
    return found


if __name__ == "__main__":
    main()
