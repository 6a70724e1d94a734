"""Feed-forwards of one example of shape [token, hidden]: plain, gated, or a mixture of gated experts."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, Experts
from cyclspec.runtime.models.decoder.layers import Linear, activate, product


class FeedForward(nnx.Module):
    """`down(act(gate x) * up x)` (Shazeer 2020), or `down(act(up x))` where there is no gate."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.activation = config.activation
        self.gate = Linear(parameters, "gate") if config.gated else None
        self.up = Linear(parameters, "up")
        self.down = Linear(parameters, "down")

    def __call__(self, x: Float32[Array, "token hidden"]) -> Float32[Array, "token hidden"]:
        if self.gate is None:
            return self.down(activate(self.up(x), self.activation))
        return self.down(activate(self.gate(x), self.activation) * self.up(x))


class Mixture(nnx.Module):
    """The chosen experts of each token, weighted by their router's probabilities among the chosen (Jiang et al. 2024).

    Experts are run one after the other on every token, those not chosen with weight zero: the answer does not
    depend on which tokens share a batch, as it would where experts have a capacity.
    """

    def __init__(self, config: DecoderConfig, experts: Experts, parameters: Mapping[str, Array]) -> None:
        self.activation, self.experts = config.activation, experts
        self.router = Linear(parameters, "router")
        self.gate = nnx.Param(parameters["gate.weight"])
        self.up = nnx.Param(parameters["up.weight"])
        self.down = nnx.Param(parameters["down.weight"])

    def __call__(self, x: Float32[Array, "token hidden"]) -> Float32[Array, "token hidden"]:
        def expert(total: Array, step: tuple[Array, Array, Array, Array]) -> tuple[Array, None]:
            gate, up, down, share = step
            wide = activate(product("ti,io->to", x, gate), self.activation) * product("ti,io->to", x, up)
            return total + share[:, None] * product("ti,io->to", wide, down), None

        steps = (self.gate[...], self.up[...], self.down[...], self._shares(x).T)
        total: Float32[Array, "token hidden"] = jax.lax.scan(expert, jnp.zeros_like(x), steps)[0]
        return total

    def _shares(self, x: Float32[Array, "token hidden"]) -> Float32[Array, "token expert"]:
        probabilities = jax.nn.softmax(self.router(x), axis=-1)
        best, at = jax.lax.top_k(probabilities, self.experts.chosen)
        shares = best / best.sum(axis=-1, keepdims=True)
        spread: Float32[Array, "token expert"] = jax.vmap(lambda row, i, share: row.at[i].set(share))(
            jnp.zeros_like(probabilities), at, shares
        )
        return spread


def feed_forward(config: DecoderConfig, parameters: Mapping[str, Array]) -> FeedForward | Mixture:
    """The feed-forward that a configuration describes."""
    if config.experts is None:
        return FeedForward(config, parameters)
    return Mixture(config, config.experts, parameters)
