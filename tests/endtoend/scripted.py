"""What answers in the place of a model: texts and numbers that hang on a request's key alone, or that a test gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cyclspec import pipeline
from cyclspec.compiler.plan.plan import Plan, PlannedModel
from cyclspec.compiler.plan.reads import Labels, Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.pipeline import Opened
from cyclspec.runtime.engine import Missing, Scored
from cyclspec.runtime.engine.writing import Written
from cyclspec.runtime.execute import Outcome
from cyclspec.runtime.store.runs import Run

TEXTS = ("A", "B. Because.", "Answer: C", "well, well", "  ", "I do not know")


class Stopped(Exception):
    """Something ended a run."""


def number_of(request: Request) -> int:
    return int(request.key[:12], 16)


def by_key(request: Request) -> str:
    return TEXTS[number_of(request) % len(TEXTS)]


@dataclass
class Scripted:
    """Answers requests of any model; `say` gives the texts. Stops after `limit` answers; `reverse` turns the order."""

    say: Callable[[Request], str] = by_key
    limit: int = 10**9
    reverse: bool = False
    asked: list[Request] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    def answers(
        self, plan: Plan, model: PlannedModel, known: Mapping[str, object]
    ) -> Iterator[Scored | Written | Missing]:
        self.plans.append(plan)
        tokenizer = Tokenizer(model.asked.checkpoint)
        mine = [one for one in plan.requests if one.digest == model.asked.digest and one.key not in known]
        for request in reversed(mine) if self.reverse else mine:
            if len(self.asked) == self.limit:
                raise Stopped
            self.asked.append(request)
            yield self._answer(request, tokenizer)

    def _answer(self, request: Request, tokenizer: Tokenizer) -> Scored | Written:
        match request.read:
            case Writing(max_tokens=most):
                text = self.say(request)
                ids = tokenizer.encode([text], prompt="reply", plain=False)[0].ids if text else ()
                return Written(request.key, ids[:most], "stop" if len(ids) <= most else "length")
            case Labels(ids=ids):
                rng = np.random.default_rng(number_of(request))
                shares = rng.dirichlet(np.ones(sum(map(len, ids)) + 1))[:-1]
                return Scored(request.key, np.log(shares).astype(np.float32))
        raise NotImplementedError(request.read)


def opened(spec: Path) -> Opened:
    context = pipeline.check(spec).require()
    return pipeline.open_data(context, pipeline.choose(context, None))


def run(spec: Path, out: Path, script: Scripted) -> tuple[Run, Outcome]:
    """Runs an audit with a script in the place of engines."""
    found = opened(spec)
    return pipeline.run(found, pipeline.plan(found), out, None, script)
