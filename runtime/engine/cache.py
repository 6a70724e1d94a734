"""The keys and values of texts that are being written: made once, written in place.

A row has slots for its prompt and a ring of slots for what it writes. All rows write the same slot of the
ring in the same step, whatever their lengths, so a step is one write for the whole cache; how far back a
row's own tokens reach tells its slots from what is left of others. Keys stand by dimension, so that a step's
scores run along the slots.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.writing import WritingShape
from cyclspec.runtime.engine.blocks import Memory


class Cache(NamedTuple):
    """Of prompts, and of what was written after them."""

    prompt_key: Float[Array, "layer row kv dim prompt"]
    prompt_value: Float[Array, "layer row kv prompt dim"]
    new_key: Float[Array, "layer row kv dim new"]
    new_value: Float[Array, "layer row kv new dim"]


class Fill(NamedTuple):
    """Which prompts go to which rows: `size` of them, each by its tokens' places in what a wave hands out."""

    size: Int32[Array, ""]
    row: Int32[Array, " fill"]
    length: Int32[Array, " fill"]
    path: Int32[Array, "fill prompt"]


def empty_cache(config: DecoderConfig, shape: WritingShape, dtype: jnp.dtype) -> Cache:
    """A cache in which nothing is seen."""
    lead = (config.layers, shape.rows, config.kv_heads)
    dim, prompt, new = config.head_dim, shape.prompt, shape.new
    sizes = ((*lead, dim, prompt), (*lead, prompt, dim), (*lead, dim, new), (*lead, new, dim))
    return Cache(*(jax.device_put(np.zeros(size, dtype)) for size in sizes))


def fill(cache: Cache, memory: Memory, one: Fill) -> Cache:
    """Puts prompts into rows. What a row held before is gone, so that nothing of it, not even a NaN, is left.

    `memory` is a wave's as one text, [layer 1 kv token dim].
    """
    empty_key, empty_value = (jnp.zeros_like(a[:, :1]) for a in (cache.new_key, cache.new_value))

    def put(at: Array, cache: Cache) -> Cache:
        seen = (jnp.arange(one.path.shape[1]) < one.length[at])[:, None]
        key, value = (jnp.where(seen, a[:, :, :, one.path[at]], 0) for a in memory)
        parts = (key.swapaxes(-1, -2), value, empty_key, empty_value)
        start = (0, one.row[at], 0, 0, 0)
        return Cache(*(jax.lax.dynamic_update_slice(a, b, start) for a, b in zip(cache, parts, strict=True)))

    filled: Cache = jax.lax.fori_loop(0, one.size, put, cache)
    return filled


def written(cache: Cache, key: Array, value: Array, slot: Int32[Array, ""]) -> Cache:
    """The cache with one more token of every row, [layer row kv dim] each, in a slot of the ring."""
    return cache._replace(
        new_key=jax.lax.dynamic_update_slice(cache.new_key, key[..., None], (0, 0, 0, 0, slot)),
        new_value=jax.lax.dynamic_update_slice(cache.new_value, value[:, :, :, None], (0, 0, 0, slot, 0)),
    )
