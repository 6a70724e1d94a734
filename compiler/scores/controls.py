"""Controls beside a measure: what it is for answers that no model gave.

Expects a measure that has a noise floor. Ensures that controls have no noise of their own: a share of choices becomes
the control itself, however many choices there are. Where choices enter a measure otherwise it has no controls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp

from cyclspec.compiler.scores import builtins
from cyclspec.compiler.scores.arithmetic import divide
from cyclspec.compiler.scores.arrays import ControlArrays
from cyclspec.compiler.scores.cells import Array, Blocked, Cells, refuse
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.reasons import NO_PEOPLE
from cyclspec.compiler.scores.walk import Leaf, below, names_in, options_of_leaf, parts, scale_of_leaf
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Choice
from cyclspec.language.types.terms import AnswerTerm, LetTerm, ReduceTerm, Term

Plain = Callable[[Term, Cells], Array]
Answer = Callable[[Scope, Cells], Cells]
"""The distribution that a control answers with, in the scope of a block, for the people there."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of measures of one people leaf; `axes_of` gives the axes of each leaf."""

    setting: Setting
    final: Scope
    people: Leaf
    axes_of: Mapping[Leaf, frozenset[str]]

    def of(self, term: Term, plain: Plain) -> ControlArrays:
        """The controls of one measure; None where it has none."""
        shares = self._shares_of_choices(term)
        if shares is None:
            return ControlArrays(None, None, None)
        axis, seed = self._other_axis(), self.setting.seed

        def value(answer: Answer) -> Array:
            return plain(term, self._scope(answer, shares).cells(term))

        def others(scope: Scope, people: Cells) -> Cells:
            return builtins.mean_of_levels(scope.setting.frame, people, axis, own=False)

        def shuffled(scope: Scope, people: Cells) -> Cells:
            return builtins.shuffled(scope.setting.frame, seed, people, axis)

        return ControlArrays(
            uniform=value(self._uniform),
            others=value(others) if axis else None,
            shuffled=value(shuffled) if axis else None,
        )

    def _other_axis(self) -> str:
        """The axis whose other levels are other people: of those without items, the one with most levels."""
        scale = _scale(self.people)
        axes = self.axes_of[self.people] - self.setting.frame.scale_axes(scale)
        several = [axis for axis in sorted(axes) if len(self.setting.frame.axes[axis]) > 1]
        return max(several, key=lambda axis: len(self.setting.frame.axes[axis]), default="")

    def _uniform(self, scope: Scope, people: Cells) -> Cells:
        mask = builtins.mask_of(scope.setting.frame, _scale(self.people)).astype(jnp.float64)
        return replace(people, value=divide(mask, mask.sum(axis=-1, keepdims=True)), status=None)

    def _scope(self, answer: Answer, shares: tuple[ReduceTerm, ...]) -> Scope:
        """A scope in which every answer is that of a control."""
        scale = _scale(self.people)
        scopes = self.final.blocks(scale)
        given = [answer(scope, scope.cells(self.people)) for scope in scopes]
        leaves: dict[Leaf, Cells | Blocked] = {}
        for leaf in self.axes_of:
            if not isinstance(leaf, AnswerTerm) or leaf.field != "value" or options_of_leaf(leaf) != scale:
                continue
            if isinstance(leaf.type.kind, Choice):
                leaves[leaf] = self.final.cells(leaf)
                continue
            held = (_answered(scope.cells(leaf), one) for scope, one in zip(scopes, given, strict=True))
            leaves[leaf] = Blocked(scale, tuple(held))
        scope = Scope(self.setting, leaves, outer=self.final, counting=False)
        for block, one in zip(scope.blocks(scale), given, strict=True):
            block.known |= {term: _answered(block.outer_cells(term), one) for term in shares}
        return scope

    def _shares_of_choices(self, term: Term) -> tuple[ReduceTerm, ...] | None:
        """The reductions that make distributions of choices; None where choices enter the measure in another way."""
        named, people = self.setting.named, self.axes_of[self.people]
        terms = (term, *(named[name] for name in self.setting.reach.needed(names_in(term))))
        found: dict[ReduceTerm, None] = {}
        for inner in (inner for one in terms for inner in below(one)):
            for part in parts(inner):
                if not self._is_choice(part):
                    continue
                if (
                    not isinstance(inner, ReduceTerm)
                    or inner.reducer != "share"
                    or not people <= inner.type.axes
                ):
                    return None
                found[inner] = None
        return None if self._is_choice(term) else tuple(found)

    def _is_choice(self, term: Term) -> bool:
        if not isinstance(term.type.kind, Choice):
            return False
        of = self.setting.named[term.name] if isinstance(term, LetTerm) else term
        return any(isinstance(leaf, AnswerTerm) for leaf in self.setting.reach.of(of).leaves)


def _scale(leaf: Leaf) -> str:
    scale = scale_of_leaf(leaf)
    if scale is None:
        raise InternalError("score", "controls beside something that is not people")
    return scale


def _answered(cells: Cells, control: Cells) -> Cells:
    """The answer of a control; missing where the answer was, or where the control is."""
    return replace(cells, value=control.value, status=refuse(cells.status, ~control.ok, NO_PEOPLE))
