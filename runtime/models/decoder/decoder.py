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

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.runtime.models.decoder.block import Block, product, rms_norm
from cyclspec.runtime.models.decoder.rope import angles, frequencies

_NO_WINDOW = 2**30


class Decoder(nnx.Module):
    """A causal language model of the shape `config` describes.

    `parameters` holds `embedding` [vocab, hidden], `final_norm` [hidden] and, unless tied, `head` [vocab,
    hidden]; `layers` holds the parameters of `Block`, each with a leading axis of layers.
    """

    def __init__(
        self, config: DecoderConfig, parameters: Mapping[str, Array], layers: Mapping[str, Array]
    ) -> None:
        self.config = config
        self.embedding = nnx.Param(parameters["embedding"])
        self.final_norm = nnx.Param(parameters["final_norm"])
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
        return product("...h,vh->...v", hidden, table[...])

    def _one(
        self, tokens: Int[Array, " token"], positions: Int[Array, " token"], valid: Bool[Array, " token"]
    ) -> Float32[Array, "token hidden"]:
        config = self.config
        turn = angles(positions, frequencies(config.rope, config.head_dim))
        before = jnp.tri(tokens.shape[0], dtype=bool) & valid[None, :]
        distance = positions[:, None] - positions[None, :]
        graph, stacked = nnx.split(self.blocks)

        def layer(x: Array, step: tuple[nnx.State[Any, Any], Array]) -> tuple[Array, None]:
            state, window = step
            return nnx.merge(graph, state)(x, turn, before & (distance < window)), None

        x = self.embedding[...][tokens].astype(jnp.float32)
        x, _ = jax.lax.scan(layer, x, (stacked, _window_array(config)))
        return rms_norm(x, self.final_norm[...], config.norm_eps)


def _window_array(config: DecoderConfig) -> Int32[Array, " layer"]:
    return jnp.array([_NO_WINDOW if window is None else window for window in config.windows], jnp.int32)
