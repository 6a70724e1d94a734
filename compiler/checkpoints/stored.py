"""Where each parameter of a decoder stands in a checkpoint: the table that the loader follows.

Parameters are called as the engine calls them; names of tensors have `{layer}` where each layer has one and
`{expert}` where each expert does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cyclspec.compiler.checkpoints.architecture import DecoderConfig


@dataclass(frozen=True, slots=True)
class Stored:
    """One parameter as stored: the name and shape of its tensor, and what is done to it.

    Of a tensor that holds several parameters side by side, this one is `rows` of the first dimension, or of the last
    where `of_columns`. Matrices are used [in, out]: `turned` says that they are stored [out, in]. `experts` counts
    the tensors that are stacked into one.
    """

    parameter: str
    name: str
    shape: tuple[int, ...]
    turned: bool = False
    rows: tuple[int, int] | None = None
    of_columns: bool = False
    experts: int = 0

    @property
    def shape_in_use(self) -> tuple[int, ...]:
        shape = self.shape
        if self.rows is not None:
            kept = self.rows[1] - self.rows[0]
            shape = (*shape[:-1], kept) if self.of_columns else (kept, *shape[1:])
        shape = shape[::-1] if self.turned else shape
        return (self.experts, *shape) if self.experts else shape


@dataclass(frozen=True, slots=True)
class Layout:
    """All parameters of a decoder: those outside the layers, and those that every layer has.

    `head` is the tensor that a tied checkpoint may hold beside the embedding. Tensors whose name ends in one of
    `ignored` follow from the configuration. A name may also stand in a file without `prefix`.
    """

    outer: tuple[Stored, ...]
    layer: tuple[Stored, ...]
    head: str = "lm_head.weight"
    embedding: str = "model.embed_tokens.weight"
    ignored: tuple[str, ...] = (".rotary_emb.inv_freq",)
    prefix: str = ""

    def without_prefix(self) -> Layout:
        """The same layout in a file that leaves the prefix out."""

        def bare(some: Iterable[Stored]) -> tuple[Stored, ...]:
            return tuple(replace(one, name=one.name.removeprefix(self.prefix)) for one in some)

        embedding = self.embedding.removeprefix(self.prefix)
        return replace(self, outer=bare(self.outer), layer=bare(self.layer), embedding=embedding, prefix="")


_LAYER = "model.layers.{layer}."


def outer_tensors(config: DecoderConfig) -> tuple[Stored, ...]:
    """Embedding, final norm and, unless tied, the output projection, as most families name them."""
    table = (config.vocab_size, config.hidden_size)
    always = (
        Stored("embedding", "model.embed_tokens.weight", table),
        Stored("final_norm.scale", "model.norm.weight", (config.hidden_size,)),
    )
    return always if config.tied else (*always, Stored("head", "lm_head.weight", table))


def norm(parameter: str, name: str, size: int) -> Stored:
    """The scale of a norm of a layer."""
    return Stored(f"{parameter}.scale", f"{_LAYER}{name}.weight", (size,))


def linear(parameter: str, name: str, inner: int, outer: int, *, bias: bool) -> tuple[Stored, ...]:
    """A projection of a layer, stored [out, in]."""
    weight = Stored(f"{parameter}.weight", f"{_LAYER}{name}.weight", (outer, inner), turned=True)
    return (weight, Stored(f"{parameter}.bias", f"{_LAYER}{name}.bias", (outer,))) if bias else (weight,)


def fused(name: str, inner: int, parts: Iterable[tuple[str, int]]) -> tuple[Stored, ...]:
    """Several projections of a layer side by side in one tensor [out, in], by parameter and size."""
    listed = tuple(parts)
    whole = (sum(size for _, size in listed), inner)
    found, start = [], 0
    for parameter, size in listed:
        rows = (start, start + size)
        found.append(Stored(f"{parameter}.weight", f"{_LAYER}{name}.weight", whole, turned=True, rows=rows))
        start += size
    return tuple(found)


def attention_tensors(config: DecoderConfig) -> tuple[Stored, ...]:
    """Query, key, value and output, as most families name them, with the norms of query and key."""
    hidden = config.hidden_size
    q, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    return (
        *linear("query", "self_attn.q_proj", hidden, q, bias=config.qkv_bias),
        *linear("key", "self_attn.k_proj", hidden, kv, bias=config.qkv_bias),
        *linear("value", "self_attn.v_proj", hidden, kv, bias=config.qkv_bias),
        *linear("output", "self_attn.o_proj", q, hidden, bias=config.output_bias),
        *_norms_of_heads(config, q, kv),
    )


def _norms_of_heads(config: DecoderConfig, q: int, kv: int) -> tuple[Stored, ...]:
    match config.query_key_norm:
        case "head":
            q = kv = config.head_dim
        case None:
            return ()
    return norm("query_norm", "self_attn.q_norm", q), norm("key_norm", "self_attn.k_norm", kv)


def gated_tensors(config: DecoderConfig) -> tuple[Stored, ...]:
    """Gate, up and down, as most families name them."""
    hidden, wide = config.hidden_size, config.intermediate_size
    return (
        *linear("gate", "mlp.gate_proj", hidden, wide, bias=config.mlp_bias),
        *linear("up", "mlp.up_proj", hidden, wide, bias=config.mlp_bias),
        *linear("down", "mlp.down_proj", wide, hidden, bias=config.mlp_bias),
    )


def fused_gated_tensors(config: DecoderConfig) -> tuple[Stored, ...]:
    """Gate and up in one tensor, and down."""
    hidden, wide = config.hidden_size, config.intermediate_size
    return (
        *fused("mlp.gate_up_proj", hidden, (("gate", wide), ("up", wide))),
        *linear("down", "mlp.down_proj", wide, hidden, bias=False),
    )


def norms_before(config: DecoderConfig) -> tuple[Stored, ...]:
    """The two norms of a layer that stand before attention and feed-forward."""
    return (
        norm("before_attention", "input_layernorm", config.hidden_size),
        norm("before_feed_forward", "post_attention_layernorm", config.hidden_size),
    )
