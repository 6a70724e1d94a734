"""Where each parameter stands in a Hugging Face checkpoint: the one table the loader follows."""

from __future__ import annotations

from dataclasses import dataclass

from cyclspec.compiler.checkpoints.architecture import DecoderConfig

HEAD = "lm_head.weight"
EMBEDDING = "model.embed_tokens.weight"
# Frequencies that old llama checkpoints stored; they follow from config.json, and transformers ignores them.
IGNORED_SUFFIX = ".rotary_emb.inv_freq"


@dataclass(frozen=True, slots=True)
class Stored:
    """One parameter as stored: its tensor's name, with `{layer}` where each layer has one, and its shape.

    Matrices of the layers are stored [out, in] and used [in, out]: `turned` says that the loader transposes.
    """

    parameter: str
    name: str
    shape: tuple[int, ...]
    turned: bool = False

    @property
    def shape_in_use(self) -> tuple[int, ...]:
        return self.shape[::-1] if self.turned else self.shape


def outer_parameters(config: DecoderConfig) -> tuple[Stored, ...]:
    """The parameters outside the layers."""
    table = (config.vocab_size, config.hidden_size)
    always = (
        Stored("embedding", EMBEDDING, table),
        Stored("final_norm", "model.norm.weight", (config.hidden_size,)),
    )
    return always if config.tied else (*always, Stored("head", HEAD, table))


def layer_parameters(config: DecoderConfig) -> tuple[Stored, ...]:
    """The parameters that every layer has."""
    hidden, wide = config.hidden_size, config.intermediate_size
    q, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    return (
        Stored("attention_norm", "model.layers.{layer}.input_layernorm.weight", (hidden,)),
        Stored("feed_forward_norm", "model.layers.{layer}.post_attention_layernorm.weight", (hidden,)),
        *_linear("query", "self_attn.q_proj", hidden, q, config.qkv_bias),
        *_linear("key", "self_attn.k_proj", hidden, kv, config.qkv_bias),
        *_linear("value", "self_attn.v_proj", hidden, kv, config.qkv_bias),
        *_linear("output", "self_attn.o_proj", q, hidden, config.output_bias),
        *_linear("gate", "mlp.gate_proj", hidden, wide, config.mlp_bias),
        *_linear("up", "mlp.up_proj", hidden, wide, config.mlp_bias),
        *_linear("down", "mlp.down_proj", wide, hidden, config.mlp_bias),
    )


def _linear(parameter: str, name: str, inner: int, outer: int, bias: bool) -> tuple[Stored, ...]:
    path = f"model.layers.{{layer}}.{name}"
    weight = Stored(f"{parameter}.weight", f"{path}.weight", (outer, inner), turned=True)
    return (weight, Stored(f"{parameter}.bias", f"{path}.bias", (outer,))) if bias else (weight,)
