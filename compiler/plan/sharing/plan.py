"""The layout of everything that is asked of one model: walks, shards, shapes, and where each answer is found.

Expects sequences by request. Ensures that it depends on the requests alone, so that the same plan computes the same
numbers whatever was answered before, in which order its shards run, and on how many workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, LongRope
from cyclspec.compiler.plan.sharing.layout import Shape, Wave, waves_of
from cyclspec.compiler.plan.sharing.questions import Sequence
from cyclspec.compiler.plan.sharing.shapes import Budget, shaped, wave_bytes
from cyclspec.compiler.plan.sharing.shards import Shard
from cyclspec.compiler.plan.sharing.walk import Walk, walk


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Texts that turn alike: one walk with its shards and their shapes. `first` is the number of its first pair."""

    walk: Walk
    shards: tuple[Shard, ...]
    shapes: tuple[Shape, ...]
    longest: int
    first: int


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How the requests of one model are computed.

    `places[bounds[r] : bounds[r + 1]]` are the pairs that hold what request `r` asks, in its order; pairs count
    through all parts.
    """

    requests: tuple[str, ...]
    bounds: Int64[np.ndarray, " bound"]
    places: Int64[np.ndarray, " asked"]
    parts: tuple[Part, ...]

    @property
    def pairs(self) -> int:
        """Log-probabilities that are computed."""
        return sum(len(part.walk.asked.node) for part in self.parts)

    @property
    def tokens_shared(self) -> int:
        """The tokens of the tries: what has to be computed at least."""
        return sum(len(part.walk) for part in self.parts)

    @property
    def tokens_planned(self) -> int:
        """The tokens that are computed, with padding and ancestors that shards compute again."""
        return sum(
            s.waves * shape.wave for p in self.parts for s, shape in zip(p.shards, p.shapes, strict=True)
        )

    @property
    def waves(self) -> int:
        return sum(shard.waves for part in self.parts for shard in part.shards)

    @property
    def shards(self) -> int:
        return sum(len(part.shards) for part in self.parts)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The programs, each once."""
        return tuple(dict.fromkeys(shape for part in self.parts for shape in part.shapes))

    def wave_bytes(self, config: DecoderConfig, item: int) -> int:
        """The most memory that a wave takes beside the weights."""
        return max((wave_bytes(config, shape, item) for shape in self.shapes), default=0)

    def unanswered(self, known: Mapping[str, object]) -> tuple[tuple[Part, Shard, Shape], ...]:
        """The shards that hold something of a request that is not known, in the order of the plan."""
        missing = np.array([request not in known for request in self.requests], bool)
        wanted: Bool[np.ndarray, " pair"] = np.zeros(self.pairs, bool)
        wanted[self.places[np.repeat(missing, np.diff(self.bounds))]] = True
        return tuple(self._holding(wanted))

    def _holding(self, wanted: Bool[np.ndarray, " pair"]) -> Iterator[tuple[Part, Shard, Shape]]:
        for part in self.parts:
            asked = wanted[part.first : part.first + len(part.walk.asked.node)]
            for shard, shape in zip(part.shards, part.shapes, strict=True):
                first, stop = np.searchsorted(part.walk.asked.node, [shard.start, shard.stop])
                if asked[first:stop].any():
                    yield part, shard, shape

    def waves_of(self, part: Part, shard: Shard, shape: Shape) -> Iterator[Wave]:
        """The waves of one shard as arrays."""
        return waves_of(part.walk, shard, shape)


def lay_out(asked: Iterable[tuple[str, Many[Sequence]]], config: DecoderConfig, budget: Budget) -> Layout:
    """The layout of requests, each a key with its sequences. Raises `NoRoom` where no wave fits the budget."""
    listed = list(asked)
    sequences = [one for _, own in listed for one in own]
    sizes = np.array([sum(len(probe.targets) for probe in one.probes) for one in sequences], np.int64)
    places = np.zeros(int(sizes.sum()), np.int64)
    parts: list[Part] = []
    first = 0
    for longest, members in _alike(sequences, config):
        part = _part([sequences[at] for at in members], config, budget, longest, first)
        mine = np.zeros(len(sequences), bool)
        mine[members] = True
        places[np.repeat(mine, sizes)] = part.walk.asked.place + first
        parts.append(part)
        first += len(part.walk.asked.node)
    totals = [sum(len(probe.targets) for one in own for probe in one.probes) for _, own in listed]
    bounds = np.concatenate([[0], np.cumsum(totals)]).astype(np.int64)
    return Layout(tuple(key for key, _ in listed), bounds, places, tuple(parts))


def _alike(sequences: Many[Sequence], config: DecoderConfig) -> Iterator[tuple[int, list[int]]]:
    """Sequences that share a rotation: where it changes beyond a length, short and long ones share nothing."""
    scalings = [rope.scaling for rope in (config.rope, config.local_rope) if rope is not None]
    limits = [s.original_max_positions for s in scalings if isinstance(s, LongRope)]
    limit = min(limits, default=config.max_positions)
    short = [at for at, one in enumerate(sequences) if len(one.ids) <= limit]
    long = [at for at, one in enumerate(sequences) if len(one.ids) > limit]
    yield from ((top, some) for top, some in ((limit, short), (config.max_positions, long)) if some)


def _part(own: Many[Sequence], config: DecoderConfig, budget: Budget, longest: int, first: int) -> Part:
    found = walk(own)
    shards, shapes = shaped(found, config, budget)
    return Part(found, shards, shapes, longest, first)
