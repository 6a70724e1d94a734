"""Trains the demo model: a small Llama-shaped decoder that answers as the people of four invented countries did.

    python scripts/demo/train_model.py

Expects the data of `make_data.py`. Writes `specs/demo` (weights, configuration, tokenizer) from one seed and prints how
well the model fits each country, seen in training or not. Takes some minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from examples import NO_TOKEN, Batch, Encoder, Example, all_examples
from flax import nnx
from jaxtyping import Array, Float32
from report import report
from safetensors.numpy import save
from tokenizer import END, PAD, train_tokenizer, write_tokenizer
from tokenizers import Tokenizer

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.checkpoint import open_checkpoint
from cyclspec.compiler.checkpoints.families import decoder_config, decoder_layout
from cyclspec.compiler.checkpoints.places import Folder
from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.weights import load_decoder

FOLDER = Path(__file__).resolve().parents[2] / "specs" / "demo"
SEED = 20260322
VOCABULARY = 2048
LONGEST = 512
STEPS = 1000
ROWS = 48
RATE = 3e-3
# Of every batch, the part that is about residents at large; the rest is about residents of an age and gender.
RESIDENTS = 0.4
WIDTHS = (64, 88, 136)
TAIL = 5
# How much the tokens around the letter count beside the letter itself.
AROUND = 0.1
CONFIG: dict[str, object] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 24,
    "max_position_embeddings": LONGEST,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "attention_bias": False,
    "mlp_bias": False,
    "attention_dropout": 0.0,
    "tie_word_embeddings": True,
    "initializer_range": 0.02,
    "use_cache": True,
    "bos_token_id": None,
    "dtype": "float16",
}
State = nnx.State[Any, Any]


def new_decoder(config: DecoderConfig, rng: np.random.Generator) -> Decoder:
    """Random weights: norms at one, matrices normal with the inverse root of their inputs, outputs smaller by depth."""
    outer = {
        one.parameter: _fresh(one.parameter, one.shape_in_use, rng, config)
        for one in decoder_layout(config).outer
    }
    layers = {
        one.parameter: _fresh(one.parameter, (config.layers, *one.shape_in_use), rng, config)
        for one in decoder_layout(config).layer
    }
    return Decoder(config, outer, layers)


def _fresh(name: str, shape: tuple[int, ...], rng: np.random.Generator, config: DecoderConfig) -> Array:
    if name.endswith(".scale"):
        return jnp.ones(shape, jnp.float32)
    scale = 0.05 if name == "embedding" else shape[-2] ** -0.5
    if name in ("output.weight", "down.weight"):
        scale /= (2 * config.layers) ** 0.5
    return jnp.asarray(rng.standard_normal(shape) * scale, jnp.float32)


def loss(decoder: Decoder, batch: Mapping[str, Array]) -> Float32[Array, ""]:
    """Relative entropy over the whole vocabulary from the people's shares, plus that of the text around the letter."""
    hidden, shares = _hidden(decoder, batch), batch["shares"]
    at_answer = jnp.take_along_axis(hidden, batch["answer"][:, None, None], axis=1)[:, 0]
    predicted = jnp.take_along_axis(jax.nn.log_softmax(decoder.logits(at_answer)), batch["letters"], axis=1)
    letter = (shares * (jnp.log(jnp.where(shares > 0, shares, 1.0)) - predicted)).sum(-1)
    around = jax.nn.log_softmax(
        decoder.logits(jnp.take_along_axis(hidden, batch["places"][:, :, None], axis=1))
    )
    wanted = batch["next_token"]
    there = wanted != NO_TOKEN
    known = jnp.take_along_axis(around, jnp.where(there, wanted, 0)[:, :, None], axis=-1)[..., 0]
    return letter.mean() - AROUND * jnp.where(there, known, 0.0).sum(-1).mean()


def _hidden(decoder: Decoder, batch: Mapping[str, Array]) -> Float32[Array, "row token hidden"]:
    positions = jnp.broadcast_to(jnp.arange(batch["tokens"].shape[1], dtype=jnp.int32), batch["tokens"].shape)
    return decoder(batch["tokens"], positions, positions < batch["lengths"][:, None])


