"""Answers what a plan asks of one model: scores it and writes it, with the model loaded once.

Expects a plan and what is known already. Ensures that the model that was asked last stays loaded for the next plan,
that no two are in memory at once, that shards are computed whole, and that no program runs that the plan does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cyclspec.compiler.plan.plan import Plan, PlannedModel
from cyclspec.language.diagnostics import InternalError
from cyclspec.runtime.engine.scoring import Missing, Scored, ScoringEngine
from cyclspec.runtime.engine.writing import WritingEngine, Written
from cyclspec.runtime.models import load_decoder
from cyclspec.runtime.models.decoder import Decoder

PROGRAMS_A_WRITING_SHAPE = 3


@dataclass(slots=True)
class Engines:
    """The engines of one model at a time."""

    _held: dict[str, tuple[Decoder, WritingEngine]] = field(default_factory=dict)

    def answers(
        self, plan: Plan, model: PlannedModel, known: Mapping[str, object]
    ) -> Iterator[Scored | Written | Missing]:
        """One outcome for each request of a model in a plan that is not known. Raises `SpecError` where it misfits."""
        decoder, writing = self._loaded(plan, model)
        yield from self._written(model, writing, known)
        scoring = ScoringEngine(decoder, model.layout, model=model.asked.name)
        yield from scoring.run(known, at_once=model.at_once)
        _require_planned(scoring.compiled_programs, len(model.layout.shapes))

    def _written(
        self, model: PlannedModel, writing: WritingEngine, known: Mapping[str, object]
    ) -> Iterator[Written | Missing]:
        """What is not known of the texts of a model. A shard that holds any of them is written whole."""
        unknown = {task.request for shard in model.writing for task in shard.tasks} - known.keys()
        shards = [s for s in model.writing if any(task.request in unknown for task in s.tasks)]
        before = writing.compiled_programs
        outcomes = writing.run(shards, at_once=model.at_once)
        yield from (found for found in outcomes if found.request in unknown)
        shapes = {shape for one in model.writing for shape in (one.shape, one.beyond) if shape is not None}
        _require_planned(writing.compiled_programs - before, PROGRAMS_A_WRITING_SHAPE * len(shapes))

    def _loaded(self, plan: Plan, model: PlannedModel) -> tuple[Decoder, WritingEngine]:
        digest = model.asked.digest
        if digest not in self._held:
            self._held.clear()
            decoder = load_decoder(model.asked.checkpoint, dtype=plan.numerics)
            self._held[digest] = decoder, WritingEngine(decoder, model=model.asked.name)
        return self._held[digest]


def _require_planned(compiled: int, planned: int) -> None:
    if compiled > planned:
        raise InternalError("execute", f"{compiled} programs compiled, {planned} planned")
