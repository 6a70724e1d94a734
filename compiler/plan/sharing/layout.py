"""The waves of a shard as arrays: what one compiled program takes.

Expects a walk, its shards and their shapes. Ensures that equal plans give equal arrays whatever was answered before: a
token's place never depends on what else is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64

from cyclspec.compiler.plan.sharing.shards import Shard
from cyclspec.compiler.plan.sharing.walk import Walk

BLOCK = 64
OUTPUTS_AT_ONCE = 64
SCORES_AT_ONCE = 2**22


def blocks_at_once(heads: int, ancestors: int) -> int:
    """How many blocks of a wave attend together: as many as have so many scores, and at least one."""
    return max(1, SCORES_AT_ONCE // (BLOCK * heads * (ancestors + BLOCK)))


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of one compiled program.

    `wave` tokens in blocks of `BLOCK`; `ancestors` that a block may have before its first token; `outputs` tokens
    after which something is asked, of each at most `targets` ids; `texts` whose whole keys and values are handed out.
    `most_first` says how many ancestors the block with most of them has at most, then the next; empty where any block
    may have all.
    """

    wave: int
    ancestors: int
    outputs: int
    targets: int
    texts: int = 0
    most_first: tuple[int, ...] = ()

    @property
    def blocks(self) -> int:
        return self.wave // BLOCK

    @property
    def seen(self) -> tuple[int, ...]:
        """How many ancestors each block reads, those that read most first."""
        return self.most_first or (self.ancestors,) * self.blocks


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """The arrays of one wave.

    Memory is the carried ancestors, by depth, followed by the wave's own tokens. `path[block, depth]` is the place in
    memory of the ancestor of a block's first token, of which it has as many as its depth; `carry[depth]` that of the
    ancestor of the next wave's first token, `kept[text, depth]` that of a text's own token. `order` are the blocks,
    those with most ancestors first. `end` counts from the wave's first token. `pairs` says which of the walk's asked
    pairs each entry of `targets` is, -1 for none; `texts` which of the walk's sequences each row of `kept` is.
    """

    tokens: Int32[np.ndarray, " token"]
    depth: Int32[np.ndarray, " token"]
    end: Int32[np.ndarray, " token"]
    path: Int32[np.ndarray, "block ancestor"]
    order: Int32[np.ndarray, " block"]
    carry: Int32[np.ndarray, " ancestor"]
    outputs: Int32[np.ndarray, " output"]
    targets: Int32[np.ndarray, "output target"]
    kept: Int32[np.ndarray, "text ancestor"]
    pairs: Int64[np.ndarray, "output target"]
    texts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """The least shape that holds every wave of a shard; `most_first` is as in `Shape`."""

    ancestors: int
    outputs: int
    targets: int
    most_first: tuple[int, ...]


def needs(walk: Walk, shard: Shard, wave: int) -> Needs:
    """What a shard needs of its shape."""
    index = shard.tokens(walk)
    depths = np.zeros(shard.waves * (wave // BLOCK), np.int64)
    depths[: -(-len(index) // BLOCK)] = walk.depth[index[::BLOCK]]
    most_first = np.sort(depths.reshape(shard.waves, -1), axis=1)[:, ::-1].max(axis=0)
    first, stop = np.searchsorted(walk.asked.node, [shard.start, shard.stop])
    nodes, counts = np.unique(walk.asked.node[first:stop], return_counts=True)
    waves = (nodes - shard.start + shard.before) // wave
    outputs = np.bincount(waves.astype(np.int64), minlength=1)
    return Needs(
        int(depths.max()), int(outputs.max()), int(counts.max(initial=0)), tuple(most_first.tolist())
    )


def waves_of(walk: Walk, shard: Shard, shape: Shape) -> Iterator[Wave]:
    """The waves of a shard, in order."""
    index = shard.tokens(walk)
    end = np.minimum(walk.end[index] - shard.start + shard.before, len(index))
    for start in range(0, len(index), shape.wave):
        here = slice(start, min(start + shape.wave, len(index)))
        yield _wave(walk, shape, index[here], end[here] - start, fresh=max(0, shard.before - start))


def _wave(
    walk: Walk,
    shape: Shape,
    index: Int64[np.ndarray, " token"],
    end: Int64[np.ndarray, " token"],
    *,
    fresh: int,
) -> Wave:
    """The wave of some tokens of the walk, of which those from `fresh` on are not computed elsewhere."""
    count, beyond = len(index), shape.wave - len(index)
    low, stop = (int(index[fresh]), int(index[-1]) + 1) if fresh < count else (0, 0)
    depth = walk.depth[index]
    texts = walk.ending(low, stop) if shape.texts else np.empty(0, np.int64)
    starts = np.arange(shape.blocks) * BLOCK
    ends = walk.lasts[texts] - low + fresh + 1
    paths = _paths(depth, np.concatenate([np.minimum(starts, count), ends, [count]]), shape.ancestors)
    kept = np.zeros((shape.texts, shape.ancestors), np.int32)
    kept[: len(texts)] = paths[shape.blocks : -1]
    outputs, targets, pairs = _asked(walk, shape, low, stop)
    return Wave(
        tokens=np.pad(walk.tokens[index], (0, beyond)),
        depth=np.pad(depth, (0, beyond)),
        end=np.append(np.minimum(end, shape.wave), np.arange(count, shape.wave) + 1).astype(np.int32),
        path=paths[: shape.blocks],
        order=_most_ancestors_first(depth, shape.blocks),
        carry=paths[-1],
        outputs=np.where(outputs >= 0, outputs + fresh, 0).astype(np.int32),
        targets=targets,
        kept=kept,
        pairs=pairs,
        texts=tuple(texts.tolist()),
    )


def _most_ancestors_first(depth: Int32[np.ndarray, " token"], blocks: int) -> Int32[np.ndarray, " block"]:
    ancestors = np.zeros(blocks, np.int32)
    firsts = depth[::BLOCK]
    ancestors[: len(firsts)] = firsts
    return np.argsort(-ancestors, kind="stable").astype(np.int32)


def _paths(
    depth: Int32[np.ndarray, " token"], stops: Int64[np.ndarray, " stop"], ancestors: int
) -> Int32[np.ndarray, "stop ancestor"]:
    """Where in memory the latest token of each depth stands before each of some places of a wave."""
    place = np.arange(max(ancestors, int(depth.max(initial=0)) + 1), dtype=np.int32)
    found = np.zeros((len(stops), ancestors), np.int32)
    done = 0
    for row in np.argsort(stops, kind="stable").tolist():
        stop = int(stops[row])
        place[depth[done:stop]] = ancestors + np.arange(done, stop)
        found[row], done = place[:ancestors], stop
    return found


def _asked(walk: Walk, shape: Shape, low: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is asked after the tokens `low` to `stop`: outputs, counted from `low`, targets, and which pair each is."""
    outputs = np.full(shape.outputs, -1, np.int64)
    targets = np.full((shape.outputs, shape.targets), -1, np.int32)
    pairs = np.full(targets.shape, -1, np.int64)
    first, beyond = np.searchsorted(walk.asked.node, [low, stop])
    nodes, row, counts = np.unique(walk.asked.node[first:beyond], return_inverse=True, return_counts=True)
    column = np.arange(beyond - first) - np.repeat(np.cumsum(counts) - counts, counts)
    outputs[: len(nodes)] = nodes - low
    targets[row, column] = walk.asked.target[first:beyond]
    pairs[row, column] = np.arange(first, beyond)
    return outputs, targets, pairs