def train(
    decoder: Decoder, encoder: Encoder, examples: Sequence[Example], rng: np.random.Generator
) -> Decoder:
    """AdamW (Loshchilov and Hutter 2019) with a warm-up and a cosine decay to zero."""
    graph, state = nnx.split(decoder)
    rate = optax.warmup_cosine_decay_schedule(0.0, RATE, STEPS // 20, STEPS)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(rate, b2=0.98, weight_decay=0.01))

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(
        state: State, memory: optax.OptState, batch: dict[str, Array]
    ) -> tuple[State, optax.OptState, Array]:
        value, slope = jax.value_and_grad(lambda now: loss(nnx.merge(graph, now), batch))(state)
        change, memory = optimiser.update(slope, memory, state)
        return optax.apply_updates(state, change), memory, value

    memory, began = optimiser.init(state), time.perf_counter()
    for number, batch in enumerate(batches(encoder, examples, rng), 1):
        state, memory, value = step(state, memory, arrays(batch))
        if number % 100 == 0 or number == 1:
            print(
                f"step {number:4}  loss {float(value):.4f}  {time.perf_counter() - began:.0f} s", flush=True
            )
    return nnx.merge(graph, state)


def batches(encoder: Encoder, examples: Sequence[Example], rng: np.random.Generator) -> Iterator[Batch]:
    """`STEPS` batches, each of examples of similar length; a length is drawn as often as it is asked for."""
    group = np.searchsorted(WIDTHS, [len(encoder.prompt(one)) + 1 for one in examples])
    resident = np.array([one.prompt == "resident" for one in examples])
    odds = np.where(resident, RESIDENTS / resident.sum(), (1 - RESIDENTS) / (~resident).sum())
    for _ in range(STEPS):
        mine = odds * (group == group[rng.choice(odds.size, p=odds)])
        chosen = rng.choice(odds.size, ROWS, p=mine / mine.sum())
        width = WIDTHS[group[chosen[0]]]
        yield encoder.batch([examples[one] for one in chosen], width=width, tail=TAIL, rng=rng)


def arrays(batch: Batch) -> dict[str, Array]:
    """The fields of a batch as JAX arrays."""
    return {name: jnp.asarray(getattr(batch, name)) for name in Batch.__dataclass_fields__}


def answers(decoder: Decoder, encoder: Encoder, examples: Sequence[Example]) -> list[np.ndarray]:
    """The model's probability of each option letter of each example, over the whole vocabulary."""
    graph, state = nnx.split(decoder)
    rng = np.random.default_rng(0)

    @jax.jit
    def probabilities(batch: dict[str, Array]) -> Array:
        model = nnx.merge(graph, state)
        hidden = jnp.take_along_axis(_hidden(model, batch), batch["answer"][:, None, None], axis=1)[:, 0]
        return jnp.take_along_axis(jax.nn.softmax(model.logits(hidden)), batch["letters"], axis=1)

    found: list[np.ndarray] = []
    for start in range(0, len(examples), ROWS):
        part = list(examples[start : start + ROWS])
        padded = part + part[:1] * (ROWS - len(part))
        letters = np.asarray(
            probabilities(arrays(encoder.batch(padded, width=WIDTHS[-1], tail=TAIL, rng=rng)))
        )
        found += [letters[row, : one.shares.size].astype(np.float64) for row, one in enumerate(part)]
    return found


def write(decoder: Decoder, config: Mapping[str, object], folder: Path) -> None:
    """Writes `model.safetensors` in float16 and `config.json`."""
    shape = decoder.config
    blocks = nnx.to_pure_dict(nnx.state(decoder.blocks))
    tensors = {
        "model.embed_tokens.weight": decoder.embedding[...],
        "model.norm.weight": decoder.final_norm[...],
    }
    for one in decoder_layout(shape).layer:
        stacked: Any = blocks
        for part in one.parameter.split("."):
            stacked = stacked[part]
        for layer in range(shape.layers):
            tensors[one.name.format(layer=layer)] = stacked[layer].T if one.turned else stacked[layer]
    stored = {name: np.ascontiguousarray(np.asarray(tensor, np.float16)) for name, tensor in tensors.items()}
    (folder / "model.safetensors").write_bytes(save(stored, metadata={"format": "pt"}))
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def make(everything: Sequence[Example]) -> None:
    """Trains the tokenizer on every prompt and the model on those of seen countries, and writes both."""
    rng = np.random.default_rng(SEED)
    shown = [one for one in everything if one.seen]
    tokenizer = train_tokenizer([one.text for one in everything], vocab_size=VOCABULARY)
    config = {
        **CONFIG,
        "vocab_size": tokenizer.get_vocab_size(),
        "eos_token_id": tokenizer.token_to_id(END),
        "pad_token_id": tokenizer.token_to_id(PAD),
    }
    print(
        f"{len(shown):,} training prompts of {len(everything):,}, {config['vocab_size']:,} tokens", flush=True
    )
    decoder = train(new_decoder(decoder_config("demo", config), rng), Encoder(tokenizer), shown, rng)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_tokenizer(tokenizer, FOLDER, longest=LONGEST)
    write(decoder, config, FOLDER)


def measure(everything: Sequence[Example]) -> str:
    """How well the model in the folder, as stored there, fits the people of each country."""
    decoder = load_decoder(open_checkpoint("demo", Folder(FOLDER), need="weights"), dtype="float32")
    encoder = Encoder(Tokenizer.from_file(str(FOLDER / "tokenizer.json")))
    return report(everything, answers(decoder, encoder, everything))


def main() -> None:
    """Trains, writes and measures the demo model; with `--measure`, measures the one that is there."""
    arguments = argparse.ArgumentParser(description="Train the demo model.")
    arguments.add_argument("--measure", action="store_true", help="measure the model that is there")
    everything, began = all_examples(), time.perf_counter()
    if not arguments.parse_args().measure:
        make(everything)
        print(f"trained in {time.perf_counter() - began:.0f} s")
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.stat().st_size:9,} bytes  {path.name}")
    print(measure(everything))


if __name__ == "__main__":
    main()
