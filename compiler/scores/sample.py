"""What a reducer sees of the cells it reduces: values, what counts, and how often each level was drawn.

Expects arrays of full rank, zero where a cell is not used. Ensures that a resample enters in two ways only: `total`,
a sum that is one matrix product with the counts of all draws, and `often`, how often each single cell counts. A reducer
that is written with them is right for the point estimate and for every resample, over one axis or several.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from cyclspec.compiler.scores.cells import Array


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a reducer is told beside arrays: words and numbers of the spec, and dimensions by the name of the argument.

    `options` is how many options the values are codes of, 0 where they are none. `adds` is the dimension that the
    result has besides, with its size.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    options: int = 0
    adds: tuple[int, int] | None = None


NOTHING: Final = Arguments()


class Estimate(NamedTuple):
    """A value in full rank, reduced dimensions of size one, and where enough cells were there to define it."""

    value: Array
    defined: Array


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The cells of one reduction.

    `values` [*full rank] (or [*full rank, option] where `wide`), `weights` and what is `beside` them, by the name of
    the argument, [*full rank] each, are zero where `here`, float [*full rank], is zero. `places` are the reduced
    dimensions, rising. `counts` gives for those of them that are resampled how often each level was drawn, float
    [draw, level], and `joint`, float [*full rank], how often each cell was where a dimension is drawn within others;
    the point estimate has none. `used` counts the cells of the point estimate where they are known. `told` is what the
    reducer is told beside arrays. `like` is the point estimate that a fitted statistic is matched to, [*full rank], NaN
    where there is none.
    """

    values: Array
    here: Array
    weights: Array | None
    beside: Mapping[str, Array]
    places: tuple[int, ...]
    counts: Mapping[int, Array]
    used: Array | None = None
    told: Arguments = NOTHING
    joint: Array | None = None
    like: Array | None = None

    @property
    def wide(self) -> bool:
        return self.values.ndim > self.here.ndim

    @property
    def weighed(self) -> Array:
        """The weight of each cell: one where there are none, zero where it is not used."""
        return self.here if self.weights is None else self.weights

    @property
    def mass(self) -> Array:
        """The weights of all cells together."""
        return self.number if self.weights is None else self.total(self.weights)

    @property
    def number(self) -> Array:
        """How many cells there are, those drawn k times k times."""
        if not self.counts and self.joint is None:
            return self.total(self.here) if self.used is None else self.used
        # Where nothing is missing the draws alone say how many: that saves one of two matrix products.
        found: Array = lax.cond(self.here.all(), self._complete, lambda: self.total(self.here))
        return found

    def _complete(self) -> Array:
        plain = math.prod(
            self.here.shape[at] for at in self.places if at not in (*self.counts, *self._around)
        )
        number = jnp.asarray(float(plain))
        if self.joint is not None:
            number = number * self.joint.sum(axis=self.places, keepdims=True)
        for counts in self.counts.values():
            number = number * counts.sum(axis=1)
        kept = [1 if at in self.places else size for at, size in enumerate(self.here.shape)]
        return jnp.broadcast_to(number, (*kept[:-1], number.shape[-1]))

    def total(self, values: Array) -> Array:
        """The sum over the reduced dimensions, each level as often as it was drawn; dimensions are kept."""
        plain = tuple(at for at in self.places if at not in (*self.counts, *self._around))
        result = values.sum(axis=plain, keepdims=True) if plain else values
        if self.joint is not None:
            result = self._within(result, self.joint)
        # The longest dimension first: it is the one that is a matrix product, and what it leaves is the smallest.
        for at in sorted(self.counts, key=lambda place: (-values.shape[place], place)):
            result = self._drawn(result, self.counts[at], at)
        return result

    def _drawn(self, values: Array, counts: Array, at: int) -> Array:
        """The sum over a dimension, each level as often as each draw drew it; the dimension of the draw is filled."""
        draw = self.here.ndim - 1
        if values.shape[at] == 1:
            return values * facing(counts.sum(axis=1), values.ndim, draw)
        if values.shape[draw] > 1:
            return (values * facing(counts.T, values.ndim, at, draw)).sum(axis=at, keepdims=True)
        product = jnp.tensordot(lax.squeeze(values, (draw,)), counts, axes=((at,), (1,)))
        return jnp.expand_dims(jnp.moveaxis(product, -1, draw - 1), at)

    @property
    def _around(self) -> tuple[int, ...]:
        """The dimensions that nested draws vary along."""
        sizes = () if self.joint is None else self.joint.shape[:-1]
        return tuple(at for at, size in enumerate(sizes) if size > 1)

    def _within(self, values: Array, joint: Array) -> Array:
        """The sum over the reduced dimensions of nested draws: a product for each of the levels that are kept."""
        draw, shape = self.here.ndim - 1, list(values.shape)
        for at in self._around:
            shape[at] = joint.shape[at]
        gone = [at for at in self._around if at in self.places]
        given = [at for at in range(values.ndim) if at != draw or values.shape[draw] > 1]
        kept = [at for at in range(values.ndim) if at not in gone]
        wide = jnp.broadcast_to(values, shape)
        slim = joint.reshape([joint.shape[at] for at in (*self._around, draw)])
        left = wide if draw in given else lax.squeeze(wide, (draw,))
        found = jnp.einsum(left, given, slim, [*self._around, draw], kept)
        return jnp.expand_dims(found, gone)

    def centre(self, values: Array) -> Array:
        """The weighted mean without resampling: it only keeps later sums small, so zero will do where there is none."""
        number = self.weighed.sum(axis=self.places, keepdims=True)
        total = (values * self.weighed).sum(axis=self.places, keepdims=True)
        return jnp.where(number > 0.0, total / jnp.where(number > 0.0, number, 1.0), 0.0)

    @property
    def often(self) -> Array:
        """How often each cell counts in each draw, float [*full rank]: zero where it is not used or not drawn."""
        total = self.here if self.joint is None else self.here * self.joint
        for at, counts in self.counts.items():
            total = total * facing(counts.T, total.ndim, at, total.ndim - 1)
        return total

    def lined_up(self, array: Array) -> Array:
        """The reduced dimensions as one last one: [.., kept dimensions, reduced]."""
        return grouped(array, self.places)

    def drawn(self, places: tuple[int, ...]) -> Array:
        """How often each combination of levels of some dimensions was drawn: [draw, combination]."""
        total = jnp.ones((1, 1))
        for at in places:
            counts = self.counts.get(at, jnp.ones((1, self.here.shape[at])))
            both = total[:, :, None] * counts[:, None, :]
            total = both.reshape(both.shape[0], -1)
        return total

    def each(self, kernel: Callable[..., Array], *arrays: Array) -> Array:
        """`kernel` of the reduced cells of every kept cell; what it gives for one of them stands last."""
        return over_cells(kernel, *(self.lined_up(array) for array in arrays))

    def put_back(self, result: Array) -> Array:
        """The inverse for a result without the reduced dimension: full rank again."""
        return jnp.expand_dims(result, self.places)

    def in_rank(self, result: Array, order: Sequence[int]) -> Array:
        """A result in full rank: `order` says which dimension each of its own is, the others have size one."""
        lacking = [at for at in range(self.here.ndim) if at not in order]
        every = [*order, *lacking]
        full = result.reshape(*result.shape, *(1,) * len(lacking))
        return jnp.transpose(full, sorted(range(len(every)), key=every.__getitem__))


