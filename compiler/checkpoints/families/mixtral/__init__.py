"""Mixtral: mistral whose feed-forward is a mixture of experts."""

from __future__ import annotations

from dataclasses import replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, Experts
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
    Stored,
    attention_tensors,
    linear,
    norms_before,
    outer_tensors,
)

NAME = "mixtral"
_EXPERT = "model.layers.{layer}.block_sparse_moe.experts.{expert}."


def read(fields: Fields) -> DecoderConfig:
    fields.one_of("hidden_act", ("silu",))
    experts = Experts(fields.integer("num_local_experts"), fields.integer("num_experts_per_tok"))
    if experts.chosen > experts.count:
        raise fields.wrong("num_experts_per_tok", f"at most num_local_experts = {experts.count}")
    turned = rope(fields, head_dim=head_size(fields), default_theta=1e6)
    windows = same_window(fields, layer_count(fields))
    return replace(plain_decoder(fields, NAME, rope=turned, windows=windows), experts=experts)


def layout(config: DecoderConfig) -> Layout:
    assert config.experts is not None
    hidden, wide, count = config.hidden_size, config.intermediate_size, config.experts.count

    def of_experts(parameter: str, name: str, inner: int, outer: int) -> Stored:
        return Stored(
            f"{parameter}.weight", f"{_EXPERT}{name}.weight", (outer, inner), turned=True, experts=count
        )

    layer = (
        *norms_before(config),
        *attention_tensors(config),
        *linear("router", "block_sparse_moe.gate", hidden, count, bias=False),
        of_experts("gate", "w1", hidden, wide),
        of_experts("down", "w2", wide, hidden),
        of_experts("up", "w3", hidden, wide),
    )
    return Layout(outer_tensors(config), layer)
