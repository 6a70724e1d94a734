"""Weights of bfloat16 as integers between programs: XLA on a CPU slices and copies bfloat16 by way of float32.

Expects trees of arrays. Ensures that `from_bits(to_bits(tree))` is the tree, and that within a program the way there
and back costs nothing.
"""

from __future__ import annotations

from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

Tree = TypeVar("Tree")


def to_bits(tree: Tree) -> Tree:
    """Every array of bfloat16 as one of uint16 over the same memory, where jax runs on a CPU."""
    if jax.default_backend() != "cpu":
        return tree
    found: Tree = jax.tree.map(_bits, tree)
    return found


def from_bits(tree: Tree) -> Tree:
    """Every array of uint16 as one of bfloat16."""
    found: Tree = jax.tree.map(_value, tree)
    return found


def _bits(array: Array) -> Array:
    return jnp.asarray(np.asarray(array).view(np.uint16)) if array.dtype == jnp.bfloat16 else array


def _value(array: Array) -> Array:
    return jax.lax.bitcast_convert_type(array, jnp.bfloat16) if array.dtype == jnp.uint16 else array
