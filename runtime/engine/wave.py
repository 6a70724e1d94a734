"""One wave of a walk: packed branches over shared keys and values, each token computed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.sharing.layout import OUTPUTS_AT_ONCE
from cyclspec.runtime.engine.blocks import Blocks, Memory, Tree
from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.decoder.attention import Attend, Heads, Outputs
from cyclspec.runtime.models.decoder.kernels import Kernel


class WaveInputs(NamedTuple):
    """The arrays of `compiler.plan.sharing.layout.Wave` that the program reads, and the longest text's tokens."""

    tokens: Int32[Array, " token"]
    depth: Int32[Array, " token"]
    end: Int32[Array, " token"]
    path: Int32[Array, "block ancestor"]
    order: Int32[Array, " block"]
    carry: Int32[Array, " ancestor"]
    outputs: Int32[Array, " output"]
    targets: Int32[Array, "output target"]
    kept: Int32[Array, "text ancestor"]
    longest: Int32[Array, ""]


class WaveOutputs(NamedTuple):
    """Log-probabilities in nats, -inf where nothing is asked; `finite` says that all logits of an output are.

    `carried` are the ancestors of the next wave's first token, `kept` those of whole texts.
    """

    logprobs: Float32[Array, "output target"]
    finite: Bool[Array, " output"]
    carried: Memory
    kept: Memory


def empty_memory(config: DecoderConfig, ancestors: int, dtype: jnp.dtype) -> Memory:
    """What the first wave of a shard carries: nothing that is seen."""
    shape = (config.layers, config.kv_heads, ancestors, config.head_dim)
    key, value = (jax.device_put(np.zeros(shape, dtype)) for _ in range(2))
    return Memory(key, value)


def wave(
    decoder: Decoder, carried: Memory, inputs: WaveInputs, seen: tuple[int, ...], kernel: Kernel
) -> WaveOutputs:
    """Runs one wave after those before it in its shard; `seen` is as in `compiler.plan.sharing.layout.Shape`."""
    config = decoder.config
    blocks = Blocks(Tree(inputs.path, inputs.depth, inputs.end), inputs.order, seen, kernel)

    def attending(mixed: Callable[..., Array]) -> Attend:
        def attend(heads: Heads, before: Memory, window: Array) -> tuple[Array, tuple[Memory, Memory]]:
            memory = _joined(before, heads)
            return mixed(config, heads, memory, window), _handed_on(memory, inputs)

        return attend

    at_outputs = attending(partial(blocks.mixed_at, outputs=inputs.outputs))
    hidden, (carry, kept) = decoder.hidden(
        inputs.tokens,
        inputs.depth,
        inputs.longest,
        attending(blocks.mixed),
        carried,
        Outputs(inputs.outputs, at_outputs),
    )
    logprobs, finite = jax.lax.map(
        lambda one: _asked(decoder, *one), (hidden, inputs.targets), batch_size=OUTPUTS_AT_ONCE
    )
    return WaveOutputs(logprobs, finite, carry, kept)


def _joined(before: Memory, heads: Heads) -> Memory:
    """One layer's carried ancestors and then the wave's own tokens."""
    joined: Memory = jax.tree.map(
        lambda old, new: jnp.concatenate([old, new.swapaxes(0, 1)], axis=1), before, _contained(heads)
    )
    return joined


def _handed_on(memory: Memory, inputs: WaveInputs) -> tuple[Memory, Memory]:
    """Of one layer, what the next wave carries, and what is kept of whole texts."""
    carry: Memory = jax.tree.map(lambda a: a[:, inputs.carry], memory)
    kept: Memory = jax.tree.map(lambda a: a[:, inputs.kept].swapaxes(0, 1), memory)
    return carry, kept


def _contained(heads: Heads) -> Memory:
    """Keys and values of a wave's tokens. A value that is not finite is told by its key instead.

    Queries that do not see a token weigh its value by zero, which gives no number where the value is none; its key does
    not reach them.
    """
    finite = jnp.isfinite(heads.value).all(axis=-1, keepdims=True)
    return Memory(jnp.where(finite, heads.key, jnp.nan), jnp.where(finite, heads.value, 0))


def _asked(
    decoder: Decoder, hidden: Float32[Array, " hidden"], targets: Int32[Array, " target"]
) -> tuple[Float32[Array, " target"], Bool[Array, ""]]:
    """The log-probabilities of some tokens over the whole vocabulary."""
    logits = decoder.logits(hidden)
    there = targets >= 0
    logprobs = logits[jnp.where(there, targets, 0)] - jax.nn.logsumexp(logits)
    return jnp.where(there, logprobs, -jnp.inf), jnp.isfinite(logits).all()
