"""Expressions over cells: a typed term becomes named arrays inside the graph.

Expects terms that `support` accepts. Ensures that equal terms, and what a name stands for, are computed once, and that
a scope with other answers, people or resampling counts recomputes only what depends on them: the rest comes from the
scope outside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import jax.numpy as jnp

from cyclspec.compiler.scores import builtins, vocabularies
from cyclspec.compiler.scores.arithmetic import COMPARE, FUNCTIONS, PARTIAL, TOTAL
from cyclspec.compiler.scores.cells import (
    HOLE,
    NO_VALUE,
    OK,
    Array,
    Cells,
    apply,
    choose,
    joined_counts,
    refuse,
    undefined,
    without_holes,
    worst,
)
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.kernels import batched
from cyclspec.compiler.scores.reductions import Reduction, reduced
from cyclspec.compiler.scores.walk import Leaf, Reach, source_axis
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Choice, Dist, Vocabulary, scale_name
from cyclspec.language.types.terms import (
    AnswerTerm,
    ArithmeticTerm,
    AttributeTerm,
    AxisTerm,
    CallTerm,
    ColumnTerm,
    CompareTerm,
    IfTerm,
    LetTerm,
    Literal_,
    LogicTerm,
    MemberTerm,
    MetricTerm,
    NegateTerm,
    PeopleTerm,
    PickTerm,
    RangeTerm,
    ReduceTerm,
    Term,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all scopes of one graph share."""

    frame: Frame
    named: Mapping[str, Term]
    reach: Reach
    seed: int
    reasons: tuple[str, ...]
    unit_axes: frozenset[str]


