"""Texts that share prefixes on several levels, scored by the engine and, one text at a time, by torch."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import log_softmax

from cyclspec.compiler.plan.sharing.plan import Layout, lay_out
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence
from cyclspec.compiler.plan.sharing.shapes import Budget
from cyclspec.runtime.engine import Missing, Scored, ScoringEngine
from cyclspec.runtime.models import Decoder

Requests = dict[str, tuple[Sequence, ...]]
VOCAB = 307


def requests(seed: int = 1, *, trunk: int = 18, branches: int = 20, longest: int = 25) -> Requests:
    """Some dozens of requests over more than 640 tokens of trie, so that waves of 64 tokens are in two shards.

    Three trunks part from one; each text branches off one of them somewhere. Some repeat another, some are its
    beginning, some stand alone, and every second request has two texts.
    """
    draw = random.Random(seed)

    def ids(count: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, VOCAB) for _ in range(count))

    root = ids(trunk)
    trunks = [root + ids(12) for _ in range(3)]
    texts = [
        one[: draw.randint(len(one) // 2, len(one))] + ids(draw.randint(longest // 2, longest))
        for one in trunks * branches
    ]
    texts += [one[: draw.randint(1, len(one))] for one in texts[:4]] + texts[4:8]
    texts += [ids(count) for count in (1, 1, 2, 5, longest)]
    draw.shuffle(texts)
    asked = [Sequence(text, _probes(draw, len(text))) for text in texts]
    groups = [asked[at : at + 1 + at % 2] for at in range(0, len(asked), 2)] + [[one] for one in asked[2::4]]
    return {f"r{at}": tuple(group) for at, group in enumerate(groups)}


def _probes(draw: random.Random, length: int) -> tuple[Probe, ...]:
    """The end and one token before it, with one to four targets of which one may stand twice."""
    places = (draw.randint(1, length), length)
    return tuple(
        Probe(at, tuple(draw.randrange(VOCAB) for _ in range(draw.randint(1, 3))) * draw.randint(1, 2))
        for at in places
    )


def laid_out(asked: Mapping[str, tuple[Sequence, ...]], decoder: Decoder, *, tokens: int = 64) -> Layout:
    """A layout of waves of at most so many tokens."""
    return lay_out(asked.items(), decoder.config, Budget(tokens=tokens))


def outcomes(engine: ScoringEngine, known: Mapping[str, object] | None = None) -> dict[str, Scored | Missing]:
    """What an engine finds, each request once."""
    listed = list(engine.run(known or {}))
    found = {one.request: one for one in listed}
    assert len(found) == len(listed)
    return found


def logprobs(engine: ScoringEngine, known: Mapping[str, object] | None = None) -> dict[str, np.ndarray]:
    """The numbers of every request, all of which must have some."""
    found = outcomes(engine, known)
    assert all(isinstance(one, Scored) for one in found.values())
    return {key: one.logprobs for key, one in found.items() if isinstance(one, Scored)}


def expected(reference: Any, asked: Requests) -> dict[str, np.ndarray]:
    """The same from torch in float64, each text by itself in a row of a padded batch."""
    texts = sorted({one.ids for own in asked.values() for one in own})
    width = max(map(len, texts))
    tokens = np.zeros((len(texts), width), np.int32)
    for row, text in enumerate(texts):
        tokens[row, : len(text)] = text
    valid = np.arange(width)[None] < np.array([len(text) for text in texts])[:, None]
    positions = np.broadcast_to(np.arange(width), tokens.shape)
    logits = reference.logits(tokens, positions, valid)
    rows = {text: log_softmax(logits[row].astype(np.float64), axis=-1) for row, text in enumerate(texts)}
    return {
        key: np.concatenate([rows[one.ids][p.after - 1, list(p.targets)] for one in own for p in one.probes])
        for key, own in asked.items()
    }
