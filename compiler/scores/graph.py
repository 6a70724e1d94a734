"""The score graph of an audit: lowered once, evaluated on answers and people, printable as a jaxpr.

Expects a typed audit and the grid of its opened data. Ensures that one call of `evaluate` is one compiled program in
float64 (answers may arrive in float32), that the same inputs give the same scores, and that nothing is dropped in
silence: what cannot run is refused by `lower` with CY0801.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.scores.arrays import CountedArrays, LeafArrays, Outcome, PerfectArrays, Tensors, lent
from cyclspec.compiler.scores.blocks import blocks_of
from cyclspec.compiler.scores.boundable import unbounded
from cyclspec.compiler.scores.checks import exclusions
from cyclspec.compiler.scores.clusters import units_of
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.fields import with_fields
from cyclspec.compiler.scores.frame import Frame, frame_of
from cyclspec.compiler.scores.gather import collected
from cyclspec.compiler.scores.kernels import kernel, takes_numbers
from cyclspec.compiler.scores.perfect import cell_seeds, numbers_of_answers, numbers_of_people
from cyclspec.compiler.scores.program import Program
from cyclspec.compiler.scores.reasons import CHECK, NO_PEOPLE, OK, REASONS
from cyclspec.compiler.scores.sessions import UNDATED, Drift
from cyclspec.compiler.scores.support import further_reasons, misfits, refusals
from cyclspec.compiler.scores.tables import ScoreInputs, Scores
from cyclspec.compiler.scores.walk import Leaf, Reach, below, named_terms, options_of_leaf, scale_of_leaf
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.types.kinds import Choice, Dist
from cyclspec.language.types.terms import AnswerTerm, HeadcountTerm, MetricTerm, PopulationTerm
from cyclspec.language.types.typed import TypedAudit, TypedCheck, TypedMeasure

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Graph:
    """The measures and checks of one audit as one jitted function."""

    program: Program
    _run: Callable[[Tensors], Outcome] = field(repr=False, compare=False)

    @property
    def frame(self) -> Frame:
        """The canonical order of the axes."""
        return self.program.frame

    def evaluate(self, inputs: ScoreInputs) -> Scores:
        """All measures and checks. InternalError where inputs lack what the audit reads, or have other shapes."""
        with jax.enable_x64(True):
            outcome = jax.device_get(self._run(self.tensors(inputs)))
        return collected(self.program, outcome, inputs)

    def tensors(self, inputs: ScoreInputs) -> Tensors:
        """The inputs in full rank, with every random draw that the graph needs."""
        leaves = tuple(self._leaf(leaf, inputs) for leaf in self.program.leaves)
        uncertainty = self.program.uncertainty
        redrawn = {measure.name: uncertainty.redrawn(measure, inputs) for measure in self.program.measures}
        seed = self.program.audit.seed
        return Tensors(leaves, redrawn, self._perfect(inputs, seed), self._sizes(inputs, seed))

    def _sizes(self, inputs: ScoreInputs, seed: int) -> dict[int, CountedArrays]:
        """How many stand behind each cell of each leaf of shares, where some measure is compared at equal sizes."""
        found: dict[int, CountedArrays] = {}
        if all(measure.sizes is None for measure in self.program.measures):
            return found
        for at, leaf in enumerate(self.program.leaves):
            scale, names = options_of_leaf(leaf), tuple[str, ...](("equal sizes",))
            if scale is None or isinstance(leaf, HeadcountTerm | PopulationTerm):
                continue
            if isinstance(leaf, AnswerTerm):
                answer = _held(inputs.answers.get(leaf.ask), leaf)
                numbers, axes = numbers_of_answers(self.frame, scale, answer), answer.axes
                # Shares that are known exactly are those of infinitely many answers.
                numbers = np.full(self.frame.shape(axes), np.inf) if numbers is None else numbers
                names = (*names, "answers", leaf.ask)
            else:
                people = _held(inputs.people.get(leaf), leaf)
                numbers, axes = numbers_of_people(self.frame, scale, people), people.axes
            if numbers is not None:
                found[at] = CountedArrays(jnp.asarray(numbers), cell_seeds(self.frame, seed, names, axes))
        return found

    def _perfect(self, inputs: ScoreInputs, seed: int) -> dict[int, PerfectArrays]:
        wanted = {self.program.floors.leaf_of(measure) for measure in self.program.measures} - {None}
        perfect: dict[int, PerfectArrays] = {}
        for index in sorted(index for index in wanted if index is not None):
            leaf = self.program.leaves[index]
            scale = scale_of_leaf(leaf)
            if isinstance(leaf, AnswerTerm | HeadcountTerm | PopulationTerm) or scale is None:
                raise InternalError("score", "a noise floor over something that is not people")
            cells = inputs.people[leaf]
            numbers = numbers_of_people(self.frame, scale, cells)
            if numbers is not None:
                seeds = cell_seeds(self.frame, seed, ("noise floor",), cells.axes)
                people = CountedArrays(jnp.asarray(numbers), seeds)
                perfect[index] = PerfectArrays(people, self._counted(inputs, seed, leaf))
        return perfect

    def _counted(self, inputs: ScoreInputs, seed: int, people: Leaf) -> dict[int, CountedArrays]:
        """The leaves whose answers are counted, over the options of people."""
        found: dict[int, CountedArrays] = {}
        scale, axes_of = scale_of_leaf(people), self.program.axes_of
        for at, leaf in enumerate(self.program.leaves):
            if not isinstance(leaf, AnswerTerm) or leaf.field != "value" or options_of_leaf(leaf) != scale:
                continue
            answer = _held(inputs.answers.get(leaf.ask), leaf)
            numbers = None if scale is None else numbers_of_answers(self.frame, scale, answer)
            if numbers is not None and axes_of[people] <= axes_of[leaf]:
                seeds = cell_seeds(self.frame, seed, ("noise floor", "answers", leaf.ask), answer.axes)
                found[at] = CountedArrays(jnp.asarray(numbers), seeds)
        return found

    def _leaf(self, leaf: Leaf, inputs: ScoreInputs) -> LeafArrays:
        if isinstance(leaf, AnswerTerm):
            answer = _held(inputs.answers.get(leaf.ask), leaf)
            values: NDArray[Any] = answer.probs if leaf.field == "value" else _held(answer.mass, leaf)
            if isinstance(leaf.type.kind, Choice):
                values = answer.probs.argmax(axis=-1).astype(np.int32)
            return self._placed(leaf, values, answer.status, answer.axes)
        if isinstance(leaf, HeadcountTerm | PopulationTerm):
            known = _held(inputs.headcounts.get(leaf), leaf)
            return self._placed(leaf, known.value, np.zeros(known.value.shape, np.int8), known.axes)
        people = _held(inputs.people.get(leaf), leaf)
        status = np.where(people.ok, np.int8(OK), np.int8(NO_PEOPLE))
        return self._placed(leaf, people.share, status, people.axes)

    def _placed(
        self, leaf: Leaf, values: NDArray[Any], status: NDArray[np.int8], axes: tuple[str, ...]
    ) -> LeafArrays:
        if frozenset(axes) != self.program.axes_of[leaf]:
            raise InternalError("score", f"input over {axes}, expected {sorted(self.program.axes_of[leaf])}")
        scale, placed = scale_of_leaf(leaf), self.frame.placed(values, axes)
        value = (lent(placed),) if scale is None else self._blocks(scale, placed)
        return LeafArrays(value, lent(self.frame.placed(status, axes)))

    def _blocks(self, scale: str, array: NDArray[Any]) -> tuple[jax.Array, ...]:
        return tuple(lent(part) for part in self.program.setting.blocks[scale].placed(array))

    def jaxpr_text(self, measure: str | None = None) -> str:
        """The traced program as text: of one measure's point estimate, or of everything.

        KeyError where no measure has that name.
        """
        with jax.enable_x64(True):
            if measure is None:
                return str(jax.make_jaxpr(self.program.run)(self._abstract(self.program)))
            program = _only(self.program, {m.name: m for m in self.program.measures}[measure])

            def value(tensors: Tensors) -> jax.Array:
                _, final, _ = program.scopes(tensors)
                quiet = Scope(program.setting, final.leaves, outer=final.outer, counting=False)
                return quiet.cells(program.measures[0].term).value

            return str(jax.make_jaxpr(value)(self._abstract(program)))

    def metric_text(self, metric: str, options: int) -> str:
        """The kernel of one metric, for one example with so many options, as a jaxpr.

        KeyError where nothing in the audit calls that metric.
        """
        terms = self.program.setting.named.values()
        calls = {call.metric: call for term in terms for call in below(term) if isinstance(call, MetricTerm)}
        call = calls[metric]
        with jax.enable_x64(True):
            shares = _shaped((options,), jnp.float64)
            single = _shaped((), jnp.float64)
            args = [shares if isinstance(arg.type.kind, Dist) else single for arg in call.args]
            mask = _shaped((options,), jnp.bool_)
            numbers = shares if takes_numbers(call) else None
            return str(jax.make_jaxpr(kernel(call))(mask, numbers, *args))

    def _abstract(self, program: Program) -> Tensors:
        frame = self.frame

        def leaf_shape(leaf: Leaf) -> LeafArrays:
            scale, axes = scale_of_leaf(leaf), program.axes_of[leaf]
            kind: type[Any] = jnp.float32 if isinstance(leaf, AnswerTerm) else jnp.float64
            kind = jnp.int32 if isinstance(leaf.type.kind, Choice) else kind
            blocks = () if scale is None else program.setting.blocks[scale].parts
            wide = [(*block.frame.shape(axes), block.places.shape[1]) for block in blocks] or [
                frame.shape(axes)
            ]
            return LeafArrays(
                tuple(_shaped(shape, kind) for shape in wide), _shaped(frame.shape(axes), jnp.int8)
            )

        leaves = tuple(leaf_shape(leaf) for leaf in program.leaves)
        redrawn = {
            measure.name: jax.eval_shape(lambda m=measure: program.uncertainty.redrawn(m, None))
            for measure in program.measures
        }
        wanted = {program.floors.leaf_of(measure) for measure in program.measures} - {None}
        perfect = {
            index: PerfectArrays(
                _counted_shape(leaves[index]), self._abstract_answers(program, index, leaves)
            )
            for index in wanted
            if index is not None
        }
        wanted_sizes = any(measure.sizes is not None for measure in program.measures)
        sizes = {
            at: _counted_shape(leaf) for at, leaf in enumerate(leaves) if options_of_leaf(program.leaves[at])
        }
        return Tensors(leaves, redrawn, perfect, sizes if wanted_sizes else {})

    def _abstract_answers(
        self, program: Program, people: int, leaves: tuple[LeafArrays, ...]
    ) -> dict[int, CountedArrays]:
        """Choices are always counted; whether shares are is not known before there are answers."""
        scale = options_of_leaf(program.leaves[people])
        return {
            at: _counted_shape(leaves[at])
            for at, leaf in enumerate(program.leaves)
            if isinstance(leaf.type.kind, Choice) and options_of_leaf(leaf) == scale
        }


def _counted_shape(leaf: LeafArrays) -> CountedArrays:
    return CountedArrays(*(_shaped(leaf.status.shape, kind) for kind in (jnp.float64, jnp.uint64)))


def lower(audit: TypedAudit, grid: Grid, drift: Drift = UNDATED) -> Graph:
    """The graph of an audit. SpecError with CY0801 for every construct that cannot run yet. Reads no data.

    `drift` says which models changed between dated sessions.
    """
    audit = with_fields(audit)
    refused = (*refusals(audit), *unbounded(audit))
    if refused:
        raise SpecError(refused)
    named = named_terms(audit)
    frame = frame_of(audit, grid)
    drawn = [one for measure in audit.measures if measure.interval for one in measure.interval.drawings]
    unfit = misfits(audit, grid)
    if unfit:
        raise SpecError(unfit)
    reasons = (
        *REASONS,
        *(f"{CHECK}{check.name}" for check in exclusions(audit)),
        *further_reasons(audit, frame),
    )
    blocks = {scale: blocks_of(frame, scale) for scale in grid.options}
    setting = Setting(frame, blocks, named, Reach(named), audit.seed, reasons, units_of(frame, drawn), drift)
    program = _program(audit, setting, audit.measures, audit.checks)
    return Graph(program, jax.jit(program.run))


def _program(
    audit: TypedAudit, setting: Setting, measures: tuple[TypedMeasure, ...], checks: tuple[TypedCheck, ...]
) -> Program:
    terms = [*(measure.term for measure in measures), *(check.term for check in checks)]
    found = {leaf for term in terms for leaf in setting.reach.of(term).leaves}
    leaves = tuple(sorted(found, key=_leaf_order))
    asks = {ask.name: ask for ask in audit.asks}
    axes_of = {
        leaf: asks[leaf.ask].axes if isinstance(leaf, AnswerTerm) else leaf.type.axes for leaf in leaves
    }
    return Program(audit, setting, measures, checks, leaves, axes_of)


def _leaf_order(leaf: Leaf) -> tuple[str, str, str]:
    if isinstance(leaf, AnswerTerm):
        return ("answer", leaf.ask, leaf.field)
    if isinstance(leaf, PopulationTerm):
        return ("population", leaf.target, "")
    if isinstance(leaf, HeadcountTerm):
        return ("headcount", f"{leaf.table}.{leaf.column}", repr(leaf))
    return ("people", f"{leaf.table}.{leaf.column}", repr(leaf))


def _only(program: Program, measure: TypedMeasure) -> Program:
    """The program of one measure, with the checks that exclude."""
    return _program(program.audit, program.setting, (measure,), exclusions(program.audit))


def _shaped(shape: tuple[int, ...], dtype: type[Any]) -> jax.Array:
    """An array that is only a shape. It stands where tracing wants an array, hence the type."""
    return cast(jax.Array, jax.eval_shape(lambda: jnp.zeros(shape, dtype)))


def _held(value: T | None, leaf: Leaf) -> T:
    if value is None:
        raise InternalError("score", f"no input for {leaf}")
    return value
