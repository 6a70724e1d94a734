"""Llama 1 to 3.x and Yi: `model_type: llama`."""

from __future__ import annotations

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import (
    head_size,
    key_heads,
    plain_decoder,
    plain_layout,
    refuse_layer_types,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import rope

NAME = "llama"
layout = plain_layout


def read(fields: Fields) -> DecoderConfig:
    """The first checkpoints lack `num_key_value_heads`; null means one key head for each query head."""
    fields.one_of("hidden_act", ("silu",))
    refuse_layer_types(fields)
    heads, biased = fields.integer("num_attention_heads"), fields.flag("attention_bias")
    return plain_decoder(
        fields,
        NAME,
        rope=rope(fields, head_dim=head_size(fields)),
        kv_heads=key_heads(fields, heads, default=heads),
        qkv_bias=biased,
        output_bias=biased,
        mlp_bias=fields.flag("mlp_bias"),
    )
