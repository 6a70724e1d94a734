"""The parts of a layer: products, norms, projections.

Matrix products take operands of the weights' type and add up in float32; everything else is float32, the
residual stream included. Products of float32 ask for the highest precision, which accelerators do not give
by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Float32

from cyclspec.compiler.checkpoints.architecture import Activation, DecoderConfig


def product(equation: str, x: Float[Array, ...], y: Float[Array, ...]) -> Float32[Array, ...]:
    """An einsum in the type of `y`, accumulated in float32."""
    precision = jax.lax.Precision.HIGHEST if y.dtype == jnp.float32 else jax.lax.Precision.DEFAULT
    return jnp.einsum(equation, x.astype(y.dtype), y, precision=precision, preferred_element_type=jnp.float32)


def activate(x: Float32[Array, ...], kind: Activation) -> Float32[Array, ...]:
    """SiLU, or GELU exactly or by its tanh approximation (Hendrycks and Gimpel 2016)."""
    return jax.nn.silu(x) if kind == "silu" else jax.nn.gelu(x, approximate=kind == "gelu_tanh")


def capped(x: Float32[Array, ...], cap: float | None) -> Float32[Array, ...]:
    """A soft cap: nearly `x` where it is small, never beyond `cap`."""
    return x if cap is None else cap * jnp.tanh(x / cap)


class Norm(nnx.Module):
    """Over the last axis: root-mean-square (Zhang and Sennrich 2019), or centred with a bias (Ba et al. 2016)."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array], path: str) -> None:
        self.eps, self.offset, self.centred = config.norm_eps, config.norm_offset, config.centred
        self.scale = nnx.Param(parameters[f"{path}.scale"])
        bias = parameters.get(f"{path}.bias")
        self.bias = None if bias is None else nnx.Param(bias)

    def __call__(self, x: Float32[Array, "... size"]) -> Float32[Array, "... size"]:
        if self.centred:
            x = x - jnp.mean(x, axis=-1, keepdims=True)
        mean_square = jnp.mean(jnp.square(x), axis=-1, keepdims=True)
        scale = self.scale[...].astype(jnp.float32) + self.offset
        y = x * jax.lax.rsqrt(mean_square + self.eps) * scale
        return y if self.bias is None else y + self.bias[...].astype(jnp.float32)


def optional_norm(config: DecoderConfig, parameters: Mapping[str, Array], path: str) -> Norm | None:
    """The norm where the layer has one there."""
    return Norm(config, parameters, path) if f"{path}.scale" in parameters else None


class Linear(nnx.Module):
    """`x @ weight + bias`; the weight is [in, out], the bias may be absent."""

    def __init__(self, parameters: Mapping[str, Array], path: str) -> None:
        self.weight = nnx.Param(parameters[f"{path}.weight"])
        bias = parameters.get(f"{path}.bias")
        self.bias = None if bias is None else nnx.Param(bias)

    def __call__(self, x: Float32[Array, "token in"]) -> Float32[Array, "token out"]:
        y = product("ti,io->to", x, self.weight[...])
        return y if self.bias is None else y + self.bias[...].astype(jnp.float32)
