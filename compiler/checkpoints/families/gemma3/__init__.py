"""Gemma 3, text only: five sliding layers with a rotary base of their own to one full layer, norms of query and key."""

from __future__ import annotations

from dataclasses import replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families import gemma2
from cyclspec.compiler.checkpoints.families.reading import (
    layer_count,
    layer_types,
    optional_cap,
    plain_decoder,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import Rope, Unscaled, parameters, rope

NAME = "gemma3_text"
layout = gemma2.layout
_LOCAL_THETA, _GLOBAL_THETA = 10_000.0, 1_000_000.0


def read(fields: Fields) -> DecoderConfig:
    """Files from before `layer_types` have every `sliding_window_pattern`-th layer see everything."""
    layers, dim = layer_count(fields), fields.integer("head_dim")
    window = fields.integer("sliding_window")
    windows = tuple(window if one else None for one in _slides(fields, layers))
    whole, local = _ropes(fields, dim)
    plain = plain_decoder(fields, NAME, rope=whole, windows=windows, head_dim=dim, tied=gemma2.tied(fields))
    return replace(
        gemma2.as_gemma(fields, plain),
        local_rope=local,
        query_key_norm="head",
        attention_cap=optional_cap(fields, "attn_logit_softcapping"),
        logit_cap=optional_cap(fields, "final_logit_softcapping"),
    )


def _slides(fields: Fields, layers: int) -> tuple[bool, ...]:
    if fields.has("layer_types"):
        return layer_types(fields, layers)
    key = "sliding_window_pattern" if fields.has("sliding_window_pattern") else "_sliding_window_pattern"
    pattern = fields.integer(key, default=6)
    return tuple((layer + 1) % pattern != 0 for layer in range(layers))


def _ropes(fields: Fields, dim: int) -> tuple[Rope, Rope]:
    """The rotary embeddings of full and of sliding layers, in either spelling."""
    both = parameters(fields)
    if both.has("full_attention") or both.has("sliding_attention"):
        whole, local = (_inner(both, kind) for kind in ("full_attention", "sliding_attention"))
        return (
            rope(fields, head_dim=dim, inner=whole, default_theta=_GLOBAL_THETA),
            rope(fields, head_dim=dim, inner=local, default_theta=_LOCAL_THETA),
        )
    theta = fields.positive("rope_local_base_freq", default=_LOCAL_THETA)
    return rope(fields, head_dim=dim, default_theta=_GLOBAL_THETA), Rope(theta, Unscaled())


def _inner(both: Fields, key: str) -> Fields:
    found = both.values.get(key)
    if not isinstance(found, dict):
        raise both.wrong(key, "an object")
    return Fields(both.model, found, f"{both.path}{key}.")
