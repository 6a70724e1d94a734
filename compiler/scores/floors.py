"""Noise floors: what each measure is for a model that answers with the truth.

Expects draws of perfect answers and of people beside them. Ensures that a floor stands only where a model could be
perfect, and that what no draw changes is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import jax.numpy as jnp

from cyclspec.compiler.scores.arrays import CountedArrays, PerfectArrays
from cyclspec.compiler.scores.blocks import Block, Blocks
from cyclspec.compiler.scores.builtins import mask_of
from cyclspec.compiler.scores.cells import Array, Blocked, Cells, choose, refuse
from cyclspec.compiler.scores.draws import over_draws
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.perfect import answers_to, choices_of, people_beside, truths
from cyclspec.compiler.scores.reasons import NO_PEOPLE
from cyclspec.compiler.scores.resample import floor_draws
from cyclspec.compiler.scores.walk import Leaf, options_of_leaf, scale_of_leaf
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Choice
from cyclspec.language.types.terms import AnswerTerm, CallTerm, ColumnTerm, PeopleTerm, Term
from cyclspec.language.types.typed import TypedAudit, TypedMeasure


@dataclass(frozen=True, slots=True)
class Floors:
    """The noise floors of some measures; `leaves` and `axes_of` are those of their program."""

    audit: TypedAudit
    setting: Setting
    measures: tuple[TypedMeasure, ...]
    leaves: tuple[Leaf, ...]
    axes_of: Mapping[Leaf, frozenset[str]]

    def leaf_of(self, measure: TypedMeasure) -> int | None:
        """The people leaf whose truth a perfect model would answer; None where the measure has no noise floor.

        A floor needs exactly one people term, answers that vary along all of its axes, and a model that is asked about
        those people: one that is told of others, or may not give an answer that counts, cannot be perfect.
        """
        leaves = self.setting.reach.of(measure.term).leaves
        answers = [leaf for leaf in leaves if isinstance(leaf, AnswerTerm) and leaf.field == "value"]
        people = [leaf for leaf in leaves if isinstance(leaf, PeopleTerm | ColumnTerm)]
        if not answers or len(people) != 1 or any(self._misled(answer.ask) for answer in answers):
            return None
        if not all(self.axes_of[people[0]] <= self.axes_of[answer] for answer in answers):
            return None
        if any(options_of_leaf(answer) != scale_of_leaf(people[0]) for answer in answers):
            return None
        return self.leaves.index(people[0])

    def _misled(self, name: str) -> bool:
        ask = next(ask for ask in self.audit.asks if ask.name == name)
        told = any(isinstance(term, CallTerm) and term.function == "prompt_shuffled" for _, term in ask.args)
        return told or (self.audit.count_missing and not self.audit.offer_missing)

    def means(
        self,
        drawn: Mapping[int, PerfectArrays],
        final: Scope,
        plain: Callable[[Term, Cells], Array],
    ) -> dict[str, Array]:
        """The mean of each measure over perfect models, by measure; all measures of one people term share a pass.

        `plain` gives the value of a term, NaN where it is missing.
        """
        floors: dict[str, Array] = {}
        for index, perfect in drawn.items():
            measures = [measure for measure in self.measures if self.leaf_of(measure) == index]

            def some(
                draws: Array,
                index: int = index,
                perfect: PerfectArrays = perfect,
                measures: list[TypedMeasure] = measures,
            ) -> list[Array]:
                scope = Scope(
                    self.setting, self._perfect(final, index, perfect, draws), outer=final, counting=False
                )
                return [plain(measure.term, scope.cells(measure.term)) for measure in measures]

            number = floor_draws(self._width(index) * int(perfect.people.numbers.size))
            each = jnp.arange(number, dtype=jnp.uint64)
            values = over_draws(some, each, number, self._bytes(index, perfect))
            floors |= {measure.name: _mean(of) for measure, of in zip(measures, values, strict=True)}
        return floors

    def _width(self, index: int) -> int:
        """The most options that a block of people has."""
        scale = scale_of_leaf(self.leaves[index])
        assert scale is not None
        return max(len(part.places[0]) for part in self.setting.blocks[scale].parts)

    def _bytes(self, index: int, perfect: PerfectArrays) -> int:
        """What one draw holds at most."""
        width = self._width(index)
        asked = max((self.setting.frame.size(self.axes_of[leaf]) for leaf in self.leaves), default=1)
        counted = sum(int(one.numbers.size) for one in perfect.answers.values())
        return 8 * (4 * asked + width * (6 * int(perfect.people.numbers.size) + 4 * counted))

    def _perfect(
        self, final: Scope, index: int, perfect: PerfectArrays, draws: Array
    ) -> dict[Leaf, Cells | Blocked]:
        """The people as drawn and every answer as their truth; what was missing stays missing."""
        people = self.leaves[index]
        scale = scale_of_leaf(people)
        if scale is None:
            raise InternalError("score", "a noise floor over something that is not people")
        blocks, scopes = self.setting.blocks[scale], final.blocks(scale)
        truth: list[Array] = []
        others: list[Array] = []
        usable: list[Array] = []
        for block, scope in zip(blocks.parts, scopes, strict=True):
            cells = scope.cells(people)
            own, n_eff = (
                _cut(blocks, block, part) for part in (perfect.people.seeds, perfect.people.numbers)
            )
            truth.append(truths(own, draws, cells.value, n_eff, mask_of(block.frame, scale)))
            others.append(people_beside(own, draws, truth[-1], n_eff))
            usable.append(jnp.round(n_eff) >= 1.0)
        leaves: dict[Leaf, Cells | Blocked] = {people: _drawn(scale, scopes, people, others, usable)}
        anyone = blocks.joined([Cells(frozenset(), one) for one in usable]).value
        for at, leaf in enumerate(self.leaves):
            if not isinstance(leaf, AnswerTerm) or leaf.field != "value" or options_of_leaf(leaf) != scale:
                continue
            # Answers that do not vary as people do are in no measure that has a floor.
            if not self.axes_of[people] <= self.axes_of[leaf]:
                continue
            counted = perfect.answers.get(at)
            if isinstance(leaf.type.kind, Choice):
                leaves[leaf] = self._chosen(scale, final.cells(leaf), counted, draws, truth, anyone)
                continue
            values = truth
            if counted is not None:
                values = [
                    answers_to(
                        _cut(blocks, block, counted.seeds), draws, part, _cut(blocks, block, counted.numbers)
                    )
                    for block, part in zip(blocks.parts, truth, strict=True)
                ]
            leaves[leaf] = _drawn(scale, scopes, leaf, values, usable)
        return leaves

    def _chosen(
        self,
        scale: str,
        cells: Cells,
        counted: CountedArrays | None,
        draws: Array,
        truth: Sequence[Array],
        anyone: Array,
    ) -> Cells:
        """Choices drawn from the truth; missing where they were, or where there is no truth."""
        if counted is None:
            raise InternalError("score", "choices that nobody counted")
        blocks = self.setting.blocks[scale]
        axes = tuple(self.setting.frame.scale_axes(scale))
        parts = [
            Cells(frozenset(), choices_of(block, axes, _cut(blocks, block, counted.seeds), draws, part))
            for block, part in zip(blocks.parts, truth, strict=True)
        ]
        return replace(
            cells, value=blocks.joined(parts).value, status=refuse(cells.status, ~anyone, NO_PEOPLE)
        )


def _cut(blocks: Blocks, block: Block, array: Array) -> Array:
    """The part of an array [*full rank] that belongs to a block."""
    return blocks.cut(block, Cells(frozenset(), array)).value


def _drawn(
    scale: str, scopes: Sequence[Scope], leaf: Leaf, values: Sequence[Array], usable: Sequence[Array]
) -> Blocked:
    """A leaf with other values, block by block; missing where it was, or where there is no truth."""
    parts = []
    for scope, value, anyone in zip(scopes, values, usable, strict=True):
        cells = scope.cells(leaf)
        parts.append(replace(cells, value=value, status=refuse(cells.status, ~anyone, NO_PEOPLE)))
    return Blocked(scale, tuple(parts))


def _mean(values: Array) -> Array:
    """The mean over draws that are defined; NaN where none is."""
    defined = jnp.isfinite(values)
    number = defined.sum(axis=-1, keepdims=True)
    total = choose(defined, values, 0.0).sum(axis=-1, keepdims=True)
    return choose(number > 0, total / jnp.maximum(number, 1), jnp.nan)
