"""Mistral: llama with one sliding window for all layers."""

from __future__ import annotations

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import (
    head_size,
    layer_count,
    plain_decoder,
    plain_layout,
    same_window,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import rope

NAME = "mistral"
layout = plain_layout


def read(fields: Fields) -> DecoderConfig:
    fields.one_of("hidden_act", ("silu",))
    turned = rope(fields, head_dim=head_size(fields))
    return plain_decoder(fields, NAME, rope=turned, windows=same_window(fields, layer_count(fields)))
