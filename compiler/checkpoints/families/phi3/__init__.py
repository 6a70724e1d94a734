"""Phi 3 and Phi 4 mini: llama with fused projections, long-context rotary factors, partly turned heads."""

from __future__ import annotations

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import (
    head_size,
    layer_count,
    plain_decoder,
    same_window,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import rope
from cyclspec.compiler.checkpoints.stored import (
    Layout,
    fused,
    fused_gated_tensors,
    linear,
    norms_before,
    outer_tensors,
)

NAME = "phi3"


def read(fields: Fields) -> DecoderConfig:
    fields.one_of("hidden_act", ("silu",))
    turned = rope(fields, head_dim=head_size(fields), partial=1.0)
    return plain_decoder(fields, NAME, rope=turned, windows=same_window(fields, layer_count(fields)))


def layout(config: DecoderConfig) -> Layout:
    hidden = config.hidden_size
    q, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    layer = (
        *norms_before(config),
        *fused("self_attn.qkv_proj", hidden, (("query", q), ("key", kv), ("value", kv))),
        *linear("output", "self_attn.o_proj", q, hidden, bias=False),
        *fused_gated_tensors(config),
    )
    return Layout(outer_tensors(config), layer)
