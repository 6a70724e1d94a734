"""Texts to write, in shards of few static shapes.

Expects tasks of one model. Ensures that the shards depend on the tasks alone, not on their order; that the
programs are few, chosen from what the tasks need exactly; and that the cache of a shard fits the memory it
may take.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, LongRope
from cyclspec.compiler.plan.sharing.layout import BLOCK, Shape
from cyclspec.compiler.plan.sharing.questions import Sequence
from cyclspec.compiler.plan.sharing.shapes import NoRoom, wave_bytes
from cyclspec.compiler.plan.sharing.walk import Walk, walk
from cyclspec.compiler.records.stepping import TokenAutomaton
from cyclspec.language.diagnostics import InternalError

Choice = Literal["greedy", "all", "nucleus"]

ROUNDS = 8
MOST_CLASSES = 3
MOST_WAVE = 512
WAVE_OVERHEAD = 24
PROMPT_GRAIN, ROW_GRAIN = 32, 8
COMPILE_BYTES = 2.5e10
"""What one more program costs, in bytes of cache that are read for nothing."""


@dataclass(frozen=True, slots=True)
class WritingTask:
    """One text to write after the prompt `ids`.

    A token is drawn at `temperature` from the smallest set of the likeliest whose probability is at least
    `top_p`; at temperature 0 it is the likeliest, of equals the lowest id. `max_tokens` counts what is
    written at most; any of `stop_ids` ends the text and is no part of it. `seed` is the pair of 32-bit words
    that the noise of every step is a function of. Where there is an `automaton`, only its texts are written,
    and a whole one ends.

    Raises:
        InternalError: a value is outside its range.
    """

    request: str
    ids: tuple[int, ...]
    temperature: float
    top_p: float
    max_tokens: int
    stop_ids: tuple[int, ...]
    seed: tuple[int, int]
    automaton: TokenAutomaton | None = None

    def __post_init__(self) -> None:
        _require(len(self.ids) > 0, "a prompt")
        _require(self.max_tokens > 0, "room for a token")
        _require(math.isfinite(self.temperature) and self.temperature >= 0, "a temperature of at least 0")
        _require(0 < self.top_p <= 1, "a top_p above 0 and up to 1")
        needed = 0 if self.automaton is None else self.automaton.needed
        _require(self.max_tokens >= needed, f"room for the {needed} tokens of its record")
        _require(all(0 <= word < 2**32 for word in self.seed), "a seed of two 32-bit words")

    @property
    def choice(self) -> Choice:
        """How its tokens are chosen, which is compiled in: only a nucleus needs to look for its edge."""
        if self.temperature == 0:
            return "greedy"
        return "all" if self.top_p == 1 else "nucleus"


@dataclass(frozen=True, slots=True)
class WritingShape:
    """The sizes of the programs that write a shard.

    The cache holds `rows` texts, each with `prompt` slots for its prompt but the last token and `new` for
    what follows; `stops` ids may end a row. `wave` is how many tokens of prompts are computed at once.
    `longest` says up to how many tokens a text turns as it does here. Of its texts `automata` have records of
    their own, with so many `states` and `kinds` of tokens; none where nothing is constrained.
    """

    rows: int
    prompt: int
    new: int
    stops: int
    choice: Choice
    wave: int
    longest: int
    automata: int = 0
    states: int = 0
    kinds: int = 0

    @property
    def reading(self) -> Shape:
        """The waves of its prompts."""
        return Shape(self.wave, self.prompt, outputs=0, targets=0)


@dataclass(frozen=True, slots=True)
class WritingShard:
    """Tasks written together, in this order. A text that outgrows `shape.longest` goes on in `beyond`."""

    shape: WritingShape
    tasks: tuple[WritingTask, ...]
    beyond: WritingShape | None = None

    @property
    def automata(self) -> tuple[TokenAutomaton, ...]:
        """The automata of its tasks, each once, in the order of their keys."""
        return automata_of(self.tasks)


@dataclass(frozen=True, slots=True)
class WritingBudget:
    """What shards may take: `bytes` for caches and logits, and as many for waves of prompts.

    At most `rows` of a shard are written together; `item` bytes a stored value. `at_once` shards are at work.
    """

    bytes: int = 2**30
    rows: int = 64
    item: int = 4
    at_once: int = 1

    @property
    def each(self) -> int:
        """The memory of one shard's cache and logits."""
        return self.bytes // self.at_once


