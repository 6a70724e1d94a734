"""One layer of the decoder, written for one example of shape [token, hidden]."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.runtime.models.decoder.feed_forward import feed_forward
from cyclspec.runtime.models.decoder.layers import Linear, Norm, capped, optional_norm, product
from cyclspec.runtime.models.decoder.rope import Turn, rotate

_MASKED = float(np.finfo(np.float32).min)


def _normed(norm: Norm | None, x: Float32[Array, "... size"]) -> Float32[Array, "... size"]:
    return x if norm is None else norm(x)


class Block(nnx.Module):
    """Attention and feed-forward, each added to the stream, with norms before them, after them, or both."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.config = config
        self.before_attention = optional_norm(config, parameters, "before_attention")
        self.after_attention = optional_norm(config, parameters, "after_attention")
        self.before_feed_forward = optional_norm(config, parameters, "before_feed_forward")
        self.after_feed_forward = optional_norm(config, parameters, "after_feed_forward")
        self.attention = Attention(config, parameters)
        self.feed_forward = feed_forward(config, parameters)

    def __call__(
        self, x: Float32[Array, "token hidden"], turn: Turn | None, sees: Bool[Array, "query key"]
    ) -> Float32[Array, "token hidden"]:
        """One layer; `sees` says which token may attend to which."""
        mixed = self.attention(_normed(self.before_attention, x), turn, sees)
        x = x + _normed(self.after_attention, mixed)
        widened = self.feed_forward(_normed(self.before_feed_forward, x))
        return x + _normed(self.after_feed_forward, widened)


class Attention(nnx.Module):
    """Grouped-query attention (Ainslie et al. 2023). A token that sees nothing gets a finite value."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.config = config
        self.query = Linear(parameters, "query")
        self.key = Linear(parameters, "key")
        self.value = Linear(parameters, "value")
        self.output = Linear(parameters, "output")
        self.query_norm = optional_norm(config, parameters, "query_norm")
        self.key_norm = optional_norm(config, parameters, "key_norm")

    def __call__(
        self, x: Float32[Array, "token hidden"], turn: Turn | None, sees: Bool[Array, "query key"]
    ) -> Float32[Array, "token hidden"]:
        config, token = self.config, x.shape[0]
        dtype = self.query.weight.dtype
        q = self._heads(self.query(x), self.query_norm, config.heads, turn)
        k = self._heads(self.key(x), self.key_norm, config.kv_heads, turn).astype(dtype)
        v = self.value(x).reshape(token, config.kv_heads, config.head_dim).astype(dtype)
        grouped = q.reshape(token, config.kv_heads, config.heads // config.kv_heads, config.head_dim)
        scale = config.head_dim**-0.5 if config.attention_scale is None else config.attention_scale
        scores = capped(product("tkgd,skd->kgts", grouped * scale, k), config.attention_cap)
        weights = jax.nn.softmax(jnp.where(sees, scores, _MASKED), axis=-1)
        mixed = product("kgts,skd->tkgd", weights, v)
        return self.output(mixed.reshape(token, config.heads * config.head_dim))

    def _heads(
        self, x: Float32[Array, "token size"], norm: Norm | None, heads: int, turn: Turn | None
    ) -> Float32[Array, "token head dim"]:
        """Normed as a whole or head by head, then turned."""
        config = self.config
        if config.query_key_norm == "whole":
            x = _normed(norm, x)
        split = x.reshape(x.shape[0], heads, config.head_dim)
        if config.query_key_norm == "head":
            split = _normed(norm, split)
        if turn is None:
            return split
        assert config.rope is not None
        return rotate(split, turn, interleaved=config.rope.interleaved)
