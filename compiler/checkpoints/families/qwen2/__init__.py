"""Qwen 2 and 2.5: llama with biases of query, key and value, and windows in the upper layers."""

from __future__ import annotations

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

NAME = "qwen2"
layout = plain_layout


def read(fields: Fields) -> DecoderConfig:
    fields.one_of("hidden_act", ("silu",))
    turned = rope(fields, head_dim=head_size(fields))
    windows = optional_windows(fields, layer_count(fields))
    return plain_decoder(fields, NAME, rope=turned, windows=windows, qkv_bias=True)
