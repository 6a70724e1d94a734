"""Rotary position embeddings (Su et al. 2021, RoFormer), with the scalings that checkpoints use.

Frequencies are computed in float32 by the steps of the reference, since at long positions a last-bit
difference of a frequency shows in the angle.
"""

from __future__ import annotations

from typing import assert_never

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int

from cyclspec.compiler.checkpoints.architecture import LinearScaling, Llama3Scaling, Rope, Unscaled


def frequencies(rope: Rope, head_dim: int) -> Float32[np.ndarray, " pair"]:
    """Radians per position for each of the `head_dim / 2` pairs."""
    exponent = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
    base: np.ndarray = np.float32(1) / np.power(np.float32(rope.theta), exponent)
    match rope.scaling:
        case Unscaled():
            return base
        case LinearScaling(factor):
            divided: np.ndarray = base / np.float32(factor)
            return divided
        case Llama3Scaling() as scaling:
            return _llama3(base, scaling)
        case _:
            assert_never(rope.scaling)


def _llama3(base: Float32[np.ndarray, " pair"], scaling: Llama3Scaling) -> Float32[np.ndarray, " pair"]:
    wavelength = np.float32(2 * np.pi) / base
    low, high = np.float32(scaling.low_freq_factor), np.float32(scaling.high_freq_factor)
    original, factor = np.float32(scaling.original_max_positions), np.float32(scaling.factor)
    smooth = (original / wavelength - low) / (high - low)
    between = (1 - smooth) * base / factor + smooth * base
    scaled = np.where(wavelength > original / low, base / factor, between)
    return np.where(wavelength < original / high, base, scaled)


def angles(
    positions: Int[Array, " token"], freqs: Float32[np.ndarray, " pair"]
) -> tuple[Float32[Array, "token pair"], Float32[Array, "token pair"]]:
    """Cosine and sine of each position's angle for each pair."""
    radians = positions.astype(jnp.float32)[:, None] * freqs
    return jnp.cos(radians), jnp.sin(radians)


def rotate(
    x: Float32[Array, "token head dim"],
    turn: tuple[Float32[Array, "token pair"], Float32[Array, "token pair"]],
) -> Float32[Array, "token head dim"]:
    """Turns pair (i, i + dim/2) of every head by its angle, the layout of Hugging Face checkpoints."""
    cos, sin = turn[0][:, None, :], turn[1][:, None, :]
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
