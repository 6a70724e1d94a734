"""Label ids against the tokenizer by hand, and labels that no first token can tell apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from worlds_on_disk import CHAT, END, PAD, Said, edit, set_template, train_tokenizer, write_tokenizer

import cyclspec
from cyclspec.compiler.plan.reads import Labels

UNION = "first_token(labels = letters, variants = union)"


def single(tokenizer: transformers.PreTrainedTokenizerFast, text: str, label: str) -> int:
    """The one id that a label adds to a text."""
    before = tokenizer(text, add_special_tokens=False)["input_ids"]
    after = tokenizer(text + label, add_special_tokens=False)["input_ids"]
    assert after[:-1] == before
    found: int = after[-1]
    return found


def test_exact_takes_the_token_that_the_label_gets_after_the_prefix(place: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(place.parent / "tiny")
    for request in cyclspec.load(place).plan().requests:
        expected = tuple(
            (single(tokenizer, request.text, f" {label}"),) for label in "ABCDE"[: len(request.labels)]
        )
        assert request.read == Labels(expected)
        assert tokenizer.convert_ids_to_tokens([ids[0] for ids in expected])[:2] == ["ĠA", "ĠB"]


def test_exact_takes_the_bare_token_at_the_start_of_a_line(place: Path) -> None:
    edit(place, '  prefix "Answer:"', '  prefix "Answer:\\n"')
    tokenizer = transformers.AutoTokenizer.from_pretrained(place.parent / "tiny")
    for request in cyclspec.load(place).plan().requests:
        assert request.text.endswith("Answer:\n")
        tokens = tokenizer.convert_ids_to_tokens([ids[0] for ids in request.read.ids])
        assert tokens == list("ABCDE"[: len(request.labels)])


def test_union_takes_the_forms_with_and_without_a_space(place: Path) -> None:
    edit(place, "first_token(labels = letters)", UNION)
    tokenizer = transformers.AutoTokenizer.from_pretrained(place.parent / "tiny")
    for request in cyclspec.load(place).plan().requests:
        for label, ids in zip("ABCDE", request.read.ids, strict=False):
            assert set(ids) == {
                single(tokenizer, request.text, label),
                single(tokenizer, request.text, f" {label}"),
            }
            assert len(ids) == 2


def test_union_sums_both_forms_in_the_answer(place: Path, out: Path, command: Callable[..., Said]) -> None:
    import torch

    edit(place, "first_token(labels = letters)", UNION)
    assert command("run", place, "--out", out, "--quiet").code == 0
    run = cyclspec.open_run(out)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        place.parent / "tiny", dtype=torch.float32
    ).eval()
    masses = dict(zip(run.answers["request"].to_pylist(), run.answers["mass"].to_pylist(), strict=True))
    for row in run.requests.to_pylist()[:6]:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([row["token_ids"]])).logits[0, -1].double()
        ids = [i for both in row["label_ids"] for i in both]
        assert masses[row["request"]] == pytest.approx(float(torch.softmax(logits, -1)[ids].sum()), abs=1e-5)


def test_labels_of_several_tokens_are_refused(place: Path, refused: Callable[..., str]) -> None:
    write_tokenizer(place.parent / "tiny", train_tokenizer(spaced=False), CHAT)
    said = refused("CY0704", place, said="not single tokens")
    assert "Answer: A` is more than one token for tiny" in said
    assert "try `variants = union`" in said
    assert "audit.cycl:" in said


def test_numbers_past_nine_are_refused_with_the_condition_that_leaves_them_out(
    place: Path, refused: Callable[..., str]
) -> None:
    items = place.parent / "items.jsonl"
    options = ", ".join(f'{{"code": "{i}", "label": {{"en": "n{i}", "es": "n{i}"}}}}' for i in range(1, 11))
    row = (
        f'{{"item": "long", "question": {{"en": "?", "es": "?"}}, "options": [{options}], "theme": "work"}}\n'
    )
    items.write_text(items.read_text(encoding="utf-8") + row, encoding="utf-8")
    edit(place, "labels = letters", "labels = numbers")
    edit(place, '  prefix "Answer:"', '  prefix "Answer:\\n"')
    said = refused("CY0704", place)
    assert "10` is more than one token" in said
    assert "where size(item.options) <= 9" in said


def test_labels_that_share_a_token_are_refused(place: Path, refused: Callable[..., str]) -> None:
    words = Tokenizer(
        models.WordLevel({PAD: 0, "<|begin|>": 1, END: 2, "[UNK]": 3, "Answer": 4, ":": 5}, "[UNK]")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    write_tokenizer(place.parent / "tiny", words, CHAT)
    said = refused("CY0704", place, said="not distinct tokens")
    assert "`A` and `B` share a token for tiny" in said


def test_a_prompt_longer_than_the_model_reads_is_refused(place: Path, refused: Callable[..., str]) -> None:
    set_template(
        place.parent / "tiny", CHAT.replace("{{ bos_token }}", "{{ bos_token }}" + "many words " * 300)
    )
    refused("CY0711", place, said="which reads at most 512")
