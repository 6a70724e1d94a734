"""What every layer has, of all layers: stacked in one array along a leading axis, or apart, an array a layer.

Under a scan over stacked arrays a compiled program has one layer in it, whatever the depth. But a CPU copies each
layer's part out of them before it reads it, which tells where much is read for little work, as in a step of writing.

Expects trees of stacked arrays, or of `Apart`. Ensures that what is taken apart on the host stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

Tree = TypeVar("Tree")


class Apart(NamedTuple):
    """An array of each layer."""

    layers: tuple[Array, ...]


Stack = Array | Apart


def steps_read_apart() -> bool:
    """Whether this device writes faster with layers apart; accelerators read a part of an array as it is."""
    return jax.default_backend() == "cpu"


def taken_apart(tree: Tree) -> Tree:
    """Every stacked array of a tree as the arrays of its layers, on the host and over the same memory."""
    found: Tree = jax.tree.map(_lent, tree)
    return found


def empty(layers: int, size: tuple[int, ...], dtype: jnp.dtype) -> Stack:
    """Zeros for a step of writing, of each layer [*size]."""
    if steps_read_apart():
        return Apart(tuple(jax.device_put(np.zeros(size, dtype), may_alias=True) for _ in range(layers)))
    stacked: Array = jax.device_put(np.zeros((layers, *size), dtype))
    return stacked


def is_apart(tree: Any) -> bool:
    """Whether a tree holds anything that is apart."""
    return any(_is_apart(leaf) for leaf in jax.tree.leaves(tree, is_leaf=_is_apart))


def part_of(tree: Tree, at: Array | int) -> Tree:
    """One layer's part of everything in a tree; `at` is known when traced where anything is apart."""
    found: Tree = jax.tree.map(lambda leaf: _part(leaf, at), tree, is_leaf=_is_apart)
    return found


def of_layers(parts: Sequence[Tree]) -> Tree:
    """A tree of what is apart from the part of each layer."""
    found: Tree = jax.tree.map(lambda *arrays: Apart(arrays), *parts)
    return found


def like(form: Stack, stacked: Array) -> Stack:
    """A stacked array in the form of something else."""
    return Apart(tuple(stacked)) if _is_apart(form) else stacked


def slots_of(stack: Stack) -> int:
    """The size of the last axis, which all layers share."""
    return int(jax.tree.leaves(stack)[0].shape[-1])


def _lent(stacked: Array) -> Apart:
    return Apart(tuple(jax.device_put(layer, may_alias=True) for layer in np.asarray(stacked)))


def _part(leaf: Stack, at: Array | int) -> Array:
    if isinstance(leaf, Apart):
        assert isinstance(at, int)
        return leaf.layers[at]
    if leaf.dtype != jnp.bfloat16 or jax.default_backend() != "cpu":
        return leaf[at]
    # XLA on a CPU slices bfloat16 by way of float32. On an accelerator this would copy the whole stack.
    bits = jax.lax.bitcast_convert_type(leaf, jnp.uint16)[at]
    return jax.lax.bitcast_convert_type(bits, jnp.bfloat16)


def _is_apart(leaf: Any) -> bool:
    return isinstance(leaf, Apart)
