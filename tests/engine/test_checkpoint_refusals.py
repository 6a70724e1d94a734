"""What a checkpoint must not be: each refusal names the field, the file or the tensor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cyclspec.compiler.checkpoints import (
    Checkpoint,
    DecoderConfig,
    Demo,
    Folder,
    LinearScaling,
    Llama3Scaling,
    Rope,
    Unscaled,
    decoder_config,
    open_checkpoint,
)
from cyclspec.compiler.checkpoints import checkpoint as opening
from cyclspec.language.diagnostics.base import SpecError
from cyclspec.runtime.models import Decoder

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 300,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 128,
}
MISTRAL = LLAMA | {"model_type": "mistral", "num_key_value_heads": 2, "sliding_window": 7}
QWEN2 = LLAMA | {"model_type": "qwen2", "num_key_value_heads": 2}
MIXTRAL = MISTRAL | {"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2}
GEMMA2 = LLAMA | {
    "model_type": "gemma2",
    "num_key_value_heads": 2,
    "head_dim": 12,
    "hidden_activation": "gelu_pytorch_tanh",
    "query_pre_attn_scalar": 12,
    "sliding_window": 5,
}
GPT2: dict[str, Any] = {
    "model_type": "gpt2",
    "vocab_size": 300,
    "n_embd": 48,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 128,
    "activation_function": "gelu_new",
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8,
    "low_freq_factor": 1,
    "high_freq_factor": 4,
    "original_max_position_embeddings": 64,
}


def test_a_plain_config_gives_the_defaults_of_its_family() -> None:
    assert decoder_config("m", LLAMA) == DecoderConfig(
        family="llama",
        vocab_size=300,
        hidden_size=48,
        intermediate_size=64,
        layers=3,
        heads=4,
        kv_heads=4,
        head_dim=12,
        rope=Rope(10_000.0, Unscaled()),
        norm_eps=1e-5,
        qkv_bias=False,
        output_bias=False,
        mlp_bias=False,
        tied=False,
        windows=(None, None, None),
        max_positions=128,
    )


@pytest.mark.parametrize(
    ("config", "windows"),
    [
        (MISTRAL, (7, 7, 7)),
        (MISTRAL | {"sliding_window": None}, (None, None, None)),
        (QWEN2 | {"sliding_window": 7, "max_window_layers": 1}, (None, None, None)),
        (QWEN2 | {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1}, (None, 7, 7)),
        (
            QWEN2
            | {
                "use_sliding_window": True,
                "sliding_window": 7,
                "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            },
            (7, None, 7),
        ),
    ],
)
def test_windows_are_read_layer_by_layer(config: dict[str, Any], windows: tuple[int | None, ...]) -> None:
    assert decoder_config("m", config).windows == windows


@pytest.mark.parametrize(
    ("change", "rope"),
    [
        ({"rope_theta": 5.0}, Rope(5.0, Unscaled())),
        ({"rope_theta": 5.0, "rope_scaling": {"type": "linear", "factor": 2}}, Rope(5.0, LinearScaling(2.0))),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 6}}, Rope(6.0, Unscaled())),
        (
            {"rope_theta": 5.0, "rope_parameters": LLAMA3 | {"rope_theta": 6}},
            Rope(6.0, Llama3Scaling(8.0, 1.0, 4.0, 64)),
        ),
        ({"rope_theta": 5.0, "rope_scaling": LLAMA3}, Rope(5.0, Llama3Scaling(8.0, 1.0, 4.0, 64))),
        (
            {"rope_scaling": LLAMA3, "original_max_position_embeddings": 32},
            Rope(10_000.0, Llama3Scaling(8.0, 1.0, 4.0, 32)),
        ),
    ],
)
def test_rope_is_read_in_both_spellings(change: dict[str, Any], rope: Rope) -> None:
    assert decoder_config("m", LLAMA | change).rope == rope


def _without(config: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != key}


@pytest.mark.parametrize(
    ("config", "words", "help_words"),
    [
        (LLAMA | {"model_type": "mamba"}, "`model_type` = 'mamba'", "`llama`, `mistral`, `mixtral`"),
        (_without(LLAMA, "model_type"), "`model_type` = None", "`qwen2`, `qwen3`"),
        (LLAMA | {"quantization_config": {"bits": 4}}, "quantised weights", "float32, float16 or bfloat16"),
        (LLAMA | {"model_type": "qwen3", "num_key_value_heads": 2}, "`head_dim`", "a whole number"),
        (MIXTRAL | {"num_experts_per_tok": 9}, "`num_experts_per_tok` = 9", ""),
        (GEMMA2 | {"hidden_activation": "silu"}, "`hidden_activation` = 'silu'", "gelu_pytorch_tanh"),
        (GEMMA2 | {"attention_bias": True}, "`attention_bias` = True", ""),
        (GEMMA2 | {"layer_types": ["full_attention"]}, "`layer_types`", ""),
        (GPT2 | {"scale_attn_by_inverse_layer_idx": True}, "`scale_attn_by_inverse_layer_idx` = True", ""),
        (GPT2 | {"n_head": 5}, "`n_head` = 5", ""),
        (LLAMA | {"partial_rotary_factor": 0.5}, "`partial_rotary_factor` = 0.5", ""),
        (LLAMA | {"hidden_act": "gelu"}, "`hidden_act` = 'gelu'", "known are `silu`"),
        (
            LLAMA | {"rope_scaling": {"type": "yarn", "factor": 2}},
            "does not say `rope_scaling.original_max_position_embeddings`",
            "a whole number",
        ),
        (
            LLAMA | {"rope_parameters": {"rope_type": "dynamic"}},
            "`rope_parameters.rope_type` = 'dynamic'",
            "`llama3`",
        ),
        (LLAMA | {"rope_parameters": {"mrope_section": [1]}}, "`rope_parameters.mrope_section`", "known are"),
        (
            LLAMA | {"rope_parameters": {"partial_rotary_factor": 0.5}},
            "`rope_parameters.partial_rotary_factor`",
            "",
        ),
        (LLAMA | {"partial_rotary_factor": 0.5}, "`partial_rotary_factor` = 0.5", ""),
        (
            LLAMA | {"rope_scaling": {"type": "linear"}},
            "does not say `rope_scaling.factor`",
            "a positive number",
        ),
        (
            LLAMA | {"rope_scaling": _without(LLAMA3, "low_freq_factor")},
            "does not say `rope_scaling.low_freq_factor`",
            "",
        ),
        (LLAMA | {"rope_scaling": LLAMA3 | {"high_freq_factor": 1}}, "above low_freq_factor", ""),
        (
            LLAMA | {"rope_scaling": _without(LLAMA3, "original_max_position_embeddings")},
            "original_max_position",
            "",
        ),
        (LLAMA | {"rope_scaling": LLAMA3, "rope_parameters": {"rope_type": "default"}}, "that differ", ""),
        (LLAMA | {"rope_scaling": "linear"}, "`rope_scaling` = 'linear'", ""),
        (LLAMA | {"rope_theta": -1}, "`rope_theta` = -1", ""),
        (_without(LLAMA, "rms_norm_eps"), "does not say `rms_norm_eps`", ""),
        (LLAMA | {"vocab_size": "300"}, "`vocab_size` = '300'", ""),
        (LLAMA | {"vocab_size": True}, "`vocab_size` = True", ""),
        (LLAMA | {"num_hidden_layers": 10**9}, "`num_hidden_layers` = 1000000000", ""),
        (LLAMA | {"num_attention_heads": 5}, "a divisor of hidden_size", ""),
        (LLAMA | {"num_key_value_heads": 3}, "a divisor of num_attention_heads", ""),
        (LLAMA | {"head_dim": 7}, "even", ""),
        (LLAMA | {"tie_word_embeddings": 1}, "`tie_word_embeddings` = 1", ""),
        (LLAMA | {"layer_types": ["full_attention"] * 3}, "`layer_types`", ""),
        (_without(MISTRAL, "sliding_window"), "does not say `sliding_window`", ""),
        (_without(MISTRAL, "num_key_value_heads"), "does not say `num_key_value_heads`", ""),
        (MISTRAL | {"sliding_window": 0}, "`sliding_window` = 0", ""),
        (QWEN2 | {"use_sliding_window": True, "sliding_window": 7}, "does not say `max_window_layers`", ""),
        (QWEN2 | {"layer_types": ["full_attention"]}, "`layer_types`", ""),
        (QWEN2 | {"layer_types": ["sliding_attention"] * 3}, "does not say `use_sliding_window`", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_architecture_that_is_not_understood_is_refused(
    config: dict[str, Any], words: str, help_words: str
) -> None:
    with pytest.raises(SpecError) as refused:
        decoder_config("m", config)
    diagnostic = refused.value.diagnostics[0]
    assert words in diagnostic.message + diagnostic.help
    assert help_words in diagnostic.help


def _refused(folder: Path, words: str) -> str:
    with pytest.raises(SpecError, match=words) as refused:
        open_checkpoint("m", Folder(folder), need="weights")
    return refused.value.diagnostics[0].help


def test_a_folder_that_is_absent_is_refused(tmp_path: Path) -> None:
    assert "--model m=FOLDER" in _refused(tmp_path / "none", "is no folder")


def test_the_demo_is_refused_where_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "files", lambda _package: tmp_path)
    with pytest.raises(SpecError, match="not part of this installation"):
        open_checkpoint("m", Demo(), need="tokenizer")


def test_the_demo_is_the_packaged_folder(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "specs").mkdir()
    own.rename(tmp_path / "specs" / "demo")
    monkeypatch.setattr(opening, "files", lambda _package: tmp_path)
    found = open_checkpoint("m", Demo(), need="weights")
    assert (found.place, found.revision, found.folder) == ("demo", None, tmp_path / "specs" / "demo")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "is not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"a": NaN}', "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b" " * (4 * 2**20 + 1), "more than 4 MiB"),
        (b'{"quantization_config": {"quant_method": "gptq"}}', r"is quantised \(gptq\)"),
        (b'{"quantization_config": 4}', "is quantised"),
    ],
    ids=["cut", "list", "nan", "bytes", "deep", "large", "gptq", "quantised"],
)
def test_a_config_that_cannot_be_used_is_refused(text: bytes, words: str, own: Path) -> None:
    (own / "config.json").write_bytes(text)
    _refused(own, words)


def test_a_folder_without_config_is_refused(own: Path) -> None:
    (own / "config.json").unlink()
    _refused(own, "has no file `config.json`")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth"])
def test_pickled_weights_are_refused_with_the_way_to_convert_them(name: str, own: Path) -> None:
    (own / "model.safetensors").rename(own / name)
    assert "save_pretrained" in _refused(own, f"has no safetensors files .it has `{name}`.")


def test_a_folder_without_weights_is_refused(own: Path) -> None:
    (own / "model.safetensors").unlink()
    _refused(own, "has no weights")


@pytest.mark.parametrize(
    "shard", ["../x.safetensors", "a/b.safetensors", "/etc/passwd", "..", "x.bin", "a\\b.safetensors", "", 3]
)
def test_an_index_that_leads_out_of_the_folder_is_refused(shard: object, own: Path) -> None:
    (own / "model.safetensors").unlink()
    (own / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    _refused(own, "not a plain safetensors file name")


@pytest.mark.parametrize("weight_map", [None, [], {}, "x"])
def test_an_index_without_a_map_is_refused(weight_map: object, own: Path) -> None:
    (own / "model.safetensors").unlink()
    (own / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    _refused(own, "without a `weight_map`")


def test_a_shard_that_is_absent_is_refused(own: Path) -> None:
    (own / "model.safetensors").rename(own / "model-1.safetensors")
    names = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    (own / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    _refused(own, "lacks the file `model-2.safetensors`")


Edit = Callable[[dict[str, np.ndarray]], object]
Q = "model.layers.1.self_attn.q_proj.weight"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t: t.pop(Q), f"lacks the tensor `{Q}`"),
        (lambda t: t.pop("lm_head.weight"), "lacks the tensor `lm_head.weight`"),
        (lambda t: t.update({Q: t[Q][:-1]}), rf"`{Q}` of shape \[47, 48\]; config.json implies \[48, 48\]"),
        (lambda t: t.update({Q: t[Q].astype(np.float64)}), f"stores the tensor `{Q}` as F64"),
        (lambda t: t.update({Q: t[Q].astype(np.int8)}), f"stores the tensor `{Q}` as I8"),
        (lambda t: t.update({Q[:-6] + "bias": t[Q][0]}), "q_proj.bias`, which its config.json gives no use"),
        (lambda t: t.update({Q.replace(".1.", ".3."): t[Q]}), "layers.3.self_attn.q_proj.weight`, which"),
    ],
    ids=["missing", "no head", "shape", "float64", "int8", "bias", "layer"],
)
def test_tensors_that_do_not_fit_the_config_are_refused_by_name(
    edit: Edit, words: str, own: Path, loaded: Callable[..., Decoder]
) -> None:
    tensors = load_file(own / "model.safetensors")
    edit(tensors)
    save_file(
        {name: np.ascontiguousarray(array) for name, array in tensors.items()}, own / "model.safetensors"
    )
    with pytest.raises(SpecError, match=words):
        loaded(own)


def test_a_tensor_in_two_files_is_refused(own: Path, loaded: Callable[..., Decoder]) -> None:
    tensors = load_file(own / "model.safetensors")
    (own / "model.safetensors").rename(own / "a.safetensors")
    save_file({Q: tensors[Q]}, own / "b.safetensors")
    index = {"weight_map": {Q: "b.safetensors", "lm_head.weight": "a.safetensors"}}
    (own / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(SpecError, match=f"holds the tensor `{Q}` in two files"):
        loaded(own)


@pytest.mark.parametrize("keep", [0, 7, 100, -4])
def test_a_damaged_file_is_refused(keep: int, own: Path, loaded: Callable[..., Decoder]) -> None:
    data = (own / "model.safetensors").read_bytes()
    (own / "model.safetensors").write_bytes(data[:keep])
    with pytest.raises(SpecError, match=r"damaged file `model\.safetensors`"):
        loaded(own)


def test_frequencies_stored_by_old_writers_are_ignored(own: Path, loaded: Callable[..., Decoder]) -> None:
    tensors = load_file(own / "model.safetensors")
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.ones(6, np.float32)
    save_file(tensors, own / "model.safetensors")
    assert loaded(own).config.layers == 3


@pytest.mark.parametrize("differs", [False, True])
def test_a_tied_table_may_be_stored_twice_but_not_differ(
    differs: bool, own: Path, loaded: Callable[..., Decoder], edit_config: Callable[..., None]
) -> None:
    edit_config(own, tie_word_embeddings=True)
    tensors = load_file(own / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"] + np.float32(differs)
    save_file(tensors, own / "model.safetensors")
    if not differs:
        assert loaded(own).head is None
        return
    with pytest.raises(SpecError, match="says that embeddings are tied"):
        loaded(own)


def test_an_opened_checkpoint_cannot_be_changed(own: Path, opened: Callable[[Path], Checkpoint]) -> None:
    with pytest.raises(TypeError):
        opened(own).config["model_type"] = "other"  # type: ignore[index]
