"""Qwen 3: qwen 2 without biases, with a norm of every head of query and key."""

from __future__ import annotations

from dataclasses import replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import (
    head_size,
    layer_count,
    optional_windows,
    plain_decoder,
    plain_layout,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import rope

NAME = "qwen3"
layout = plain_layout


def read(fields: Fields) -> DecoderConfig:
    """`head_dim` is required: 128 whatever the width in what is published, and not the quotient."""
    fields.one_of("hidden_act", ("silu",))
    fields.integer("head_dim")
    biased = fields.flag("attention_bias")
    turned = rope(fields, head_dim=head_size(fields))
    windows = optional_windows(fields, layer_count(fields))
    plain = plain_decoder(fields, NAME, rope=turned, windows=windows, qkv_bias=biased, output_bias=biased)
    return replace(plain, query_key_norm="head")
