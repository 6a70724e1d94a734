"""Prompts with earlier turns: rendered as transformers renders them, asked, shown, and refused without a template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import transformers
from worlds_on_disk import CHAT, NO_SYSTEM, Said, edit, set_template, train_tokenizer, write_tokenizer

import cyclspec

ONE = '  user[en] "{item.question}\\n{item.options|lettered}\\nReply with a letter."\n'
SHOTS = (
    '  user[en] "Is {country} a country?\\nA. Yes\\nB. No"\n  user[es] "¿Es {country} un país?"\n'
    '  assistant "A"\n'
    '  user[en] "Is the sea dry?\\nA. Yes\\nB. No"\n  user[es] "¿Está seco el mar?"\n'
    '  assistant[en] "B"\n  assistant[es] "B, claro"\n'
)
ROLES = ["system", "user", "assistant", "user", "assistant", "user"]
# What many templates do: they refuse whatever does not alternate.
STRICT = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message.role == 'user') != (loop.index0 % 2 == 1) and message.role != 'system' %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def few_shot(place: Path) -> Path:
    """The small world, whose prompt shows two questions and their answers first."""
    edit(place, ONE, SHOTS + ONE)
    return place


@pytest.mark.parametrize("template", [CHAT, NO_SYSTEM, STRICT], ids=["chat", "folded", "strict"])
def test_earlier_turns_are_rendered_in_their_order_as_transformers_does(
    few_shot: Path, template: str
) -> None:
    write_tokenizer(few_shot.parent / "tiny", train_tokenizer(), template)
    tokenizer = transformers.AutoTokenizer.from_pretrained(few_shot.parent / "tiny")
    plan = cyclspec.load(few_shot).plan()
    assert len(plan.requests) == 18
    for request in plan.requests:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        assert [m["role"] for m in messages] == ROLES
        assert messages[2]["content"] == "A"
        assert messages[3]["content"] == "Is the sea dry?\nA. Yes\nB. No"
        assert request.system_folded is (template == NO_SYSTEM)
        if template == NO_SYSTEM:
            first = {"role": "user", "content": "\n\n".join(m["content"] for m in messages[:2])}
            messages = [first, *messages[2:]]
        expected = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert request.text == expected + "Answer:"


def test_an_audit_with_earlier_turns_is_asked_and_scored(
    few_shot: Path, out: Path, command: Callable[..., Said]
) -> None:
    said = command("run", few_shot, "--out", out)
    assert said.code == 0, said.err
    assert "18 asked, 0 reused" in said.err
    requests = pq.read_table(next(out.glob("*/requests*"))).to_pylist()
    assert {tuple(m["role"] for m in row["messages"]) for row in requests} == {tuple(ROLES)}
    assert "18 reused" in command("run", few_shot, "--out", out).err


def test_each_language_has_its_own_turns(few_shot: Path, command: Callable[..., Said]) -> None:
    edit(few_shot, "lang = en)", "lang = es)")
    said = command("explain", few_shot, "--prompt", "country=corvin", "--no-tokens")
    assert said.code == 0, said.err
    assert "¿Es Corvín un país?" in said.out
    assert "B, claro" in said.out
    headings = [
        line.strip() for line in said.out.split("\n") if line.strip() in ("system", "user", "assistant")
    ]
    assert headings == ROLES


def test_a_base_model_reads_earlier_turns_as_paragraphs(few_shot: Path) -> None:
    edit(
        few_shot,
        '  model tiny = local("tiny")\n',
        '  factor tuning : nominal\n  model tiny = local("tiny") { tuning = base }\n',
    )
    for request in cyclspec.load(few_shot).plan().requests:
        assert request.text == "\n\n".join([*(m.content for m in request.messages), "Answer:"])


def test_a_model_without_a_template_has_no_place_for_earlier_turns(
    few_shot: Path, refused: Callable[..., str]
) -> None:
    edit(few_shot, '  system[en] "You answer the way someone living in {country} would."\n', "")
    edit(few_shot, '  system[es] "Responde como alguien que vive en {country}."\n', "")
    set_template(few_shot.parent / "tiny", None)
    assert "tuning = base" in refused("CY0710", few_shot, said="needs one for its `assistant` message")
