"""A lookup on cells: the value at the level that another value names, `reply[country: other]`.

Expects a key that is coded: an axis, an attribute or a choice of a declared vocabulary. Ensures that levels are found by
their names, that a cell whose key is missing is missing, and that one whose level is not on the axis has no value.
"""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from cyclspec.compiler.scores.cells import NO_VALUE, Array, Cells, refuse, worst
from cyclspec.compiler.scores.frame import Frame
from cyclspec.language.diagnostics import InternalError


def looked_up(frame: Frame, of: Cells, axis: str, key: Cells) -> Cells:
    """`of` without `axis`, on the axes of the key: at the level of `axis` whose name the key has."""
    if key.names is None:
        raise InternalError("score", f"a lookup along {axis} by a value without names")
    levels = frame.axes[axis].levels
    places = np.array([levels.index(name) if name in levels else -1 for name in key.names], np.int32)
    index = jnp.asarray(places)[key.value]
    at = frame.place_of(axis)
    taken = replace(
        of,
        axes=(of.axes - {axis}) | key.axes,
        value=_taken(of.value, index, at, of.width),
        status=None if of.status is None else _taken(of.status, index, at, 0),
        counts=None,
    )
    lost = refuse(None, index < 0, NO_VALUE) if (places < 0).any() else None
    return replace(taken, status=worst(taken.status, key.status, lost))


def _taken(array: Array, index: Array, at: int, width: int) -> Array:
    """The entries at `index` [*full rank], whose size along `at` is one; trailing dimensions are taken whole."""
    if array.ndim <= at or array.shape[at] == 1:
        return array
    full = index.reshape((*index.shape, *(1,) * width))
    shape = [max(one, other) for one, other in zip(array.shape, full.shape, strict=True)]
    shape[at] = array.shape[at]
    wanted = list(shape)
    wanted[at] = 1
    places = jnp.clip(jnp.broadcast_to(full, wanted), 0)
    return jnp.take_along_axis(jnp.broadcast_to(array, shape), places, axis=at)
