"""Answers and people whose labels along one axis are permuted, inside the graph: the null of maxima and gaps.

Expects leaves of full rank. Ensures that all leaves are permuted alike within each level of the axes `within`, so that
what belongs to one cell stays together, and that cells which do not exist stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp

from cyclspec.compiler.scores.cells import Array, Blocked, Cells, choose
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.walk import Leaf
from cyclspec.language.types.typed import Permutation


def permuted_leaves(
    setting: Setting, test: Permutation, scope: Scope, axes_of: Mapping[Leaf, frozenset[str]], keys: Array
) -> dict[Leaf, Cells | Blocked]:
    """The leaves that have the axis, with its labels dealt out again, for keys [draw]."""
    drawn = jax.vmap(lambda key: labels(setting, test, key))(keys)
    order = jnp.moveaxis(drawn.squeeze(-1), 0, -1)
    whole = Cells(frozenset((test.over, *test.within)), order)
    found: dict[Leaf, Cells | Blocked] = {}
    for leaf, axes in axes_of.items():
        held = _held(scope, leaf) if test.over in axes else None
        if isinstance(held, Blocked):
            blocks = setting.blocks[held.scale]
            parts = zip(blocks.parts, held.parts, strict=True)
            cut = ((part, blocks.cut(block, whole).value) for block, part in parts)
            found[leaf] = replace(held, parts=tuple(_dealt(setting, test, *one) for one in cut))
        elif held is not None:
            found[leaf] = _dealt(setting, test, held, order)
    return found


def _held(scope: Scope, leaf: Leaf) -> Cells | Blocked | None:
    """A leaf where it stands: with what was excluded left out, if it was."""
    inner: Scope | None = scope
    while inner is not None:
        if leaf in inner.leaves:
            return inner.leaves[leaf]
        inner = inner.outer
    return None


def labels(setting: Setting, test: Permutation, key: Array) -> Array:
    """Whose place each label takes, int [*full rank] over the axis and those around it."""
    frame = setting.frame
    axes = frozenset((test.over, *test.within))
    at, shape = frame.place_of(test.over), frame.shape(axes)
    where = jax.random.uniform(key, shape, jnp.float64)
    holes = frame.holes(axes)
    if holes is None:
        return jnp.argsort(where, axis=at)
    gone = jnp.broadcast_to(jnp.asarray(holes), shape)
    order = jnp.argsort(choose(gone, jnp.inf, where), axis=at)
    rank = jnp.maximum(jnp.cumsum(~gone, axis=at) - 1, 0)
    here = jnp.arange(shape[at]).reshape(frame.shape((test.over,)))
    return choose(gone, here, jnp.take_along_axis(order, rank, axis=at))


def _dealt(setting: Setting, test: Permutation, cells: Cells, order: Array) -> Cells:
    at = setting.frame.place_of(test.over)
    status = None if cells.status is None else _taken(cells.status, order, at)
    value = _taken(cells.value, order if cells.scale is None else order[..., None], at)
    return replace(cells, axes=cells.axes | {*test.within}, value=value, status=status)


def _taken(array: Array, order: Array, at: int) -> Array:
    """The array with the levels of one dimension in another order in each cell."""
    if array.shape[at] == 1:
        return array
    shape = jnp.broadcast_shapes(array.shape, order.shape)
    return jnp.take_along_axis(jnp.broadcast_to(array, shape), jnp.broadcast_to(order, shape), axis=at)
