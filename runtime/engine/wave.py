"""One wave of a walk: packed branches over shared keys and values, each token computed once.

Attention goes block by block. The keys that a block needs from before it are the ancestors of its first token, since
the walk is depth first: an ancestor of a later token that stands before the block is one of the first token's too. Of
these a token sees those less deep than every token from the block's first to itself.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.sharing.layout import BLOCK, blocks_at_once
from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.decoder.attention import Heads, weigh_grouped

_HEAD_ROWS = 64


class Memory(NamedTuple):
    """Keys and values of tokens, by layer and head."""

    key: Float[Array, "layer kv token dim"]
    value: Float[Array, "layer kv token dim"]


class WaveInputs(NamedTuple):
    """The arrays of `compiler.plan.sharing.layout.Wave` that the program reads, and the longest text's tokens."""

    tokens: Int32[Array, " token"]
    depth: Int32[Array, " token"]
    end: Int32[Array, " token"]
    path: Int32[Array, "block ancestor"]
    order: Int32[Array, " block"]
    carry: Int32[Array, " ancestor"]
    outputs: Int32[Array, " output"]
    targets: Int32[Array, "output target"]
    kept: Int32[Array, "text ancestor"]
    longest: Int32[Array, ""]


class WaveOutputs(NamedTuple):
    """Log-probabilities in nats, -inf where nothing is asked; `finite` says that all logits of an output are.

    `carried` are the ancestors of the next wave's first token, `kept` those of whole texts.
    """

    logprobs: Float32[Array, "output target"]
    finite: Bool[Array, " output"]
    carried: Memory
    kept: Memory


def empty_memory(config: DecoderConfig, ancestors: int, dtype: jnp.dtype) -> Memory:
    """What the first wave of a shard carries: nothing that is seen."""
    shape = (config.layers, config.kv_heads, ancestors, config.head_dim)
    key, value = (jax.device_put(np.zeros(shape, dtype)) for _ in range(2))
    return Memory(key, value)


def wave(decoder: Decoder, carried: Memory, inputs: WaveInputs, seen: tuple[int, ...]) -> WaveOutputs:
    """Runs one wave after those before it in its shard; `seen` is as in `compiler.plan.sharing.layout.Shape`."""
    config = decoder.config
    blocks = _Blocks(inputs, seen)

    def attend(heads: Heads, before: Memory, window: Array) -> tuple[Array, tuple[Memory, Memory]]:
        memory = jax.tree.map(
            lambda old, new: jnp.concatenate([old, new.swapaxes(0, 1)], axis=1),
            before,
            _contained(heads),
        )
        mixed = blocks.mixed(config, heads, memory, window)
        carry = jax.tree.map(lambda a: a[:, inputs.carry], memory)
        kept = jax.tree.map(lambda a: a[:, inputs.kept].swapaxes(0, 1), memory)
        return mixed, (carry, kept)

    hidden, (carry, kept) = decoder.hidden(
        inputs.tokens, inputs.depth, inputs.longest, attend, carried, inputs.outputs
    )
    logprobs, finite = jax.lax.map(
        lambda one: _asked(decoder, *one), (hidden, inputs.targets), batch_size=_HEAD_ROWS
    )
    return WaveOutputs(logprobs, finite, carry, kept)


def _contained(heads: Heads) -> Memory:
    """Keys and values of a wave's tokens. A value that is not finite is told by its key instead.

    Queries that do not see a token weigh its value by zero, which gives no number where the value is none; its key does
    not reach them.
    """
    finite = jnp.isfinite(heads.value).all(axis=-1, keepdims=True)
    return Memory(jnp.where(finite, heads.key, jnp.nan), jnp.where(finite, heads.value, 0))


def _asked(
    decoder: Decoder, hidden: Float32[Array, " hidden"], targets: Int32[Array, " target"]
) -> tuple[Float32[Array, " target"], Bool[Array, ""]]:
    """The log-probabilities of some tokens over the whole vocabulary."""
    logits = decoder.logits(hidden)
    there = targets >= 0
    logprobs = logits[jnp.where(there, targets, 0)] - jax.nn.logsumexp(logits)
    return jnp.where(there, logprobs, -jnp.inf), jnp.isfinite(logits).all()


class _Blocks:
    """Which keys each block of queries reads, and which of them each query sees."""

    def __init__(self, inputs: WaveInputs, seen: tuple[int, ...]) -> None:
        self.path, self.order, self.seen = inputs.path, inputs.order, seen
        self.places = jnp.argsort(inputs.order)
        self.depth = inputs.depth.reshape(-1, BLOCK)
        self.end = inputs.end.reshape(-1, BLOCK)

    def mixed(
        self, config: DecoderConfig, heads: Heads, memory: Memory, window: Int32[Array, ""]
    ) -> Float32[Array, "token head dim"]:
        query = heads.query.reshape(-1, BLOCK, *heads.query.shape[1:])
        ancestors = self.path.shape[1]

        def one(at: Int32[Array, ""], seen: int) -> Array:
            own = jax.tree.map(
                lambda a: jax.lax.dynamic_slice_in_dim(a, ancestors + at * BLOCK, BLOCK, axis=1), memory
            )
            path = self.path[at, :seen]
            key, value = jax.tree.map(lambda a, b: jnp.concatenate([a[:, path], b], axis=1), memory, own)
            sees = _sees(at, self.depth[at], self.end[at], seen, window)
            return weigh_grouped(config, query[at], key, value, sees)

        if jax.default_backend() == "cpu":
            # A chain for each block, of which a CPU runs several beside each other, with no more keys than it needs.
            by_order = [one(at, seen) for at, seen in zip(self.order, self.seen, strict=True)]
            mixed = jnp.stack(by_order)[self.places]
        else:
            size = blocks_at_once(config.heads, ancestors)
            mixed = jax.lax.map(lambda at: one(at, ancestors), jnp.arange(len(self.path)), batch_size=size)
        return mixed.reshape(heads.query.shape)


def _sees(
    at: Int32[Array, ""],
    depth: Int32[Array, " query"],
    end: Int32[Array, " query"],
    ancestors: int,
    window: Int32[Array, ""],
) -> Bool[Array, "query key"]:
    """Which of a block's ancestors and of its own tokens each of its tokens sees."""
    above = jnp.arange(ancestors)
    index = jnp.arange(BLOCK)
    on_path = above[None, :] < jax.lax.cummin(depth)[:, None]
    inside = (index[None, :] <= index[:, None]) & (at * BLOCK + index[:, None] < end[None, :])
    near_above = depth[:, None] - above[None, :] < window
    near_inside = depth[:, None] - depth[None, :] < window
    return jnp.concatenate([on_path & near_above, inside & near_inside], axis=1)
