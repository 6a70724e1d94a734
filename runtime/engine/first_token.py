"""The first token of a reply: how likely is each option's label as the next token?

Log-probabilities are over the whole vocabulary and exact in float32; only the last token of a row is
projected to it.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from cyclspec.runtime.models.decoder import Decoder


class FirstToken(NamedTuple):
    """`label_logprobs` in nats, -inf where there is no such option; `finite`: all logits of a row are."""

    label_logprobs: Float32[Array, "batch option"]
    finite: Bool[Array, " batch"]


def first_token(
    decoder: Decoder,
    tokens: Int32[Array, "batch token"],
    lengths: Int32[Array, " batch"],
    label_ids: Int32[Array, "batch option variant"],
) -> FirstToken:
    """Log-probability of each option at the position after the last token of each row.

    Rows are padded on the right. The variants of an option, distinct token ids with -1 for none, are added
    up.
    """
    token = tokens.shape[1]
    positions = jnp.broadcast_to(jnp.arange(token, dtype=jnp.int32), tokens.shape)
    hidden = decoder(tokens, positions, positions < lengths[:, None])
    last = jnp.clip(lengths - 1, 0, token - 1)
    logits = decoder.logits(jax.vmap(lambda row, at: row[at])(hidden, last))
    return FirstToken(jax.vmap(_label_logprobs)(logits, label_ids), jnp.isfinite(logits).all(axis=-1))


def _label_logprobs(
    logits: Float32[Array, " vocab"], label_ids: Int32[Array, "option variant"]
) -> Float32[Array, " option"]:
    there = label_ids >= 0
    logprobs = logits[jnp.where(there, label_ids, 0)] - jax.nn.logsumexp(logits)
    return jax.nn.logsumexp(jnp.where(there, logprobs, -jnp.inf), axis=-1)
