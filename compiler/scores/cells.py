"""Named arrays inside the graph: a value, its axes, and per cell why it is missing.

Expects arrays of full rank: one dimension per axis of the frame in its fixed order, of size one where the value does
not depend on the axis, so that broadcasting is by name. Distributions have `option` as one more, last dimension.
Ensures that a missing cell keeps the reason that outranks the others, and that a hole outranks every reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from cyclspec.compiler.scores.counted import Counts, asked, joined_counts
from cyclspec.compiler.scores.reasons import CHECK, FIRST_CHECK, HOLE, OK, UNDEFINED

Array = jax.Array


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A value over `axes`. `status` int8 is 0 where it is there; None says that it is there everywhere.

    `scale` names the options of a distribution; `names` decodes a value that is an integer code of a vocabulary, and
    `choices` names the scale that a value is an option of, by its place in the layout.
    """

    axes: frozenset[str]
    value: Array
    status: Array | None = None
    scale: str | None = None
    names: tuple[str, ...] | None = None
    counts: Counts | None = None
    choices: str | None = None

    @property
    def width(self) -> int:
        """The number of trailing dimensions that are not axes."""
        return 0 if self.scale is None else 1

    @property
    def ok(self) -> Array:
        return jnp.asarray(True) if self.status is None else self.status == OK


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """A distribution over a scale, block by block: `parts` are its cells, one for each of `Blocks.parts`."""

    scale: str
    parts: tuple[Cells, ...]


def choose(condition: ArrayLike, then: ArrayLike, otherwise: ArrayLike) -> Array:
    """`jnp.where` as one primitive: broadcast, then select."""
    like = jnp.result_type(then, otherwise)
    mask, left, right = jnp.broadcast_arrays(
        jnp.asarray(condition), jnp.asarray(then, like), jnp.asarray(otherwise, like)
    )
    return lax.select(mask, left, right)


def worst(*statuses: Array | None) -> Array | None:
    """The status of a value computed from several: the highest, so a hole wins."""
    given = [status for status in statuses if status is not None]
    if not given:
        return None
    total = given[0]
    for status in given[1:]:
        total = jnp.maximum(total, status)
    return total


def refuse(status: Array | None, bad: Array, reason: int) -> Array:
    """Marks the cells in `bad` as missing for `reason`, unless something worse is known."""
    marked = choose(bad, jnp.int8(reason), jnp.int8(OK))
    return marked if status is None else jnp.maximum(status, marked)


def undefined(status: Array | None, bad: Array) -> Array:
    """Marks the cells in `bad` as undefined, unless they are missing already: what stands there means nothing."""
    return refuse(status, bad if status is None else bad & (status == OK), UNDEFINED)


def apply(function: Callable[..., Array], *args: Cells, partial: bool = False) -> Cells:
    """A function of scalars, cell by cell, broadcast by name.

    `partial` functions are undefined for some arguments: a result that is not finite is missing with that reason.
    """
    scale = next((cells.scale for cells in args if cells.scale is not None), None)
    value = function(*(spread(cells) if scale is not None else cells.value for cells in args))
    status = worst(*(cells.status for cells in args))
    if partial:
        bad = ~jnp.isfinite(value)
        status = undefined(status, bad.any(axis=-1) if scale is not None else bad)
    axes = frozenset[str]().union(*(cells.axes for cells in args))
    return Cells(axes, value, status, scale, None, joined_counts(cells.counts for cells in args))


def spread(cells: Cells) -> Array:
    """The value with a last dimension for options."""
    return cells.value if cells.scale is not None or cells.value.ndim == 0 else cells.value[..., None]


def without_values(cells: Cells) -> Cells:
    """Whether something is there, of cells of any kind: zero where it is."""
    shape = cells.value.shape[: cells.value.ndim - cells.width]
    return replace(cells, value=jnp.zeros(shape), scale=None, names=None, choices=None)


def without_holes(cells: Cells, holes: Array | None) -> Cells:
    """Marks the cells that do not exist."""
    if holes is None:
        return cells
    return replace(cells, status=refuse(cells.status, holes, HOLE))


def excluded(state: Array, reasons: tuple[str, ...]) -> Array:
    """Which statuses say that a check took a cell out."""
    return (state >= FIRST_CHECK) & (
        state < FIRST_CHECK + sum(reason.startswith(CHECK) for reason in reasons)
    )


def is_missing(cells: Cells, reasons: tuple[str, ...]) -> Cells:
    """True where a value is missing; never missing itself. Holes, and what a check took out, stay what they are."""
    shape = cells.value.shape[: cells.value.ndim - cells.width]
    state = jnp.int8(OK) if cells.status is None else cells.status
    status = jnp.broadcast_to(state, jnp.broadcast_shapes(shape, state.shape))
    out = (status == HOLE) | excluded(status, reasons)
    return Cells(
        cells.axes, (status != OK) & ~out, choose(out, status, jnp.int8(OK)), counts=asked(cells.counts)
    )


def branch(test: Cells, then: Cells, otherwise: Cells) -> Cells:
    """`if`: missing where the test or the taken branch is. Levels and options stay what they are."""
    picked = apply(
        choose, replace(test, status=None), replace(then, status=None), replace(otherwise, status=None)
    )
    names, choices = then.names or otherwise.names, then.choices or otherwise.choices
    picked = replace(picked, names=names, choices=choices)
    left = jnp.int8(OK) if then.status is None else then.status
    right = jnp.int8(OK) if otherwise.status is None else otherwise.status
    return replace(picked, status=worst(test.status, choose(test.value, left, right)))
