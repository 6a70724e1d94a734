"""Scores of options from the log-probabilities of their tokens.

Expects the reply to a request that is read by its options: the log-probability of every token of every option, and then
of every token again without the prompt where that was asked. All sums are in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, assert_never

import numpy as np
from jaxtyping import Float32, Float64

from cyclspec.compiler.plan.reads import Options
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.prompts.options import beginnings
from cyclspec.language.diagnostics import Diagnostic, InternalError
from cyclspec.language.diagnostics.cy07_data_and_plan import OptionBegins
from cyclspec.language.types import typed as d

_MOST_TOLD = 4
Normalise = Literal["none", "by_token", "by_byte", "unconditional"]


def option_logprobs(
    request: Request, reply: Float32[np.ndarray, " token"], normalise: Normalise
) -> Float64[np.ndarray, " option"]:
    """The score of each option in the order offered; shares of answers are the softmax of it.

    `none` is the log-probability of the whole option, in nats; `by_token` and `by_byte` divide it by its tokens and by
    the bytes of its text in UTF-8; `unconditional` subtracts its log-probability without the prompt (Holtzman et al.
    2021, "Surface form competition", section 3).
    """
    read = _read(request)
    sums = option_sums(request, reply)
    scores: np.ndarray = sums
    match normalise:
        case "none":
            return scores
        case "by_token":
            scores = sums / np.array([len(one) for one in read.ids])
            return scores
        case "by_byte":
            scores = sums / np.array(read.byte_counts)
            return scores
        case "unconditional":
            if not read.context:
                raise InternalError("read answers", f"request {request.key} was not asked without its prompt")
            scores = sums - _sums(read.ids, reply[sum(map(len, read.ids)) :])
            return scores
    assert_never(normalise)


def option_sums(request: Request, reply: Float32[np.ndarray, " token"]) -> Float64[np.ndarray, " option"]:
    """The log-probability of each whole option after the prompt, in nats."""
    ids = _read(request).ids
    return _sums(ids, reply[: sum(map(len, ids))])


def joint_mass(request: Request, sums: Float64[np.ndarray, " option"]) -> float:
    """The probability that what follows the prompt begins with the tokens of one of the options.

    An option that begins with the tokens of another is part of the other's probability and not counted twice.
    """
    ids = _read(request).ids
    return float(sum(np.exp(total) for one, total in zip(ids, sums, strict=True) if not _continues(one, ids)))


def warned_options(ask: d.TypedAsk, model: str, requests: Iterable[Request]) -> Iterator[Diagnostic]:
    """A warning where an option is how another begins, and so never less likely, while likelihoods stay as they are."""
    if not isinstance(ask.reader, d.OptionLikelihood) or ask.reader.normalise != "none":
        return
    reads = {(request.labels, _read(request).ids) for request in requests}
    pairs = sorted({pair for labels, ids in reads for pair in beginnings(labels, ids)})
    if pairs:
        told = f"`{pairs[0][0]}` begins `{pairs[0][1]}` for {model}"
        notes = tuple(f"so does `{one}` with `{other}`" for one, other in pairs[1:_MOST_TOLD])
        more = len(pairs) - _MOST_TOLD
        notes += (f"and {more} more",) if more > 0 else ()
        helps = ("divide by length: `option_likelihood(normalise = by_token)`",)
        yield OptionBegins(span=ask.span, ask=ask.name, label=told, notes=notes, helps=helps)


def _continues(one: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> bool:
    """Whether some other sequence is a proper beginning of this one."""
    return any(len(other) < len(one) and one[: len(other)] == other for other in others)


def _sums(
    ids: tuple[tuple[int, ...], ...], logprobs: Float32[np.ndarray, " token"]
) -> Float64[np.ndarray, " option"]:
    if len(logprobs) != sum(map(len, ids)):
        raise InternalError("read answers", f"{len(logprobs)} log-probabilities for other options")
    starts = np.cumsum([0, *(len(one) for one in ids[:-1])])
    sums: np.ndarray = np.add.reduceat(logprobs.astype(np.float64), starts)
    return sums


def _read(request: Request) -> Options:
    if not isinstance(request.read, Options):
        raise InternalError("read answers", f"request {request.key} is not read by its options")
    return request.read
