"""Tiny random checkpoints of every family, written by transformers in torch, which is also the reference.

All norms and biases are random, so that an engine that leaves one out cannot agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import transformers

from cyclspec.compiler.checkpoints import Checkpoint, Folder, open_checkpoint
from cyclspec.runtime.models import Decoder, Dtype, load_decoder

# On models this small, threads spend their time waiting for each other.
torch.set_num_threads(1)

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


YARN = {"rope_type": "yarn", "rope_theta": 800.0, "factor": 4.0, "original_max_position_embeddings": 64}
HALF = {"rope_type": "default", "rope_theta": 900.0, "partial_rotary_factor": 0.5}
GEMMA: dict[str, Any] = {
    "head_dim": 20,
    "num_key_value_heads": 2,
    "query_pre_attn_scalar": 31,
    "sliding_window": 5,
    "hidden_activation": "gelu_pytorch_tanh",
}
GEMMA3_ROPES = {
    "full_attention": {"rope_type": "linear", "rope_theta": 700.0, "factor": 8.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 90.0},
}
LONG: dict[str, Any] = {
    "num_key_value_heads": 2,
    "original_max_position_embeddings": 16,
    "max_position_embeddings": 64,
    "partial_rotary_factor": 0.5,
    "rope_parameters": {
        "rope_type": "longrope",
        "rope_theta": 600.0,
        "partial_rotary_factor": 0.5,
        "short_factor": [1.0, 1.1, 1.2],
        "long_factor": [1.5, 4.0, 9.0],
    },
}
GPT2: dict[str, Any] = {
    "vocab_size": VOCAB,
    "n_embd": 48,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 256,
    "layer_norm_epsilon": 1e-3,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


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
    "qwen2_yarn": (transformers.Qwen2Config, {"rope_parameters": YARN, "max_position_embeddings": 256}),
    "mixtral": (
        transformers.MixtralConfig,
        {"num_local_experts": 5, "num_experts_per_tok": 2, "num_key_value_heads": 2, "sliding_window": 6},
    ),
    "qwen3": (
        transformers.Qwen3Config,
        {"head_dim": 20, "num_key_value_heads": 2, "rope_parameters": _default(2e4)},
    ),
    "qwen3_tied_window": (
        transformers.Qwen3Config,
        {
            "head_dim": 12,
            "tie_word_embeddings": True,
            "use_sliding_window": True,
            "sliding_window": 4,
            "max_window_layers": 2,
        },
    ),
    "gemma2": (
        transformers.Gemma2Config,
        GEMMA | {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0},
    ),
    "gemma2_uncapped": (
        transformers.Gemma2Config,
        GEMMA | {"attn_logit_softcapping": None, "final_logit_softcapping": None},
    ),
    "gemma3": (
        transformers.Gemma3TextConfig,
        GEMMA | {"num_hidden_layers": 7, "rope_parameters": GEMMA3_ROPES},
    ),
    "phi3": (
        transformers.Phi3Config,
        {"num_key_value_heads": 2, "sliding_window": 7, "original_max_position_embeddings": 256},
    ),
    "phi3_long": (transformers.Phi3Config, LONG),
    "phi3_short": (
        transformers.Phi3Config,
        LONG | {"original_max_position_embeddings": 64, "max_position_embeddings": 128},
    ),
    "gpt2": (transformers.GPT2Config, GPT2),
    "gpt2_wide": (transformers.GPT2Config, GPT2 | {"n_inner": 96, "activation_function": "gelu"}),
    "olmo2": (transformers.Olmo2Config, {"num_key_value_heads": 2, "rope_parameters": _default(3e4)}),
    "glm": (transformers.GlmConfig, {"num_key_value_heads": 2, "head_dim": 12, "rope_parameters": HALF}),
    "glm4": (
        transformers.Glm4Config,
        {"num_key_value_heads": 2, "head_dim": 20, "attention_bias": False, "rope_parameters": HALF},
    ),
    "llama_sharded": (transformers.LlamaConfig, {"num_key_value_heads": 1}),
}


@dataclass(frozen=True)
class Reference:
    """A checkpoint on disk and the torch model that was read back from it."""

    folder: Path
    model: Any

    def logits(self, tokens: np.ndarray, positions: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """[batch, token, vocab] in float32.

        torch turns a whole batch by its longest text, padding included, where the factors depend on the length; there,
        each text is read alone.
        """
        if self.longest < tokens.shape[1]:
            return self._one_by_one(tokens, positions, valid)
        with torch.no_grad():
            found = self.model(
                input_ids=torch.tensor(tokens, dtype=torch.long),
                position_ids=torch.tensor(positions, dtype=torch.long),
                attention_mask=torch.tensor(valid, dtype=torch.long),
            )
        logits: np.ndarray = found.logits.float().numpy()
        return logits

    def _one_by_one(self, tokens: np.ndarray, positions: np.ndarray, valid: np.ndarray) -> np.ndarray:
        found = np.zeros((*tokens.shape, VOCAB), np.float32)
        for row, kept in enumerate(valid.astype(bool)):
            with torch.no_grad():
                ids, at = (torch.tensor(a[row][kept][None], dtype=torch.long) for a in (tokens, positions))
                found[row, kept] = self.model(input_ids=ids, position_ids=at).logits[0].numpy()
        return found

    @property
    def longest(self) -> int:
        """Tokens up to which long-context factors stay the same, or all that fit."""
        config = self.model.config
        ropes = getattr(config, "rope_parameters", None) or {}
        scaled = ropes.get("rope_type") == "longrope"
        return int(ropes["original_max_position_embeddings"] if scaled else config.max_position_embeddings)

    def greedy(self, prompt: np.ndarray, count: int) -> np.ndarray:
        """`count` tokens after a prompt, the likeliest each time, with torch's own cache; [count]."""
        with torch.no_grad():
            tokens = torch.tensor(prompt, dtype=torch.long)[None]
            found = self.model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                do_sample=False,
                max_new_tokens=count,
                min_new_tokens=count,
                pad_token_id=0,
                eos_token_id=-1,
            )
        new: np.ndarray = found[0, len(prompt) :].numpy()
        return new


def _randomise(model: torch.nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name or ".ln_" in name:
                centre = 0 if name.endswith("bias") or "gemma" in model.config.model_type else 1
                parameter.copy_(centre + 0.4 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.5 * noise)
            else:
                table = any(one in name for one in ("embed", "lm_head", "wte", "wpe"))
                parameter.copy_(noise * (0.3 if table else parameter.shape[-1] ** -0.5))


def _write(folder: Path, case: str, dtype: torch.dtype = torch.float32) -> None:
    kind, changes = CASES[case]
    settings = changes if kind is transformers.GPT2Config else SHAPE | changes
    model = transformers.AutoModelForCausalLM.from_config(kind(**settings))
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
        forward = jax.jit(lambda d, *inputs: d.logits(d(*inputs)))
        return np.asarray(forward(decoder, jnp.asarray(tokens), jnp.asarray(positions), jnp.asarray(valid)))

    return run


@pytest.fixture
def compilations() -> Iterator[list[str]]:
    """The compilations that jax itself reports while a test runs."""
    seen: list[str] = []

    def listen(event: str, duration_secs: float, **_: object) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield seen
    jax.monitoring.unregister_event_duration_listener(listen)
