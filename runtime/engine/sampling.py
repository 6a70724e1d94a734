"""How the next token is chosen from the scores of all.

A choice depends on nothing but the row's own scores, its settings and its seed: not on the row's place, on
its batch or on what others wrote. Two levels of the inverse of the cumulative distribution stand in for a
sort or for noise on every token: first a block of the vocabulary is drawn, then a token of it.
"""

from __future__ import annotations

from typing import assert_never

import jax
import jax.numpy as jnp
from jax.extend.random import threefry_2x32
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from cyclspec.compiler.plan.writing import Choice

_ONE_BITS = 0x3F800000


def choose(
    logits: Float32[Array, " vocab"],
    temperature: Float32[Array, ""],
    top_p: Float32[Array, ""],
    seed: UInt32[Array, " 2"],
    step: Int32[Array, ""],
    *,
    choice: Choice,
) -> Int32[Array, ""]:
    """The token that follows. `step` counts the tokens that the text had written before."""
    match choice:
        case "greedy":
            return likeliest(logits)
        case "all":
            return _drawn(_weights(logits, temperature), seed, step)
        case "nucleus":
            weights = _weights(logits, temperature)
            return _drawn(jnp.where(in_nucleus(weights, top_p), weights, 0.0), seed, step)
        case _:
            assert_never(choice)


def likeliest(logits: Float32[Array, " vocab"]) -> Int32[Array, ""]:
    """The token of the highest score, of equals the lowest id; the last id where there is no highest.

    Two plain reductions, which CPUs do many times faster than one that carries a value and an index.
    """
    last = logits.shape[0] - 1
    ids = jnp.arange(last + 1, dtype=jnp.int32)
    return jnp.where(logits == logits.max(), ids, last).min()


def in_nucleus(weights: Float32[Array, " vocab"], top_p: Float32[Array, ""]) -> Bool[Array, " vocab"]:
    """The smallest set of the likeliest tokens with a share of at least `top_p` (Holtzman et al. 2020).

    A token is in it where the tokens that are likelier have less than `top_p` together; so equals are in it
    together or not at all. The edge is found by halving the range of weights bit by bit, without a sort:
    floats that are not negative are ordered as their bits are.
    """
    enough = top_p * weights.sum()

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) // 2
        edge = jax.lax.bitcast_convert_type(middle, jnp.float32)
        inside = jnp.where(weights > edge, weights, 0.0).sum() < enough
        return jnp.where(inside, low, middle), jnp.where(inside, middle, high)

    start = (jnp.int32(0), jnp.int32(_ONE_BITS))
    edge = jax.lax.fori_loop(0, 30, halve, start)[1]
    return weights >= jax.lax.bitcast_convert_type(edge, jnp.float32)


def uniforms(seed: UInt32[Array, " 2"], step: Int32[Array, ""]) -> Float32[Array, " 2"]:
    """Two numbers in [0, 1) of one step of one text: Threefry-2x32 (Salmon et al. 2011) of its count."""
    counter = jnp.stack([step.astype(jnp.uint32), jnp.uint32(0)])
    bits: Array = threefry_2x32((seed[0], seed[1]), counter)
    found: Array = (bits >> 8).astype(jnp.float32) * jnp.float32(2.0**-24)
    return found


def _weights(logits: Float32[Array, " vocab"], temperature: Float32[Array, ""]) -> Float32[Array, " vocab"]:
    """Probabilities up to a factor, the highest 1."""
    return jnp.exp((logits - logits.max()) / temperature)


def _drawn(
    weights: Float32[Array, " vocab"], seed: UInt32[Array, " 2"], step: Int32[Array, ""]
) -> Int32[Array, ""]:
    """A token by weight; one of weight 0 never."""
    width = 1 << (max(weights.shape[0] - 1, 1).bit_length() + 1) // 2
    blocks = jnp.pad(weights, (0, -weights.shape[0] % width)).reshape(-1, width)
    first, second = uniforms(seed, step)
    block = _place(blocks.sum(axis=1), first)
    return block * width + _place(blocks[block], second)


def _place(weights: Float32[Array, " place"], at: Float32[Array, ""]) -> Int32[Array, ""]:
    """Where a share of the total falls, among places of weight above 0."""
    running = jnp.cumsum(weights)
    there = weights > 0
    ids = jnp.arange(weights.shape[0], dtype=jnp.int32)
    last = jnp.where(there, ids, 0).max()
    return jnp.where(there & (running > at * running[-1]), ids, last).min()
