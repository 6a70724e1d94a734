"""The decoder: embedding, layers under one scan, final norm, projection to the vocabulary.

The parameters of the layers are stacked along a leading axis, so the compiled program has one layer in it
whatever the depth. Nothing here has state: equal inputs give equal outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Float32, Int, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, Rope
from cyclspec.runtime.models.decoder.block import Block
from cyclspec.runtime.models.decoder.layers import Norm, capped, product
from cyclspec.runtime.models.decoder.rope import Turn, turn

_NO_WINDOW = 2**30


class Decoder(nnx.Module):
    """A causal language model of the shape `config` describes.

    `parameters` holds `embedding` [vocab, hidden], `final_norm.scale` [hidden], `positions` [position, hidden]
    where they are learned and, unless tied, `head` [vocab, hidden]; `layers` holds the parameters of `Block`, each
    with a leading axis of layers.
    """

    def __init__(
        self, config: DecoderConfig, parameters: Mapping[str, Array], layers: Mapping[str, Array]
    ) -> None:
        self.config = config
        self.embedding = nnx.Param(parameters["embedding"])
        self.positions = nnx.Param(parameters["positions"]) if config.rope is None else None
        self.final_norm = Norm(config, parameters, "final_norm")
        self.head = None if config.tied else nnx.Param(parameters["head"])
        self.blocks = Block(config, layers)

    def __call__(
        self,
        tokens: Int[Array, "batch token"],
        positions: Int[Array, "batch token"],
        valid: Bool[Array, "batch token"],
    ) -> Float32[Array, "batch token hidden"]:
        """Hidden states after the final norm.

        A token attends to the valid tokens at or before its own index and, in a layer with a window, to
        those less than the window before its own position. What stands at invalid tokens is finite and
        without meaning.
        """
        return jax.vmap(self._one)(tokens, positions, valid)

    def logits(self, hidden: Float[Array, "... hidden"]) -> Float32[Array, "... vocab"]:
        """Scores of every token of the vocabulary."""
        table = self.embedding if self.head is None else self.head
        return capped(product("...h,vh->...v", hidden, table[...]), self.config.logit_cap)

    def _one(
        self, tokens: Int[Array, " token"], positions: Int[Array, " token"], valid: Bool[Array, " token"]
    ) -> Float32[Array, "token hidden"]:
        config = self.config
        before = jnp.tri(tokens.shape[0], dtype=bool) & valid[None, :]
        distance = positions[:, None] - positions[None, :]
        counted = jnp.where(valid, positions, 0)
        whole = self._turn(config.rope, positions, counted)
        local = whole if config.local_rope is None else self._turn(config.local_rope, positions, counted)
        graph, stacked = nnx.split(self.blocks)

        def layer(x: Array, step: tuple[nnx.State[Any, Any], Array]) -> tuple[Array, None]:
            state, window = step
            turned = jax.tree.map(lambda a, b: jnp.where(window < _NO_WINDOW, a, b), local, whole)
            return nnx.merge(graph, state)(x, turned, before & (distance < window)), None

        x, _ = jax.lax.scan(layer, self._embedded(tokens, positions), (stacked, _window_array(config)))
        return self.final_norm(x)

    def _embedded(
        self, tokens: Int[Array, " token"], positions: Int[Array, " token"]
    ) -> Float32[Array, "token hidden"]:
        x = self.embedding[...][tokens].astype(jnp.float32) * self.config.embedding_scale
        return x if self.positions is None else x + self.positions[...][positions].astype(jnp.float32)

    def _turn(self, rope: Rope | None, positions: Array, counted: Array) -> Turn | None:
        return None if rope is None else turn(rope, self.config.head_dim, positions, counted)


def _window_array(config: DecoderConfig) -> Int32[Array, " layer"]:
    return jnp.array([_NO_WINDOW if window is None else window for window in config.windows], jnp.int32)
