"""What a request asks of a model, as token sequences with probes, and what of the result is kept.

Expects requests. Ensures that the log-probabilities of all targets, in the order of sequences, probes and targets,
are enough for every score that is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from jaxtyping import Float32

from cyclspec.compiler.plan.reads import Labels, Likeliest, Options, Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.language.diagnostics import InternalError


@dataclass(frozen=True, slots=True)
class Probe:
    """How likely is each of `targets` as the token after the first `after` tokens?"""

    after: int
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """Token ids that a model reads, at least one, with what is asked after some of them."""

    ids: tuple[int, ...]
    probes: tuple[Probe, ...]


def sequences_of(request: Request) -> tuple[Sequence, ...]:
    """The texts of a request. A text to be written is its prompt, after which nothing is asked.

    Options are a sequence each, without their last token, which nothing follows; the ones without the prompt come last.
    """
    prompt = request.token_ids
    match request.read:
        case Labels(ids=ids):
            return (Sequence(prompt, (Probe(len(prompt), tuple(i for one in ids for i in one)),)),)
        case Options(ids=ids, context=context):
            alone = (_option(context, one) for one in ids) if context else ()
            return (*(_option(prompt, one) for one in ids), *alone)
        case Writing():
            return (Sequence(prompt, ()),)
        case Likeliest():
            raise InternalError("engine", f"request {request.key} is asked of a hosted model")
    assert_never(request.read)


def _option(before: tuple[int, ...], ids: tuple[int, ...]) -> Sequence:
    probes = tuple(Probe(len(before) + at, (token,)) for at, token in enumerate(ids))
    return Sequence(before + ids[:-1], probes)


def reply_of(request: Request, logprobs: Float32[np.ndarray, " target"]) -> Float32[np.ndarray, " kept"]:
    """What is kept of the log-probabilities, in nats, of all targets of a request in their order.

    Labels keep one number each: the probability of their variants together. Options keep that of every token, so that
    another normalisation asks nothing anew.
    """
    match request.read:
        case Labels(ids=ids):
            _require_count(request, len(logprobs), sum(map(len, ids)))
            return np.array([_together(part) for part in _parts(logprobs, ids)], np.float32)
        case Options(ids=ids, context=context):
            _require_count(request, len(logprobs), sum(map(len, ids)) * (2 if context else 1))
            return np.asarray(logprobs, np.float32)
        case Writing():
            raise InternalError("engine", f"request {request.key} is written, not scored")
        case Likeliest():
            raise InternalError("engine", f"request {request.key} is asked of a hosted model")
    assert_never(request.read)


def _parts(
    logprobs: Float32[np.ndarray, " target"], ids: tuple[tuple[int, ...], ...]
) -> Iterator[Float32[np.ndarray, " part"]]:
    return iter(np.split(logprobs, np.cumsum([len(one) for one in ids])[:-1]))


def _together(logprobs: Float32[np.ndarray, " variant"]) -> float:
    """The log of the sum of some probabilities."""
    return float(np.logaddexp.reduce(logprobs.astype(np.float64), initial=-np.inf))


def _require_count(request: Request, found: int, wanted: int) -> None:
    if found != wanted:
        raise InternalError("engine", f"request {request.key} has {found} log-probabilities of {wanted}")
