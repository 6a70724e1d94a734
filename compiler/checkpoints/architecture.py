"""What a decoder is: the shape and the arithmetic of every family, as one frozen description.

`families` reads it from a checkpoint's `config.json`; the engine follows it. A field says what is computed, never
which family asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from cyclspec.compiler.checkpoints.rope import (
    LinearScaling,
    Llama3Scaling,
    LongRope,
    Rope,
    Scaling,
    Unscaled,
    Yarn,
)

__all__ = [
    "Activation",
    "DecoderConfig",
    "Experts",
    "LinearScaling",
    "Llama3Scaling",
    "LongRope",
    "Rope",
    "Scaling",
    "Unscaled",
    "Yarn",
]

Activation: TypeAlias = Literal["silu", "gelu", "gelu_tanh"]


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of feed-forwards: `chosen` of `count` for each token, weighted by a softmax over the chosen."""

    count: int
    chosen: int


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Shape and arithmetic of a decoder. Sizes are counts; `windows` has one entry a layer, None for none.

    A layer with window `w` attends to positions `p - w + 1 .. p`; where `local_rope` is given, layers with a
    window turn by it. `rope` is None where positions are learned. `qkv_bias`, `output_bias` and `mlp_bias` say
    which projections add a bias; `tied` that the output projection is the embedding. `norms` says where a layer
    has them: before attention and feed-forward, after them, or both; `centred` that norms subtract the mean and
    add a bias, `norm_offset` what is added to their scale. `query_key_norm` is over each head or over all at once.
    `attention_scale` is None for the inverse root of `head_dim`; a cap `c` makes a score `c * tanh(score / c)`.
    `gated` feed-forwards multiply by a second projection.
    """

    family: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    rope: Rope | None
    norm_eps: float
    qkv_bias: bool
    output_bias: bool
    mlp_bias: bool
    tied: bool
    windows: tuple[int | None, ...]
    max_positions: int
    local_rope: Rope | None = None
    norms: Literal["before", "after", "both"] = "before"
    centred: bool = False
    norm_offset: float = 0.0
    query_key_norm: Literal["head", "whole"] | None = None
    attention_scale: float | None = None
    attention_cap: float | None = None
    logit_cap: float | None = None
    embedding_scale: float = 1.0
    activation: Activation = "silu"
    gated: bool = True
    experts: Experts | None = None

    @property
    def score_factor(self) -> float:
        """What queries are multiplied by."""
        return self.head_dim**-0.5 if self.attention_scale is None else self.attention_scale
