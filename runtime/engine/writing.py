"""Writes texts: batched decoding with a preallocated cache, in which finished rows give way to waiting texts.

Expects shards of a plan. Ensures that what does not fit the model is refused before anything runs, that a
shard is always computed whole and in the same order, and that a text without finite scores is reported as
missing while the others go on. What a row draws depends on its own seed and scores alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Literal

import jax
import numpy as np
from flax import nnx

from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.compiler.plan.writing import WritingShape, WritingShard, WritingTask, automata_of
from cyclspec.runtime.engine.abreast import Job, abreast
from cyclspec.runtime.engine.blocks import Memory
from cyclspec.runtime.engine.cache import Cache, Fill, empty_cache, fill
from cyclspec.runtime.engine.compiled import compiled
from cyclspec.runtime.engine.constrain import stacked
from cyclspec.runtime.engine.decode import STEPS, Call, Rows, decode, empty_latest
from cyclspec.runtime.engine.freed_memory import freed_memory_kept
from cyclspec.runtime.engine.prefill import Prompt, empty_wave, memory_of_wave, prompts, wave_inputs
from cyclspec.runtime.engine.scoring import Missing
from cyclspec.runtime.engine.wave import WaveInputs, WaveOutputs, empty_memory, wave
from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.decoder.decoder import layers_apart
from cyclspec.runtime.models.decoder.kernels import kernel_here
from cyclspec.runtime.models.decoder.stack import Stack, steps_read_apart


@dataclass(frozen=True, slots=True)
class Written:
    """A text's token ids, without the one that ended it: a stop, or the number of tokens that it may have.

    A record ends of itself; where that took all its tokens, its end is `length` too.
    """

    request: str
    token_ids: tuple[int, ...]
    ended: Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Text:
    """A task and what of it stands so far. `failed`: a step had scores that are not finite."""

    task: WritingTask
    written: tuple[int, ...] = ()
    failed: bool = False

    @property
    def ids(self) -> tuple[int, ...]:
        return (*self.task.ids, *self.written)

    @property
    def ended(self) -> Literal["stop", "length"] | None:
        automaton = self.task.automaton
        if automaton is not None and automaton.is_whole(self.written):
            return "stop" if len(self.written) < self.task.max_tokens else "length"
        if self.written and self.written[-1] in self.task.stop_ids:
            return "stop"
        return "length" if len(self.written) == self.task.max_tokens else None

    def outcome(self) -> Written | Missing:
        """What is reported of a text that has ended."""
        ended = self.ended
        if self.failed or ended is None:
            return Missing(self.task.request, "not_finite")
        stopped = ended == "stop" and self.task.automaton is None
        return Written(self.task.request, self.written[: -1 if stopped else None], ended)


@dataclass(frozen=True, slots=True)
class _Programs:
    """What runs for one shape."""

    wave: jax.stages.Compiled
    fill: jax.stages.Compiled
    decode: jax.stages.Compiled


class WritingEngine:
    """Writes with one decoder. `model` is its name in messages."""

    def __init__(self, decoder: Decoder, *, model: str) -> None:
        self.model = model
        self._config = decoder.config
        self._dtype = decoder.embedding.dtype
        self._graph, self._state = nnx.split(decoder)
        self._read_by_steps = layers_apart(decoder) if steps_read_apart() else self._state
        self._compiled: dict[Hashable, jax.stages.Compiled] = {}
        self._compiling = threading.Lock()

    @property
    def compiled_programs(self) -> int:
        """How many programs were compiled so far: at most three for each shape."""
        return len(self._compiled)

    def compile(self, shards: Iterable[WritingShard]) -> None:
        """Compiles every program of some shards, ahead of time."""
        for shard in shards:
            for shape in (shard.shape, shard.beyond):
                if shape is not None:
                    self._programs(shape)

    def run(self, shards: Iterable[WritingShard], *, at_once: int = 1) -> Iterator[Written | Missing]:
        """One outcome for each task, as soon as its text has ended; `at_once` shards are at work.

        A text that outgrows the length up to which its shard turns is read again with the factors of longer
        texts and goes on, as transformers does.

        Raises:
            SpecError: a prompt has token ids outside the vocabulary, or a text could outgrow the model's
            positions.
        """
        listed = tuple(shards)
        for shard in listed:
            self._refuse_misfit(shard)
        jobs: list[Job[Written | Missing]] = [partial(self._outcomes, shard) for shard in listed]
        outcomes: Iterator[Written | Missing] = abreast(jobs, at_once)
        with freed_memory_kept():
            yield from outcomes

    def _outcomes(self, shard: WritingShard) -> Iterator[Written | Missing | None]:
        """None after every program in which no text has ended."""
        outgrown: list[Text] = []
        for text in self._write(shard.shape, [Text(task) for task in shard.tasks]):
            if text is not None and text.ended is None and not text.failed:
                outgrown.append(text)
            else:
                yield None if text is None else text.outcome()
        if outgrown:
            assert shard.beyond is not None
            outgrown.sort(key=lambda text: (text.ids, text.task.request))
            rest = self._write(shard.beyond, outgrown)
            yield from (None if text is None else text.outcome() for text in rest)

    def _write(self, shape: WritingShape, texts: Sequence[Text]) -> Iterator[Text | None]:
        """Each text as far as this shape takes it, and None after every program."""
        programs = self._programs(shape)
        ready = prompts(
            [text.ids for text in texts],
            shape,
            self._config,
            self._dtype,
            lambda carried, inputs: programs.wave(self._state, carried, inputs),
        )
        desk = _Desk(shape, texts, ready)
        cache = empty_cache(self._config, shape, self._dtype)
        slot: Any = np.int32(0)
        latest = empty_latest(self._config, shape.rows, self._dtype)
        longest = np.int32(shape.longest)
        automata = automata_of(text.task for text in texts)
        records = stacked(automata, shape, self._config.vocab_size)
        desk.places = {one.key: at for at, one in enumerate(automata)}
        while desk.goes_on:
            for memory, one in desk.fills():
                cache = programs.fill(cache, memory, one)
                yield None
            steps = np.int32(desk.steps)
            call: Call = programs.decode(
                self._read_by_steps, cache, desk.rows, latest, slot, steps, longest, records
            )
            cache, latest, slot = call.cache, call.latest, call.slot
            yield from desk.take(call)
            yield None

    def _programs(self, shape: WritingShape) -> _Programs:
        sizes = (shape.prompt, shape.wave)
        cache = (*sizes, shape.rows, shape.new)
        return _Programs(
            wave=self._once(("wave", *sizes), lambda: self._compile_wave(shape)),
            fill=self._once(("fill", *cache), lambda: self._compile_fill(shape)),
            decode=self._once(
                ("decode", *cache, shape.stops, shape.choice, shape.automata, shape.states, shape.kinds),
                lambda: self._compile_decode(shape),
            ),
        )

    def _once(self, key: Hashable, make: Callable[[], jax.stages.Compiled]) -> jax.stages.Compiled:
        with self._compiling:
            if key not in self._compiled:
                self._compiled[key] = make()
            return self._compiled[key]

    def _compile_wave(self, shape: WritingShape) -> jax.stages.Compiled:
        graph, kernel = self._graph, kernel_here(self._config, self._dtype)

        def read(state: nnx.State[Any, Any], carried: Memory, inputs: WaveInputs) -> WaveOutputs:
            return wave(nnx.merge(graph, state), carried, inputs, shape.reading.seen, kernel)

        carried = empty_memory(self._config, shape.prompt, self._dtype)
        return compiled(read, self._state, carried, wave_inputs(empty_wave(shape), shape))

    def _compile_fill(self, shape: WritingShape) -> jax.stages.Compiled:
        cache = empty_cache(self._config, shape, self._dtype)
        whole = memory_of_wave(self._config, shape, self._dtype)
        return compiled(fill, cache, whole, _empty_fill(shape), donated=0)

    def _compile_decode(self, shape: WritingShape) -> jax.stages.Compiled:
        graph = self._graph

        def write(state: nnx.State[Any, Any], cache: Cache[Stack], rows: Rows, *rest: Any) -> Call:
            return decode(nnx.merge(graph, state), cache, rows, *rest, choice=shape.choice)

        cache = empty_cache(self._config, shape, self._dtype)
        latest, number = empty_latest(self._config, shape.rows, self._dtype), np.int32(0)
        records = stacked((), shape, self._config.vocab_size)
        inputs = (self._read_by_steps, cache, _idle(shape), latest, number, number, number, records)
        return compiled(write, *inputs, donated=1)

    def _refuse_misfit(self, shard: WritingShard) -> None:
        """Out-of-range ids would be clamped in silence by the compiled gather."""
        vocab, positions = self._config.vocab_size, self._config.max_positions
        for task in shard.tasks:
            wrong = next((one for one in task.ids if not 0 <= one < vocab), None)
            if wrong is not None:
                raise refused(
                    self.model,
                    f"has a vocabulary of {vocab} tokens; its tokenizer gave the token id {wrong}",
                    "use the tokenizer that belongs to this checkpoint",
                )
            if len(task.ids) + task.max_tokens > positions:
                prompt, most = len(task.ids), task.max_tokens
                problem = f"has {positions} positions; a prompt has {prompt} tokens and {most} to follow"
                raise refused(self.model, problem, "shorten the prompt, or write less")


class _Desk:
    """Which text is in which row, and which wait; free rows take those that wait in order."""

    def __init__(self, shape: WritingShape, texts: Sequence[Text], ready: Iterator[Prompt]) -> None:
        self.shape = shape
        self.rows = _idle(shape)
        self._texts, self._ready = texts, ready
        self._taken = 0
        self._in_row: dict[int, Text] = {}
        self.places: Mapping[str, int] = {}

    @property
    def goes_on(self) -> bool:
        """Whether there is something left to write."""
        return bool(self._in_row) or self._taken < len(self._texts)

    @property
    def steps(self) -> int:
        """The steps of the next call: none after which a row surely waits to be replaced."""
        if self._taken == len(self._texts):
            return STEPS
        return min(STEPS, int(self.rows.left[~self.rows.done].min()))

    def fills(self) -> Iterator[tuple[Memory, Fill]]:
        """Waiting texts into free rows."""
        free = [row for row in range(self.shape.rows) if row not in self._in_row]
        waiting = self._texts[self._taken : self._taken + len(free)]
        self._taken += len(waiting)
        placed = zip(free, waiting, (next(self._ready) for _ in waiting), strict=False)
        for _, some in groupby(placed, key=lambda one: id(one[2].memory)):
            yield self._fill(list(some))

    def _fill(self, placed: Sequence[tuple[int, Text, Prompt]]) -> tuple[Memory, Fill]:
        one = _empty_fill(self.shape)
        for at, (row, text, prompt) in enumerate(placed):
            self._in_row[row] = text
            self._seat(row, text)
            one.row[at], one.length[at], one.path[at] = row, prompt.length, prompt.path
        size: Any = np.int32(len(placed))
        return placed[0][2].memory, one._replace(size=size)

    def _seat(self, row: int, text: Text) -> None:
        rows, task, ids = self.rows, text.task, text.ids
        before = len(ids) - 1
        rows.token[row], rows.position[row], rows.prompt[row], rows.held[row] = ids[-1], before, before, 0
        rows.step[row], rows.most[row] = len(text.written), task.max_tokens
        if task.automaton is not None:
            rows.record[row] = self.places[task.automaton.key]
            rows.state[row] = task.automaton.after(text.written)
        rows.left[row] = min(task.max_tokens - len(text.written), self.shape.longest - before)
        rows.done[row], rows.finite[row] = False, True
        rows.temperature[row], rows.top_p[row] = task.temperature, task.top_p
        rows.seed[row] = task.seed
        rows.stops[row] = -1
        rows.stops[row, : len(task.stop_ids)] = task.stop_ids

    def take(self, call: Call) -> Iterator[Text]:
        """What the rows wrote; yields the texts that are done here."""
        changed: dict[str, Any] = {name: np.array(getattr(call.rows, name)) for name in _CHANGING}
        self.rows = self.rows._replace(**changed)
        tokens = np.asarray(call.tokens)
        for row, text in sorted(self._in_row.items()):
            new = tokens[:, row]
            grown = replace(text, written=(*text.written, *new[new >= 0].tolist()))
            self._in_row[row] = grown
            if self.rows.done[row]:
                del self._in_row[row]
                yield grown if self.rows.finite[row] else replace(grown, failed=True)


_CHANGING = ("token", "position", "held", "step", "state", "left", "done", "finite")


def _idle(shape: WritingShape) -> Rows:
    """Rows without texts, in memory that can be written."""
    counts = ("token", "position", "prompt", "held", "step", "most", "record", "state", "left")
    fields: dict[str, Any] = {name: np.zeros(shape.rows, np.int32) for name in counts}
    fields |= {name: np.ones(shape.rows, bool) for name in ("done", "finite")}
    fields |= {name: np.ones(shape.rows, np.float32) for name in ("temperature", "top_p")}
    fields |= {"seed": np.zeros((shape.rows, 2), np.uint32)}
    fields |= {"stops": np.full((shape.rows, shape.stops), -1, np.int32)}
    return Rows._make(fields[name] for name in Rows._fields)


def _empty_fill(shape: WritingShape) -> Fill:
    sizes = ((), shape.rows, shape.rows, (shape.rows, shape.prompt))
    arrays: list[Any] = [np.zeros(size, np.int32) for size in sizes]
    return Fill(*arrays)
