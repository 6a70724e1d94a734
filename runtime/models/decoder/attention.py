"""Grouped-query attention (Ainslie et al. 2023): projections to heads, and the weighing of values.

What a token attends to is not decided here: an `Attend` brings the keys and values together (those of a text, of a
wave with its ancestors, of a cache) and says what is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Float32, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.runtime.models.decoder.layers import Linear, Norm, capped, optional_norm, product
from cyclspec.runtime.models.decoder.rope import Turn, rotate

MASKED = float(np.finfo(np.float32).min)


class Heads(NamedTuple):
    """Queries in float32; keys, turned, and values in the type of the weights."""

    query: Float32[Array, "token head dim"]
    key: Float[Array, "token kv dim"]
    value: Float[Array, "token kv dim"]


Attend = Callable[[Heads, Any, Int32[Array, ""]], tuple[Float32[Array, "token head dim"], Any]]
"""Heads, the layer's part of a memory, and its window (`NO_WINDOW` for none) to mixed values and what is kept."""


class Outputs(NamedTuple):
    """The tokens whose stream leaves the last layer, and how these attend: `Heads` then have queries of them alone."""

    at: Int32[Array, " output"]
    attend: Attend


class Spans(NamedTuple):
    """A key is seen by the queries from `first` to before `until`; where there is a window, by those near in depth."""

    first: Int32[Array, " key"]
    until: Int32[Array, " key"]
    key_depth: Int32[Array, " key"]
    query_depth: Int32[Array, " query"]

    def seen_at(self, at: Int32[Array, ""], window: Int32[Array, ""]) -> Bool[Array, " key"]:
        """Which keys one query sees."""
        near = self.query_depth[at] - self.key_depth < window
        return (self.first <= at) & (at < self.until) & near


class Attention(nnx.Module):
    """The projections of one layer."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.config = config
        self.query = Linear(parameters, "query")
        self.key = Linear(parameters, "key")
        self.value = Linear(parameters, "value")
        self.output = Linear(parameters, "output")
        self.query_norm = optional_norm(config, parameters, "query_norm")
        self.key_norm = optional_norm(config, parameters, "key_norm")

    def heads(
        self,
        x: Float32[Array, "token hidden"],
        turn: Turn | None,
        asking: Int32[Array, " output"] | None = None,
    ) -> Heads:
        """Keys and values of every token, and queries of all or of those `asking`."""
        config, dtype = self.config, self.query.weight.dtype
        asked, asked_turn = (x, turn) if asking is None else jax.tree.map(lambda a: a[asking], (x, turn))
        query = self._heads(self.query(asked), self.query_norm, config.heads, asked_turn)
        key = self._heads(self.key(x), self.key_norm, config.kv_heads, turn).astype(dtype)
        value = self.value(x).reshape(x.shape[0], config.kv_heads, config.head_dim).astype(dtype)
        return Heads(query, key, value)

    def joined(self, mixed: Float32[Array, "token head dim"]) -> Float32[Array, "token hidden"]:
        """The heads of every token back into the stream."""
        return self.output(mixed.reshape(mixed.shape[0], -1))

    def _heads(
        self, x: Float32[Array, "token size"], norm: Norm | None, heads: int, turn: Turn | None
    ) -> Float32[Array, "token head dim"]:
        """Normed as a whole or head by head, then turned."""
        config = self.config
        if norm is not None and config.query_key_norm == "whole":
            x = norm(x)
        split = x.reshape(x.shape[0], heads, config.head_dim)
        if norm is not None and config.query_key_norm == "head":
            split = norm(split)
        if turn is None:
            return split
        assert config.rope is not None
        return rotate(split, turn, interleaved=config.rope.interleaved)


def weigh(
    config: DecoderConfig,
    query: Float32[Array, "query head dim"],
    key: Float[Array, "key kv dim"],
    value: Float[Array, "key kv dim"],
    sees: Bool[Array, "query key"],
) -> Float32[Array, "query head dim"]:
    """Softmax attention in float32. A query that sees nothing gets a finite value."""
    return weigh_grouped(config, query, key.swapaxes(0, 1), value.swapaxes(0, 1), sees)


def weigh_grouped(
    config: DecoderConfig,
    query: Float32[Array, "query head dim"],
    key: Float[Array, "kv key dim"],
    value: Float[Array, "kv key dim"],
    sees: Bool[Array, "query key"],
) -> Float32[Array, "query head dim"]:
    """As `weigh`, with keys and values by head: the queries that share a head's keys are one matrix."""
    queries, heads, dim = query.shape
    group = heads // config.kv_heads
    grouped = (
        (query * config.score_factor).reshape(queries, config.kv_heads, group, dim).transpose(1, 2, 0, 3)
    )
    rows = grouped.reshape(config.kv_heads, group * queries, dim)
    scores = capped(product("kqd,ksd->kqs", rows, key), config.attention_cap)
    seen = jnp.where(sees, scores.reshape(config.kv_heads, group, queries, -1), MASKED)
    weights = jnp.exp(seen - seen.max(axis=-1, keepdims=True))
    total = weights.sum(axis=-1).reshape(config.kv_heads, group * queries, 1)
    mixed = product("kqs,ksd->kqd", weights.reshape(scores.shape), value) / total
    by_token = mixed.reshape(config.kv_heads, group, queries, dim).transpose(2, 0, 1, 3)
    return by_token.reshape(query.shape)
