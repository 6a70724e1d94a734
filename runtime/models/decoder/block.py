"""One layer of the decoder, written for one example of shape [token, hidden].

Matrix products take operands of the weights' type and add up in float32; everything else is float32, the
residual stream included. Products of float32 ask for the highest precision, which accelerators do not give
by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Float32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.runtime.models.decoder.rope import rotate

Turn = tuple[Float32[Array, "token pair"], Float32[Array, "token pair"]]
_MASKED = float(np.finfo(np.float32).min)


def product(equation: str, x: Float[Array, ...], y: Float[Array, ...]) -> Float32[Array, ...]:
    """An einsum in the type of `y`, accumulated in float32."""
    precision = jax.lax.Precision.HIGHEST if y.dtype == jnp.float32 else jax.lax.Precision.DEFAULT
    return jnp.einsum(equation, x.astype(y.dtype), y, precision=precision, preferred_element_type=jnp.float32)


def rms_norm(
    x: Float32[Array, "token hidden"], scale: Float[Array, " hidden"], eps: float
) -> Float32[Array, "token hidden"]:
    """Root-mean-square norm (Zhang and Sennrich 2019)."""
    mean_square = jnp.mean(jnp.square(x), axis=-1, keepdims=True)
    return x * jax.lax.rsqrt(mean_square + eps) * scale.astype(jnp.float32)


class Linear(nnx.Module):
    """`x @ weight + bias`; the weight is [in, out], the bias may be absent."""

    def __init__(self, parameters: Mapping[str, Array], path: str) -> None:
        self.weight = nnx.Param(parameters[f"{path}.weight"])
        bias = parameters.get(f"{path}.bias")
        self.bias = None if bias is None else nnx.Param(bias)

    def __call__(self, x: Float32[Array, "token in"]) -> Float32[Array, "token out"]:
        y = product("ti,io->to", x, self.weight[...])
        return y if self.bias is None else y + self.bias[...].astype(jnp.float32)


class Block(nnx.Module):
    """Attention and gated feed-forward, each behind a norm and added to the stream."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.config = config
        self.attention_norm = nnx.Param(parameters["attention_norm"])
        self.feed_forward_norm = nnx.Param(parameters["feed_forward_norm"])
        self.query = Linear(parameters, "query")
        self.key = Linear(parameters, "key")
        self.value = Linear(parameters, "value")
        self.output = Linear(parameters, "output")
        self.gate = Linear(parameters, "gate")
        self.up = Linear(parameters, "up")
        self.down = Linear(parameters, "down")

    def __call__(
        self, x: Float32[Array, "token hidden"], turn: Turn, sees: Bool[Array, "query key"]
    ) -> Float32[Array, "token hidden"]:
        """One layer; `sees` says which token may attend to which."""
        eps = self.config.norm_eps
        x = x + self.attend(rms_norm(x, self.attention_norm[...], eps), turn, sees)
        return x + self.feed_forward(rms_norm(x, self.feed_forward_norm[...], eps))

    def attend(
        self, x: Float32[Array, "token hidden"], turn: Turn, sees: Bool[Array, "query key"]
    ) -> Float32[Array, "token hidden"]:
        """Grouped-query attention (Ainslie et al. 2023). A token that sees nothing gets a finite value."""
        config, token = self.config, x.shape[0]
        dtype = self.query.weight.dtype
        q = rotate(self.query(x).reshape(token, config.heads, config.head_dim), turn)
        k = rotate(self.key(x).reshape(token, config.kv_heads, config.head_dim), turn).astype(dtype)
        v = self.value(x).reshape(token, config.kv_heads, config.head_dim).astype(dtype)
        grouped = q.reshape(token, config.kv_heads, config.heads // config.kv_heads, config.head_dim)
        scores = product("tkgd,skd->kgts", grouped * config.head_dim**-0.5, k)
        weights = jax.nn.softmax(jnp.where(sees, scores, _MASKED), axis=-1)
        mixed = product("kgts,skd->tkgd", weights, v)
        return self.output(mixed.reshape(token, config.heads * config.head_dim))

    def feed_forward(self, x: Float32[Array, "token hidden"]) -> Float32[Array, "token hidden"]:
        """SwiGLU (Shazeer 2020)."""
        return self.down(jax.nn.silu(self.gate(x)) * self.up(x))
