"""Likelihoods of whole options: a run against torch, by every normalisation and both rules of the boundary."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from harness import as_harness, as_joint, token_logprobs
from scipy.special import softmax
from worlds_on_disk import Said, World, edit, make_world, write_world

import cyclspec

WORDS = {
    "q000": ("yes", "yes, often"),
    "q001": ("非常重要", "有点重要", "不重要"),
    "q002": ("Strongly agree", "Strongly disagree", "Agree", "Neither agree nor disagree"),
    "q003": ("naïve café", "重要ではない", "so", "so so", "so so so"),
    "q004": ("A", "a"),
    "q005": ("often at home", "often at work", "never"),
}


def worded() -> World:
    """The small world with options of many lengths, beginnings and scripts."""
    world = make_world()
    items = [json.loads(json.dumps(item)) for item in world.items]
    for item in items:
        words = WORDS[item["item"]]
        for option, word in zip(item["options"], words, strict=False):
            option["label"] = {"en": word, "es": word}
        assert len(words) == len(item["options"]) - 1
    return replace(world, items=items)


@dataclass(frozen=True)
class Oracle:
    """The checkpoint in torch, and its tokenizer as the harness calls it."""

    model: Any
    tokenizer: Any
    sums: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = field(default_factory=dict)

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def sum_of(self, before: list[int], ids: list[int]) -> float:
        """The log-probability of an option, each computed once."""
        key = (tuple(before), tuple(ids))
        if key not in self.sums:
            self.sums[key] = float(token_logprobs(self.model, before, ids).sum())
        return self.sums[key]

    def score(
        self, boundary: str, normalise: str, text: str, words: list[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sums of log-probabilities, and what the shares are made of."""
        rule = as_harness if boundary == "harness" else as_joint
        before, options = rule(self.encode, text, words)
        sums = np.array([self.sum_of(before, ids) for ids in options])
        match normalise:
            case "by_token":
                return sums, sums / [len(ids) for ids in options]
            case "by_byte":
                return sums, sums / [len(word.encode("utf-8")) for word in words]
            case "unconditional":
                begin = [self.tokenizer.bos_token_id]
                return sums, sums - [self.sum_of(begin, ids) for ids in options]
        return sums, sums


@pytest.fixture(scope="session")
def oracle(checkpoint: Path) -> Oracle:
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    return Oracle(model, transformers.AutoTokenizer.from_pretrained(checkpoint))


RULES = [(n, b) for n in ("none", "by_token", "by_byte", "unconditional") for b in ("joint", "harness")]
PROMPTS = """
prompt spaced(item: small.items, country: country) -> choice(item.options) {
  user[en] "In {country}: {item.question}\\n{item.options|bulleted}"
  prefix "Answer: "
}

prompt lined(item: small.items, country: country) -> choice(item.options) {
  user[en] "In {country}: {item.question}"
  prefix "Answer:\\n"
}
"""
HEAD = """
audit first {
  seed = 11
  each item    in small.items
  each country in country where country == avria
  each model   in models
"""


def audit_of(*asks: str) -> str:
    return "\n".join([HEAD, *asks, "}", PROMPTS])


def ask(name: str, prompt: str, reader: str) -> str:
    lang = ", lang = en" if prompt == "resident" else ""
    return f"  ask {name} = {prompt}(item, country{lang}) {{ model = model, read = {reader} }}"


def reader_of(normalise: str, boundary: str) -> str:
    return f"option_likelihood(normalise = {normalise}, boundary = {boundary})"


def spec_with(folder: Path, checkpoint: Path, *asks: str) -> Path:
    """The worded world with some asks; the path of the spec."""
    spec = write_world(folder, worded(), audit=audit_of(*asks))
    if not (folder / "tiny").exists():
        shutil.copytree(checkpoint, folder / "tiny")
    return spec


