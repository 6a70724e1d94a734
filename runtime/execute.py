"""Executes a plan: asks what is not known yet, keeps what is answered, and says what is missing and why.

Expects a plan and the function that fills its batches (the planner is handed in). Ensures that a stored reply is never
asked for again, that replies are stored as they come, so that a stopped run goes on where it was, and that no program
is compiled that the plan does not have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cyclspec.compiler.plan.batches import Batch
from cyclspec.compiler.plan.buckets import Bucket
from cyclspec.compiler.plan.plan import Plan, PlannedModel
from cyclspec.compiler.plan.requests import Request
from cyclspec.language.diagnostics import InternalError
from cyclspec.runtime.engine import FirstTokenEngine, Missing, Scored
from cyclspec.runtime.models import load_decoder
from cyclspec.runtime.store.replies import Reply, ReplyStore

STORE_EVERY_SECONDS = 20.0
Fill = Callable[[Sequence[Bucket], Sequence[Request]], Iterable[Batch]]


class Progress(Protocol):
    """Told of a run as it goes."""

    def model(self, name: str, requests: int) -> None:
        """A model is about to be loaded and asked `requests` requests."""

    def answered(self, requests: int) -> None:
        """So many more requests were answered."""


class Silent:
    """A progress that nobody watches."""

    def model(self, name: str, requests: int) -> None:
        pass

    def answered(self, requests: int) -> None:
        pass


@dataclass(slots=True)
class Outcome:
    """What a run knows in the end: replies by request key, reasons of missing ones, and counts.

    `damaged` counts the parts of the store that were set aside; what they held was asked again.
    """

    replies: dict[str, Reply] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    reused: int = 0
    damaged: int = 0


def execute(plan: Plan, store: ReplyStore, fill: Fill, progress: Progress) -> Outcome:
    """Answers every request of a plan. Raises `SpecError` where a checkpoint is refused."""
    outcome = Outcome()
    waiting: list[tuple[PlannedModel, list[Request]]] = []
    for model in plan.models:
        mine = [request for request in plan.requests if request.digest == model.asked.digest]
        known = store.find(model.asked.digest, (request.key for request in mine))
        outcome.replies.update(known)
        outcome.reused += len(known)
        waiting.append((model, [request for request in mine if request.key not in known]))
    outcome.damaged = len(store.damaged)
    for model, requests in waiting:
        if requests:
            _ask(plan, model, requests, store, fill, progress, outcome)
    return outcome


def _ask(
    plan: Plan,
    model: PlannedModel,
    requests: Sequence[Request],
    store: ReplyStore,
    fill: Fill,
    progress: Progress,
    outcome: Outcome,
) -> None:
    progress.model(model.asked.name, len(requests))
    engine = FirstTokenEngine(
        load_decoder(model.asked.checkpoint, dtype=plan.numerics), model=model.asked.name
    )
    fresh: dict[str, Reply] = {}
    stored_at = time.monotonic()
    try:
        for result in engine.run(fill(model.buckets, requests)):
            outcome.asked += 1
            match result:
                case Scored(request=key, label_logprobs=logprobs):
                    outcome.replies[key] = fresh[key] = logprobs
                case Missing(request=key, reason=reason):
                    outcome.reasons[key] = reason
            progress.answered(1)
            if time.monotonic() - stored_at > STORE_EVERY_SECONDS:
                store.add(model.asked.digest, fresh)
                fresh, stored_at = {}, time.monotonic()
    finally:
        store.add(model.asked.digest, fresh)
    if engine.compiled_programs > len(model.buckets):
        raise InternalError(
            "execute", f"{engine.compiled_programs} programs compiled, {len(model.buckets)} planned"
        )
