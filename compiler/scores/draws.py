"""One function over many draws inside the graph, within a limit of memory.

Expects trees of arrays whose first dimension is the draw. Ensures that the draw is the last dimension of what comes
out, where the draws of one cell lie together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from cyclspec.compiler.scores.resample import chunk

In = TypeVar("In")
Out = TypeVar("Out")


def over_draws(one: Callable[[In], Out], draws: In, number: int, bytes_per_draw: int) -> Out:
    """`one` for all draws at once, or chunk by chunk where memory asks for it; it gives arrays [*full rank]."""
    batch = chunk(number, bytes_per_draw)
    if batch == number:
        return one(draws)
    chunks = jax.tree.map(lambda array: array.reshape(number // batch, batch, *array.shape[1:]), draws)
    parts = lax.map(one, chunks)
    result: Out = jax.tree.map(_strung, parts)
    return result


def _strung(parts: jax.Array) -> jax.Array:
    """[chunk, .., draw] as [.., draw]."""
    last = jnp.moveaxis(parts, 0, -2)
    return last.reshape(*last.shape[:-2], -1)