def answers(run: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = run.answers.to_pylist()
    texts = dict(zip(run.requests["request"].to_pylist(), run.requests["text"].to_pylist(), strict=True))
    return [{**row, "text": texts[row["request"]]} for row in rows]


def test_answers_agree_with_torch_by_every_rule(
    tmp_path: Path, checkpoint: Path, oracle: Oracle, command: Callable[..., Said]
) -> None:
    asks = [
        ask(f"{prompt}__{normalise}__{boundary}", prompt, reader_of(normalise, boundary))
        for prompt in ("resident", "spaced", "lined")
        for normalise, boundary in RULES
    ]
    spec = spec_with(tmp_path, checkpoint, *asks)
    said = command("run", spec, "--out", tmp_path / "out", "--quiet")
    assert said.code == 0, said.err
    rows = answers(cyclspec.open_run(tmp_path / "out"))
    assert len(rows) == 6 * len(asks)
    for row in rows:
        _, normalise, boundary = row["ask"].split("__")
        assert row["status"] == "answered"
        assert row["options"] == list(WORDS[row["item"]])
        sums, scores = oracle.score(boundary, normalise, row["text"], row["options"])
        np.testing.assert_allclose(row["logprobs"], sums, rtol=0, atol=1e-4)
        np.testing.assert_allclose(row["probs"], softmax(scores), rtol=0, atol=1e-5)


def test_mass_is_the_probability_that_a_text_begins_with_an_option(
    tmp_path: Path, checkpoint: Path, command: Callable[..., Said]
) -> None:
    spec = spec_with(tmp_path, checkpoint, ask("reply", "resident", "option_likelihood"))
    assert command("run", spec, "--out", tmp_path / "out", "--quiet").code == 0
    for row in cyclspec.open_run(tmp_path / "out").answers.to_pylist():
        counted = {
            "q000": ["yes"],
            "q003": ["na\u00efve caf\u00e9", "\u91cd\u8981\u3067\u306f\u306a\u3044", "so"],
        }
        kept = counted.get(row["item"], WORDS[row["item"]])
        logs = [log for word, log in zip(row["options"], row["logprobs"], strict=True) if word in kept]
        assert row["mass"] == pytest.approx(np.exp(logs).sum(), rel=1e-5)


def test_another_normalisation_asks_nothing_anew_and_says_so(
    tmp_path: Path, checkpoint: Path, command: Callable[..., Said]
) -> None:
    def asked(normalise: str) -> str:
        spec = spec_with(tmp_path, checkpoint, ask("reply", "resident", reader_of(normalise, "joint")))
        return command("run", spec, "--out", tmp_path / "out", "--quiet").err

    first = asked("none")
    assert "6 asked, 0 reused" in first
    assert "warning[CY0714]" in first
    assert "`so` begins `so so` for tiny" in first
    for normalise in ("by_token", "by_byte", "none"):
        assert "0 asked, 6 reused" in asked(normalise)
    last = asked("unconditional")
    assert "6 asked, 0 reused" in last
    assert "CY0714" not in last


@pytest.mark.parametrize("normalise", ["by_token", "unconditional"])
def test_the_tokens_of_a_plan_are_counted_exactly(
    normalise: str, tmp_path: Path, checkpoint: Path, oracle: Oracle
) -> None:
    asks = (
        ask("one", "resident", reader_of(normalise, "joint")),
        ask("two", "spaced", reader_of(normalise, "joint")),
    )
    planned = cyclspec.load(spec_with(tmp_path, checkpoint, *asks)).plan()
    words = {tuple(words) for words in WORDS.values()}
    begin = [oracle.tokenizer.bos_token_id]
    texts: set[tuple[int, ...]] = set()
    counted = 0
    for request in planned.requests:
        assert request.labels in words
        before, ids = as_joint(oracle.encode, request.text, request.labels)
        alone = [begin] if normalise == "unconditional" else []
        counted += len(before) + sum(len(head) + len(one) - 1 for head in [[], *alone] for one in ids)
        texts |= {(*head, *one[:-1]) for head in [before, *alone] for one in ids}
    assert planned.tokens_distinct == planned.tokens_naive == counted
    assert planned.tokens_shared == len({text[:n] for text in texts for n in range(1, len(text) + 1)})
    assert planned.tokens_shared <= planned.tokens_planned


def test_the_requests_table_holds_what_is_needed_to_ask_again(
    tmp_path: Path, checkpoint: Path, oracle: Oracle, command: Callable[..., Said]
) -> None:
    spec = spec_with(tmp_path, checkpoint, ask("reply", "lined", reader_of("unconditional", "harness")))
    assert command("run", spec, "--out", tmp_path / "out", "--quiet").code == 0
    for row in cyclspec.open_run(tmp_path / "out").requests.to_pylist():
        before, ids = as_harness(oracle.encode, row["text"], row["options"])
        assert (row["read"], row["label_ids"]) == ("options", None)
        assert (row["token_ids"], row["option_ids"]) == (before, ids)
        assert row["option_bytes"] == [len(word.encode("utf-8")) for word in row["options"]]
        assert row["context_ids"] == [oracle.tokenizer.bos_token_id]


def test_a_model_without_a_token_that_begins_or_ends_a_text_has_no_unconditional_likelihood(
    tmp_path: Path, checkpoint: Path, command: Callable[..., Said]
) -> None:
    spec = spec_with(tmp_path, checkpoint, ask("reply", "lined", reader_of("unconditional", "joint")))
    edit(tmp_path / "tiny" / "chat_template.jinja", "{{ bos_token }}", "")
    settings = tmp_path / "tiny" / "tokenizer_config.json"
    facts = json.loads(settings.read_text(encoding="utf-8"))
    for name in ("bos_token", "eos_token"):
        del facts[name]
    settings.write_text(json.dumps(facts), encoding="utf-8")
    said = command("plan", spec)
    assert said.code == 1
    assert "error[CY0710]" in said.err
    assert "no token that begins or ends a text" in said.err


def test_an_option_that_makes_a_prompt_too_long_is_refused(
    tmp_path: Path, checkpoint: Path, command: Callable[..., Said]
) -> None:
    spec = spec_with(tmp_path, checkpoint, ask("reply", "lined", reader_of("none", "joint")))
    assert command("plan", spec).code == 0
    edit(spec.parent / "items.jsonl", "Strongly disagree", "Strongly disagree " * 60)
    said = command("plan", spec)
    assert said.code == 1
    assert "error[CY0711]" in said.err
    assert "which reads at most 512" in said.err