def grouped(array: Array, *groups: tuple[int, ...]) -> Array:
    """Groups of dimensions as one last dimension each: [.., other dimensions, group, ..]."""
    moved = [at for group in groups for at in group]
    last = jnp.moveaxis(array, moved, range(-len(moved), 0))
    sizes = [math.prod(array.shape[at] for at in group) for group in groups]
    return last.reshape(*last.shape[: array.ndim - len(moved)], *sizes)


def over_cells(
    kernel: Callable[..., Array], *arrays: Array, inner: int = 1, shared: Sequence[Array] = ()
) -> Array:
    """`kernel` of the last `inner` dimensions of some arrays, for every cell and draw of the others.

    `arrays` are [.., draw, *inner], `shared` ones [draw, *inner] are the same in every cell. What has no draws is given
    to all of them, so that a kernel sorts or compares values once. Returns [.., draw, *what the kernel gives].
    """
    kept = arrays[0].shape[: arrays[0].ndim - inner - 1]
    flat = [array.reshape(-1, *array.shape[array.ndim - inner - 1 :]) for array in arrays]
    alone = [array.shape[1] == 1 for array in flat] + [array.shape[0] == 1 for array in shared]

    def cell(*given: Array) -> Array:
        slim = [array[0] if single else array for array, single in zip(given, alone, strict=True)]
        if all(alone):
            return kernel(*slim)[None]
        return jax.vmap(kernel, in_axes=tuple(None if single else 0 for single in alone))(*slim)

    found: Array = jax.vmap(cell, in_axes=(0,) * len(flat) + (None,) * len(shared))(*flat, *shared)
    return found.reshape(*kept, *found.shape[1:])


def facing(array: Array, rank: int, *places: int) -> Array:
    """An array whose dimensions stand at `places`, rising, among `rank`."""
    return jnp.expand_dims(array, [at for at in range(rank) if at not in places])
