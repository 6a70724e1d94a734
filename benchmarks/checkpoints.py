"""Random Llama checkpoints of stated shapes, with a tokenizer trained on this repository's own text.

Ensures weights that are the same for the same shape and seed, stored in float32, and in a range where options differ in
probability: an engine that mixes up two tokens cannot agree with another by accident.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "performance.md"
LABELS = "ABCDEFGHIJ"
PADDING, ENDING = "<|pad|>", "<|end|>"
PADDING_ID, ENDING_ID = 0, 1


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama with tied embeddings."""

    name: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    vocab: int

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads

    @property
    def kv_size(self) -> int:
        return self.kv_heads * self.head_dim

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """(in, out) of every matrix product of a layer."""
        hidden, wide = self.hidden, self.feed_forward
        attention = ((hidden, hidden), (hidden, self.kv_size), (hidden, self.kv_size), (hidden, hidden))
        return (*attention, (hidden, wide), (hidden, wide), (wide, hidden))

    @property
    def trunk(self) -> int:
        """Parameters of all layers, without embeddings: a token costs two operations for each."""
        return self.layers * sum(inside * outside for inside, outside in self.products)


SHAPES = {
    one.name: one
    for one in (
        Shape("tiny", 64, 2, 4, 2, 128, 6_000),
        Shape("30m", 384, 12, 6, 2, 1024, 32_000),
        Shape("135m", 576, 30, 9, 3, 1536, 49_152),
        Shape("1b", 2048, 16, 32, 8, 8192, 128_256),
        Shape("8b", 4096, 32, 32, 8, 14_336, 128_256),
    )
}


def corpus() -> str:
    """The text of the documentation and the specifications of this repository.

    The page that results are put into is left out, so that they do not change what is measured next.
    """
    files = sorted(path for folder in ("docs", "specs") for path in (ROOT / folder).rglob("*"))
    kept = [path for path in files if path.suffix in {".md", ".cycl"} and path != RESULTS]
    return "\n".join(path.read_text(encoding="utf-8") for path in kept)


def train_tokenizer(text: str, most: int) -> Tokenizer:
    """Byte-level BPE with as many merges as the text gives, at most `most` ids; every label is one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=most,
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[PADDING, ENDING],
        show_progress=False,
    )
    labels = "".join(f" {label}" for label in LABELS)
    tokenizer.train_from_iterator([text, labels, labels], trainer)
    return tokenizer


def write_checkpoint(folder: Path, shape: Shape, tokenizer: Tokenizer, *, seed: int = 1) -> Path:
    """Weights, `config.json` and tokenizer; a checkpoint that stands complete is left as it is."""
    complete = folder / "complete"
    facts = json.dumps([asdict(shape), seed, tokenizer.to_str()])
    if complete.is_file() and complete.read_text(encoding="utf-8") == facts:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    complete.unlink(missing_ok=True)
    save_file(dict(_weights(shape, seed)), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config_of(shape)), encoding="utf-8")
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": PADDING, "eos_token": ENDING}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    complete.write_text(facts, encoding="utf-8")
    return folder


def config_of(shape: Shape) -> dict[str, object]:
    """What stands in `config.json`."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocab,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "float32",
        "pad_token_id": PADDING_ID,
        "eos_token_id": ENDING_ID,
        "bos_token_id": None,
    }


def _weights(shape: Shape, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Embeddings of deviation 0.05, products that keep the size of what goes in, norms near one."""
    draw = np.random.default_rng(seed)

    def normal(*size: int, deviation: float) -> np.ndarray:
        return draw.standard_normal(size, np.float32) * np.float32(deviation)

    embedding = normal(shape.vocab, shape.hidden, deviation=0.05)
    embedding[ENDING_ID] = (
        0  # the end is never the likeliest token: replies have the length that is asked for
    )
    yield "model.embed_tokens.weight", embedding
    names = ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down")
    for layer in range(shape.layers):
        for name, (inside, outside) in zip(names, shape.products, strict=True):
            weight = normal(outside, inside, deviation=inside**-0.5)
            yield f"model.layers.{layer}.{name}_proj.weight", weight
        for name in ("input", "post_attention"):
            yield f"model.layers.{layer}.{name}_layernorm.weight", 1 + normal(shape.hidden, deviation=0.1)
    yield "model.norm.weight", 1 + normal(shape.hidden, deviation=0.1)
