"""The decoder: embedding, layers under one scan, final norm, projection to the vocabulary.

The parameters of the layers are stacked along a leading axis, so the compiled program has one layer in it whatever the
depth; `layers_apart` gives those of programs that have them all. Nothing here has state: equal inputs, equal outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Float32, Int, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, Rope
from cyclspec.runtime.models.decoder.attention import Attend, Heads, Outputs, weigh
from cyclspec.runtime.models.decoder.block import Block
from cyclspec.runtime.models.decoder.layers import Norm, capped, product
from cyclspec.runtime.models.decoder.rope import Turn, turn
from cyclspec.runtime.models.decoder.stack import is_apart, of_layers, part_of, taken_apart

NO_WINDOW = 2**30


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
        """Hidden states after the final norm, each row a text of its own.

        A token attends to the valid tokens at or before its own index and, in a layer with a window, to
        those less than the window before its own position. What stands at invalid tokens is finite and
        without meaning.
        """
        return jax.vmap(self._one)(tokens, positions, valid)

    def hidden(
        self,
        tokens: Int[Array, " token"],
        positions: Int[Array, " token"],
        longest: Int32[Array, ""] | int,
        attend: Attend,
        memory: Any = None,
        outputs: Outputs | None = None,
    ) -> tuple[Float32[Array, "... hidden"], Any]:
        """Hidden states after the final norm, of every token or of `outputs`, and what `attend` kept of each layer.

        `longest` counts the tokens of the longest text that these belong to. `memory` is a tree of arrays with
        a leading axis of layers, or of `Apart` as the parameters of the layers are, of which `attend` gets each
        layer's part. In the last layer only the keys and values of tokens outside `outputs` are computed.
        """
        turns = self._turns(positions, longest)
        graph, stacked = nnx.split(self.blocks)
        windows = _window_array(self.config)
        last = self.config.layers - 1

        def layer(x: Array, at: Array | int, only: Outputs | None = None) -> tuple[Array, Any]:
            state, part = part_of((stacked, memory), at)
            turn = jax.tree.map(lambda a, b: jnp.where(windows[at] < NO_WINDOW, a, b), *turns)
            return nnx.merge(graph, state)(x, turn, attend, part, windows[at], only)

        x = self._embedded(tokens, positions)
        if is_apart(stacked):
            every = []
            for at in range(self.config.layers):
                x, own = layer(x, at, outputs if at == last else None)
                every.append(own)
            return self.final_norm(x), of_layers(every)
        x, kept = jax.lax.scan(layer, x, jnp.arange(last))
        x, end = layer(x, last, outputs)
        kept = jax.tree.map(lambda a, b: jnp.concatenate([a, b[None]]), kept, end)
        return self.final_norm(x), kept

    def logits(self, hidden: Float[Array, "... hidden"]) -> Float32[Array, "... vocab"]:
        """Scores of every token of the vocabulary."""
        table = self.embedding if self.head is None else self.head
        return capped(product("...h,vh->...v", hidden, table[...]), self.config.logit_cap)

    def _one(
        self, tokens: Int[Array, " token"], positions: Int[Array, " token"], valid: Bool[Array, " token"]
    ) -> Float32[Array, "token hidden"]:
        before = jnp.tri(tokens.shape[0], dtype=bool) & valid[None, :]
        distance = positions[:, None] - positions[None, :]
        longest = jnp.where(valid, positions, 0).max() + 1

        def attend(heads: Heads, memory: None, window: Array) -> tuple[Array, None]:
            return weigh(self.config, *heads, before & (distance < window)), None

        return self.hidden(tokens, positions, longest, attend)[0]

    def _turns(
        self, positions: Int[Array, " token"], longest: Int32[Array, ""] | int
    ) -> tuple[Turn | None, Turn | None]:
        """How layers with a window turn, and how those without."""
        config = self.config
        whole = self._turn(config.rope, positions, longest)
        local = whole if config.local_rope is None else self._turn(config.local_rope, positions, longest)
        return local, whole

    def _embedded(
        self, tokens: Int[Array, " token"], positions: Int[Array, " token"]
    ) -> Float32[Array, "token hidden"]:
        x = self.embedding[...][tokens].astype(jnp.float32) * self.config.embedding_scale
        return x if self.positions is None else x + self.positions[...][positions].astype(jnp.float32)

    def _turn(self, rope: Rope | None, positions: Array, longest: Array | int) -> Turn | None:
        return None if rope is None else turn(rope, self.config.head_dim, positions, longest)


def layers_apart(decoder: Decoder) -> nnx.State[Any, Any]:
    """The state of a decoder whose layers are `Apart`, for the graph of the one that was given."""
    state = nnx.state(decoder)
    state["blocks"] = taken_apart(state["blocks"])
    return state


def _window_array(config: DecoderConfig) -> Int32[Array, " layer"]:
    return jnp.array([NO_WINDOW if window is None else window for window in config.windows], jnp.int32)
