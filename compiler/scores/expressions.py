"""Expressions over cells: a typed term becomes named arrays inside the graph.

A distribution is computed block by block (see `blocks`), in scopes that have the frame of one block; everything
without options in the whole scope.

Expects terms that `support` accepts. Ensures that equal terms, and what a name stands for, are computed once, and that
a scope with other answers, people or resampling counts recomputes only what depends on them: the rest comes from the
scope outside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import jax.numpy as jnp

from cyclspec.compiler.scores import builtins, operands, vocabularies
from cyclspec.compiler.scores.arithmetic import COMPARE, FUNCTIONS, PARTIAL, TOTAL
from cyclspec.compiler.scores.blocks import Block, Blocks
from cyclspec.compiler.scores.cells import (
    Array,
    Blocked,
    Cells,
    apply,
    branch,
    choose,
    is_missing,
    refuse,
    undefined,
    without_holes,
    without_values,
    worst,
)
from cyclspec.compiler.scores.clusters import Units
from cyclspec.compiler.scores.counted import joined_counts
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.kernels import batched, takes_numbers
from cyclspec.compiler.scores.options import one_hot
from cyclspec.compiler.scores.picks import looked_up, picked_level
from cyclspec.compiler.scores.reasons import HOLE, NO_VALUE
from cyclspec.compiler.scores.reducers import REDUCERS
from cyclspec.compiler.scores.reductions import Reduction, reduced
from cyclspec.compiler.scores.running import along
from cyclspec.compiler.scores.sessions import UNDATED, Drift, models_unchanged, of_asked
from cyclspec.compiler.scores.walk import Leaf, Reach, source_axis
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Choice, Dist, Number, Of, Scale, Vocabulary, scale_name
from cyclspec.language.types.terms import (
    AnswerTerm,
    ArithmeticTerm,
    AttributeTerm,
    AxisTerm,
    CallTerm,
    ColumnTerm,
    CompareTerm,
    HeadcountTerm,
    IfTerm,
    LetTerm,
    Literal_,
    LogicTerm,
    LookupTerm,
    MemberTerm,
    MetricTerm,
    NegateTerm,
    PeopleTerm,
    PickTerm,
    PopulationTerm,
    RangeTerm,
    ReduceTerm,
    Term,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all scopes of one graph share."""

    frame: Frame
    blocks: Mapping[str, Blocks]
    named: Mapping[str, Term]
    reach: Reach
    seed: int
    reasons: tuple[str, ...]
    units: Mapping[str, Units]
    drift: Drift = UNDATED


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Where the scope of a block belongs: the scope of the whole, the scale, and which of its blocks."""

    whole: Scope
    scale: str
    block: Block

    def cells(self, term: Term) -> Cells:
        """The part of a value without options that belongs to the block."""
        return self.whole.setting.blocks[self.scale].cut(self.block, self.whole.cells(term))


@dataclass(slots=True)
class Scope:
    """One way to evaluate terms: its own leaves and resampling counts, everything else from `outer`.

    `kept` marks by axis the levels whose values count in reductions over it; all others add zero. Fitted statistics are
    matched to what they are in `like`.

    The scope of a block is `inside` the scope of the whole. It has the frame of the block, evaluates distributions, and
    takes what has no options from the whole.
    """

    setting: Setting
    leaves: Mapping[Leaf, Cells | Blocked]
    resampled: Mapping[str, Array] = field(default_factory=dict)
    outer: Scope | None = None
    counting: bool = True
    inside: Inside | None = None
    known: dict[Term, Cells] = field(default_factory=dict)
    lets: dict[str, Cells | None] = field(default_factory=dict)
    opened: dict[str, tuple[Scope, ...]] = field(default_factory=dict)
    kept: Mapping[str, Array] = field(default_factory=dict)
    like: Scope | None = None

    def cells(self, term: Term) -> Cells:
        """The value of a term in this scope."""
        if self.outer is not None and not self.touches(term):
            return self.outer.cells(term)
        if term not in self.known:
            plain = self.inside is not None and not isinstance(term.type.kind, Dist)
            self.known[term] = self.inside.cells(term) if self.inside and plain else self._cells(term)
        return self.known[term]

    def outer_cells(self, term: Term) -> Cells:
        """The value of a term in the scope outside of this one."""
        assert self.outer is not None
        return self.outer.cells(term)

    def blocks(self, scale: str) -> tuple[Scope, ...]:
        """The scopes of the blocks of a scale."""
        if scale not in self.opened:
            parts = self.setting.blocks[scale].parts
            outer = (None,) * len(parts) if self.outer is None else self.outer.blocks(scale)
            self.opened[scale] = tuple(self._block(scale, at, outer[at]) for at in range(len(parts)))
        return self.opened[scale]

    def _block(self, scale: str, at: int, outer: Scope | None) -> Scope:
        block = self.setting.blocks[scale].parts[at]
        leaves: dict[Leaf, Cells | Blocked] = {
            leaf: held.parts[at]
            for leaf, held in self.leaves.items()
            if isinstance(held, Blocked) and held.scale == scale
        }
        setting = replace(self.setting, frame=block.frame)
        inside, items = Inside(self, scale, block), self.setting.frame.scale_axes(scale)
        resampled = self.setting.blocks[scale].cut_counts(block, items, self.resampled)
        return Scope(setting, leaves, resampled, outer, self.counting, inside, kept=self.kept)

    def joined(self, scale: str, of: Callable[[Scope], Cells]) -> Cells:
        """What each block gives, as cells over all items. It has no options."""
        return self.setting.blocks[scale].joined([of(scope) for scope in self.blocks(scale)])

    def touches(self, term: Term) -> bool:
        """Whether a term depends on what this scope has of its own."""
        if self.inside is not None:
            return self.inside.whole.touches(term)
        depends = self.setting.reach.of(term)
        own = (*self.resampled, *self.kept)
        return not (depends.leaves.isdisjoint(self.leaves) and depends.reduced.isdisjoint(own))

    def _cells(self, term: Term) -> Cells:
        frame = self.setting.frame
        match term:
            case Literal_(value=bool() | int() | float() as value):
                return Cells(frozenset(), jnp.asarray(value if isinstance(value, bool) else float(value)))
            case AnswerTerm() | PeopleTerm() | ColumnTerm() | HeadcountTerm() | PopulationTerm():
                return self._leaf(term)
            case AxisTerm() | AttributeTerm():
                return vocabularies.attribute_cells(frame, term)
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
                return branch(self.cells(condition), *self._branches(term, then, otherwise))
            case CallTerm():
                return self._call(term)
            case MetricTerm():
                return self._metric(term)
            case ReduceTerm():
                return self._reduce(term)
            case PickTerm():
                return self._pick(term)
            case LookupTerm():
                return looked_up(frame, self.cells(term.of), term.axis, self.cells(term.key))
            case _:
                raise InternalError("score", f"{type(term).__name__} where cells are needed")

    def _let(self, name: str) -> Cells:
        """What a name stands for, after everything that it needs: a long chain of names is no deep recursion."""
        if name not in self.lets:
            whole = self if self.inside is None else self.inside.whole
            for needed in self.setting.reach.needed((name,), whole.lets):
                whole.settle(needed)
        found = self.lets[name]
        if found is None:
            raise InternalError("score", f"the distribution `{name}` outside the blocks of its scale")
        return found

    def settle(self, name: str) -> None:
        """Evaluates a name whose needs are known: a distribution in the blocks of its scale, the rest as a whole."""
        term = self.setting.named[name]
        if isinstance(term.type.kind, Dist):
            self.lets[name] = None
            for scope in self.blocks(scale_name(term.type.kind.scale)):
                scope.lets[name] = scope.cells(term)
        else:
            self.lets[name] = self.cells(term)

    def _leaf(self, term: Leaf) -> Cells:
        cells = self.leaves.get(term)
        if cells is None and self.outer is not None:
            return self.outer.cells(term)
        if not isinstance(cells, Cells):
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

    def _branches(self, term: IfTerm, then: Term, otherwise: Term) -> tuple[Cells, Cells]:
        """Both values that `if` chooses between, levels and options as codes of one list of names."""
        coded = None
        if isinstance(term.type.kind, Choice | Of):
            coded = vocabularies.coded_pair(then, otherwise, self.cells)
        return coded if coded is not None else (self.cells(then), self.cells(otherwise))

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
                return of_asked(frame, self.setting.drift, self._is_missing(term.args[0]))
            case "uniform" | "one_hot" | "size" | "span" as name:
                return builtins.of_scale(frame, name, term.args[0])
            case "value":
                return vocabularies.value_of(frame, self.cells(term.args[0]), term.args[0].type.kind)
            case "models_unchanged":
                return models_unchanged(frame, self.setting.drift, term.type.axes, term.words["over"])
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

    def _is_missing(self, term: Term) -> Cells:
        match term.type.kind:
            case Dist(scale):
                return self.joined(
                    scale_name(scale), lambda scope: is_missing(scope.cells(term), scope.setting.reasons)
                )
            case _:
                return is_missing(self.cells(term), self.setting.reasons)

    def _metric(self, term: MetricTerm) -> Cells:
        if any(isinstance(arg.type.kind, Dist) for arg in term.args):
            return self.joined(scale_name(term.scale), lambda scope: scope.metric_here(term))
        return self.metric_here(term)

    def metric_here(self, term: MetricTerm) -> Cells:
        """A metric of the cells of this scope, whole or of one block."""
        frame = self.setting.frame
        args = tuple(self.cells(arg) for arg in term.args)
        wide = any(cells.scale is not None for cells in args)
        scale = scale_name(term.scale)
        mask = builtins.mask_of(frame, scale) if wide else None
        numbers = builtins.numbers_of(frame, scale) if wide and takes_numbers(term) else None
        values = [cells.value.astype(jnp.float64) for cells in args]
        value = batched(term, mask, numbers, values, frame.rank)
        axes = frozenset[str]().union(*(cells.axes for cells in args))
        status = undefined(worst(*(cells.status for cells in args)), ~jnp.isfinite(value))
        counts = joined_counts(cells.counts for cells in args)
        if wide:
            axes |= frame.scale_axes(scale)
        return Cells(axes, value, status, counts=counts)

    def _reduce(self, term: ReduceTerm) -> Cells:
        setting = self.setting
        if term.direction == "along":
            return along(setting.frame, term.reducer, self.cells(term.of), term.axes[0])
        if self.inside is not None and not setting.frame.scale_axes(self.inside.scale).isdisjoint(term.axes):
            raise InternalError("score", f"distributions of different scales reduced over {term.axes}")
        asked = operands.operand(setting.frame, term, self._reduced_cells(term), self.cells)
        of = asked.of
        for derived in term.by:
            source = source_axis(term, derived, setting.frame.grid)
            outside = ~jnp.asarray(setting.frame.members(source, derived))
            of = replace(of, axes=of.axes | {derived}, status=refuse(of.status, outside, HOLE))
        holes = setting.frame.holes(of.axes)
        of = without_holes(of, None if holes is None else jnp.asarray(holes))
        weight = None if term.weight is None else self.cells(term.weight)
        plan = Reduction(
            setting.frame,
            asked.reducer,
            term.axes,
            term.by,
            self.resampled,
            self.kept,
            setting.units,
            setting.reasons,
            self.counting,
            asked.told,
            self.like.cells(term) if self.like is not None and REDUCERS[asked.reducer].matched else None,
        )
        return operands.without_further(reduced(plan, of, weight, asked.beside), asked.told)

    def _reduced_cells(self, term: ReduceTerm) -> Cells:
        """What a reduction reduces: of choices that become a distribution here, all on the option of each.

        Whether distributions are there is known block by block, and counted over all items.
        """
        match term.of.type.kind, term.type.kind:
            case Choice() | Of(), Dist() if self.inside is not None:
                return one_hot(self.setting.frame, self.inside.scale, self.inside.block, self.cells(term.of))
            case Dist(scale), Number() if self.inside is None:
                return self.joined(scale_name(scale), lambda scope: without_values(scope.cells(term.of)))
            case _:
                return self.cells(term.of)

    def _pick(self, term: PickTerm) -> Cells:
        at, kind = dict(term.at), term.of.type.kind
        if "option" in at and isinstance(kind, Dist):
            scale, level = kind.scale, at.pop("option")
            cells = self.joined(scale_name(scale), lambda scope: scope.pick_option(term.of, scale, level))
        else:
            cells = self.cells(term.of)
        for axis, level in at.items():
            cells = picked_level(self.setting.frame, cells, axis, level)
        return cells

    def pick_option(self, of: Term, scale: Scale, level: str) -> Cells:
        cells = self.cells(of)
        names = scale.names if isinstance(scale, Vocabulary) else None
        hit = jnp.asarray(builtins.option_mask(self.setting.frame, scale_name(scale), names, level))
        value = choose(hit, cells.value, 0.0).sum(axis=-1)
        status = refuse(cells.status, ~hit.any(axis=-1), NO_VALUE)
        return Cells(cells.axes, value, status, counts=cells.counts)


def _only(term: CallTerm, word: str) -> str:
    """The one axis that a baseline names."""
    return term.words[word][0]
