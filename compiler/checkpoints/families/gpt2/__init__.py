"""GPT-2: learned positions, centred norms with biases, fused projections stored [in, out], an ungated feed-forward."""

from __future__ import annotations

from cyclspec.compiler.checkpoints.architecture import Activation, DecoderConfig
from cyclspec.compiler.checkpoints.families.reading import MOST_LAYERS, refuse_flag
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.stored import Layout, Stored

NAME = "gpt2"
_PREFIX = "transformer."
_LAYER = _PREFIX + "h.{layer}."
_ACTIVATIONS: dict[str, Activation] = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu": "gelu",
}


def read(fields: Fields) -> DecoderConfig:
    activation = _ACTIVATIONS[fields.one_of("activation_function", tuple(_ACTIVATIONS))]
    refuse_flag(fields, "scale_attn_by_inverse_layer_idx")
    if fields.has("scale_attn_weights") and not fields.flag("scale_attn_weights"):
        raise fields.wrong("scale_attn_weights", "true")
    hidden, heads = fields.integer("n_embd"), fields.integer("n_head")
    if hidden % heads:
        raise fields.wrong("n_head", f"a divisor of n_embd = {hidden}")
    layers = fields.integer("n_layer", most=MOST_LAYERS)
    return DecoderConfig(
        family=NAME,
        vocab_size=fields.integer("vocab_size"),
        hidden_size=hidden,
        intermediate_size=fields.integer("n_inner", default=4 * hidden),
        layers=layers,
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        rope=None,
        norm_eps=fields.positive("layer_norm_epsilon", default=1e-5),
        qkv_bias=True,
        output_bias=True,
        mlp_bias=True,
        tied=fields.flag("tie_word_embeddings") if fields.has("tie_word_embeddings") else True,
        windows=(None,) * layers,
        max_positions=fields.integer("n_positions"),
        centred=True,
        activation=activation,
        gated=False,
    )


def layout(config: DecoderConfig) -> Layout:
    """Files of the first release leave the prefix out and hold the causal mask, which follows from the shape."""
    hidden, wide = config.hidden_size, config.intermediate_size
    table = (config.vocab_size, hidden)
    outer = (
        Stored("embedding", f"{_PREFIX}wte.weight", table),
        Stored("positions", f"{_PREFIX}wpe.weight", (config.max_positions, hidden)),
        *_norm("final_norm", f"{_PREFIX}ln_f", hidden),
        *(() if config.tied else (Stored("head", "lm_head.weight", table),)),
    )
    layer = (
        *_norm("before_attention", f"{_LAYER}ln_1", hidden),
        *_norm("before_feed_forward", f"{_LAYER}ln_2", hidden),
        *(part for i, name in enumerate(("query", "key", "value")) for part in _third(name, i, hidden)),
        *_matrix("output", f"{_LAYER}attn.c_proj", hidden, hidden),
        *_matrix("up", f"{_LAYER}mlp.c_fc", hidden, wide),
        *_matrix("down", f"{_LAYER}mlp.c_proj", wide, hidden),
    )
    return Layout(
        outer,
        layer,
        embedding=f"{_PREFIX}wte.weight",
        ignored=(".attn.bias", ".attn.masked_bias"),
        prefix=_PREFIX,
    )


def _norm(parameter: str, name: str, size: int) -> tuple[Stored, ...]:
    return (
        Stored(f"{parameter}.scale", f"{name}.weight", (size,)),
        Stored(f"{parameter}.bias", f"{name}.bias", (size,)),
    )


def _matrix(parameter: str, name: str, inner: int, outer: int) -> tuple[Stored, ...]:
    return (
        Stored(f"{parameter}.weight", f"{name}.weight", (inner, outer)),
        Stored(f"{parameter}.bias", f"{name}.bias", (outer,)),
    )


def _third(parameter: str, at: int, hidden: int) -> tuple[Stored, ...]:
    rows, name = (at * hidden, (at + 1) * hidden), f"{_LAYER}attn.c_attn"
    return (
        Stored(f"{parameter}.weight", f"{name}.weight", (hidden, 3 * hidden), rows=rows, of_columns=True),
        Stored(f"{parameter}.bias", f"{name}.bias", (3 * hidden,), rows=rows),
    )
