"""Runs the four methods on the demo model and on two random checkpoints of other families, in minutes on two cores.

    python scripts/methods/show.py build/methods

The checkpoints are made here: real architectures (Qwen2, Mistral), random weights, the demo model's tokenizer. What
they answer is noise; what is shown is that every stage, parser and measure of a method runs to its end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "specs" / "demo"
WIDTH, HEADS, LAYERS, MOST = 64, 4, 2, 2048
RUNS = {
    "first_token": ["-p", "themes=[political_interest]"],
    "def": ["-p", "themes=[trust]", "-p", "simulations=3", "-p", "memory=3", "-p", "words=24"],
    "dilemmas": [],
    "mark": ["-p", "words=60", "-p", "people=2"],
}


def write_checkpoint(folder: Path, family: str, seed: int) -> Path:
    """A random checkpoint of `family` that reads as many tokens as the longest prompt of the methods has."""
    folder.mkdir(parents=True, exist_ok=True)
    words = json.loads((DEMO / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    config = {
        "architectures": [f"{family.capitalize()}ForCausalLM"],
        "model_type": family,
        "vocab_size": words,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS // 2,
        "max_position_embeddings": MOST,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "torch_dtype": "float32",
        "sliding_window": None,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    settings = json.loads((DEMO / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings["model_max_length"] = MOST
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "tokenizer.json").write_bytes((DEMO / "tokenizer.json").read_bytes())
    save_file(
        _weights(np.random.default_rng(seed), words, biased=family == "qwen2"), folder / "model.safetensors"
    )
    return folder


def _weights(rng: np.random.Generator, words: int, *, biased: bool) -> dict[str, np.ndarray]:
    def normal(*size: int) -> np.ndarray:
        return rng.normal(0, 0.08, size).astype(np.float32)

    keys = WIDTH // 2
    found = {"model.embed_tokens.weight": normal(words, WIDTH), "lm_head.weight": normal(words, WIDTH)}
    found["model.norm.weight"] = 1 + normal(WIDTH)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, size in (("q", WIDTH), ("k", keys), ("v", keys)):
            found[f"{at}self_attn.{name}_proj.weight"] = normal(size, WIDTH)
            if biased:
                found[f"{at}self_attn.{name}_proj.bias"] = normal(size)
        found[f"{at}self_attn.o_proj.weight"] = normal(WIDTH, WIDTH)
        found[f"{at}mlp.gate_proj.weight"] = normal(2 * WIDTH, WIDTH)
        found[f"{at}mlp.up_proj.weight"] = normal(2 * WIDTH, WIDTH)
        found[f"{at}mlp.down_proj.weight"] = normal(WIDTH, 2 * WIDTH)
        found[f"{at}input_layernorm.weight"] = 1 + normal(WIDTH)
        found[f"{at}post_attention_layernorm.weight"] = 1 + normal(WIDTH)
    return found


def main() -> int:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/methods")
    places = [
        f"a={write_checkpoint(out / 'qwen2', 'qwen2', 1)}",
        f"b={write_checkpoint(out / 'mistral', 'mistral', 2)}",
    ]
    models = [word for place in places for word in ("--model", place)]
    for name, arguments in RUNS.items():
        began = time.monotonic()
        spec = str(ROOT / "specs" / "methods" / f"{name}.cycl")
        command = [
            sys.executable,
            "-m",
            "cyclspec",
            "run",
            spec,
            *models,
            *arguments,
            "--out",
            str(out / "runs"),
        ]
        print(f"\n== {name}", flush=True)
        done = subprocess.run([*command, "--quiet"], check=False)
        print(f"== {name}: exit {done.returncode} after {time.monotonic() - began:.0f} s", flush=True)
        if done.returncode not in (0, 3):
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
