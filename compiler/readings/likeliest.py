"""What a next token answers, of which only the likeliest are known.

Expects the texts and log-probabilities that a server returned, and the labels that were offered. Ensures that nothing
is brought to a sum of one in silence: the probability that labels outside of the returned tokens could have is given as
a bound beside every answer, and where it could move a share by more than `TOLERANCE` there is no answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cyclspec.compiler.prompts.messages import letters, numbers
from cyclspec.compiler.readings.reading import UNSAID, Served

OUTSIDE = "outside the likeliest tokens"
TOLERANCE = 0.005
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"


@dataclass(frozen=True, slots=True)
class TopTokens:
    """The likeliest next tokens that a server told of: their texts, and their log-probabilities in nats, falling.

    The token that was written stands last where it is not among them.
    """

    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]
    served: Served = UNSAID


@dataclass(frozen=True, slots=True)
class LabelShares:
    """The options in the order offered: `logprobs` in nats, None for a label that was not told of, and `shares`.

    `mass` is the probability of the labels that were told of, `unseen` the most that the others can have together.
    """

    logprobs: tuple[float | None, ...]
    shares: tuple[float, ...]
    mass: float
    unseen: float

    @property
    def reason(self) -> str:
        """Why this is no answer; empty where it is one."""
        whole = self.mass + self.unseen
        return OUTSIDE if self.mass <= 0 or self.unseen > TOLERANCE * whole else ""


def label_texts(
    labels: Literal["letters", "numbers"], variants: Literal["exact", "union"], count: int
) -> tuple[tuple[str, ...], ...]:
    """For each of `count` options the texts of a token that count for it: a label alone, or with a space before it."""
    names = letters(count) if labels == "letters" else numbers(count)
    return tuple((name,) if variants == "exact" else (name, f" {name}") for name in names)


def label_shares(top: TopTokens, texts: Sequence[Sequence[str]], asked: int) -> LabelShares:
    """What the labels have among the returned tokens, of which `asked` were asked for.

    A text that was not returned has at most what the least likely returned token has, if as many were returned as were
    asked for, and all such texts together at most what the returned tokens leave.
    """
    told: dict[str, float] = {}
    for token, logprob in zip(top.tokens, top.logprobs, strict=True):
        plain = token.replace(_SPACE, " ")
        told[plain] = told.get(plain, 0.0) + math.exp(logprob)
    left = max(0.0, 1.0 - math.fsum(told.values()))
    least = math.exp(top.logprobs[asked - 1]) if len(top.tokens) >= asked else 1.0
    lacking = sum(text not in told for names in texts for text in names)
    found = [math.fsum(told.get(text, 0.0) for text in names) for names in texts]
    mass = math.fsum(found)
    return LabelShares(
        logprobs=tuple(math.log(p) if p > 0 else None for p in found),
        shares=tuple(p / mass if mass > 0 else 0.0 for p in found),
        mass=mass,
        unseen=min(left, lacking * least),
    )
