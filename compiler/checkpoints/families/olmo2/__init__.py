"""OLMo 2: norms after attention and feed-forward, and of all of query and key at once."""

from __future__ import annotations

from dataclasses import replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import (
    head_size,
    key_heads,
    plain_decoder,
    refuse_layer_types,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import rope
from cyclspec.compiler.checkpoints.stored import (
    Layout,
    attention_tensors,
    gated_tensors,
    norm,
    outer_tensors,
)

NAME = "olmo2"


def read(fields: Fields) -> DecoderConfig:
    fields.one_of("hidden_act", ("silu",))
    refuse_layer_types(fields)
    heads, biased = fields.integer("num_attention_heads"), fields.flag("attention_bias")
    plain = plain_decoder(
        fields,
        NAME,
        rope=rope(fields, head_dim=head_size(fields)),
        kv_heads=key_heads(fields, heads, default=heads),
        qkv_bias=biased,
        output_bias=biased,
    )
    return replace(plain, norms="after", query_key_norm="whole")


def layout(config: DecoderConfig) -> Layout:
    layer = (
        norm("after_attention", "post_attention_layernorm", config.hidden_size),
        norm("after_feed_forward", "post_feedforward_layernorm", config.hidden_size),
        *attention_tensors(config),
        *gated_tensors(config),
    )
    return Layout(outer_tensors(config), layer)