def plan_writing(
    tasks: Iterable[WritingTask], config: DecoderConfig, budget: WritingBudget
) -> tuple[WritingShard, ...]:
    """The shards of some tasks, whatever their order. Raises `NoRoom` where not even one row fits."""
    groups: defaultdict[tuple[Choice, bool, bool, bool], list[WritingTask]] = defaultdict(list)
    limit = turning_limit(config)
    for task in sorted(tasks, key=lambda one: (_record(one), one.ids, one.request)):
        reach = len(task.ids) + task.max_tokens - 1
        bound = task.automaton is not None
        groups[task.choice, bound, len(task.ids) > limit, reach > limit].append(task)
    penalty = COMPILE_BYTES / _slot_bytes(config, budget.item)
    return tuple(
        shard
        for key in sorted(groups)
        for some in _alike(groups[key], penalty)
        for shard in _shards(some, config, budget)
    )


def automata_of(tasks: Iterable[WritingTask]) -> tuple[TokenAutomaton, ...]:
    """The automata of some tasks, each once, in the order of their keys."""
    found = {task.automaton.key: task.automaton for task in tasks if task.automaton is not None}
    return tuple(found[key] for key in sorted(found))


def _in_order(tasks: Many[WritingTask]) -> tuple[WritingTask, ...]:
    """The tasks of a shard in the order in which their prompts are read."""
    return tuple(sorted(tasks, key=lambda one: (one.ids, one.request)))


def _record(task: WritingTask) -> str:
    """Tasks of one record stand together, so that few shards have any."""
    return "" if task.automaton is None else task.automaton.key


def turning_limit(config: DecoderConfig) -> int:
    """Up to how many tokens a text turns by its short factors; all positions where there are no others."""
    scalings = [rope.scaling for rope in (config.rope, config.local_rope) if rope is not None]
    limits = [one.original_max_positions for one in scalings if isinstance(one, LongRope)]
    return min(limits, default=config.max_positions)


