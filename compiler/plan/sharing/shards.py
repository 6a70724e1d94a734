"""The walk in shards, and a shard in waves: what is computed together, and in which order.

Expects a walk. Ensures that shards need nothing of each other, since each begins with the ancestors of its first
token; that every token of the walk is in one shard; and that a shard's waves are full, but for the walk's last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from cyclspec.compiler.plan.sharing.walk import Walk

WAVES_A_SHARD = range(4, 8)
TIMES_ANCESTORS = 10


@dataclass(frozen=True, slots=True)
class Shard:
    """The tokens `start` to `stop` of a walk, after `before` ancestors that are computed again; `waves` of one size."""

    start: int
    stop: int
    before: int
    waves: int

    def tokens(self, walk: Walk) -> Int64[np.ndarray, " token"]:
        """The shard's tokens in the order that they are computed in."""
        return np.concatenate([walk.path(self.start), np.arange(self.start, self.stop)])


def cut(walk: Walk, wave: int) -> tuple[Shard, ...]:
    """Shards of four to seven waves of `wave` tokens; each cut is the one of those that computes least again.

    A shard is longer where its ancestors would be more than a tenth of it, or where no text would end in it.
    """
    return tuple(_cut(walk, wave))


def _cut(walk: Walk, wave: int) -> Iterator[Shard]:
    start, size = 0, len(walk)
    lasts = np.sort(walk.lasts)
    while start < size:
        before = int(walk.depth[start])
        read = before + int(lasts[np.searchsorted(lasts, start)]) + 1 - start
        least = max(WAVES_A_SHARD.start, -(-TIMES_ANCESTORS * before // wave), -(-read // wave))
        counts = range(least, least + len(WAVES_A_SHARD))
        left = -(-(before + size - start) // wave)
        if left <= counts[-1]:
            yield Shard(start, size, before, left)
            return
        stops = ((start + waves * wave - before, -waves) for waves in counts)
        _, waves, stop = min((int(walk.depth[stop]), waves, stop) for stop, waves in stops)
        yield Shard(start, stop, before, -waves)
        start = stop
