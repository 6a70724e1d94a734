"""Runs batches: one compiled program for each shape, and no other.

Expects batches of plain arrays. Ensures that what does not fit the model is refused before anything runs,
and that a row without finite logits is reported as missing while the rest of its batch goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np
from flax import nnx
from jaxtyping import Float32

from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.compiler.plan.batches import NO_LABEL, Batch
from cyclspec.runtime.engine.first_token import FirstToken, first_token
from cyclspec.runtime.models.decoder import Decoder

Shape = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The log-probabilities, in nats, of a request's own options."""

    request: str
    label_logprobs: Float32[np.ndarray, " option"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A request that has no answer, and why."""

    request: str
    reason: Literal["not_finite"]


class FirstTokenEngine:
    """Scores batches with one decoder. `model` is its name in messages."""

    def __init__(self, decoder: Decoder, *, model: str) -> None:
        self.model = model
        self._config = decoder.config
        self._graph, self._state = nnx.split(decoder)
        self._programs: dict[Shape, jax.stages.Compiled] = {}

    @property
    def compiled_programs(self) -> int:
        """How many programs were compiled so far: the number of distinct batch shapes."""
        return len(self._programs)

    def run(self, batches: Iterable[Batch]) -> Iterator[Scored | Missing]:
        """One outcome for each request, in order. Each batch is started before its predecessor is read.

        Raises:
            SpecError: a batch has token ids outside the vocabulary, or rows beyond the model's positions.
        """
        running: tuple[Batch, FirstToken] | None = None
        for batch in batches:
            started = (batch, self._start(batch))
            if running is not None:
                yield from _outcomes(*running)
            running = started
        if running is not None:
            yield from _outcomes(*running)

    def _start(self, batch: Batch) -> FirstToken:
        self._refuse_misfit(batch)
        program = self._programs.get(batch.shape)
        if program is None:
            program = self._programs[batch.shape] = self._compile(batch.shape)
        result: FirstToken = program(self._state, batch.tokens, batch.lengths, batch.label_ids)
        return result

    def _compile(self, shape: Shape) -> jax.stages.Compiled:
        graph = self._graph

        def step(
            state: nnx.State[Any, Any], tokens: jax.Array, lengths: jax.Array, label_ids: jax.Array
        ) -> FirstToken:
            return first_token(nnx.merge(graph, state), tokens, lengths, label_ids)

        rows, token, option, variant = shape
        inputs = [np.zeros(one, np.int32) for one in ((rows, token), (rows,), (rows, option, variant))]
        return jax.jit(step).lower(self._state, *inputs).compile()

    def _refuse_misfit(self, batch: Batch) -> None:
        """Out-of-range ids would be clamped in silence by the compiled gather."""
        vocab, positions = self._config.vocab_size, self._config.max_positions
        for what, ids, least in (("token", batch.tokens, 0), ("label", batch.label_ids, NO_LABEL)):
            wrong = ids[(ids < least) | (ids >= vocab)]
            if wrong.size:
                raise refused(
                    self.model,
                    f"has a vocabulary of {vocab} tokens; its tokenizer gave the {what} id {wrong[0]}",
                    "use the tokenizer that belongs to this checkpoint",
                )
        longest = int(batch.lengths.max(initial=0))
        if longest > positions:
            raise refused(
                self.model, f"has {positions} positions; a prompt has {longest} tokens", "shorten the prompt"
            )


def _outcomes(batch: Batch, result: FirstToken) -> Iterator[Scored | Missing]:
    label_logprobs, finite = np.asarray(result.label_logprobs), np.asarray(result.finite)
    for row, (request, options) in enumerate(zip(batch.requests, batch.option_counts, strict=False)):
        if finite[row]:
            yield Scored(request, label_logprobs[row, :options].copy())
        else:
            yield Missing(request, "not_finite")
