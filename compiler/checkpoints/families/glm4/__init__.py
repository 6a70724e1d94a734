"""GLM-4-0414, `model_type: glm4`: glm with norms on both sides of attention and feed-forward."""

from __future__ import annotations

from dataclasses import replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.glm import half_turned
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.stored import (
    Layout,
    attention_tensors,
    fused_gated_tensors,
    norm,
    norms_before,
    outer_tensors,
)

NAME = "glm4"


def read(fields: Fields) -> DecoderConfig:
    return replace(half_turned(fields, NAME), norms="both")


def layout(config: DecoderConfig) -> Layout:
    layer = (
        *norms_before(config),
        norm("after_attention", "post_self_attn_layernorm", config.hidden_size),
        norm("after_feed_forward", "post_mlp_layernorm", config.hidden_size),
        *attention_tensors(config),
        *fused_gated_tensors(config),
    )
    return Layout(outer_tensors(config), layer)
