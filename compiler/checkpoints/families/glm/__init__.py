"""GLM-4-9B, `model_type: glm`: half of every head turned in neighbouring pairs, fused gate and up."""

from __future__ import annotations

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import plain_decoder
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import rope
from cyclspec.compiler.checkpoints.stored import (
    Layout,
    attention_tensors,
    fused_gated_tensors,
    norms_before,
    outer_tensors,
)

NAME = "glm"


def read(fields: Fields) -> DecoderConfig:
    return half_turned(fields, NAME)


def half_turned(fields: Fields, family: str) -> DecoderConfig:
    """What both releases of GLM-4 share."""
    fields.one_of("hidden_act", ("silu",))
    dim = fields.integer("head_dim")
    turned = rope(fields, head_dim=dim, partial=0.5, interleaved=True)
    biased = fields.flag("attention_bias")
    return plain_decoder(fields, family, rope=turned, head_dim=dim, qkv_bias=biased)


def layout(config: DecoderConfig) -> Layout:
    layer = (*norms_before(config), *attention_tensors(config), *fused_gated_tensors(config))
    return Layout(outer_tensors(config), layer)
