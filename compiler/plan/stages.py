"""What follows from answers: further tries of what could not be read, and stages whose prompts tell earlier answers.

Expects a plan and the replies to it. Ensures that the same replies always lead to the same plans, whether a run has
just got them or finds them stored; that no request stands in two plans; and that never more is asked than the first
plan said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.plan.arguments import UPSTREAM, Cell
from cyclspec.compiler.plan.drawing import seeded, text_seed
from cyclspec.compiler.plan.figures import drawn
from cyclspec.compiler.plan.history import remembered, told_turn, with_turn
from cyclspec.compiler.plan.plan import Plan, PlannedAsk, Reply
from cyclspec.compiler.plan.planner import Planner
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.requests import Offer
from cyclspec.compiler.prompts.turns import Turn
from cyclspec.compiler.readings.reading import (
    EMPTY,
    Reading,
    WrittenText,
    read_choice,
    read_fields,
    read_text,
)
from cyclspec.compiler.records.fields import FieldReading, FieldValue
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

NOT_ASKED = "not asked"


@dataclass(slots=True)
class Stages:
    """The plans that follow a plan, one at a time, each from the replies to those before it."""

    first: Plan
    planner: Planner = field(init=False)
    asks: dict[str, PlannedAsk] = field(init=False)
    specials: re.Pattern[str] = field(init=False)
    stage: int = 1
    replies: Mapping[str, Reply] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    _readings: dict[str, dict[tuple[int, int], Reading]] = field(default_factory=dict)
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _turns: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        made = self.first.planner
        self.planner = replace(
            made, requests=dict(made.requests), listed=list(made.listed), sent_to=dict(made.sent_to)
        )
        self.asks = {ask.name: ask for ask in self.first.asks}
        texts = {text for one in made.tokenizers.values() for text in one.special_texts.values() if text}
        longest = sorted(texts, key=lambda text: (-len(text), text))
        self.specials = re.compile("|".join(map(re.escape, longest)) or r"(?!)")
        for ask in self.first.asks:
            self._count(ask.name, ask.requests[ask.requests >= 0])

    def follow(self, replies: Mapping[str, Reply], reasons: Mapping[str, str]) -> Plan | None:
        """What is asked next, given all replies so far and the reasons of those that are missing; None at the end."""
        self.replies, self.reasons = replies, reasons
        known = len(self.planner.listed)
        attempt = self._try_again()
        while len(self.planner.listed) == known:
            if self._next_turn():
                attempt = 1
                continue
            if self.stage == max((ask.stage for ask in self.first.audit.asks), default=1):
                return None
            self.stage, attempt = self.stage + 1, 1
            self._begin()
        requests = tuple(self.planner.listed[known:])
        models = tuple(model for model in self.planner.models(requests) if model.requests)
        hosted = tuple(model for model in self.planner.hosted_models(requests) if model.requests)
        return replace(
            self.first,
            asks=(),
            models=models,
            hosted=hosted,
            requests=requests,
            figures=(),
            warnings=(),
            stage=self.stage,
            attempt=attempt,
        )

    def answered(self) -> Plan:
        """The plan of everything that was asked, with the readings of what was written."""
        asks = tuple(
            replace(self.asks[ask.name], readings=dict(self._read(ask)))
            for ask in self.first.audit.asks
            if ask.name in self.asks
        )
        return replace(self.first, asks=asks, requests=tuple(self.planner.listed))

    def text(self, digest: str, ids: Sequence[int]) -> str:
        """What token ids of a model stand for."""
        tokenizers = self.planner.tokenizers
        key = next(key for key, model in self.planner.asked.items() if model.digest == digest)
        return tokenizers[key].text(ids)

    def reading(self, ask: str, cell: Cell) -> Reading:
        """What was read in a cell of an earlier ask, which gives the position of each of its axes."""
        recorded = self.first.recorded.get(ask)
        if recorded is not None:
            return self._told(recorded.reading(tuple(cell[axis] for axis in recorded.axes)))
        planned = self.asks[ask]
        index = tuple(cell[axis] for axis in planned.axes)
        number = int(planned.requests[index])
        if number < 0:
            return Reading(reason=UPSTREAM)
        return self._told(self._reading(self._typed(ask), number, int(planned.offers[index])))

    def written(self, ask: str, cell: Cell) -> str:
        """The whole text of a reply, whether or not an option was found in it, as it may stand in a prompt."""
        planned = self.asks[ask]
        number = int(planned.requests[tuple(cell[axis] for axis in planned.axes)])
        reply = None if number < 0 else self.replies.get(self.planner.listed[number].key)
        return self._harmless(reply.text) if isinstance(reply, WrittenText) else ""

    def _told(self, found: Reading) -> Reading:
        """A text as it may stand in a prompt: a space stands for what a tokenizer would take for a special token."""
        if found.text is None:
            return found
        text = self._harmless(found.text)
        return Reading(text=text) if text else Reading(reason=EMPTY)

    def _harmless(self, text: str) -> str:
        return self.specials.sub(" ", text).strip()

    def field(self, ask: str, name: str, cell: Cell) -> FieldReading:
        """What a field of a record holds in a cell of an earlier ask, as it may stand in a prompt."""
        found = self.reading(ask, cell)
        one = dict(found.fields).get(name, FieldReading(reason=found.reason or UPSTREAM))
        if not isinstance(one.value, str | tuple):
            return one
        record = self._typed(ask).prompt.result
        assert isinstance(record, k.Record)
        value = self._harmless_value(one.value, dict(record.fields)[name])
        return FieldReading(reason=EMPTY) if value == "" else FieldReading(value)

    def _harmless_value(self, value: FieldValue, kind: k.Kind) -> FieldValue:
        """Texts that a model wrote, as they may be told; entries of a list of which nothing is left are left out."""
        match kind, value:
            case k.Text(), str():
                return self._harmless(value)
            case k.ListOf(k.Text()), tuple():
                return tuple(text for text in (self._harmless(str(one)) for one in value) if text)
        return value

    def _typed(self, name: str) -> d.TypedAsk:
        return next(ask for ask in self.first.audit.asks if ask.name == name)

    def _begin(self) -> None:
        """Plans the asks of a stage."""
        for ask in self.first.audit.asks:
            if ask.stage != self.stage or ask.name in self.first.recorded or ask.history is not None:
                continue
            planned = self.planner.ask(ask, self)
            if planned is None:
                raise InternalError("plan", f"`{ask.name}` is not laid out though all before it is answered")
            self.asks[ask.name] = planned
            self._count(ask.name, planned.requests[planned.requests >= 0])

    def _next_turn(self) -> bool:
        """Plans the next turn of every conversation of a stage; whether there was any."""
        going = False
        for ask in self.first.audit.asks:
            turn = self._turns[ask.name]
            if ask.history is None or ask.stage != self.stage:
                continue
            if turn == len(self.first.grid.axes[ask.history.along]):
                continue
            planned = self.planner.ask(ask, self, turn)
            assert planned is not None
            self.asks[ask.name] = with_turn(self.asks.get(ask.name), planned)
            self._turns[ask.name] += 1
            self._count(ask.name, planned.requests[planned.requests >= 0])
            going = True
        return going

    def turns(self, ask: d.TypedAsk, cell: Cell) -> Sequence[Turn]:
        """The earlier turns that a cell is shown: those that were answered, drawn and cleaned as its history says."""
        assert ask.history is not None
        along, axes = ask.history.along, self.first.grid.axes
        answered: dict[str, Turn] = {}
        for place in range(cell[along]) if ask.name in self.asks else ():
            found = self._turn(ask, {**cell, along: place})
            if found is not None:
                answered[axes[along].levels[place]] = found
        levels = {axis: axes[axis].levels[cell[axis]] for axis in ask.axes}
        return [answered[level] for level in remembered(self.first.audit, ask, levels, answered)]

    def _turn(self, ask: d.TypedAsk, cell: Cell) -> Turn | None:
        """What was said in one cell, None where there was no answer."""
        planned = self.asks[ask.name]
        index = tuple(cell[axis] for axis in planned.axes)
        number, at = int(planned.requests[index]), int(planned.offers[index])
        if number < 0:
            return None
        found, request = self._reading(ask, number, at), self.planner.listed[number]
        reply = self.replies.get(request.key)
        if found.reason or not isinstance(reply, WrittenText):
            return None
        return told_turn(ask, request, planned.offered[at], self._harmless(reply.text), found)

    def _try_again(self) -> int:
        """Asks again, with another seed, what could not be read in this stage; gives the latest try, else 1.

        What is not drawn would be answered in the same words, and is not asked again.
        """
        tries = (self._ask_again(ask) for ask in self.first.audit.asks if ask.stage == self.stage)
        return max(tries, default=1)

    def _ask_again(self, ask: d.TypedAsk) -> int:
        if not ask.retries or not drawn(ask.reader) or ask.name not in self.asks:
            return 1
        planned = self.asks[ask.name]
        requests, attempts = planned.requests.copy(), planned.attempts.copy()
        again = [index for index in self._unread(ask, planned) if attempts[index] <= ask.retries]
        for index in again:
            attempts[index] += 1
            seed = text_seed(self.first.audit, ask, self._levels(planned, index), int(attempts[index]))
            before = self.planner.listed[int(requests[index])]
            requests[index] = self.planner.number(seeded(before, seed, self.first.numerics))
        self.asks[ask.name] = replace(planned, requests=requests, attempts=attempts)
        self._count(ask.name, np.array([requests[index] for index in again], dtype=np.int64))
        return max((int(attempts[index]) for index in again), default=1)

    def _unread(self, ask: d.TypedAsk, planned: PlannedAsk) -> Iterator[tuple[int, ...]]:
        for index in map(tuple, np.argwhere(planned.requests >= 0).tolist()):
            if not self._reading(ask, int(planned.requests[index]), int(planned.offers[index])).whole:
                yield index

    def _levels(self, planned: PlannedAsk, index: tuple[int, ...]) -> dict[str, str]:
        axes = self.first.grid.axes
        return {axis: axes[axis].levels[at] for axis, at in zip(planned.axes, index, strict=True)}

    def _read(self, ask: d.TypedAsk) -> Iterator[tuple[tuple[int, int], Reading]]:
        """Everything that was read of an ask's last tries; nothing where its replies are not written."""
        planned = self.asks[ask.name]
        if not isinstance(ask.reader, d.Sampled | d.TextReader | d.JsonReader):
            return
        asked = planned.requests >= 0
        numbers, offers = planned.requests[asked].tolist(), planned.offers[asked].tolist()
        for number, offer in set(zip(numbers, offers, strict=True)):
            yield (number, offer), self._reading(ask, number, offer)

    def _reading(self, ask: d.TypedAsk, number: int, offer: int) -> Reading:
        """What a request was answered, as an ask reads it. A reply is read once."""
        known = self._readings.setdefault(ask.name, {})
        if (number, offer) not in known:
            known[number, offer] = self._read_reply(ask, number, self.asks[ask.name].offered[offer])
        return known[number, offer]

    def _read_reply(self, ask: d.TypedAsk, number: int, offer: Offer) -> Reading:
        request = self.planner.listed[number]
        reply = self.replies.get(request.key)
        if reply is None:
            return Reading(reason=self.reasons.get(request.key, NOT_ASKED))
        if not isinstance(reply, WrittenText) or not isinstance(request.read, Writing):
            raise InternalError("plan", f"the reply to `{ask.name}` is no text")
        if len(reply.token_ids) > request.read.max_tokens:
            raise InternalError("plan", f"a reply to `{ask.name}` has over {request.read.max_tokens} tokens")
        if isinstance(ask.reader, d.TextReader):
            return read_text(reply)
        if offer.record is not None:
            return read_fields(ask, reply, offer.record)
        return read_choice(ask, reply, offer.codes, offer.labels, offer.at, request.prefix)

    def _count(self, ask: str, numbers: NDArray[np.int64]) -> None:
        """Holds what is asked against what the first plan said would be asked at most."""
        for number in np.unique(numbers).tolist():
            self._asked[ask, self.planner.listed[number].digest] += 1
        for (name, digest), asked in self._asked.items():
            bounds = (f.requests * f.tries for f in self.first.figures if (f.ask, f.digest) == (name, digest))
            most = sum(bounds)
            if asked > most:
                raise InternalError("plan", f"`{name}` has {asked} requests, at most {most} were planned")
