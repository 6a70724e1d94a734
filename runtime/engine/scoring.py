"""Runs the layout of one model's requests, shard by shard, in the programs that it plans and no other.

Expects a layout and a decoder. Ensures that what does not fit the model is refused before anything runs, that a shard
is always computed whole, and that a request is reported once everything that it asks is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Bool, Float32

from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.compiler.plan.sharing.layout import Shape, Wave
from cyclspec.compiler.plan.sharing.plan import Layout, Part
from cyclspec.compiler.plan.sharing.shards import Shard
from cyclspec.runtime.engine.abreast import abreast
from cyclspec.runtime.engine.blocks import Memory
from cyclspec.runtime.engine.compiled import compiled
from cyclspec.runtime.engine.freed_memory import freed_memory_kept
from cyclspec.runtime.engine.wave import WaveInputs, WaveOutputs, empty_memory, wave
from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.decoder.bits import from_bits, to_bits
from cyclspec.runtime.models.decoder.kernels import Kernel, kernel_here


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The log-probabilities, in nats, of all that a request asks, in its order."""

    request: str
    logprobs: Float32[np.ndarray, " asked"]


@dataclass(frozen=True, slots=True, eq=False)
class _Computed:
    """What a wave gave, on the host: log-probabilities in nats by output and target, and which outputs are finite."""

    part: Part
    wave: Wave
    logprobs: Float32[np.ndarray, "output target"]
    finite: Bool[np.ndarray, " output"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A request that has no answer, and why."""

    request: str
    reason: Literal["not_finite"]


class ScoringEngine:
    """Scores requests with one decoder. `model` is its name in messages; `kernel` that of this device if not given."""

    def __init__(self, decoder: Decoder, layout: Layout, *, model: str, kernel: Kernel | None = None) -> None:
        self.model, self.layout = model, layout
        self._config = decoder.config
        self._dtype = decoder.embedding.dtype
        self._kernel = kernel or kernel_here(decoder.config, self._dtype)
        self._graph, state = nnx.split(decoder)
        self._state = to_bits(state)
        self._programs: dict[Shape, jax.stages.Compiled] = {}
        self._refuse_misfit()

    @property
    def compiled_programs(self) -> int:
        """How many programs were compiled so far."""
        return len(self._programs)

    def compile(self) -> None:
        """Compiles every program of the layout, ahead of time."""
        for shape in self.layout.shapes:
            self._program(shape)

    def run(self, known: Mapping[str, object], *, at_once: int = 1) -> Iterator[Scored | Missing]:
        """One outcome for each request that is not known, as soon as it is complete; `at_once` shards are at work."""
        found = _Found(self.layout, known)
        shards = tuple(self.layout.unanswered(known))
        beside = min(at_once, len(shards)) - 1
        jobs = [
            partial(self._computed, part, shard, self._program(shape), shape, beside=beside)
            for part, shard, shape in shards
        ]
        with freed_memory_kept():
            for one in abreast(jobs, at_once):
                yield from found.add(one)

    def _computed(
        self, part: Part, shard: Shard, program: jax.stages.Compiled, shape: Shape, *, beside: int
    ) -> Iterator[_Computed]:
        """The waves of a shard. One that is alone has the next to do while one is handed out."""
        carried = empty_memory(self._config, shape.ancestors, self._dtype)
        begun: deque[tuple[Wave, WaveOutputs]] = deque()
        for one in self.layout.waves_of(part, shard, shape):
            outputs = program(self._state, carried, _inputs(one, part))
            carried = outputs.carried
            begun.append((one, outputs))
            if beside or len(begun) > 1:
                yield _on_host(part, *begun.popleft())
        yield from (_on_host(part, *left) for left in begun)

    def _program(self, shape: Shape) -> jax.stages.Compiled:
        if shape not in self._programs:
            self._programs[shape] = self._compile(shape)
        return self._programs[shape]

    def _compile(self, shape: Shape) -> jax.stages.Compiled:
        graph, kernel = self._graph, self._kernel

        def step(state: nnx.State[Any, Any], carried: Memory, inputs: WaveInputs) -> WaveOutputs:
            return wave(nnx.merge(graph, from_bits(state)), carried, inputs, shape.seen, kernel)

        memory = empty_memory(self._config, shape.ancestors, self._dtype)
        return compiled(step, self._state, memory, _abstract_inputs(shape))

    def _refuse_misfit(self) -> None:
        """Out-of-range ids would be clamped in silence by the compiled gather."""
        vocab, positions = self._config.vocab_size, self._config.max_positions
        for part in self.layout.parts:
            for what, ids in (("token", part.walk.tokens), ("label", part.walk.asked.target)):
                wrong = ids[(ids < 0) | (ids >= vocab)]
                if wrong.size:
                    raise refused(
                        self.model,
                        f"has a vocabulary of {vocab} tokens; its tokenizer gave the {what} id {wrong[0]}",
                        "use the tokenizer that belongs to this checkpoint",
                    )
            if part.walk.deepest > positions:
                problem = f"has {positions} positions; a prompt has {part.walk.deepest} tokens"
                raise refused(self.model, problem, "shorten the prompt")


class _Found:
    """Log-probabilities as they come, and which requests they complete."""

    def __init__(self, layout: Layout, known: Mapping[str, object]) -> None:
        self.layout = layout
        self.logprobs = np.full(layout.pairs, np.nan, np.float32)
        self.finite: Bool[np.ndarray, " pair"] = np.ones(layout.pairs, bool)
        counts = np.diff(layout.bounds)
        owner = np.repeat(np.arange(len(counts)), counts)
        self.order = np.argsort(layout.places, kind="stable")
        self.owner = owner[self.order]
        self.starts = np.searchsorted(layout.places[self.order], np.arange(layout.pairs + 1))
        self.left = counts.copy()
        self.left[[request in known for request in layout.requests]] = -1

    def add(self, one: _Computed) -> Iterator[Scored | Missing]:
        """Takes what a wave gave; yields the requests that are complete now."""
        here = one.wave.pairs >= 0
        pairs = one.wave.pairs[here] + one.part.first
        self.logprobs[pairs] = one.logprobs[here]
        self.finite[pairs] = np.repeat(one.finite, here.sum(axis=1))
        for pair in pairs.tolist():
            for request in self.owner[self.starts[pair] : self.starts[pair + 1]].tolist():
                self.left[request] -= 1
                if self.left[request] == 0:
                    yield self._outcome(request)

    def _outcome(self, request: int) -> Scored | Missing:
        key = self.layout.requests[request]
        places = self.layout.places[self.layout.bounds[request] : self.layout.bounds[request + 1]]
        if not self.finite[places].all():
            return Missing(key, "not_finite")
        return Scored(key, self.logprobs[places])


def _on_host(part: Part, one: Wave, outputs: WaveOutputs) -> _Computed:
    """Waits for the program."""
    return _Computed(part, one, np.asarray(outputs.logprobs), np.asarray(outputs.finite))


def _inputs(one: Wave, part: Part) -> WaveInputs:
    tokens = (one.tokens, one.depth, one.end)
    rest = (one.path, one.order, one.carry, one.outputs, one.targets, one.kept)
    return WaveInputs(*jax.device_put((*tokens, *rest, np.int32(part.longest))))


def _abstract_inputs(shape: Shape) -> WaveInputs:
    """Shapes and types of `WaveInputs`: numbers would be filled in by programs of their own."""
    token = (shape.wave,)
    path, kept = ((count, shape.ancestors) for count in (shape.blocks, shape.texts))
    targets = (shape.outputs, shape.targets)
    sizes = (
        token,
        token,
        token,
        path,
        (shape.blocks,),
        (shape.ancestors,),
        (shape.outputs,),
        targets,
        kept,
        (),
    )
    found: WaveInputs = jax.eval_shape(lambda: WaveInputs(*(jnp.zeros(size, jnp.int32) for size in sizes)))
    return found
