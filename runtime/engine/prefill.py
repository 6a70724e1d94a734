"""The keys and values of prompts, those of shared beginnings computed once.

Expects tasks in the order of their prompts. Ensures that prompts come in that order as rows ask for them, a
wave of the walk at a time, so that no more than the last wave's keys and values are held beside the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.sharing.layout import Shape, Wave, waves_of
from cyclspec.compiler.plan.sharing.shards import Shard
from cyclspec.compiler.plan.sharing.walk import Walk
from cyclspec.compiler.plan.writing import WritingShape, heads_walk, prompt_heads
from cyclspec.runtime.engine.blocks import Memory
from cyclspec.runtime.engine.wave import WaveInputs, WaveOutputs, empty_memory

RunWave = Callable[[Memory, WaveInputs], WaveOutputs]


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A prompt but its last token: the places of its tokens in the memory of the wave that ended it."""

    memory: Memory
    length: int
    path: Int32[np.ndarray, " prompt"]


def prompts(
    ids: Sequence[tuple[int, ...]], shape: WritingShape, config: DecoderConfig, dtype: jnp.dtype, run: RunWave
) -> Iterator[Prompt]:
    """The prompts of some texts, in their order, which is that of their ids."""
    heads = prompt_heads(ids)
    nothing = Prompt(memory_of_wave(config, shape, dtype), 0, np.zeros(shape.prompt, np.int32))
    computed = _computed(heads, shape, config, dtype, run) if heads else iter(())
    at, here = -1, nothing
    places = {head: place for place, head in enumerate(heads)}
    for own in ids:
        if len(own) == 1:
            yield nothing
            continue
        while at < places[own[:-1]]:
            at, here = at + 1, next(computed)
        yield here


def memory_of_wave(config: DecoderConfig, shape: WritingShape, dtype: jnp.dtype) -> Memory:
    """The carried and own keys and values of a wave as one text, [layer text kv token dim], all empty."""
    size = (config.layers, 1, config.kv_heads, shape.prompt + shape.wave, config.head_dim)
    key, value = (jax.device_put(np.zeros(size, dtype)) for _ in range(2))
    return Memory(key, value)


def wave_inputs(one: Wave, shape: WritingShape) -> WaveInputs:
    """A wave in which nothing is asked and whose whole memory is handed out as one text."""
    everything = np.arange(shape.prompt + shape.wave, dtype=np.int32)[None, :]
    parts = (one.tokens, one.depth, one.end, one.path, one.order, one.carry, one.outputs, one.targets)
    return WaveInputs(*jax.device_put((*parts, everything, np.int32(shape.longest))))


def empty_wave(shape: WritingShape) -> Wave:
    """A wave of the shape's sizes, to compile for."""
    return next(_waves(heads_walk([(0,)]), shape))


def _computed(
    heads: Sequence[tuple[int, ...]],
    shape: WritingShape,
    config: DecoderConfig,
    dtype: jnp.dtype,
    run: RunWave,
) -> Iterator[Prompt]:
    """The heads in their order, which is the walk's."""
    carried = empty_memory(config, shape.prompt, dtype)
    for one in _waves(heads_walk(heads), shape):
        done = run(carried, wave_inputs(one, shape))
        carried = done.carried
        for row, text in enumerate(one.texts):
            yield Prompt(done.kept, len(heads[text]), one.kept[row])


def _waves(walk: Walk, shape: WritingShape) -> Iterator[Wave]:
    whole = Shard(0, len(walk), 0, -(-len(walk) // shape.wave))
    sizes = Shape(shape.wave, shape.prompt, outputs=1, targets=1, texts=_most_ending(walk, shape.wave))
    return waves_of(walk, whole, sizes)


def _most_ending(walk: Walk, wave: int) -> int:
    """How many sequences end in one wave, at most."""
    return int(np.bincount(walk.lasts // wave).max())
