"""Attention of a wave, block by block: which keys a block of queries reads, and which of them each query sees.

The keys that a block needs from before it are the ancestors of its first token, since the walk is depth first: an
ancestor of a later token that stands before the block is one of the first token's too. Of these a token sees those
less deep than every token from the block's first to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Float32, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.sharing.layout import BLOCK, OUTPUTS_AT_ONCE, blocks_at_once
from cyclspec.runtime.models.decoder.attention import Heads, fused, is_fused, weigh_grouped


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

    def mixed(
        self, config: DecoderConfig, heads: Heads, memory: Memory, window: Int32[Array, ""]
    ) -> Float32[Array, "token head dim"]:
        """The values that every token mixes; `memory` is one layer's, carried ancestors before the wave's own."""
        query = heads.query.reshape(-1, BLOCK, *heads.query.shape[1:])
        if jax.default_backend() == "cpu":
            mixed = self._in_chains(config, query, memory, window)
        elif is_fused(config, memory.key.dtype):
            mixed = self._fused(query, memory, window, scale=config.score_factor)
        else:
            mixed = self._in_batches(config, query, memory, window)
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

        def one(query: Array, at: Array) -> Array:
            sees = _sees_all(self.tree, at, window)
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

    def _fused(self, query: Array, memory: Memory, window: Array, *, scale: float) -> Array:
        """All blocks in one kernel."""
        count, ancestors = self.tree.path.shape
        own = ancestors + jnp.arange(count * BLOCK).reshape(count, BLOCK)
        places = jnp.concatenate([self.tree.path, own], axis=1)
        key, value = (a.swapaxes(0, 1)[places] for a in memory)
        sees = jax.vmap(lambda at: _sees(self.tree, at, ancestors, window))(jnp.arange(count))
        return fused(query, key, value, sees, scale=scale)


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


def _sees_all(tree: Tree, at: Int32[Array, ""], window: Int32[Array, ""]) -> Bool[Array, " key"]:
    """Which of all that is carried and of the wave's own tokens one of these sees."""
    count, depth = tree.depth.shape[0], tree.depth[at]
    above, index = jnp.arange(tree.path.shape[1]), jnp.arange(count)
    carried = above < jnp.where(index <= at, tree.depth, count + above.shape[0]).min()
    inside = (index <= at) & (at < tree.end)
    return jnp.concatenate([carried & (depth - above < window), inside & (depth - tree.depth < window)])


def _sees(tree: Tree, at: Int32[Array, ""], seen: int, window: Int32[Array, ""]) -> Bool[Array, "query key"]:
    """Which of a block's ancestors and of its own tokens each of its tokens sees."""
    depth, end = tree.depth.reshape(-1, BLOCK)[at], tree.end.reshape(-1, BLOCK)[at]
    above, index = jnp.arange(seen), jnp.arange(BLOCK)
    on_path = above[None, :] < jax.lax.cummin(depth)[:, None]
    inside = (index[None, :] <= index[:, None]) & (at * BLOCK + index[:, None] < end[None, :])
    near_above = depth[:, None] - above[None, :] < window
    near_inside = depth[:, None] - depth[None, :] < window
    return jnp.concatenate([on_path & near_above, inside & near_inside], axis=1)
