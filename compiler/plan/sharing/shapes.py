"""Static shapes: how many tokens a wave has, and the few programs that hold every wave.

Expects a walk and the sizes of a model. Ensures at most `MOST_SHAPES` programs, chosen from what each shard exactly
needs so that attention to places that hold nothing costs less than another compile would, and that a wave fits the
memory it may take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.device import CPU
from cyclspec.compiler.plan.sharing.layout import BLOCK, OUTPUTS_AT_ONCE, Needs, Shape, blocks_at_once, needs
from cyclspec.compiler.plan.sharing.shards import Shard, cut
from cyclspec.compiler.plan.sharing.walk import Walk

MOST_SHAPES = 3
WAVE_OVERHEAD = 24
COMPILE_FLOPS = 1.5e11
ANCESTOR_GRAIN, OUTPUT_GRAIN = 32, 16
BYTES = {"float32": 4, "bfloat16": 2}


class NoRoom(Exception):
    """The smallest wave that could be, of `needed` bytes, is over the budget."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        super().__init__(f"a wave takes {needed} bytes at least")


@dataclass(frozen=True, slots=True)
class Budget:
    """What waves may take: `bytes` of memory beside the weights, at most `tokens` each; `item` bytes a stored value.

    Of shards, which need nothing of each other, `at_once` are at work.
    """

    bytes: int = 2**30
    tokens: int = CPU.wave
    item: int = 4
    at_once: int = 1

    @property
    def each(self) -> int:
        """The memory of one wave."""
        return self.bytes // self.at_once


def grained(count: int, grain: int) -> int:
    """The next multiple."""
    return -(-count // grain) * grain


def shaped(walk: Walk, config: DecoderConfig, budget: Budget) -> tuple[tuple[Shard, ...], tuple[Shape, ...]]:
    """Shards and their shapes, of the wave size that computes least of those that fit.

    Padding, and what every wave costs by itself, are counted. Raises `NoRoom` where not even the smallest wave fits.
    """
    tops = range(BLOCK, grained(budget.tokens, BLOCK) + 1, BLOCK)
    sizes = [size for size in tops if wave_bytes(config, Shape(size, 0, 0, 0), budget.item) <= budget.each]
    for size in sorted(sizes, key=lambda size: (_cost(walk, size), size)):
        shards = cut(walk, size)
        shapes = choose(walk, shards, config, size)
        if _most_bytes(config, shapes, budget.item) <= budget.each:
            return shards, shapes
    shapes = choose(walk, cut(walk, BLOCK), config, BLOCK)
    raise NoRoom(_most_bytes(config, shapes, budget.item))


def _cost(walk: Walk, size: int) -> int:
    return sum(shard.waves for shard in cut(walk, size)) * (size + WAVE_OVERHEAD)


def _most_bytes(config: DecoderConfig, shapes: Sequence[Shape], item: int) -> int:
    return max(wave_bytes(config, shape, item) for shape in set(shapes))


def least_bytes(config: DecoderConfig, longest: int, item: int) -> int:
    """Memory of the smallest wave that reads a text of so many tokens, whatever else it reads."""
    return wave_bytes(config, Shape(BLOCK, grained(longest, ANCESTOR_GRAIN), BLOCK, 1), item)


def wave_bytes(config: DecoderConfig, shape: Shape, item: int) -> int:
    """Memory of one wave beside the weights, at most.

    Ancestors' keys and values are there three times, as they come, as they go and as they are gathered; those of whole
    texts twice. Beside them stand one layer's keys and values, and then either the activations of its tokens with the
    scores of the blocks or of the outputs that attend together, or the logits of some outputs.
    """
    slot, seen = slot_bytes(config, item), shape.ancestors + BLOCK
    kept = config.layers * shape.ancestors * (3 + 2 * shape.texts) * slot
    blocks = min(shape.blocks, blocks_at_once(config.heads, shape.ancestors))
    own = 2 * (shape.ancestors + shape.wave) * slot + 2 * blocks * seen * slot
    wide = 2 * config.intermediate_size + 4 * config.hidden_size + 3 * config.heads * config.head_dim
    outputs = min(shape.outputs, OUTPUTS_AT_ONCE)
    scores = max(blocks * BLOCK * seen, outputs * (shape.ancestors + shape.wave))
    layer = shape.wave * wide + 3 * config.heads * scores
    logits = 2 * outputs * config.vocab_size
    return kept + own + 4 * (max(layer, logits) + 2 * shape.outputs * shape.targets)


def slot_bytes(config: DecoderConfig, item: int) -> int:
    """Memory of one token's keys and values in one layer."""
    return 2 * config.kv_heads * config.head_dim * item


def layer_parameters(config: DecoderConfig) -> int:
    """Parameters of one layer's matrices: all experts and their router where it has them."""
    heads, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    experts = config.experts.count if config.experts else 1
    matrices = (3 if config.gated else 2) * experts
    router = experts if config.experts else 0
    return config.hidden_size * (2 * heads + 2 * kv + matrices * config.intermediate_size + router)


def choose(walk: Walk, shards: Sequence[Shard], config: DecoderConfig, wave: int) -> tuple[Shape, ...]:
    """The shape of every shard, few of them distinct."""
    found = [needs(walk, shard, wave) for shard in shards]
    slots = sorted({grained(need.ancestors, ANCESTOR_GRAIN) for need in found})
    tokens = dict.fromkeys(slots, 0)
    for need, shard in zip(found, shards, strict=True):
        tokens[grained(need.ancestors, ANCESTOR_GRAIN)] += shard.waves * wave
    slot_flops = 4 * config.heads * config.head_dim * config.layers
    penalty = COMPILE_FLOPS / slot_flops
    chosen = min(_classes(slots), key=lambda tops: _waste(tops, tokens) + penalty * len(tops))
    tops = [next(top for top in chosen if need.ancestors <= top) for need in found]
    return tuple(_shape(wave, top, [n for n, t in zip(found, tops, strict=True) if t == top]) for top in tops)


def _classes(slots: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The ways to round every need up to one of few."""
    below = slots[:-1] if len(slots) <= 24 else slots[: -1 : -(-len(slots) // 24)]
    for count in range(min(MOST_SHAPES, len(slots))):
        yield from ((*some, slots[-1]) for some in combinations(below, count))


def _waste(tops: Sequence[int], tokens: dict[int, int]) -> int:
    return sum(n * next(top for top in tops if slot <= top) for slot, n in tokens.items())


def _shape(wave: int, ancestors: int, inside: Sequence[Needs]) -> Shape:
    outputs = grained(max(need.outputs for need in inside), OUTPUT_GRAIN)
    ranks = zip(*(need.most_first for need in inside), strict=True)
    seen = tuple(grained(max(rank), ANCESTOR_GRAIN) for rank in ranks)
    return Shape(wave, ancestors, outputs, max(need.targets for need in inside), most_first=seen)
