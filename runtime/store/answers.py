"""The table of answers: every cell of every ask, with what was read in it or why there is nothing.

Expects a plan with the readings of what was written, the replies to it, and what tables have recorded. Ensures that
shares stand beside the codes of their options, in the order of the scale, and that a missing answer has its reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cyclspec.compiler.plan.likelihood import joint_mass, option_logprobs, option_sums
from cyclspec.compiler.plan.plan import Plan, PlannedAsk, Reply, places_of, recorded_places
from cyclspec.compiler.plan.reads import Likeliest, Writing
from cyclspec.compiler.plan.recorded import RecordedAnswers
from cyclspec.compiler.plan.requests import Offer, Request
from cyclspec.compiler.readings.likeliest import TopTokens, label_shares, label_texts
from cyclspec.compiler.readings.reading import Reading, WrittenText
from cyclspec.compiler.records.fields import FieldReading
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import typed as d
from cyclspec.runtime.store.replies import LogProbs
from cyclspec.runtime.store.tables import LEVEL, Known, level_fields, metadata, table_of

_FIELD = pa.struct([("field", pa.string()), ("value", pa.string()), ("reason", pa.string())])


def answer_axes(plan: Plan) -> tuple[str, ...]:
    """The axes that some ask has, in the order of the grid."""
    named = (*(ask.axes for ask in plan.asks), *(answers.axes for answers in plan.recorded.values()))
    used = {axis for axes in named for axis in axes}
    return tuple(axis for axis in plan.grid.axes if axis in used)


def probabilities(logprobs: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float]:
    """Shares over the offered options, and their joint probability under the whole vocabulary.

    Computed in float64 from log-probabilities, so that labels with little mass keep their ratios; where no label
    has any probability, all are zero.
    """
    logs = logprobs.astype(np.float64)
    if not np.isfinite(logs.max(initial=-np.inf)):
        return np.zeros(logs.shape, dtype=np.float32), 0.0
    weights = np.exp(logs - logs.max())
    return (weights / weights.sum()).astype(np.float32), float(np.exp(logs).sum())


def _answer(plan: Plan, ask: PlannedAsk, index: tuple[int, ...], known: Known) -> dict[str, Any]:
    """What came of one cell."""
    number, offer_at = int(ask.requests[index]), int(ask.offers[index])
    if number < 0:
        return {"status": "missing", "reason": ask.unasked[-2 - number]}
    request, offer = plan.requests[number], ask.offered[offer_at]
    reply = known.replies.get(request.key)
    row: dict[str, Any] = {"request": request.key}
    if offer.codes:
        row |= {"options": list(offer.labels), "codes": list(offer.codes)}
    if isinstance(request.read, Writing):
        return row | _written(ask.readings[number, offer_at], reply) | {"attempts": int(ask.attempts[index])}
    if isinstance(reply, WrittenText):
        return row | {"text": reply.text.strip() or None, "status": "missing", "reason": reply.ended}
    if reply is None:
        return row | {"status": "missing", "reason": known.reasons.get(request.key, "not asked")}
    reader = next(one.reader for one in plan.audit.asks if one.name == ask.name)
    if isinstance(reply, TopTokens):
        return row | _likeliest(request, reader, reply, offer)
    logs, probs, mass = _shares(request, reader, reply)
    at = list(offer.at)
    facts = {"probs": probs[at].tolist(), "logprobs": logs[at].tolist(), "mass": mass}
    return row | facts | {"status": "answered"}


def _likeliest(request: Request, reader: d.Reader, reply: TopTokens, offer: Offer) -> dict[str, Any]:
    """What labels have among the likeliest tokens; a bound stands beside it, and beside its absence too."""
    if not isinstance(reader, d.FirstToken) or not isinstance(request.read, Likeliest):
        raise InternalError("answers", f"request {request.key} is not read by its likeliest tokens")
    texts = label_texts(reader.labels, reader.variants, len(offer.codes))
    found = label_shares(reply, texts, request.read.count)
    row: dict[str, Any] = {"mass": found.mass, "unseen": found.unseen}
    if found.reason:
        return row | {"status": "missing", "reason": found.reason}
    probs, logs = ([values[at] for at in offer.at] for values in (found.shares, found.logprobs))
    return row | {"probs": probs, "logprobs": logs, "status": "answered"}


def _written(reading: Reading, reply: Reply | None) -> dict[str, Any]:
    """What a text was read as. The text stands there whether it could be read or not."""
    row: dict[str, Any] = {"choice": reading.choice, "status": "missing" if reading.reason else "answered"}
    row["reason"] = reading.reason or None
    if reading.fields:
        row["fields"] = [_field(name, one) for name, one in reading.fields]
    if isinstance(reply, WrittenText):
        row |= {"text": reply.text.strip(), "ended": reply.ended}
    return row


def _field(name: str, found: FieldReading) -> dict[str, str | None]:
    """A field of a record: its value as JSON, or why it has none."""
    value = None if found.value is None else json.dumps(found.value, ensure_ascii=False)
    return {"field": name, "value": value, "reason": found.reason or None}


def _shares(
    request: Request, reader: d.Reader, reply: LogProbs
) -> tuple[LogProbs, NDArray[np.float32], float]:
    """Log-probabilities and shares of the options in the order offered, and their joint probability."""
    match reader:
        case d.FirstToken():
            return reply, *probabilities(reply)
        case d.OptionLikelihood(normalise=normalise):
            sums = option_sums(request, reply)
            shares, _ = probabilities(option_logprobs(request, reply, normalise))
            return sums.astype(np.float32), shares, joint_mass(request, sums)
        case _:
            raise InternalError("answers", f"request {request.key} is not read as shares")


def _recorded(answers: RecordedAnswers, index: tuple[int, ...]) -> dict[str, Any]:
    """What a table holds for one cell."""
    reason = answers.reason(index)
    row: dict[str, Any] = {"status": "missing" if reason else "answered", "reason": reason or None}
    if answers.codes:
        row["codes"] = list(answers.options(index))
    if answers.texts is not None:
        row["text"] = answers.texts[index]
    if reason:
        return row
    if answers.choice is not None:
        row["choice"] = answers.options(index)[int(answers.choice[index])]
    if answers.shares is not None:
        row["probs"] = answers.shares[index][: len(row["codes"])].tolist()
    if answers.logprobs is not None and answers.mass is not None:
        row["logprobs"] = answers.logprobs[index][: len(row["codes"])].tolist()
        row["mass"] = float(answers.mass[index])
    if answers.n is not None:
        row["n"] = int(answers.n[index])
    return row


def _rows(plan: Plan, known: Known) -> Iterator[dict[str, Any]]:
    """One row a cell, ask by ask in the order of the audit."""
    planned = {ask.name: ask for ask in plan.asks}
    for name in (ask.name for ask in plan.audit.asks):
        if name in planned:
            ask = planned[name]
            yield from (
                {"ask": name, **cell, **_answer(plan, ask, index, known)}
                for cell, index in places_of(plan, ask)
            )
        elif name in plan.recorded:
            answers = plan.recorded[name]
            yield from (
                {"ask": name, **cell, **_recorded(answers, index)}
                for cell, index in recorded_places(plan, answers)
            )


def answers_table(plan: Plan, known: Known, definition: Mapping[str, Any]) -> pa.Table:
    """One row a cell and ask: levels, request, what was read of its reply, status, and the reason where it is missing.

    Shares, log-probabilities in nats and mass where options were scored: log-probabilities are those of whole labels or
    options, whatever the shares are normalised by. They are null for a label that a hosted model did not tell of, and
    `unseen` is the most that such labels can have together. The choice by its code, the text, what ended it and the
    number of tries where the model wrote; the number of answers behind shares that were counted. The fields of a record
    have their values as JSON, options by their codes, and each a reason of its own where it has none. Options stand in
    the order of their scale, whatever order the prompt showed them in.
    """
    schema = pa.schema(
        [
            pa.field("ask", LEVEL, nullable=False),
            *level_fields(answer_axes(plan)),
            pa.field("request", pa.string()),
            pa.field("options", pa.list_(pa.string())),
            pa.field("codes", pa.list_(pa.string())),
            pa.field("probs", pa.list_(pa.float32())),
            pa.field("logprobs", pa.list_(pa.float32())),
            pa.field("mass", pa.float32()),
            pa.field("unseen", pa.float32()),
            pa.field("n", pa.int64()),
            pa.field("choice", pa.string()),
            pa.field("text", pa.string()),
            pa.field("fields", pa.list_(_FIELD)),
            pa.field("ended", LEVEL),
            pa.field("attempts", pa.int32()),
            pa.field("status", LEVEL, nullable=False),
            pa.field("reason", LEVEL),
        ],
        metadata=metadata("answers", definition),
    )
    return table_of(list(_rows(plan, known)), schema)
