"""The matrix products of a layer alone: what each library reaches on them, in operations a second.

The products of one layer over `TOKENS` tokens, each timed after a warm-up; total operations over total seconds of
the best of `REPEATS`. Accumulation is in float32 for both types, as the engines ask for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.checkpoints import Shape

if TYPE_CHECKING:
    import torch

TOKENS = 2048  # enough that a product of a layer is not bound by memory
REPEATS = 7


def _rate(shape: Shape, seconds: Callable[[int, int], float]) -> float:
    measured = {product: seconds(*product) for product in set(shape.products)}
    operations = sum(2 * TOKENS * inside * outside for inside, outside in shape.products)
    return operations / sum(measured[product] for product in shape.products)


def _best_seconds(call: Callable[[], Any]) -> float:
    call()
    taken: list[float] = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def jax_rate(shape: Shape, dtype: Literal["float32", "bfloat16"]) -> float:
    """What jax reaches, on its default device."""
    import jax
    import jax.numpy as jnp

    exact = jax.lax.Precision.HIGHEST if dtype == "float32" else jax.lax.Precision.DEFAULT
    product = jax.jit(lambda x, w: jnp.matmul(x, w, precision=exact, preferred_element_type=jnp.float32))

    def seconds(inside: int, outside: int) -> float:
        x, w = jnp.ones((TOKENS, inside), dtype), jnp.ones((inside, outside), dtype)
        return _best_seconds(lambda: product(x, w).block_until_ready())

    return _rate(shape, seconds)


def torch_rate(shape: Shape, dtype: Literal["float32", "bfloat16"], device: torch.device) -> float:
    """What torch reaches on a device."""
    import torch

    def seconds(inside: int, outside: int) -> float:
        x = torch.ones(TOKENS, inside, dtype=getattr(torch, dtype), device=device)
        w = torch.ones(outside, inside, dtype=x.dtype, device=device)

        def call() -> None:
            torch.nn.functional.linear(x, w)
            if device.type == "cuda":
                torch.cuda.synchronize(device)

        return _best_seconds(call)

    with torch.inference_mode():
        return _rate(shape, seconds)
