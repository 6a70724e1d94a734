"""Tiny random checkpoints of every family, written by transformers in torch, which is also the reference.

All norms and biases are random, so that an engine that leaves one out cannot agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch
import transformers

from cyclspec.compiler.checkpoints import Checkpoint, Folder, open_checkpoint
from cyclspec.runtime.models import Decoder, Dtype, load_decoder

VOCAB = 307
SHAPE: dict[str, Any] = {
    "vocab_size": VOCAB,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
LINEAR = {"rope_type": "linear", "rope_theta": 700.0, "factor": 3.0}


def _default(theta: float) -> dict[str, Any]:
    return {"rope_type": "default", "rope_theta": theta}


CASES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "llama": (transformers.LlamaConfig, {}),
    "llama_tied": (transformers.LlamaConfig, {"tie_word_embeddings": True}),
    "llama_llama3_rope": (transformers.LlamaConfig, {"rope_parameters": LLAMA3}),
    "llama_linear_rope": (transformers.LlamaConfig, {"rope_parameters": LINEAR}),
    "llama_theta": (transformers.LlamaConfig, {"rope_parameters": _default(123.0)}),
    "llama_head_dim": (transformers.LlamaConfig, {"head_dim": 20}),
    "llama_grouped": (transformers.LlamaConfig, {"num_key_value_heads": 2}),
    "llama_biased": (transformers.LlamaConfig, {"attention_bias": True, "mlp_bias": True}),
    "mistral_window": (transformers.MistralConfig, {"sliding_window": 5, "num_key_value_heads": 2}),
    "mistral_no_window": (transformers.MistralConfig, {"sliding_window": None}),
    "qwen2": (transformers.Qwen2Config, {"rope_parameters": _default(2e4), "num_key_value_heads": 2}),
    "qwen2_tied": (transformers.Qwen2Config, {"tie_word_embeddings": True}),
    "qwen2_window": (
        transformers.Qwen2Config,
        {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1},
    ),
    "llama_sharded": (transformers.LlamaConfig, {"num_key_value_heads": 1}),
}


@dataclass(frozen=True)
class Reference:
    """A checkpoint on disk and the torch model that was read back from it."""

    folder: Path
    model: Any

    def logits(self, tokens: np.ndarray, positions: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """[batch, token, vocab] in float32."""
        with torch.no_grad():
            found = self.model(
                input_ids=torch.tensor(tokens, dtype=torch.long),
                position_ids=torch.tensor(positions, dtype=torch.long),
                attention_mask=torch.tensor(valid, dtype=torch.long),
            )
        logits: np.ndarray = found.logits.float().numpy()
        return logits


def _randomise(model: torch.nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                parameter.copy_(1 + 0.4 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.5 * noise)
            else:
                parameter.copy_(
                    noise * (0.3 if "embed" in name or "lm_head" in name else parameter.shape[-1] ** -0.5)
                )


def _write(folder: Path, case: str, dtype: torch.dtype = torch.float32) -> None:
    kind, changes = CASES[case]
    model = transformers.AutoModelForCausalLM.from_config(kind(**(SHAPE | changes)))
    _randomise(model, seed=sum(case.encode()))
    model.to(dtype).save_pretrained(folder, max_shard_size="60KB" if case == "llama_sharded" else "1GB")


def _read_back(folder: Path) -> Reference:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    return Reference(folder, model.eval())


@pytest.fixture(scope="session", params=CASES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """Each of the checkpoints in turn."""
    folder = tmp_path_factory.mktemp(request.param)
    _write(folder, request.param)
    return _read_back(folder)


@pytest.fixture(scope="session")
def write_checkpoint() -> Callable[..., None]:
    """Writes the named case into a folder, in a torch type."""
    return _write


@pytest.fixture(scope="session")
def read_back() -> Callable[[Path], Reference]:
    """The torch model of a folder."""
    return _read_back


@pytest.fixture(scope="session")
def _grouped(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("grouped")
    _write(folder, "llama_grouped")
    return _read_back(folder)


@pytest.fixture(scope="session")
def grouped(_grouped: Reference) -> Reference:
    """One llama with grouped heads, for tests that do not vary the family. Not to be changed."""
    return _grouped


@pytest.fixture
def own(grouped: Reference, tmp_path: Path) -> Path:
    """A copy of that checkpoint's folder which a test may damage."""
    folder = tmp_path / "own"
    folder.mkdir()
    for file in grouped.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="session")
def opened() -> Callable[[Path], Checkpoint]:
    """Opens a folder with its weights."""
    return lambda folder: open_checkpoint("m", Folder(folder), need="weights")


@pytest.fixture(scope="session")
def loaded(opened: Callable[[Path], Checkpoint]) -> Callable[..., Decoder]:
    """Loads the decoder of a folder."""

    def load(folder: Path, dtype: Dtype = "float32") -> Decoder:
        return load_decoder(opened(folder), dtype=dtype)

    return load


@pytest.fixture(scope="session")
def edit_config() -> Callable[..., None]:
    """Changes keys of a folder's config.json; those of `drop` go away."""

    def edit(folder: Path, drop: tuple[str, ...] = (), **changes: object) -> None:
        path = folder / "config.json"
        config = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({key: value for key, value in config.items() if key not in drop}))

    return edit


@pytest.fixture(scope="session")
def padded() -> Callable[[str], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Tokens, positions and validity of four rows of 3 to 24 tokens, padded on the `left` or the `right`."""

    def make(side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        lengths, width = np.array([24, 3, 17, 9]), 24
        tokens = np.random.default_rng(5).integers(3, VOCAB, (4, width)).astype(np.int32)
        index = np.arange(width)[None, :]
        start = (width - lengths if side == "left" else np.zeros_like(lengths))[:, None]
        valid = (index >= start) & (index < start + lengths[:, None])
        return (
            np.where(valid, tokens, 0).astype(np.int32),
            np.maximum(index - start, 0).astype(np.int32),
            valid,
        )

    return make


@pytest.fixture(scope="session")
def decoder_logits() -> Callable[..., np.ndarray]:
    """Logits of our decoder at every token."""

    def run(decoder: Decoder, tokens: np.ndarray, positions: np.ndarray, valid: np.ndarray) -> np.ndarray:
        hidden = decoder(jnp.asarray(tokens), jnp.asarray(positions), jnp.asarray(valid))
        return np.asarray(decoder.logits(hidden))

    return run
