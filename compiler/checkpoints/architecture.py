"""The architecture a checkpoint describes: one decoder shape that covers llama, mistral and qwen2.

Expects the object in `config.json`. Ensures that every field the engine's arithmetic depends on was read,
checked and understood; a model type, activation or position embedding that is not known is refused, never
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.rope import LinearScaling, Llama3Scaling, Rope, Scaling, Unscaled, rope

__all__ = [
    "ACTIVATIONS",
    "FAMILIES",
    "DecoderConfig",
    "Family",
    "LinearScaling",
    "Llama3Scaling",
    "Rope",
    "Scaling",
    "Unscaled",
    "decoder_config",
]

Family: TypeAlias = Literal["llama", "mistral", "qwen2"]
FAMILIES = ("llama", "mistral", "qwen2")
ACTIVATIONS = ("silu",)
_LAYER_TYPES = ("full_attention", "sliding_attention")
_MOST_LAYERS = 1024


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Shape and arithmetic of a decoder. Sizes are counts; `windows` has one entry a layer, None for none.

    `qkv_bias`, `output_bias` and `mlp_bias` say which projections add a bias; `tied` that the output
    projection is the embedding. A layer with window `w` attends to positions `p - w + 1 .. p`.
    """

    family: Family
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    rope: Rope
    norm_eps: float
    qkv_bias: bool
    output_bias: bool
    mlp_bias: bool
    tied: bool
    windows: tuple[int | None, ...]
    max_positions: int


def decoder_config(model: str, config: Mapping[str, object]) -> DecoderConfig:
    """Reads the architecture of checkpoint `model` from its `config.json`.

    Raises:
        SpecError: a field is missing or malformed, or the architecture is not one of `FAMILIES`.
    """
    fields = Fields(model, config)
    family = cast(Family, fields.one_of("model_type", FAMILIES))
    fields.one_of("hidden_act", ACTIVATIONS)
    hidden, heads = fields.integer("hidden_size"), fields.integer("num_attention_heads")
    layers = fields.integer("num_hidden_layers", most=_MOST_LAYERS)
    llama = family == "llama"
    return DecoderConfig(
        family=family,
        vocab_size=fields.integer("vocab_size"),
        hidden_size=hidden,
        intermediate_size=fields.integer("intermediate_size"),
        layers=layers,
        heads=heads,
        kv_heads=_kv_heads(fields, family, heads),
        head_dim=_head_dim(fields, hidden, heads),
        rope=rope(fields),
        norm_eps=fields.positive("rms_norm_eps"),
        qkv_bias=family == "qwen2" or (llama and fields.flag("attention_bias")),
        output_bias=llama and fields.flag("attention_bias"),
        mlp_bias=llama and fields.flag("mlp_bias"),
        tied=fields.flag("tie_word_embeddings"),
        windows=_windows(fields, family, layers),
        max_positions=fields.integer("max_position_embeddings"),
    )


def _kv_heads(fields: Fields, family: Family, heads: int) -> int:
    """The first llama checkpoints lack the field; null means one key head for each query head."""
    absent = "num_key_value_heads" not in fields.values
    if absent and family != "llama":
        raise fields.wrong("num_key_value_heads", "a divisor of num_attention_heads")
    found = fields.integer("num_key_value_heads", default=heads)
    if heads % found:
        raise fields.wrong("num_key_value_heads", f"a divisor of num_attention_heads = {heads}")
    return found


def _head_dim(fields: Fields, hidden: int, heads: int) -> int:
    if not fields.has("head_dim") and hidden % heads:
        raise fields.wrong(
            "num_attention_heads", f"a divisor of hidden_size = {hidden} where there is no head_dim"
        )
    found = fields.integer("head_dim", default=hidden // heads)
    if found % 2:
        raise fields.wrong("head_dim", "even, since rotary embeddings turn pairs")
    return found


def _windows(fields: Fields, family: Family, layers: int) -> tuple[int | None, ...]:
    match family:
        case "llama":
            _refuse_layer_types(fields)
            return (None,) * layers
        case "mistral":
            _refuse_layer_types(fields)
            if "sliding_window" not in fields.values:
                raise fields.wrong("sliding_window", "a whole number or null")
            window = fields.integer("sliding_window") if fields.has("sliding_window") else None
            return (window,) * layers
        case "qwen2":
            return _qwen2_windows(fields, layers)


def _refuse_layer_types(fields: Fields) -> None:
    if fields.has("layer_types"):
        raise fields.wrong("layer_types", "absent for this model type")


def _qwen2_windows(fields: Fields, layers: int) -> tuple[int | None, ...]:
    """`layer_types` names each layer; without it, those from `max_window_layers` on slide."""
    slides = _sliding_layers(fields, layers)
    if not any(slides):
        return (None,) * layers
    if not fields.flag("use_sliding_window"):
        raise fields.wrong("use_sliding_window", "true where layer_types has a `sliding_attention`")
    window = fields.integer("sliding_window")
    return tuple(window if one else None for one in slides)


def _sliding_layers(fields: Fields, layers: int) -> tuple[bool, ...]:
    if fields.has("layer_types"):
        found = fields.values["layer_types"]
        if (
            not isinstance(found, list)
            or len(found) != layers
            or any(one not in _LAYER_TYPES for one in found)
        ):
            raise fields.wrong("layer_types", f"{layers} of {', '.join(_LAYER_TYPES)}")
        return tuple(one == "sliding_attention" for one in found)
    if not fields.flag("use_sliding_window") or not fields.has("sliding_window"):
        return (False,) * layers
    first = fields.values.get("max_window_layers")
    if not isinstance(first, int) or isinstance(first, bool) or first < 0:
        raise fields.wrong("max_window_layers", "a whole number")
    return tuple(layer >= first for layer in range(layers))
