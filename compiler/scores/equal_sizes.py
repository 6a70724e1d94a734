"""A measure at equal sizes: as few people behind every cell as behind the smallest, and as few answers.

Expects shares and how many stand behind each. Ensures that a distance to few people is compared with one to many
without the noise that few people add (a distance grows with it): shares of n are drawn again so that they vary like
those of the smallest number m, by a multinomial of 1 / (1/m - 1/n); of n choices that become a distribution m are kept,
at random. The smallest are left as they are. Answers that were lost are not counted: m is found question by question,
among all readers, models and groups that have an answer to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp

from cyclspec.compiler.scores.arrays import CountedArrays
from cyclspec.compiler.scores.cells import Array, Blocked, Cells, choose, refuse
from cyclspec.compiler.scores.draws import over_draws
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.reasons import ABSENT
from cyclspec.compiler.scores.resample import floor_draws
from cyclspec.compiler.scores.sample import grouped
from cyclspec.compiler.scores.variates import joined_seed, multinomial, uniform
from cyclspec.compiler.scores.walk import Leaf, below, names_in, options_of_leaf, scale_of_leaf
from cyclspec.language.types.kinds import Choice
from cyclspec.language.types.terms import AnswerTerm, ReduceTerm, Term
from cyclspec.language.types.typed import TypedMeasure

Plain = Callable[[Term, Cells], Array]


@dataclass(frozen=True, slots=True)
class EqualSizes:
    """Measures at equal sizes; `leaves`, `axes_of` and `sizes` are those of their program.

    `rows` are the axes whose levels are rows of tables.
    """

    setting: Setting
    final: Scope
    leaves: tuple[Leaf, ...]
    axes_of: Mapping[Leaf, frozenset[str]]
    sizes: Mapping[int, CountedArrays]
    rows: frozenset[str]

    def of(self, measure: TypedMeasure, plain: Plain) -> Array | None:
        """The mean of a measure over draws; None where nobody knows how many people stand behind what it reads."""
        read = self.setting.reach.of(measure.term).leaves
        repeated = self._repeated(measure.term)
        places = [
            at
            for at, leaf in enumerate(self.leaves)
            if leaf in read and (scale_of_leaf(leaf) or leaf in repeated)
        ]
        people = [at for at in places if not isinstance(self.leaves[at], AnswerTerm)]
        if not places or any(at not in self.sizes for at in people):
            return None

        def some(draws: Array) -> Array:
            leaves: dict[Leaf, Cells | Blocked] = {}
            for at in places:
                leaf = self.leaves[at]
                target = self._people(at) if at in people else self._answers(leaf, read, repeated)
                if target is not None and leaf in repeated:
                    leaves[leaf] = self._fewer(at, target, draws, repeated[leaf])
                elif target is not None:
                    leaves[leaf] = self._thinned(at, target, draws)
            scope = Scope(self.setting, leaves, outer=self.final, counting=False)
            found = plain(measure.term, scope.cells(measure.term))
            return jnp.broadcast_to(found, (*found.shape[:-1], len(draws)))

        held = [at for at in places if at in self.sizes]
        drawn = sum(int(self.sizes[at].numbers.size) * self._width(at) for at in held)
        asked = max(self.setting.frame.size(self.axes_of[leaf]) for leaf in self.leaves)
        number = floor_draws(drawn)
        each = jnp.arange(number, dtype=jnp.uint64)
        values = over_draws(some, each, number, 8 * (6 * drawn + 4 * asked))
        return values.mean(axis=-1, keepdims=True)

    def _repeated(self, term: Term) -> dict[Leaf, frozenset[str]]:
        """The choices that become distributions below a term, and the axes along which their answers are counted."""
        terms = (term, *(self.setting.named[name] for name in self.setting.reach.needed(names_in(term))))
        found: dict[Leaf, frozenset[str]] = {}
        for inner in (inner for one in terms for inner in below(one)):
            if not isinstance(inner, ReduceTerm) or inner.reducer != "share":
                continue
            for leaf in self.setting.reach.of(inner.of).leaves:
                if isinstance(leaf, AnswerTerm) and isinstance(inner.of.type.kind, Choice):
                    found[leaf] = found.get(leaf, frozenset()) | (frozenset(inner.axes) & self.axes_of[leaf])
        return found

    def _fewer(self, at: int, target: Array, draws: Array, repeated: frozenset[str]) -> Cells:
        """As many choices as `target` says, at random of those that are there along the axes of repetition."""
        cells, frame = self.final.cells(self.leaves[at]), self.setting.frame
        where = choose(cells.ok, uniform(joined_seed(self.sizes[at].seeds, draws), 0), jnp.inf)
        places = tuple(sorted(frame.place_of(axis) for axis in repeated))
        lined = grouped(where, places)
        rank = jnp.argsort(jnp.argsort(lined, axis=-1), axis=-1)
        sizes = [where.shape[place] for place in places]
        back = jnp.moveaxis(rank.reshape(*rank.shape[:-1], *sizes), range(-len(places), 0), places)
        return replace(cells, status=refuse(cells.status, back >= target, ABSENT))

    def _width(self, at: int) -> int:
        if scale_of_leaf(self.leaves[at]) is None:
            return 1
        return max(len(part.places[0]) for part in self.setting.blocks[self._scale(at)].parts)

    def _scale(self, at: int) -> str:
        scale = scale_of_leaf(self.leaves[at])
        assert scale is not None
        return scale

    def _people(self, at: int) -> Array:
        """The smallest number of people behind any group of each item."""
        frame = self.setting.frame
        others = self.axes_of[self.leaves[at]] - frame.scale_axes(self._scale(at))
        places = tuple(frame.place_of(axis) for axis in others)
        numbers = self.sizes[at].numbers
        # Fewer than one person is nobody: such cells make no others small.
        return choose(numbers >= 1.0, numbers, jnp.inf).min(axis=places, keepdims=True)

    def _answers(
        self, leaf: Leaf, read: frozenset[Leaf], repeated: Mapping[Leaf, frozenset[str]]
    ) -> Array | None:
        """The smallest number of answers to a question that any ask counted anywhere; None where none counts."""
        frame, found = self.setting.frame, list[Array]()
        for at, other in enumerate(self.leaves):
            if not isinstance(other, AnswerTerm) or other not in read or other.field != "value":
                continue
            same = options_of_leaf(other) == options_of_leaf(leaf)
            number = self._number(at, other, repeated) if same else None
            if number is None:
                continue
            together = tuple(frame.place_of(axis) for axis in repeated.get(other, frozenset()))
            number = number.sum(axis=together, keepdims=True)
            others = tuple(frame.place_of(axis) for axis in frame.names if axis not in self._questions(leaf))
            # Where everything was lost nothing is measured: such cells make no others small.
            found.append(choose(number >= 1.0, number, jnp.inf).min(axis=others, keepdims=True))
        if not found:
            return None
        least = found[0]
        for one in found[1:]:
            least = jnp.minimum(least, one)
        return least

    def _questions(self, leaf: Leaf) -> frozenset[str]:
        """The axes that tell questions apart: those of the options, or rows of tables where all share a scale."""
        scale = options_of_leaf(leaf)
        own = frozenset[str]() if scale is None else self.setting.frame.scale_axes(scale)
        return own or self.axes_of[leaf] & self.rows

    def _number(self, at: int, leaf: AnswerTerm, repeated: Mapping[Leaf, frozenset[str]]) -> Array | None:
        """How many answers stand in each cell of an ask: one choice that becomes shares, or as many as were counted."""
        if isinstance(leaf.type.kind, Choice):
            if leaf not in repeated:
                return None
            there = self.final.cells(leaf).ok.astype(jnp.float64)
            return jnp.broadcast_to(there, self.setting.frame.shape(self.axes_of[leaf]))
        return self.sizes[at].numbers if at in self.sizes else None

    def _thinned(self, at: int, target: Array, draws: Array) -> Blocked:
        """A leaf with shares that vary like those of `target`."""
        scale, held = self._scale(at), self.sizes[at]
        blocks, parts = self.setting.blocks[scale], list[Cells]()
        for block, scope in zip(blocks.parts, self.final.blocks(scale), strict=True):
            cells = scope.cells(self.leaves[at])
            smallest, numbers, seeds = (
                blocks.cut(block, Cells(frozenset(), one)).value for one in (target, held.numbers, held.seeds)
            )
            lacking = 1.0 / smallest - 1.0 / jnp.maximum(numbers, 1.0)
            fewer = lacking > 1e-9
            size = jnp.maximum(jnp.round(1.0 / choose(fewer, lacking, 1.0)), 1.0)
            drawn = multinomial(joined_seed(seeds, draws), size, cells.value) / size[..., None]
            parts.append(replace(cells, value=choose(fewer[..., None], drawn, cells.value)))
        return Blocked(scale, tuple(parts))
