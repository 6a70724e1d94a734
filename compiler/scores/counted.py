"""How many answers stand behind a value, each once however often it is read, and why others are missing.

A `Read` names answers that are counted together: of one ask, or of several that are compared one to one before
anything is summarised. Until a reduction counts them there is one to a cell, and the status of the cell says whether it
is there. Counts know the axes that they vary along, so that an answer which is read at every level of another axis
counts once. Where a value reads answers, nothing else is counted; where it reads none, people are, and else cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from cyclspec.compiler.scores.fields import ask_of
from cyclspec.compiler.scores.reasons import HOLE, OK
from cyclspec.language.types.terms import AnswerTerm, ColumnTerm, PeopleTerm, Term

Array = jax.Array


ANSWERS, PEOPLE, ELSE = 2, 1, 0


@dataclass(frozen=True, slots=True)
class Source:
    """An ask, or the term of something else that is there a cell, with the levels that were picked of its axes."""

    of: str | Term
    rank: int
    picks: frozenset[tuple[str, str]] = frozenset()

    def holds(self, other: Source, apart: frozenset[str]) -> bool:
        """Whether this is the other one at all levels of what is picked there, of axes that are not held `apart`."""
        further = {axis for axis, _ in other.picks - self.picks}
        return self.of == other.of and self.picks < other.picks and further.isdisjoint(apart)


@dataclass(frozen=True, slots=True)
class Read:
    """Answers that are counted together, and the axes along which there are different ones."""

    sources: frozenset[Source]
    axes: frozenset[str]

    @property
    def rank(self) -> int:
        return max((source.rank for source in self.sources), default=0)

    def without(self, axes: Iterable[str], added: Iterable[str] = ()) -> Self:
        """What is left when some axes are reduced, and others are made of their attributes."""
        return replace(self, axes=self.axes.difference(axes).union(added))

    def holds(self, other: Read) -> bool:
        """Whether all that the other one reads at a level, this one reads at all levels."""
        return all(any(one.holds(part, self.axes) for one in self.sources) for part in other.sources)

    def picked(self, axis: str, level: str) -> Self:
        """The answers at one level of an axis: other ones than those at another level."""
        if axis not in self.axes:
            return self
        sources = frozenset(replace(one, picks=one.picks | {(axis, level)}) for one in self.sources)
        return replace(self, sources=sources, axes=self.axes - {axis})

    def looked_up(self, axis: str, key: frozenset[str]) -> Self:
        """The answers at levels that a value over the axes of `key` names."""
        picked = self.picked(axis, "")
        return self if picked is self else replace(picked, axes=picked.axes | key)


class Tally(NamedTuple):
    """How many answers were used, int32 [*axes], and how many are missing, int32 [*axes, reason]."""

    used: Array
    missing: Array


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What a value reads: one a cell (`uncounted`), and what reductions counted.

    `units` says by name which clusters are there, bool [*axes, cluster]: an array for each of the values that it was
    computed from.
    """

    uncounted: Read | None = None
    counted: Mapping[Read, Tally] = field(default_factory=dict)
    units: Mapping[str, tuple[Array, ...]] = field(default_factory=dict)

    def reading(self, change: Callable[[Read], Read]) -> Counts:
        """The same change made to all that is read; arrays are cut by `each`."""
        uncounted = None if self.uncounted is None else change(self.uncounted)
        return Counts(uncounted, {change(read): tally for read, tally in self.counted.items()}, self.units)

    def each(self, change: Callable[[Array], Array]) -> Counts:
        """The same change made to all arrays."""
        counted = {read: Tally(*(change(part) for part in tally)) for read, tally in self.counted.items()}
        units = {name: tuple(change(part) for part in parts) for name, parts in self.units.items()}
        return Counts(self.uncounted, counted, units)

    def fewest_units(self, name: str, nothing: Array) -> Array:
        """How many clusters are there, int32 [*axes]: of values that were computed from several the fewest.

        `nothing` where no axis was reduced that has them.
        """
        numbers = [part.sum(axis=-1, dtype=jnp.int32) for part in self.units.get(name, ())]
        return reduce(jnp.minimum, numbers) if numbers else nothing

    @property
    def rank(self) -> int:
        reads = (*self.counted, *(() if self.uncounted is None else (self.uncounted,)))
        return max((read.rank for read in reads), default=-1)


def of_leaf(leaf: Term, axes: frozenset[str]) -> Counts:
    """One answer, or distribution of people, a cell. Fields of a record and the mass on labels are one answer."""
    match leaf:
        case AnswerTerm(ask=ask):
            source = Source(ask_of(ask), ANSWERS)
        case PeopleTerm() | ColumnTerm():
            source = Source(leaf, PEOPLE)
        case _:
            source = Source(leaf, ELSE)
    return Counts(Read(frozenset((source,)), axes))


def asked(counts: Counts | None) -> Counts | None:
    """Of cells that are asked whether they are there: one each, and not what reductions counted below them."""
    return None if counts is None or counts.uncounted is None else Counts(counts.uncounted)


