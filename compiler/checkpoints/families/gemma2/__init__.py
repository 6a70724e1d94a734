"""Gemma 2: norms on both sides of attention and feed-forward, soft caps, every other layer slides."""

from __future__ import annotations

from dataclasses import replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import (
    layer_count,
    layer_types,
    optional_cap,
    plain_decoder,
    refuse_flag,
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

NAME = "gemma2"


def read(fields: Fields) -> DecoderConfig:
    """Files from before `layer_types` slide in every even layer."""
    layers, dim = layer_count(fields), fields.integer("head_dim")
    slides = layer_types(fields, layers) if fields.has("layer_types") else even_layers(layers)
    window = fields.integer("sliding_window")
    windows = tuple(window if one else None for one in slides)
    plain = plain_decoder(
        fields, NAME, rope=rope(fields, head_dim=dim), windows=windows, head_dim=dim, tied=tied(fields)
    )
    return replace(
        as_gemma(fields, plain),
        attention_cap=optional_cap(fields, "attn_logit_softcapping"),
        logit_cap=optional_cap(fields, "final_logit_softcapping"),
    )


def even_layers(layers: int) -> tuple[bool, ...]:
    return tuple(layer % 2 == 0 for layer in range(layers))


def tied(fields: Fields) -> bool:
    """Gemma ties its tables unless the file says otherwise."""
    return fields.flag("tie_word_embeddings") if fields.has("tie_word_embeddings") else True


def as_gemma(fields: Fields, plain: DecoderConfig) -> DecoderConfig:
    """What Gemma 2 and 3 share: scaled embeddings, `1 + scale` in norms on both sides, gelu."""
    key = "hidden_activation" if fields.has("hidden_activation") else "hidden_act"
    fields.one_of(key, ("gelu_pytorch_tanh",))
    for switch in ("attention_bias", "use_bidirectional_attention"):
        refuse_flag(fields, switch)
    return replace(
        plain,
        norms="both",
        norm_offset=1.0,
        activation="gelu_tanh",
        embedding_scale=float(plain.hidden_size**0.5),
        attention_scale=float(fields.positive("query_pre_attn_scalar") ** -0.5),
    )


def layout(config: DecoderConfig) -> Layout:
    hidden = config.hidden_size
    layer = (
        norm("before_attention", "input_layernorm", hidden),
        norm("after_attention", "post_attention_layernorm", hidden),
        norm("before_feed_forward", "pre_feedforward_layernorm", hidden),
        norm("after_feed_forward", "post_feedforward_layernorm", hidden),
        *attention_tensors(config),
        *gated_tensors(config),
    )
    return Layout(outer_tensors(config), layer)
