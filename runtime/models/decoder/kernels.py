"""Which attention a wave gets on a device.

On a CPU blocks attend one by one (`chains`), elsewhere in batches, unless one kernel does all of it: cuDNN's on
NVIDIA's cards, which is for bfloat16 alone, and on a TPU that of `tree_attention` (`tiles`).
"""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Float32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig

Kernel = Literal["chains", "batches", "cudnn", "tiles"]


def kernel_here(config: DecoderConfig, dtype: jnp.dtype) -> Kernel:
    """What suits a model on the device that jax runs on."""
    match jax.default_backend():
        case "cpu":
            return "chains"
        case "gpu":
            (kind, *_) = {device.device_kind for device in jax.devices()}
            fits = config.attention_cap is None and config.head_dim <= 128 and config.head_dim % 8 == 0
            nvidia = kind.startswith("NVIDIA")
            return "cudnn" if fits and nvidia and dtype == jnp.bfloat16 else "batches"
        case "tpu":
            return "tiles"
        case _:
            return "batches"


def cudnn(
    query: Float32[Array, "block query head dim"],
    key: Float[Array, "block key kv dim"],
    value: Float[Array, "block key kv dim"],
    sees: Bool[Array, "block query key"],
    *,
    scale: float,
) -> Float32[Array, "block query head dim"]:
    """Softmax attention of many blocks in one kernel.

    The kernel adds a mask to the scores, which a key that is not a number would survive: such keys are zero
    to it, and the queries that see one get no number.
    """
    broken = jnp.isnan(key).any(axis=(-2, -1))
    mixed: Array = jax.nn.dot_product_attention(
        query.astype(key.dtype),
        jnp.where(broken[..., None, None], 0, key),
        value,
        mask=sees[:, None],
        scale=scale,
        implementation="cudnn",
    )
    lost = (sees & broken[:, None, :]).any(axis=-1)
    return jnp.where(lost[..., None, None], jnp.nan, mixed.astype(jnp.float32))
