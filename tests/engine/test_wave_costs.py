"""What a plan says that a wave costs, against the program that the engine compiles for it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, Experts, Rope, Unscaled
from cyclspec.compiler.plan.cost import attention, copied_bytes, parameters, wave_cost
from cyclspec.compiler.plan.sharing.layout import BLOCK, Shape
from cyclspec.compiler.plan.sharing.shapes import wave_bytes
from cyclspec.runtime.engine.wave import WaveInputs, empty_memory, wave
from cyclspec.runtime.models.decoder import Decoder

SHAPES = (
    Shape(128, 32, 16, 1),
    Shape(512, 256, 64, 10),
    Shape(512, 256, 64, 10, most_first=(256, 256, 192, 192, 128, 128, 64, 0)),
)


def config(*, gated: bool = True, tied: bool = True, experts: Experts | None = None) -> DecoderConfig:
    """A small decoder with grouped heads, wider than its stream."""
    return DecoderConfig(
        family="llama",
        vocab_size=1000,
        hidden_size=96,
        intermediate_size=160,
        layers=3,
        heads=6,
        kv_heads=2,
        head_dim=32,
        rope=Rope(10000.0, Unscaled()),
        norm_eps=1e-5,
        qkv_bias=False,
        output_bias=False,
        mlp_bias=False,
        tied=tied,
        windows=(None, 64, None),
        max_positions=2048,
        gated=gated,
        experts=experts,
    )


def weights(made: DecoderConfig) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """The shapes of a decoder's matrices: those of the ends, and those of the layers."""
    hidden, heads, kv = made.hidden_size, made.heads * made.head_dim, made.kv_heads * made.head_dim
    wide = (hidden, made.intermediate_size)
    names = ("gate", "up") if made.gated else ("up",)
    inner: dict[str, tuple[int, ...]] = dict.fromkeys(names, wide) | {"down": wide[::-1]}
    if made.experts is not None:
        inner = {name: (made.experts.count, *size) for name, size in inner.items()}
        inner["router"] = (hidden, made.experts.count)
    layer: dict[str, tuple[int, ...]] = {
        "query": (hidden, heads),
        "key": (hidden, kv),
        "value": (hidden, kv),
        "output": (heads, hidden),
    }
    ends: dict[str, tuple[int, ...]] = {"embedding": (made.vocab_size, hidden)}
    if not made.tied:
        ends["head"] = (made.vocab_size, hidden)
    return ends, layer | inner


def decoder_of(made: DecoderConfig) -> Decoder:
    ends, layer = weights(made)
    scale = jnp.ones(made.hidden_size)
    norms = {
        f"before_{name}.scale": jnp.ones((made.layers, made.hidden_size))
        for name in ("attention", "feed_forward")
    }
    stacked = {f"{name}.weight": jnp.ones((made.layers, *size)) for name, size in layer.items()}
    return Decoder(
        made, {k: jnp.ones(v) for k, v in ends.items()} | {"final_norm.scale": scale}, stacked | norms
    )


def inputs(shape: Shape) -> WaveInputs:
    """The arrays that a program of a shape takes."""
    sizes = {
        "tokens": (shape.wave,),
        "depth": (shape.wave,),
        "end": (shape.wave,),
        "path": (shape.blocks, shape.ancestors),
        "order": (shape.blocks,),
        "carry": (shape.ancestors,),
        "outputs": (shape.outputs,),
        "targets": (shape.outputs, shape.targets),
        "kept": (shape.texts, shape.ancestors),
    }
    zeros = {name: jnp.zeros(sizes.get(name, ()), jnp.int32) for name in WaveInputs._fields}
    return WaveInputs(**zeros)


def products(jaxpr: Any) -> int:
    """The operations of all matrix products of a program, two for a multiplication with its sum, loops unrolled."""
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            contracted = equation.params["dimension_numbers"][0][0]
            depth = np.prod([equation.invars[0].aval.shape[axis] for axis in contracted], dtype=int)
            total += 2 * int(depth) * int(np.prod(equation.outvars[0].aval.shape, dtype=int))
        times = equation.params.get("length", 1) if equation.primitive.name == "scan" else 1
        for given in jax.tree.leaves(equation.params, is_leaf=lambda leaf: hasattr(leaf, "jaxpr")):
            inner = getattr(given, "jaxpr", given)
            total += times * products(inner) if hasattr(inner, "eqns") else 0
    return total


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "made",
    [config(), config(gated=False, tied=False), config(experts=Experts(4, 2))],
    ids=["gated", "plain", "experts"],
)
def test_the_operations_of_a_wave_are_the_matrix_products_of_its_program(
    made: DecoderConfig, shape: Shape
) -> None:
    carried = empty_memory(made, shape.ancestors, jnp.dtype(jnp.float32))
    program = jax.make_jaxpr(lambda *given: wave(decoder_of(made), *given, shape.seen, "chains"))(
        carried, inputs(shape)
    )
    counted = wave_cost(made, shape, "float32").operations
    assert counted == pytest.approx(products(program.jaxpr), rel=0.02)


@pytest.mark.parametrize("made", [config(), config(tied=False), config(experts=Experts(4, 2))], ids=str)
def test_parameters_are_those_of_the_matrices(made: DecoderConfig) -> None:
    ends, layer = weights(made)
    trunk = made.layers * sum(int(np.prod(size)) for size in layer.values())
    assert parameters(made) == (trunk, sum(int(np.prod(size)) for size in ends.values()))


def test_attention_is_two_products_with_all_that_is_seen_in_every_layer() -> None:
    made = config()
    assert attention(made, 100) == made.layers * made.heads * 2 * (2 * made.head_dim * 100)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wave_takes_no_more_memory_than_its_plan_says(shape: Shape) -> None:
    made = config()
    carried = empty_memory(made, shape.ancestors, jnp.dtype(jnp.float32))
    decoder = decoder_of(made)
    done = (
        jax.jit(lambda *given: wave(decoder, *given, shape.seen, "chains"))
        .lower(carried, inputs(shape))
        .compile()
    )
    told = done.memory_analysis()
    assert told is not None
    taken = told.temp_size_in_bytes + told.argument_size_in_bytes + told.output_size_in_bytes
    said = wave_bytes(made, shape, 4) + copied_bytes(made, "float32")
    assert taken <= said <= 3 * taken


def test_bytes_of_a_wave_hold_the_weights_once_and_every_block_of_keys_and_values() -> None:
    made, shape = config(), Shape(512, 256, 64, 10)
    trunk, table = parameters(made)
    slot = made.layers * 2 * made.kv_heads * made.head_dim
    blocks = sum(256 + BLOCK for _ in range(0, 512, BLOCK))
    numbers = trunk + table + slot * (blocks + 512 + 2 * 256)
    assert wave_cost(made, shape, "float32").bytes == 4 * numbers
    assert wave_cost(made, shape, "bfloat16").bytes == 2 * numbers
