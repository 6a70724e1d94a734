"""Executes a plan: asks what is not known yet, keeps what is answered, and says what is missing and why.

Expects a plan, and what makes the plans that follow from its answers (the planner is handed in). Ensures that a stored
reply is never asked for again, that replies are stored as they come, so that a stopped run goes on where it was, that
a plan which waits for the replies of others is not followed, and that no program is compiled that a plan does not have.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cyclspec.compiler.plan.plan import Plan, PlannedModel, Reply
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.plan.sharing.questions import reply_of
from cyclspec.compiler.readings.likeliest import TopTokens
from cyclspec.compiler.readings.reading import Served, WrittenText
from cyclspec.runtime.engine import Missing, Scored
from cyclspec.runtime.engine.answering import Engines
from cyclspec.runtime.engine.writing import Written
from cyclspec.runtime.store.replies import ReplyStore

STORE_EVERY_SECONDS = 20.0


class Progress(Protocol):
    """Told of a run as it goes."""

    def stage(self, number: int, attempt: int) -> None:
        """A stage begins, or a further try of what could not be read in it."""

    def model(self, name: str, requests: int) -> None:
        """A model is about to be loaded and asked `requests` requests."""

    def answered(self, requests: int) -> None:
        """So many more requests were answered."""


class Silent:
    """A progress that nobody watches."""

    def stage(self, number: int, attempt: int) -> None:
        pass

    def model(self, name: str, requests: int) -> None:
        pass

    def answered(self, requests: int) -> None:
        pass


class Following(Protocol):
    """Makes the plans that follow from answers."""

    def follow(self, replies: Mapping[str, Reply], reasons: Mapping[str, str]) -> Plan | None:
        """What is asked next, given all replies so far and the reasons of missing ones; None where nothing is."""

    def text(self, digest: str, ids: Sequence[int]) -> str:
        """What token ids of a model stand for."""


class Answering(Protocol):
    """Answers requests."""

    def answers(
        self, plan: Plan, model: PlannedModel, known: Mapping[str, Reply]
    ) -> Iterator[Scored | Written | Missing]:
        """One outcome for each request of a model in a plan that is not known."""


class Nobody:
    """Answers nothing: what is stored is all there is."""

    def answers(
        self, plan: Plan, model: PlannedModel, known: Mapping[str, Reply]
    ) -> Iterator[Scored | Written | Missing]:
        return iter(())


@dataclass(slots=True)
class Outcome:
    """What a run knows in the end: replies by request key, reasons of missing ones, and counts.

    `met` are all requests of the plans that were come to, `waiting` those of the last, `stage` and `attempt`, that
    nobody has answered: with any of them a run has not come to its end. `damaged` counts the parts of the store that
    were set aside; what they held was asked again.
    """

    replies: dict[str, Reply] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    met: dict[str, Request] = field(default_factory=dict)
    waiting: tuple[Request, ...] = ()
    stage: int = 1
    attempt: int = 1
    asked: int = 0
    reused: int = 0
    damaged: int = 0

    @property
    def served(self) -> dict[str, set[Served]]:
        """What the servers of hosted models said they answered with, by the digests of the models."""
        found: dict[str, set[Served]] = {}
        for key, request in self.met.items():
            reply = self.replies.get(key)
            if isinstance(reply, WrittenText | TopTokens) and not request.token_ids:
                found.setdefault(request.digest, set()).add(reply.served)
        return found


def execute(
    plan: Plan,
    store: ReplyStore,
    following: Following,
    progress: Progress,
    answering: Answering | None = None,
    given_up: Mapping[str, str] | None = None,
) -> Outcome:
    """Answers every request of a plan and of those that follow from it. `SpecError` where a checkpoint is refused.

    `given_up` are the reasons of requests that are not waited for any longer.
    """
    run = _Run(store, following, progress, answering or Engines(), given_up or {})
    found: Plan | None = plan
    while found is not None:
        run.ask(found)
        if run.outcome.waiting:
            break
        found = following.follow(run.outcome.replies, run.outcome.reasons)
    return run.outcome


@dataclass(slots=True)
class _Run:
    """What a run has to hand, and what it knows so far."""

    store: ReplyStore
    following: Following
    progress: Progress
    answering: Answering
    given_up: Mapping[str, str]
    outcome: Outcome = field(default_factory=Outcome)

    def ask(self, plan: Plan) -> None:
        """Answers the requests of one plan, or notes who waits for an answer."""
        outcome = self.outcome
        self.progress.stage(plan.stage, plan.attempt)
        outcome.stage, outcome.attempt = plan.stage, plan.attempt
        outcome.met |= {request.key: request for request in plan.requests}
        hosted = {model.asked.digest: self._recall(plan, model.asked.digest) for model in plan.hosted}
        unknown = {model.asked.digest: self._recall(plan, model.asked.digest) for model in plan.models}
        self.outcome.damaged = len(self.store.damaged)
        for model in plan.models:
            requests = unknown[model.asked.digest]
            if requests:
                self.progress.model(model.asked.name, len(requests))
                self._ask_model(plan, model, {request.key: request for request in requests})
        for request in (request for requests in hosted.values() for request in requests):
            if request.key in self.given_up:
                outcome.reasons[request.key] = self.given_up[request.key]
        answered = outcome.replies.keys() | outcome.reasons.keys()
        outcome.waiting = tuple(request for request in plan.requests if request.key not in answered)

    def _recall(self, plan: Plan, digest: str) -> list[Request]:
        """Takes what is stored of a model's requests; gives those that are not."""
        mine = [request for request in plan.requests if request.digest == digest]
        known = self.store.find(digest, (request.key for request in mine))
        self.outcome.replies.update(known)
        self.outcome.reused += len(known)
        return [request for request in mine if request.key not in known]

    def _ask_model(self, plan: Plan, model: PlannedModel, asked: Mapping[str, Request]) -> None:
        fresh: dict[str, Reply] = {}
        stored_at = time.monotonic()
        try:
            for result in self.answering.answers(plan, model, self.outcome.replies):
                if isinstance(result, Missing):
                    self.outcome.reasons[result.request] = result.reason
                else:
                    fresh[result.request] = self._reply(asked[result.request], result)
                self.outcome.asked += 1
                self.progress.answered(1)
                if time.monotonic() - stored_at > STORE_EVERY_SECONDS:
                    self._store(model, fresh)
                    stored_at = time.monotonic()
        finally:
            self._store(model, fresh)

    def _reply(self, request: Request, result: Scored | Written) -> Reply:
        if isinstance(result, Scored):
            return reply_of(request, result.logprobs)
        ids = result.token_ids
        return WrittenText(ids, self.following.text(request.digest, ids), result.ended)

    def _store(self, model: PlannedModel, fresh: dict[str, Reply]) -> None:
        """Stores what is fresh, which is then known."""
        self.store.add(model.asked.digest, fresh)
        self.outcome.replies.update(fresh)
        fresh.clear()
