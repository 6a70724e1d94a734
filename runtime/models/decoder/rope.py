"""Rotary position embeddings (Su et al. 2021, RoFormer), with the scalings that checkpoints use.

Frequencies are computed in float32 by the steps of the reference, since at long positions a last-bit
difference of a frequency shows in the angle.
"""

from __future__ import annotations

import math
from typing import NamedTuple, assert_never

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int

from cyclspec.compiler.checkpoints.architecture import (
    LinearScaling,
    Llama3Scaling,
    LongRope,
    Rope,
    Unscaled,
    Yarn,
)

Pairs = Float32[np.ndarray, " pair"]


class Turn(NamedTuple):
    """Cosine and sine of every token's angle for each pair of dimensions."""

    cos: Float32[Array, "token pair"]
    sin: Float32[Array, "token pair"]


def turn(rope: Rope, head_dim: int, positions: Int[Array, " token"], longest: Int[Array, ""] | int) -> Turn:
    """The turn of each token of one text; `longest` counts the tokens of the text."""
    dims = head_dim if rope.turned is None else rope.turned
    base = _base(rope.theta, dims)
    factor = 1.0
    match rope.scaling:
        case LongRope() as scaling:
            short, long = (base / np.array(by, np.float32) for by in (scaling.short, scaling.long))
            is_long = longest > scaling.original_max_positions
            freqs: Float32[Array, " pair"] | Pairs = jnp.where(is_long, long, short)
            factor = scaling.attention_factor
        case Yarn() as scaling:
            freqs, factor = _yarn(base, scaling, rope.theta, dims), scaling.attention_factor
        case Llama3Scaling() as scaling:
            freqs = _llama3(base, scaling)
        case LinearScaling(by):
            freqs = base / np.float32(by)
        case Unscaled():
            freqs = base
        case _:
            assert_never(rope.scaling)
    radians = positions.astype(jnp.float32)[:, None] * freqs
    return Turn(jnp.cos(radians) * factor, jnp.sin(radians) * factor)


def _base(theta: float, dims: int) -> Pairs:
    """Radians per position for each of the `dims / 2` pairs, unscaled."""
    exponent = np.arange(0, dims, 2, dtype=np.float32) / np.float32(dims)
    found: Pairs = np.float32(1) / np.power(np.float32(theta), exponent)
    return found


def _llama3(base: Pairs, scaling: Llama3Scaling) -> Pairs:
    wavelength = np.float32(2 * np.pi) / base
    low, high = np.float32(scaling.low_freq_factor), np.float32(scaling.high_freq_factor)
    original, factor = np.float32(scaling.original_max_positions), np.float32(scaling.factor)
    smooth = (original / wavelength - low) / (high - low)
    between = (1 - smooth) * base / factor + smooth * base
    scaled = np.where(wavelength > original / low, base / factor, between)
    return np.where(wavelength < original / high, base, scaled)


def _yarn(base: Pairs, scaling: Yarn, theta: float, dims: int) -> Pairs:
    def turns_at(beta: float) -> float:
        """The pair that turns `beta` times over the original length."""
        length = scaling.original_max_positions / (beta * 2 * math.pi)
        return dims * math.log(length) / (2 * math.log(theta))

    low, high = turns_at(scaling.beta_fast), turns_at(scaling.beta_slow)
    if scaling.truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dims - 1)
    width = high - low if high != low else 0.001
    ramp = np.clip((np.arange(dims // 2, dtype=np.float32) - np.float32(low)) / np.float32(width), 0, 1)
    mixed: Pairs = (base / np.float32(scaling.factor)) * ramp + base * (1 - ramp)
    return mixed


def rotate(
    x: Float32[Array, "token head dim"], by: Turn, *, interleaved: bool = False
) -> Float32[Array, "token head dim"]:
    """Turns the leading pairs of every head; dimensions beyond them stay as they are.

    A pair is (i, i + pairs), the layout of most checkpoints, or (2i, 2i + 1) where `interleaved`.
    """
    cos, sin = by.cos[:, None, :], by.sin[:, None, :]
    pairs = cos.shape[-1]
    turned, rest = x[..., : 2 * pairs], x[..., 2 * pairs :]
    if interleaved:
        first, second = turned[..., ::2], turned[..., 1::2]
    else:
        first, second = turned[..., :pairs], turned[..., pairs:]
    a, b = first * cos - second * sin, second * cos + first * sin
    if interleaved:
        return jnp.concatenate([jnp.stack([a, b], axis=-1).reshape(turned.shape), rest], axis=-1)
    return jnp.concatenate([a, b, rest], axis=-1)
