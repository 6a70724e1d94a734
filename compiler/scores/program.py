"""The one traced function of an audit: leaves in, every measure and check out.

Expects full-rank arrays under `jax.enable_x64`. Ensures the order that the language promises: checks that exclude are
evaluated on all answers; measures, and the other checks, on the answers that are left; intervals and noise floors
reuse everything that their draws do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp

from cyclspec.compiler.scores.arrays import (
    CheckArrays,
    ControlArrays,
    LeafArrays,
    MeasureArrays,
    Outcome,
    Tensors,
)
from cyclspec.compiler.scores.bounds import Bounds
from cyclspec.compiler.scores.builtins import renormalised
from cyclspec.compiler.scores.cells import Array, Blocked, Cells, choose, refuse
from cyclspec.compiler.scores.checks import excluded
from cyclspec.compiler.scores.clusters import alone, name_of, strata_name
from cyclspec.compiler.scores.controls import Controls
from cyclspec.compiler.scores.counted import Counts, of_leaf, totals
from cyclspec.compiler.scores.equal_sizes import EqualSizes
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.floors import Floors
from cyclspec.compiler.scores.frame import Frame, rows_of
from cyclspec.compiler.scores.options import chosen
from cyclspec.compiler.scores.reasons import HOLE, OK
from cyclspec.compiler.scores.uncertainty import Uncertainty
from cyclspec.compiler.scores.walk import Leaf, scale_of_leaf
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Choice
from cyclspec.language.types.terms import AnswerTerm, Term
from cyclspec.language.types.typed import TypedAudit, TypedCheck, TypedMeasure


@dataclass(frozen=True, slots=True)
class Program:
    """The statements to evaluate and the leaves that they read; `axes_of` gives the axes of each leaf."""

    audit: TypedAudit
    setting: Setting
    measures: tuple[TypedMeasure, ...]
    checks: tuple[TypedCheck, ...]
    leaves: tuple[Leaf, ...]
    axes_of: Mapping[Leaf, frozenset[str]]

    @property
    def frame(self) -> Frame:
        return self.setting.frame

    @property
    def floors(self) -> Floors:
        return Floors(self.audit, self.setting, self.measures, self.leaves, self.axes_of)

    @property
    def uncertainty(self) -> Uncertainty:
        return Uncertainty(self.audit, self.setting, self.leaves, self.axes_of)

    def run(self, tensors: Tensors) -> Outcome:
        """Every measure and check of the program."""
        base, final, results = self.scopes(tensors)
        for check in self.checks:
            if check.name not in results:
                results[check.name] = final.cells(check.term)
        checks = {check.name: self._checked(check, results[check.name]) for check in self.checks}
        points = {measure.name: final.cells(measure.term) for measure in self.measures}
        floors = self.floors.means(tensors.perfect, final, self._plain)
        measures = {
            measure.name: self._measured(measure, points[measure.name], base, final, tensors, floors)
            for measure in self.measures
        }
        return Outcome(measures, checks)

    def scopes(self, tensors: Tensors) -> tuple[Scope, Scope, dict[str, Cells]]:
        """The scope of all answers, that of the answers no check excludes, and the results of those checks."""
        leaves: dict[Leaf, Cells | Blocked] = {
            leaf: self._leaf(leaf, arrays) for leaf, arrays in zip(self.leaves, tensors.leaves, strict=True)
        }
        base = Scope(self.setting, leaves)
        results = {check.name: base.cells(check.term) for check in self.checks if check.on_fail == "exclude"}
        if not results:
            return base, base, results
        answers = {leaf: cells for leaf, cells in leaves.items() if isinstance(leaf, AnswerTerm)}
        kept = excluded(self.setting, self.audit, answers, results)
        left: dict[Leaf, Cells | Blocked] = dict(kept.items())
        return base, Scope(self.setting, left, outer=base), results

    def _leaf(self, leaf: Leaf, arrays: LeafArrays) -> Cells | Blocked:
        """A leaf as cells over all items, or as one block of cells for each block of its scale."""
        axes = self.axes_of[leaf]
        status, counts = arrays.status, of_leaf(leaf, axes)
        holes = self.frame.holes(axes)
        if holes is not None:
            status = refuse(status, jnp.asarray(holes), HOLE)
        if isinstance(leaf.type.kind, Choice):
            held = Cells(axes, arrays.value[0], status, counts=counts)
            return chosen(self.frame, self.setting.reasons, leaf.type.kind, held)
        scale = scale_of_leaf(leaf)
        if scale is None:
            return Cells(axes, arrays.value[0].astype(jnp.float64), status, counts=counts)
        blocks = self.setting.blocks[scale]
        parts = zip(blocks.parts, arrays.value, strict=True)
        return Blocked(
            scale,
            tuple(
                renormalised(
                    block.frame,
                    scale,
                    replace(blocks.cut(block, Cells(axes, status, status, counts=counts)), value=value),
                )
                for block, value in parts
            ),
        )

    def settled(self, term: Term, cells: Cells) -> tuple[Array, Array]:
        """The value and the status with holes of all its axes marked, both at least of rank one each way."""
        holes = self.frame.holes(cells.axes)
        status = jnp.zeros(self.frame.shape(()), jnp.int8) if cells.status is None else cells.status
        if cells.scale is not None:
            raise InternalError("score", f"{term.span} ends as a distribution")
        value = cells.value.reshape(self.frame.shape(())) if cells.value.ndim == 0 else cells.value
        return value, status if holes is None else refuse(status, jnp.asarray(holes), HOLE)

    def _plain(self, term: Term, cells: Cells) -> Array:
        """The value as float, NaN where it is missing."""
        value, status = self.settled(term, cells)
        return choose(status == OK, value.astype(jnp.float64), jnp.nan)

    def _checked(self, check: TypedCheck, cells: Cells) -> CheckArrays:
        if not cells.axes <= set(check.axes):
            raise InternalError("score", f"check {check.name} ends over {sorted(cells.axes)}")
        return CheckArrays(*self.settled(check.term, cells))

    def _measured(
        self,
        measure: TypedMeasure,
        cells: Cells,
        base: Scope,
        final: Scope,
        tensors: Tensors,
        floors: Mapping[str, Array],
    ) -> MeasureArrays:
        if not cells.axes <= set(measure.by):
            raise InternalError("score", f"measure {measure.name} ends over {sorted(cells.axes)}")
        value, status = self.settled(measure.term, cells)
        counts = totals(cells.counts, status, len(self.setting.reasons))
        drawn = () if measure.interval is None else measure.interval.drawings
        nothing = jnp.zeros(self.frame.shape(()), jnp.int32)
        names = [name_of(one) for one in (*drawn, *alone(drawn)) if one.people is None]
        names += [strata_name(one) for one in drawn if one.people is None and one.strata is not None]
        below = Counts() if cells.counts is None else cells.counts
        units = {name: below.fewest_units(name, nothing) for name in names}
        draws = self.uncertainty.of(measure, final, tensors.redrawn[measure.name], self._plain)
        plain = self._plain(measure.term, base.cells(measure.term))
        floor = floors.get(measure.name)
        controls = self._controls(measure, final, floor)
        equal = None
        if measure.sizes is not None:
            rows = rows_of(self.audit)
            sizes = EqualSizes(self.setting, final, self.leaves, self.axes_of, tensors.sizes, rows)
            equal = sizes.of(measure, self._plain)
        bounds = None if measure.bounds is None else self._bounds(measure.term, final)
        return MeasureArrays(
            value, status, counts.used, counts.missing, units, plain, draws, floor, controls, equal, bounds
        )

    def _controls(self, measure: TypedMeasure, final: Scope, floor: Array | None) -> ControlArrays:
        """The controls of a measure that has a noise floor."""
        index = self.floors.leaf_of(measure)
        if floor is None or index is None:
            return ControlArrays(None, None, None)
        controls = Controls(self.setting, final, self.leaves[index], self.axes_of)
        return controls.of(measure.term, self._plain)

    def _bounds(self, term: Term, final: Scope) -> tuple[Array, Array]:
        answers = {
            leaf: Blocked(scale, tuple(part.cells(leaf) for part in final.blocks(scale)))
            if (scale := scale_of_leaf(leaf))
            else final.cells(leaf)
            for leaf in self.leaves
            if isinstance(leaf, AnswerTerm)
        }
        ends = Bounds(final, answers).of(term)
        return self._plain(term, ends.low), self._plain(term, ends.high)
