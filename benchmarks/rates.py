"""The matrix products of a layer alone: what each library reaches on them, in operations a second.

The products of one layer over `CPU_TOKENS` or `GPU_TOKENS` tokens of random numbers, each timed after a warm-up; total
operations over total seconds of the best of `REPEATS`. Accumulation is in float32 for both types, as the engines ask
for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchmarks.checkpoints import Shape

if TYPE_CHECKING:
    import torch

CPU_TOKENS, GPU_TOKENS = 2048, 16384  # enough that a product of a layer is not bound by memory or its launch
REPEATS = 7


def _rate(shape: Shape, tokens: int, seconds: Callable[[int, int], float]) -> float:
    measured = {product: seconds(*product) for product in set(shape.products)}
    operations = sum(2 * tokens * inside * outside for inside, outside in shape.products)
    return operations / sum(measured[product] for product in shape.products)


def _best_seconds(call: Callable[[], Any]) -> float:
    call()
    taken: list[float] = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def _random(rows: int, columns: int) -> np.ndarray:
    """A device can be faster on numbers that are all alike."""
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)


def jax_rate(shape: Shape, dtype: Literal["float32", "bfloat16"]) -> float:
    """What jax reaches, on its default device."""
    import jax
    import jax.numpy as jnp

    exact = jax.lax.Precision.HIGHEST if dtype == "float32" else jax.lax.Precision.DEFAULT
    tokens = CPU_TOKENS if jax.default_backend() == "cpu" else GPU_TOKENS
    product = jax.jit(lambda x, w: jnp.matmul(x, w, precision=exact, preferred_element_type=jnp.float32))

    def seconds(inside: int, outside: int) -> float:
        x, w = (jnp.asarray(one, dtype) for one in (_random(tokens, inside), _random(inside, outside)))
        return _best_seconds(lambda: product(x, w).block_until_ready())

    return _rate(shape, tokens, seconds)


def torch_rate(shape: Shape, dtype: Literal["float32", "bfloat16"], device: torch.device) -> float:
    """What torch reaches on a device."""
    import torch

    tokens = CPU_TOKENS if device.type == "cpu" else GPU_TOKENS

    def seconds(inside: int, outside: int) -> float:
        kind = getattr(torch, dtype)
        x, w = (
            torch.from_numpy(_random(*size)).to(device, kind)
            for size in ((tokens, inside), (outside, inside))
        )

        def call() -> None:
            torch.nn.functional.linear(x, w)
            if device.type == "cuda":
                torch.cuda.synchronize(device)

        return _best_seconds(call)

    with torch.inference_mode():
        return _rate(shape, tokens, seconds)