@dataclass(slots=True)
class Scope:
    """One way to evaluate terms: its own leaves and resampling counts, everything else from `outer`."""

    setting: Setting
    leaves: Mapping[Leaf, Cells]
    resampled: Mapping[str, Array] = field(default_factory=dict)
    outer: Scope | None = None
    counting: bool = True
    known: dict[Term, Cells] = field(default_factory=dict)
    lets: dict[str, Cells] = field(default_factory=dict)

    def cells(self, term: Term) -> Cells:
        """The value of a term in this scope."""
        if self.outer is not None and not self._touches(term):
            return self.outer.cells(term)
        if term not in self.known:
            self.known[term] = self._cells(term)
        return self.known[term]

    def _touches(self, term: Term) -> bool:
        depends = self.setting.reach.of(term)
        return not (depends.leaves.isdisjoint(self.leaves) and depends.reduced.isdisjoint(self.resampled))

    def _cells(self, term: Term) -> Cells:
        match term:
            case Literal_(value=bool() | int() | float() as value):
                return Cells(frozenset(), jnp.asarray(value if isinstance(value, bool) else float(value)))
            case AnswerTerm() | PeopleTerm() | ColumnTerm():
                return self._leaf(term)
            case AxisTerm() | AttributeTerm():
                return vocabularies.attribute_cells(self.setting.frame, term)
            case LetTerm(name=name):
                return self._let(name)
            case NegateTerm(of=of):
                return apply(jnp.negative, self.cells(of))
            case ArithmeticTerm(op=op, left=left, right=right):
                return self._elementwise(op, left, right)
            case CompareTerm():
                return self._compare(term)
            case MemberTerm():
                return self._member(term)
            case LogicTerm(op=op, args=args):
                return self._logic(op, tuple(self.cells(arg) for arg in args))
            case IfTerm(condition=condition, then=then, otherwise=otherwise):
                return _branch(self.cells(condition), self.cells(then), self.cells(otherwise))
            case CallTerm():
                return self._call(term)
            case MetricTerm():
                return self._metric(term)
            case ReduceTerm():
                return self._reduce(term)
            case PickTerm():
                return self._pick(term)
            case _:
                raise InternalError("score", f"{type(term).__name__} where cells are needed")

    def _let(self, name: str) -> Cells:
        """What a name stands for, after everything that it needs: a long chain of names is no deep recursion."""
        if name not in self.lets:
            for needed in self.setting.reach.needed((name,), self.lets):
                self.lets[needed] = self.cells(self.setting.named[needed])
        return self.lets[name]

    def _leaf(self, term: Leaf) -> Cells:
        cells = self.leaves.get(term)
        if cells is None and self.outer is not None:
            return self.outer.cells(term)
        if cells is None:
            raise InternalError("score", f"no input for {term}")
        return cells

    def _elementwise(self, function: str, *args: Term) -> Cells:
        cells = tuple(self.cells(arg) for arg in args)
        if function in TOTAL:
            return apply(TOTAL[function], *cells)
        return apply(PARTIAL[function], *cells, partial=True)

    def _compare(self, term: CompareTerm) -> Cells:
        coded = vocabularies.coded_pair(term.left, term.right, self.cells)
        left, right = coded if coded is not None else (self.cells(term.left), self.cells(term.right))
        return apply(COMPARE[term.op], left, right)

    def _member(self, term: MemberTerm) -> Cells:
        of = self.cells(term.of)
        if isinstance(term.among, RangeTerm):
            low, high = term.among.low, term.among.high
            inside = apply(lambda value: (value >= low) & (value <= (jnp.inf if high is None else high)), of)
        else:
            inside = vocabularies.among(of, term.of, term.among, self.cells)
        return apply(jnp.logical_not, inside) if term.negated else inside

    def _logic(self, op: str, args: tuple[Cells, ...]) -> Cells:
        if op == "not":
            return apply(jnp.logical_not, args[0])
        total = args[0]
        for cells in args[1:]:
            total = apply(jnp.logical_and if op == "and" else jnp.logical_or, total, cells)
        return total

    def _call(self, term: CallTerm) -> Cells:
        frame = self.setting.frame
        match term.function:
            case name if name in FUNCTIONS:
                return self._elementwise(name, *term.args)
            case "is_missing":
                return _is_missing(self.cells(term.args[0]))
            case "uniform" | "size" | "span" as name:
                return builtins.of_scale(frame, name, term.args[0])
            case "complete":
                return builtins.complete(frame, term.words["over"])
            case "human_mean":
                return builtins.mean_of_levels(
                    frame, self.cells(term.args[0]), _only(term, "leave_out"), own=False
                )
            case "human_mean_in_sample":
                return builtins.mean_of_levels(frame, self.cells(term.args[0]), _only(term, "over"), own=True)
            case "human_shuffled":
                return builtins.shuffled(
                    frame, self.setting.seed, self.cells(term.args[0]), _only(term, "over")
                )
            case name:
                raise InternalError("score", f"function {name}")

    def _metric(self, term: MetricTerm) -> Cells:
        frame = self.setting.frame
        args = tuple(self.cells(arg) for arg in term.args)
        wide = any(cells.scale is not None for cells in args)
        mask = jnp.asarray(frame.scored(scale_name(term.scale))) if wide else None
        values = [cells.value.astype(jnp.float64) for cells in args]
        value = batched(term, mask, values, len(frame.names))
        axes = frozenset[str]().union(*(cells.axes for cells in args))
        status = undefined(worst(*(cells.status for cells in args)), ~jnp.isfinite(value))
        counts = joined_counts(tuple(cells.counts for cells in args))
        if wide:
            axes |= frame.scale_axes(scale_name(term.scale))
        return Cells(axes, value, status, counts=counts)

    def _reduce(self, term: ReduceTerm) -> Cells:
        setting = self.setting
        of = self.cells(term.of)
        if isinstance(term.of.type.kind, Choice) and of.scale is not None:
            of = builtins.renormalised(setting.frame, of.scale, of)
        for derived in term.by:
            source = source_axis(term, derived, setting.frame.grid)
            outside = ~jnp.asarray(setting.frame.members(source, derived))
            of = replace(of, axes=of.axes | {derived}, status=refuse(of.status, outside, HOLE))
        holes = setting.frame.holes(of.axes)
        of = without_holes(of, None if holes is None else jnp.asarray(holes))
        weight = None if term.weight is None else self.cells(term.weight)
        against = dict(term.args).get("against")
        plan = Reduction(
            setting.frame,
            term.reducer,
            term.axes,
            term.by,
            self.resampled,
            setting.unit_axes,
            len(setting.reasons),
            self.counting,
        )
        return reduced(plan, of, weight, None if against is None else self.cells(against))

    def _pick(self, term: PickTerm) -> Cells:
        cells = self.cells(term.of)
        for axis, level in term.at:
            cells = (
                self._pick_option(cells, term, level)
                if axis == "option"
                else self._pick_level(cells, axis, level)
            )
        return cells

    def _pick_level(self, cells: Cells, axis: str, level: str) -> Cells:
        frame = self.setting.frame
        holes = frame.holes(cells.axes)
        cells = without_holes(cells, None if holes is None else jnp.asarray(holes))
        at, index = frame.place_of(axis), vocabularies.index_of(frame.axes[axis].levels, level)

        def take(array: Array) -> Array:
            lacking = array.ndim <= at or array.shape[at] == 1
            return array if lacking else array[(slice(None),) * at + (slice(index, index + 1),)]

        counts = cells.counts
        if counts is not None:
            units = {name: take(number) for name, number in counts.units.items()}
            counts = replace(counts, used=take(counts.used), missing=take(counts.missing), units=units)
        status = None if cells.status is None else take(cells.status)
        return replace(cells, axes=cells.axes - {axis}, value=take(cells.value), status=status, counts=counts)

    def _pick_option(self, cells: Cells, term: PickTerm, level: str) -> Cells:
        if cells.scale is None or not isinstance(term.of.type.kind, Dist):
            raise InternalError("score", "an option is picked from a value without options")
        scale = term.of.type.kind.scale
        names = scale.names if isinstance(scale, Vocabulary) else None
        hit = jnp.asarray(builtins.option_mask(self.setting.frame, cells.scale, names, level))
        value = choose(hit, cells.value, 0.0).sum(axis=-1)
        status = refuse(cells.status, ~hit.any(axis=-1), NO_VALUE)
        return Cells(cells.axes, value, status, counts=cells.counts)


def _only(term: CallTerm, word: str) -> str:
    """The one axis that a baseline names."""
    return term.words[word][0]


def _is_missing(cells: Cells) -> Cells:
    """True where a value is missing; never missing itself, though holes stay holes."""
    shape = cells.value.shape[: cells.value.ndim - cells.width]
    state = jnp.int8(OK) if cells.status is None else cells.status
    status = jnp.broadcast_to(state, jnp.broadcast_shapes(shape, state.shape))
    hole = choose(status == HOLE, jnp.int8(HOLE), jnp.int8(OK))
    return Cells(cells.axes, (status != OK) & (status != HOLE), hole)


def _branch(test: Cells, then: Cells, otherwise: Cells) -> Cells:
    """`if`: missing where the test or the taken branch is."""
    picked = apply(
        choose, replace(test, status=None), replace(then, status=None), replace(otherwise, status=None)
    )
    left = jnp.int8(OK) if then.status is None else then.status
    right = jnp.int8(OK) if otherwise.status is None else otherwise.status
    return replace(picked, status=worst(test.status, choose(test.value, left, right)))
