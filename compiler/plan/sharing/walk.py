"""The prefix trie of all texts as one walk, depth first: every token of the trie stands in it once.

Expects sequences of token ids with probes. Ensures that the ancestors of a token, the tokens that stand before it in
its texts, are found by `depth` and `end` alone: token `j` is seen by token `i` where `j <= i < end[j]`, and the
position of a token is its depth. Needs no nodes and no pointers: sequences in the order of their ids are the walk, each
adding what it does not share with the one before.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Int32, Int64

from cyclspec.compiler.plan.sharing.questions import Sequence
from cyclspec.language.diagnostics import InternalError


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The log-probabilities that are asked for, each token pair once, in the order of the walk.

    `node` is the token of the walk after which `target` is asked. `place` says for every target of every probe of every
    sequence, in the order given, which of these it is.
    """

    node: Int64[np.ndarray, " pair"]
    target: Int32[np.ndarray, " pair"]
    place: Int64[np.ndarray, " asked"]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Tokens depth first. `depth` is a token's position in its texts, `end` where its subtree ends.

    `lasts` is the last token of each sequence, in the order given.
    """

    tokens: Int32[np.ndarray, " token"]
    depth: Int32[np.ndarray, " token"]
    end: Int64[np.ndarray, " token"]
    asked: Asked
    lasts: Int64[np.ndarray, " sequence"]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def deepest(self) -> int:
        """The tokens of the longest text."""
        return int(self.depth.max(initial=-1)) + 1

    def ending(self, start: int, stop: int) -> Int64[np.ndarray, " sequence"]:
        """The sequences whose last token stands in a stretch of the walk, in its order."""
        inside = np.flatnonzero((self.lasts >= start) & (self.lasts < stop))
        return inside[np.argsort(self.lasts[inside], kind="stable")]

    def path(self, at: int) -> Int64[np.ndarray, " ancestor"]:
        """The ancestors of a token, by depth."""
        found = np.empty(int(self.depth[at]), np.int64)
        stop, left = at, len(found)
        while left:
            start = max(0, stop - 4096)
            depth, here = self.depth[start:stop], np.arange(start, stop)
            lowest = np.minimum.accumulate(np.append(depth, left)[::-1])[::-1][1:]
            new = depth < lowest
            found[depth[new]] = here[new]
            left = min(left, int(depth.min()))
            stop = start
        return found


def walk(sequences: Many[Sequence]) -> Walk:
    """The walk of some sequences; none may be empty."""
    for sequence in sequences:
        _require_answerable(sequence)
    keys = [np.array(one.ids, ">u4").tobytes() for one in sequences]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ids = [np.array(sequences[at].ids, np.int32) for at in order]
    shared = [0 for _ in ids[:1]] + [_shared(one, other) for one, other in pairwise(ids)]
    starts = np.concatenate([[0], np.cumsum([len(one) - n for one, n in zip(ids, shared, strict=True)])])
    tokens, depth = (np.empty(int(starts[-1]), np.int32) for _ in range(2))
    end = np.full(int(starts[-1]), starts[-1], np.int64)
    path = np.empty(max(map(len, ids), default=0), np.int64)
    lasts = np.empty(len(sequences), np.int64)
    nodes: list[np.ndarray] = [np.empty(0, np.int64)] * len(sequences)
    open_to = 0
    for at, one, common, start in zip(order, ids, shared, starts.tolist(), strict=False):
        stop = start + len(one) - common
        end[path[common:open_to]] = start
        path[common : len(one)] = np.arange(start, stop)
        open_to = len(one)
        tokens[start:stop], depth[start:stop] = one[common:], np.arange(common, len(one))
        lasts[at] = path[len(one) - 1]
        nodes[at] = path[[probe.after - 1 for probe in sequences[at].probes]]
    return Walk(tokens, depth, end, _asked(sequences, nodes), lasts)


def _require_answerable(one: Sequence) -> None:
    """Ids that an array of int32 holds, and nothing asked but after a token."""
    if not one.ids:
        raise InternalError("plan", "a sequence without tokens cannot be asked")
    for ids in (one.ids, *(probe.targets for probe in one.probes)):
        wrong = next((i for i in (min(ids, default=0), max(ids, default=0)) if not 0 <= i < 2**31), None)
        if wrong is not None:
            raise InternalError("plan", f"{wrong} is no token id")
    for probe in one.probes:
        if not 1 <= probe.after <= len(one.ids):
            raise InternalError("plan", f"a question after {probe.after} of {len(one.ids)} tokens")


def _shared(one: Int32[np.ndarray, " a"], other: Int32[np.ndarray, " b"]) -> int:
    """How many tokens two sequences begin with together."""
    length = min(len(one), len(other))
    differs = np.flatnonzero(one[:length] != other[:length])
    return int(differs[0]) if differs.size else length


def _asked(sequences: Many[Sequence], nodes: list[np.ndarray]) -> Asked:
    counts = [len(probe.targets) for one in sequences for probe in one.probes]
    node = np.repeat(np.concatenate([np.empty(0, np.int64), *nodes]), counts)
    target = np.fromiter(
        (t for one in sequences for p in one.probes for t in p.targets), np.int64, sum(counts)
    )
    pairs, place = np.unique(node << 32 | target, return_inverse=True)
    return Asked(pairs >> 32, (pairs & (2**32 - 1)).astype(np.int32), place.reshape(-1))
