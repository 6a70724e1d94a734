"""Attention of a wave, block by block: which keys a block of queries reads, and which of them each query sees.

The keys that a block needs from before it are the ancestors of its first token, since the walk is depth first: an
ancestor of a later token that stands before the block is one of the first token's too. Of these a token sees those
less deep than every token from the block's first to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, assert_never

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Float32, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.sharing.layout import BLOCK, OUTPUTS_AT_ONCE, blocks_at_once
from cyclspec.runtime.models.decoder.attention import Heads, Spans, weigh_grouped
from cyclspec.runtime.models.decoder.kernels import Kernel, cudnn


class Memory(NamedTuple):
    """Keys and values of tokens, by layer and head."""

    key: Float[Array, "layer kv token dim"]
    value: Float[Array, "layer kv token dim"]


class Tree(NamedTuple):
    """Where the tokens of a wave stand in the tree of texts: arrays of `compiler.plan.sharing.layout.Wave`."""

    path: Int32[Array, "block ancestor"]
    depth: Int32[Array, " token"]
    end: Int32[Array, " token"]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a wave in the `order` of their ranks; `seen` is that of the wave's shape, by rank."""

    tree: Tree
    order: Int32[Array, " block"]
    seen: tuple[int, ...]
    kernel: Kernel

    def mixed(
        self, config: DecoderConfig, heads: Heads, memory: Memory, window: Int32[Array, ""]
    ) -> Float32[Array, "token head dim"]:
        """The values that every token mixes; `memory` is one layer's, carried ancestors before the wave's own."""
        query = heads.query.reshape(-1, BLOCK, *heads.query.shape[1:])
        match self.kernel:
            case "chains":
                mixed = self._in_chains(config, query, memory, window)
            case "batches":
                mixed = self._in_batches(config, query, memory, window)
            case "cudnn":
                mixed = self._gathered(query, memory, window, scale=config.score_factor)
            case "tiles":
                mixed = self._in_tiles(config, heads.query, memory, window)
            case _:
                assert_never(self.kernel)
        return mixed.reshape(heads.query.shape)

    def mixed_at(
        self,
        config: DecoderConfig,
        heads: Heads,
        memory: Memory,
        window: Int32[Array, ""],
        outputs: Int32[Array, " output"],
    ) -> Float32[Array, "output head dim"]:
        """The values that some tokens mix, whose queries stand in `heads` alone; each reads all memory, masked."""

        spans = _spans(self.tree)

        def one(query: Array, at: Array) -> Array:
            sees = spans.seen_at(at, window)
            return weigh_grouped(config, query[None], memory.key, memory.value, sees[None])[0]

        mixed: Array = jax.lax.map(
            lambda each: one(*each), (heads.query, outputs), batch_size=OUTPUTS_AT_ONCE
        )
        return mixed

    def _in_chains(self, config: DecoderConfig, query: Array, memory: Memory, window: Array) -> Array:
        """Each block by itself, so that a CPU runs several beside each other, with no more keys than its rank needs."""
        by_rank = [
            _one(config, self.tree, query, memory, window, at, seen=seen)
            for at, seen in zip(self.order, self.seen, strict=True)
        ]
        return jnp.stack(by_rank)[jnp.argsort(self.order)]

    def _in_batches(self, config: DecoderConfig, query: Array, memory: Memory, window: Array) -> Array:
        count, ancestors = self.tree.path.shape
        mixed: Array = jax.lax.map(
            lambda at: _one(config, self.tree, query, memory, window, at, seen=ancestors),
            jnp.arange(count),
            batch_size=blocks_at_once(config.heads, ancestors),
        )
        return mixed

    def _gathered(self, query: Array, memory: Memory, window: Array, *, scale: float) -> Array:
        """All blocks in one kernel, each with its own keys."""
        count, ancestors = self.tree.path.shape
        own = ancestors + jnp.arange(count * BLOCK).reshape(count, BLOCK)
        places = jnp.concatenate([self.tree.path, own], axis=1)
        key, value = (a.swapaxes(0, 1)[places] for a in memory)
        sees = jax.vmap(lambda at: _sees(self.tree, at, ancestors, window))(jnp.arange(count))
        return cudnn(query, key, value, sees, scale=scale)

    def _in_tiles(self, config: DecoderConfig, query: Array, memory: Memory, window: Array) -> Array:
        """The wave in one kernel, which reads keys where they are. What it is written in is loaded for a TPU alone."""
        from cyclspec.runtime.models.decoder.tree_attention import tree_attention

        near = window if any(config.windows) else None
        return tree_attention(
            query * config.score_factor, *memory, _spans(self.tree), near, cap=config.attention_cap
        )


# Of its arguments alone, so that it is traced once for all layers, programs and blocks of equal `seen`.
@partial(jax.jit, static_argnums=0, static_argnames="seen")
def _one(
    config: DecoderConfig,
    tree: Tree,
    query: Float32[Array, "block query head dim"],
    memory: Memory,
    window: Int32[Array, ""],
    at: Int32[Array, ""],
    *,
    seen: int,
) -> Float32[Array, "query head dim"]:
    start = tree.path.shape[1] + at * BLOCK
    own = jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, start, BLOCK, axis=1), memory)
    path = tree.path[at, :seen]
    key, value = jax.tree.map(lambda a, b: jnp.concatenate([a[:, path], b], axis=1), memory, own)
    return weigh_grouped(config, query[at], key, value, _sees(tree, at, seen, window))


def _spans(tree: Tree) -> Spans:
    """Which of a wave's tokens see each key: of all that is carried, and of its own tokens."""
    above, index = jnp.arange(tree.path.shape[1]), jnp.arange(tree.depth.shape[0])
    below = (jax.lax.cummin(tree.depth)[None, :] > above[:, None]).sum(axis=1)
    return Spans(
        first=jnp.concatenate([jnp.zeros_like(above), index]),
        until=jnp.concatenate([below, tree.end]),
        key_depth=jnp.concatenate([above, tree.depth]),
        query_depth=tree.depth,
    )


def _sees(tree: Tree, at: Int32[Array, ""], seen: int, window: Int32[Array, ""]) -> Bool[Array, "query key"]:
    """Which of a block's ancestors and of its own tokens each of its tokens sees."""
    depth, end = tree.depth.reshape(-1, BLOCK)[at], tree.end.reshape(-1, BLOCK)[at]
    above, index = jnp.arange(seen), jnp.arange(BLOCK)
    on_path = above[None, :] < jax.lax.cummin(depth)[:, None]
    inside = (index[None, :] <= index[:, None]) & (at * BLOCK + index[:, None] < end[None, :])
    near_above = depth[:, None] - above[None, :] < window
    near_inside = depth[:, None] - depth[None, :] < window
    return jnp.concatenate([on_path & near_above, inside & near_inside], axis=1)