def joined_counts(parts: Iterable[Counts | None]) -> Counts | None:
    """Counts of a value computed from several: of answers read twice the fewest used and the most missing."""
    given = [counts for counts in parts if counts is not None]
    if len(given) < 2:
        return given[0] if given else None
    rank = max(counts.rank for counts in given)
    uncounted = [counts.uncounted for counts in given if counts.uncounted is not None]
    together = [read for read in uncounted if read.rank == rank]
    counted: dict[Read, Tally] = {}
    units: dict[str, tuple[Array, ...]] = {}
    for counts in given:
        for read, tally in counts.counted.items():
            if read.rank == rank:
                counted[read] = _cautious(counted[read], tally) if read in counted else tally
        for name, there in counts.units.items():
            held = units.get(name, ())
            units[name] = (*held, *(one for one in there if not any(one is other for other in held)))
    return Counts(_together(together), counted, units)


def _together(reads: list[Read]) -> Read | None:
    if not reads:
        return None
    sources = frozenset[Source]().union(*(read.sources for read in reads))
    return Read(sources, frozenset[str]().union(*(read.axes for read in reads)))


def _cautious(one: Tally, other: Tally) -> Tally:
    return Tally(jnp.minimum(one.used, other.used), jnp.maximum(one.missing, other.missing))


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """Counts below one reduction of cells whose status is `state`, over axes at `places`, as one tally of answers.

    `axes` are those of the cells, `tally` int32 [.., status] is how many reduced ones have each status, and `owned`
    says which of the axes that the reduction adds are made of attributes of some axes.
    """

    axes: frozenset[str]
    places: Mapping[str, int]
    state: Array
    tally: Array
    owned: Callable[[frozenset[str]], Iterable[str]]

    def of(self, counts: Counts | None) -> dict[Read, Tally]:
        """What is read below the reduction."""
        if counts is None or counts.rank < 0:
            everything = Read(frozenset(), self.axes.union(self.places))
            left = everything.without(self.places, self.owned(everything.axes))
            return {left: self._cells(everything.axes)}
        below = [(read, self._summed(read, tally)) for read, tally in counts.counted.items()]
        if counts.uncounted is not None:
            below.append((counts.uncounted, self._cells(counts.uncounted.axes)))
        found: dict[Read, Tally] = {}
        for read, tally in below:
            left = read.without(self.places, self.owned(read.axes))
            found[left] = _cautious(found[left], tally) if left in found else tally
        return found

    def _split(self, axes: frozenset[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The places along which answers differ, and those along which they are the same ones."""
        own = tuple(sorted(at for axis, at in self.places.items() if axis in axes))
        return own, tuple(sorted(at for axis, at in self.places.items() if axis not in axes))

    def _cells(self, axes: frozenset[str]) -> Tally:
        """One answer a cell; one that is used at some level of an axis that it lacks is used."""
        own, shared = self._split(axes)
        tally = self.tally
        if shared:
            codes = jnp.arange(self.tally.shape[-1], dtype=jnp.int8)
            seen = self.state.min(axis=shared, keepdims=True)
            tally = (seen[..., None] == codes).sum(axis=own, keepdims=True, dtype=jnp.int32)
        return Tally(tally[..., 0], tally[..., 1:])

    def _summed(self, read: Read, tally: Tally) -> Tally:
        """Answers that an inner reduction counted. Those below a cell that is missing share its reason."""
        own, shared = self._split(read.axes)
        codes = jnp.arange(1, self.tally.shape[-1], dtype=jnp.int8)
        seen = self.state.min(axis=shared, keepdims=True) if shared else self.state
        used, missing = tally
        if shared:
            below = jnp.where(self.state != HOLE, used, 0).max(axis=shared, keepdims=True)
            used = jnp.where(self.state == OK, used, 0).max(axis=shared, keepdims=True)
            missing = _fewest(self.state, missing, shared)
        else:
            below, used = used, jnp.where(seen == OK, used, 0)
        lost = (seen[..., None] == codes).astype(jnp.int32) * below[..., None]
        missing = lost + jnp.where(seen != HOLE, 1, 0)[..., None] * missing
        return Tally(
            used.sum(axis=own, keepdims=True, dtype=jnp.int32),
            missing.sum(axis=own, keepdims=True, dtype=jnp.int32),
        )


def _fewest(state: Array, missing: Array, shared: tuple[int, ...]) -> Array:
    """The fewest missing at any level of the shared axes that is no hole."""
    most = np.iinfo(np.int32).max
    found = jnp.where((state != HOLE)[..., None], missing, most).min(axis=shared, keepdims=True)
    return jnp.where(found == most, 0, found)


def totals(counts: Counts | None, status: Array, reasons: int) -> Tally:
    """The counts below a measure. Where its value is missing nothing was used: the cells share its reason."""
    codes = jnp.arange(1, reasons + 1, dtype=jnp.int8)
    here, lost = (status == OK).astype(jnp.int32), (status[..., None] == codes).astype(jnp.int32)
    if counts is None or not counts.counted:
        return Tally(here, lost)
    fewest_axes: dict[frozenset[Source], Read] = {}
    for read in sorted(counts.counted, key=lambda read: (len(read.axes), sorted(read.axes))):
        fewest_axes.setdefault(read.sources, read)
    reads = fewest_axes.values()
    tallies = [
        counts.counted[read]
        for read in reads
        if not any(one is not read and one.holds(read) for one in reads)
    ]
    used = sum((tally.used for tally in tallies[1:]), start=tallies[0].used)
    missing = sum((tally.missing for tally in tallies[1:]), start=tallies[0].missing)
    if counts.uncounted is not None and counts.uncounted.sources not in fewest_axes:
        used = used + 1
    return Tally(here * used, missing + lost * used[..., None])