def prompt_heads(prompts: Iterable[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Prompts without their last tokens, each once: what is computed before the first step."""
    return tuple(sorted({ids[:-1] for ids in prompts if len(ids) > 1}))


def heads_walk(heads: Iterable[tuple[int, ...]]) -> Walk:
    """The walk over the heads of prompts, at least one."""
    return walk([Sequence(ids, ()) for ids in heads])


def cache_bytes(config: DecoderConfig, shape: WritingShape, item: int) -> int:
    """Memory of a shard beside the weights: keys, values and logits of every row, and the automata of its records."""
    rows = shape.rows * row_bytes(config, shape.prompt + shape.new, item)
    return rows + shape.automata * (4 * config.vocab_size + 2 * shape.states * shape.kinds)


def handed_bytes(config: DecoderConfig, shape: WritingShape, item: int) -> int:
    """Memory of the keys and values that a wave of its prompts hands out, with those of a longest prompt before it."""
    return (shape.prompt + shape.wave) * _slot_bytes(config, item)


def row_bytes(config: DecoderConfig, slots: int, item: int) -> int:
    """Memory of one text that is being written: its keys, values and logits."""
    return slots * _slot_bytes(config, item) + 3 * 4 * config.vocab_size


def _slot_bytes(config: DecoderConfig, item: int) -> int:
    return 2 * config.layers * config.kv_heads * config.head_dim * item


def _alike(tasks: Many[WritingTask], penalty: float) -> Iterator[list[WritingTask]]:
    """Tasks that are laid out with the same number of slots."""
    for some in _split(tasks, lambda task: task.max_tokens, penalty):
        yield from _split(some, _prompt_slots, penalty)


def _prompt_slots(task: WritingTask) -> int:
    return _grained(max(1, len(task.ids) - 1), PROMPT_GRAIN)


def _split(
    tasks: Many[WritingTask], size: Callable[[WritingTask], int], penalty: float
) -> Iterator[list[WritingTask]]:
    """By classes of size; each task goes into the narrowest class that holds it."""
    steps: defaultdict[int, int] = defaultdict(int)
    for task in tasks:
        steps[size(task)] += task.max_tokens
    bottom = 0
    for top in _tops(steps, penalty):
        yield [task for task in tasks if bottom < size(task) <= top]
        bottom = top


def _tops(steps: Mapping[int, int], penalty: float) -> tuple[int, ...]:
    """The sizes of few classes: what is read for nothing costs less than one more program would."""
    sizes = sorted(steps)
    below = sizes[:-1] if len(sizes) <= 24 else sizes[: -1 : -(-len(sizes) // 24)]
    ways = ((*some, sizes[-1]) for count in range(MOST_CLASSES) for some in combinations(below, count))

    def cost(tops: tuple[int, ...]) -> float:
        read = sum(n * next(top for top in tops if size <= top) for size, n in steps.items())
        return read + penalty * len(tops)

    return min(ways, key=cost)


def _shards(tasks: Many[WritingTask], config: DecoderConfig, budget: WritingBudget) -> Iterator[WritingShard]:
    """Shards of equal size, as few as have at most `ROUNDS` tasks a row; two where not all have a row at once."""
    limit = turning_limit(config)
    prompt, reach = max(map(_prompt_slots, tasks)), max(len(one.ids) + one.max_tokens - 1 for one in tasks)
    short = len(tasks[0].ids) <= limit
    most = max(one.max_tokens for one in tasks)
    new = min(most, limit) if short else most
    beyond = short and reach > limit
    wide = prompt + new if not beyond else max(prompt + new, _grained(limit, PROMPT_GRAIN) + most)
    row = row_bytes(config, wide, budget.item)
    waves = _fitting_waves(config, prompt, budget, row)
    fitting = min(budget.rows, budget.each // row)
    count = max(-(-len(tasks) // (fitting * ROUNDS)), 1 if len(tasks) <= fitting else 2)
    size = -(-len(tasks) // count)
    rows = min(fitting, _grained(-(-size // -(-size // fitting)), ROW_GRAIN))
    parts = [_in_order(tasks[start : start + size]) for start in range(0, len(tasks), size)]
    shape = WritingShape(
        rows=rows,
        prompt=prompt,
        new=new,
        stops=max(len(one.stop_ids) for one in tasks),
        choice=tasks[0].choice,
        wave=_wave_tokens(parts, waves),
        longest=limit if short else config.max_positions,
        **_automata_sizes(parts),
    )
    after = _beyond(shape, limit, most, config) if beyond else None
    yield from (WritingShard(shape, part, after) for part in parts)


def _automata_sizes(parts: Many[Many[WritingTask]]) -> dict[str, int]:
    """How many automata the programs of some shards hold, and how large ones: powers of two, which differ little."""
    found = [automata_of(part) for part in parts]
    most = max(map(len, found))
    if not most:
        return {}
    states = max(len(one.follows) for some in found for one in some)
    kinds = max(one.follows.shape[1] for some in found for one in some)
    return {"automata": most, "states": _rounded(states), "kinds": _rounded(kinds)}


def _rounded(count: int) -> int:
    return 1 << (count - 1).bit_length()


def _beyond(shape: WritingShape, limit: int, most: int, config: DecoderConfig) -> WritingShape:
    """What goes on where texts have outgrown the limit: their prompts are the limit and one token more."""
    prompt = _grained(limit, PROMPT_GRAIN)
    return replace(shape, prompt=prompt, new=most, wave=BLOCK, longest=config.max_positions)


def _fitting_waves(config: DecoderConfig, prompt: int, budget: WritingBudget, row: int) -> list[int]:
    """The sizes of waves over prompts of so many slots that fit the budget, as one row must too."""
    taken = {
        size: wave_bytes(config, Shape(size, prompt, 0, 0), budget.item)
        + (prompt + size) * _slot_bytes(config, budget.item)
        for size in range(BLOCK, MOST_WAVE + 1, BLOCK)
    }
    least = max(row, taken[BLOCK])
    if least > budget.each:
        raise NoRoom(2 * least)
    return [size for size, needed in taken.items() if needed <= budget.each]


def _wave_tokens(parts: Many[Many[WritingTask]], fitting: Many[int]) -> int:
    """The size of a wave that computes least over some shards, padding and its own cost counted."""
    heads = [prompt_heads(task.ids for task in part) for part in parts]
    sizes = [len(heads_walk(some)) for some in heads if some]

    def cost(wave: int) -> tuple[int, int]:
        return sum(-(-size // wave) for size in sizes) * (wave + WAVE_OVERHEAD), wave

    return min(fitting, key=cost)


def _grained(count: int, grain: int) -> int:
    return -(-count // grain) * grain


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise InternalError("plan", f"a text to write needs {what}")
