"""The decoder agrees with transformers in torch on every family, padded on either side."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from flax import nnx
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from cyclspec.compiler.checkpoints import decoder_config
from cyclspec.runtime.models import Decoder

TOLERANCE = 1e-4
# One checkpoint of each family: what varies within a family shows in its logits.
GREEDY = (
    "llama_llama3_rope",
    "mistral_window",
    "mixtral",
    "qwen2_tied",
    "qwen3",
    "gemma2",
    "gemma3",
    "phi3_short",
    "gpt2",
    "olmo2",
    "glm",
    "glm4",
)


@pytest.mark.parametrize("side", ["right", "left"])
def test_logits_agree_with_torch(
    family: Any,
    side: str,
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    tokens, positions, valid = padded(side)
    expected = family.logits(tokens, positions, valid)
    found = decoder_logits(loaded(family.folder), tokens, positions, valid)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[valid], expected[valid], rtol=0, atol=TOLERANCE)
    assert np.abs(expected[valid]).max() > 1, "logits so small that anything agrees"


@pytest.mark.parametrize(
    "family",
    GREEDY,
    indirect=True,
)
def test_greedy_decoding_agrees_with_torch_token_for_token(
    family: Any, loaded: Callable[..., Decoder]
) -> None:
    """64 tokens, each from the whole text before it; the caches of torch must not show."""
    start, count = (9, 64) if family.longest >= 9 + 64 else (2, family.longest - 2)
    prompt = np.random.default_rng(7).integers(3, 300, start)
    expected = family.greedy(prompt, count)
    decoder = loaded(family.folder)

    @jax.jit
    def step(model: Decoder, tokens: jax.Array, length: jax.Array) -> jax.Array:
        positions = jnp.arange(tokens.shape[0])
        hidden = model(tokens[None], positions[None], (positions < length)[None])
        return jnp.argmax(model.logits(hidden[0, length - 1]))

    tokens = np.zeros(start + count, np.int32)
    tokens[:start] = prompt
    for at in range(start, start + count):
        tokens[at] = step(decoder, jnp.asarray(tokens), jnp.int32(at))
    assert tokens[start:].tolist() == expected.tolist()


def test_padding_on_either_side_gives_the_same_logits(
    grouped: Any,
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    decoder = loaded(grouped.folder)
    right, left = padded("right"), padded("left")
    length = right[2].sum(axis=-1)[1]
    tokens = np.zeros_like(left[0])
    tokens[1, -length:] = right[0][1, :length]
    found = decoder_logits(decoder, tokens, left[1], left[2])[1, -length:]
    expected = decoder_logits(decoder, *right)[1, :length]
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("case", ["llama_llama3_rope", "llama_linear_rope", "llama_theta"])
@pytest.mark.parametrize("type_key", ["type", "rope_type"])
def test_the_older_spelling_of_rope_gives_the_logits_of_the_newer(
    case: str,
    type_key: str,
    tmp_path: Path,
    write_checkpoint: Callable[..., None],
    read_back: Callable[[Path], Any],
    edit_config: Callable[..., None],
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    write_checkpoint(tmp_path, case)
    scaling = json.loads((tmp_path / "config.json").read_text())["rope_parameters"]
    theta, kind = scaling.pop("rope_theta"), scaling.pop("rope_type")
    older = None if kind == "default" else scaling | {type_key: kind}
    edit_config(tmp_path, drop=("rope_parameters",), rope_theta=theta, rope_scaling=older)
    tokens, positions, valid = padded("right")
    expected = read_back(tmp_path).logits(tokens, positions, valid)
    found = decoder_logits(loaded(tmp_path), tokens, positions, valid)
    np.testing.assert_allclose(found[valid], expected[valid], rtol=0, atol=TOLERANCE)


def test_windows_without_layer_types_follow_max_window_layers(
    tmp_path: Path,
    write_checkpoint: Callable[..., None],
    read_back: Callable[[Path], Any],
    edit_config: Callable[..., None],
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    write_checkpoint(tmp_path, "qwen2_window")
    edit_config(tmp_path, drop=("layer_types",))
    tokens, positions, valid = padded("right")
    expected = read_back(tmp_path).logits(tokens, positions, valid)
    found = decoder_logits(loaded(tmp_path), tokens, positions, valid)
    np.testing.assert_allclose(found[valid], expected[valid], rtol=0, atol=TOLERANCE)


def test_the_first_files_of_gpt2_have_no_prefix_and_hold_their_masks(
    tmp_path: Path,
    write_checkpoint: Callable[..., None],
    read_back: Callable[[Path], Any],
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    write_checkpoint(tmp_path, "gpt2")
    reference, file = read_back(tmp_path), tmp_path / "model.safetensors"
    stored = {name.removeprefix("transformer."): array for name, array in load_file(file).items()}
    masks = {f"h.{i}.attn.bias": np.tril(np.ones((1, 1, 256, 256), np.float32)) for i in range(3)}
    save_file(stored | masks, file)
    tokens, positions, valid = padded("right")
    expected = reference.logits(tokens, positions, valid)
    found = decoder_logits(loaded(tmp_path), tokens, positions, valid)
    np.testing.assert_allclose(found[valid], expected[valid], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("stored", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_files_are_read_exactly(
    stored: torch.dtype,
    tmp_path: Path,
    write_checkpoint: Callable[..., None],
    read_back: Callable[[Path], Any],
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    write_checkpoint(tmp_path, "qwen2", stored)
    reference, decoder = read_back(tmp_path), loaded(tmp_path)
    table = reference.model.model.embed_tokens.weight.detach().numpy()
    np.testing.assert_array_equal(np.asarray(decoder.embedding[...]), table)
    tokens, positions, valid = padded("right")
    expected = reference.logits(tokens, positions, valid)
    found = decoder_logits(decoder, tokens, positions, valid)
    np.testing.assert_allclose(found[valid], expected[valid], rtol=0, atol=TOLERANCE)


def test_bfloat16_stays_nearer_to_float32_than_torch_in_bfloat16(
    grouped: Any,
    loaded: Callable[..., Decoder],
    padded: Callable[..., Any],
    decoder_logits: Callable[..., Any],
) -> None:
    decoder = loaded(grouped.folder, "bfloat16")
    assert {leaf.dtype for leaf in jax.tree.leaves(decoder)} == {jnp.dtype(jnp.bfloat16)}
    tokens, positions, valid = padded("right")
    exact = softmax(grouped.logits(tokens, positions, valid)[valid], axis=-1)
    ours = decoder_logits(decoder, tokens, positions, valid)
    assert ours.dtype == np.float32
    rounded = type(grouped)(grouped.folder, copy.deepcopy(grouped.model).bfloat16())
    theirs = rounded.logits(tokens, positions, valid)
    distances = [
        0.5 * np.abs(softmax(one[valid], axis=-1) - exact).sum(axis=-1).mean() for one in (ours, theirs)
    ]
    assert 1e-4 < distances[0] < distances[1]


def test_the_compiled_program_does_not_grow_with_depth(grouped: Any, loaded: Callable[..., Decoder]) -> None:
    shallow = loaded(grouped.folder)
    config = json.loads((grouped.folder / "config.json").read_text())
    graph, state = nnx.split(shallow)
    tiled = jax.tree.map(lambda a: jnp.tile(a, (3,) + (1,) * (a.ndim - 1)), state["blocks"])
    state["blocks"] = tiled
    deep = nnx.merge(graph, state)
    deep.config = decoder_config("deep", config | {"num_hidden_layers": 9})
    tokens = jnp.zeros((2, 8), jnp.int32)

    def lines(decoder: Decoder) -> int:
        run = jax.jit(lambda d: d.logits(d(tokens, tokens, tokens == 0)))
        return len(run.lower(decoder).as_text().splitlines())

    assert lines(deep) == lines(shallow)
