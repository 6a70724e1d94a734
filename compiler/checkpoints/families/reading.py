"""What several families read in the same way."""

from __future__ import annotations

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import Rope
from cyclspec.compiler.checkpoints.stored import (
    Layout,
    attention_tensors,
    gated_tensors,
    norms_before,
    outer_tensors,
)

MOST_LAYERS = 1024
_LAYER_TYPES = ("full_attention", "sliding_attention")


def plain_decoder(
    fields: Fields,
    family: str,
    *,
    rope: Rope | None,
    windows: tuple[int | None, ...] | None = None,
    kv_heads: int | None = None,
    head_dim: int | None = None,
    qkv_bias: bool = False,
    output_bias: bool = False,
    mlp_bias: bool = False,
    tied: bool | None = None,
) -> DecoderConfig:
    """The fields that llama's relatives share; a family replaces what it does otherwise."""
    layers, heads = layer_count(fields), fields.integer("num_attention_heads")
    return DecoderConfig(
        family=family,
        vocab_size=fields.integer("vocab_size"),
        hidden_size=fields.integer("hidden_size"),
        intermediate_size=fields.integer("intermediate_size"),
        layers=layers,
        heads=heads,
        kv_heads=key_heads(fields, heads) if kv_heads is None else kv_heads,
        head_dim=head_size(fields) if head_dim is None else head_dim,
        rope=rope,
        norm_eps=fields.positive("rms_norm_eps"),
        qkv_bias=qkv_bias,
        output_bias=output_bias,
        mlp_bias=mlp_bias,
        tied=fields.flag("tie_word_embeddings") if tied is None else tied,
        windows=(None,) * layers if windows is None else windows,
        max_positions=fields.integer("max_position_embeddings"),
    )


def plain_layout(config: DecoderConfig) -> Layout:
    """The tensors that llama's relatives share."""
    layer = (*norms_before(config), *attention_tensors(config), *gated_tensors(config))
    return Layout(outer_tensors(config), layer)


def layer_count(fields: Fields) -> int:
    return fields.integer("num_hidden_layers", most=MOST_LAYERS)


def key_heads(fields: Fields, heads: int, *, default: int | None = None) -> int:
    """Heads of keys and values, a divisor of the query heads."""
    if "num_key_value_heads" not in fields.values and default is None:
        raise fields.wrong("num_key_value_heads", "a divisor of num_attention_heads")
    found = fields.integer("num_key_value_heads", default=heads if default is None else default)
    if heads % found:
        raise fields.wrong("num_key_value_heads", f"a divisor of num_attention_heads = {heads}")
    return found


def head_size(fields: Fields) -> int:
    """The dimensions of a head, an even number."""
    hidden, heads = fields.integer("hidden_size"), fields.integer("num_attention_heads")
    if not fields.has("head_dim") and hidden % heads:
        raise fields.wrong(
            "num_attention_heads", f"a divisor of hidden_size = {hidden} where there is no head_dim"
        )
    found = fields.integer("head_dim", default=hidden // heads)
    if found % 2:
        raise fields.wrong("head_dim", "even, since rotary embeddings turn pairs")
    return found


def refuse_layer_types(fields: Fields) -> None:
    """For families whose layers are all alike."""
    if fields.has("layer_types"):
        raise fields.wrong("layer_types", "absent for this model type")


def layer_types(fields: Fields, layers: int) -> tuple[bool, ...]:
    """Which layers slide, as `layer_types` names them."""
    found = fields.values.get("layer_types")
    if not isinstance(found, list) or len(found) != layers or any(one not in _LAYER_TYPES for one in found):
        raise fields.wrong("layer_types", f"{layers} of {', '.join(_LAYER_TYPES)}")
    return tuple(one == "sliding_attention" for one in found)


def optional_windows(fields: Fields, layers: int) -> tuple[int | None, ...]:
    """Layers from `max_window_layers` on slide, or those that `layer_types` names, if windows are used at all."""
    slides = _optionally_sliding(fields, layers)
    if not any(slides):
        return (None,) * layers
    if not fields.flag("use_sliding_window"):
        raise fields.wrong("use_sliding_window", "true where layer_types has a `sliding_attention`")
    window = fields.integer("sliding_window")
    return tuple(window if one else None for one in slides)


def _optionally_sliding(fields: Fields, layers: int) -> tuple[bool, ...]:
    if fields.has("layer_types"):
        return layer_types(fields, layers)
    if not fields.flag("use_sliding_window") or not fields.has("sliding_window"):
        return (False,) * layers
    first = fields.values.get("max_window_layers")
    if not isinstance(first, int) or isinstance(first, bool) or first < 0:
        raise fields.wrong("max_window_layers", "a whole number")
    return tuple(layer >= first for layer in range(layers))


def same_window(fields: Fields, layers: int) -> tuple[int | None, ...]:
    """One window for all layers, or none; the field must be there."""
    refuse_layer_types(fields)
    if "sliding_window" not in fields.values:
        raise fields.wrong("sliding_window", "a whole number or null")
    window = fields.integer("sliding_window") if fields.has("sliding_window") else None
    return (window,) * layers


def optional_cap(fields: Fields, key: str) -> float | None:
    """A soft cap; null means none."""
    return fields.positive(key) if fields.has(key) else None


def refuse_flag(fields: Fields, key: str) -> None:
    """A switch that changes the arithmetic in a way that is not there."""
    if fields.flag(key):
        raise fields.wrong(key, "false: the other setting is not read yet")
