"""The keys and values of texts that are being written: made once, written in place.

A row has slots for its prompt and a ring of slots for what it writes. All rows write the same slot of the
ring in the same step, whatever their lengths, so a step is one write for the whole cache; how far back a
row's own tokens reach tells its slots from what is left of others. Keys stand by dimension, so that a step's
scores run along the slots.
"""

from __future__ import annotations

from functools import partial
from typing import Generic, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.writing import WritingShape
from cyclspec.runtime.engine.blocks import Memory
from cyclspec.runtime.models.decoder.stack import Stack, empty, like

Form = TypeVar("Form", Array, Stack)


class Cache(NamedTuple, Generic[Form]):
    """Of prompts, and of what was written after them. `Cache[Array]` is one layer's.

    Keys are [row kv dim slot] in each layer, values [row kv slot dim].
    """

    prompt_key: Form
    prompt_value: Form
    new_key: Form
    new_value: Form


class Fill(NamedTuple):
    """Which prompts go to which rows: `size` of them, each by its tokens' places in what a wave hands out."""

    size: Int32[Array, ""]
    row: Int32[Array, " fill"]
    length: Int32[Array, " fill"]
    path: Int32[Array, "fill prompt"]


def empty_cache(config: DecoderConfig, shape: WritingShape, dtype: jnp.dtype) -> Cache[Stack]:
    """A cache in which nothing is seen."""
    lead = (shape.rows, config.kv_heads)
    dim, prompt, new = config.head_dim, shape.prompt, shape.new
    sizes = ((*lead, dim, prompt), (*lead, prompt, dim), (*lead, dim, new), (*lead, new, dim))
    return Cache(*(empty(config.layers, size, dtype) for size in sizes))


def fill(cache: Cache[Stack], memory: Memory, one: Fill) -> Cache[Stack]:
    """Puts prompts into rows. What a row held before is gone, so that nothing of it, not even a NaN, is left.

    `memory` is a wave's as one text, [layer 1 kv token dim].
    """
    nothing = jax.tree.map(lambda a: jnp.zeros_like(a[..., :1, :, :, :]), (cache.new_key, cache.new_value))

    def put(at: Array, cache: Cache[Stack]) -> Cache[Stack]:
        seen = (jnp.arange(one.path.shape[1]) < one.length[at])[:, None]
        key, value = (jnp.where(seen, a[:, :, :, one.path[at]], 0) for a in memory)
        prompt = (like(cache.prompt_key, key.swapaxes(-1, -2)), like(cache.prompt_value, value))

        def placed(all_rows: Array, own: Array) -> Array:
            start = [one.row[at] if place == -4 else 0 for place in range(-own.ndim, 0)]
            return jax.lax.dynamic_update_slice(all_rows, own, start)

        filled: Cache[Stack] = jax.tree.map(placed, cache, Cache(*prompt, *nothing))
        return filled

    filled: Cache[Stack] = jax.lax.fori_loop(0, one.size, put, cache)
    return filled


def written(cache: Cache[Stack], key: Stack, value: Stack, slot: Int32[Array, ""]) -> Cache[Stack]:
    """The cache with one more token of every row, [layer row kv dim] each, in a slot of the ring."""

    def put(ring: Array, token: Array, *, along: int) -> Array:
        start = [slot if place == along else 0 for place in range(-ring.ndim, 0)]
        return jax.lax.dynamic_update_slice(ring, jnp.expand_dims(token, along), start)

    return cache._replace(
        new_key=jax.tree.map(partial(put, along=-1), cache.new_key, key),
        new_value=jax.tree.map(partial(put, along=-2), cache.new_value, value),
    )
