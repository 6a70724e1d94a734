"""The plan: counts against brute force, prompts against transformers, refusals before anything is expanded."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import transformers
from transformers.utils import chat_template_utils
from worlds_on_disk import (
    BEGIN,
    CHAT,
    COUNTRIES,
    DATE_STRING,
    DATED,
    NO_SYSTEM,
    Said,
    World,
    edit,
    set_template,
    train_tokenizer,
    write_tokenizer,
)

import cyclspec

SHUFFLED = """
  ask other = resident(item, prompt_shuffled(country), lang = en) {
    model = model
    read  = first_token(labels = letters)
  }

  let human ="""


ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def facts(said: Said) -> dict[str, Any]:
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_plan_counts_equal_brute_force(place: Path, world: World, command: Callable[..., Said]) -> None:
    found = facts(command("plan", place, "--format", "json"))
    plan = cyclspec.load(place).plan()
    tokenizer = transformers.AutoTokenizer.from_pretrained(place.parent / "tiny")
    texts = [
        tokenizer.apply_chat_template(
            [
                {"role": "system", "content": f"You answer the way someone living in {name.title()} would."},
                {
                    "role": "user",
                    "content": "\n".join(
                        [
                            item["question"]["en"],
                            *(
                                f"{'ABCDEFGHIJ'[i]}. {option['label']['en']}"
                                for i, option in enumerate(item["options"][:-1])
                            ),
                            "Reply with a letter.",
                        ]
                    ),
                },
            ],
            tokenize=False,
            add_generation_prompt=True,
        )
        + "Answer:"
        for item in world.items
        for name in COUNTRIES
    ]
    ids = [tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
    lengths = list(map(len, ids))
    assert sorted(texts) == sorted(request.text for request in plan.requests)
    assert (found["cells"], found["requests"], found["tokens_naive"]) == (18, 18, sum(lengths))
    assert found["axes"] == {"item": 6, "country": 3, "model": 1}
    assert found["tokens_shared"] == len({one[:n] for one in ids for n in range(1, len(one) + 1)})
    assert found["programs"] == len(found["shapes"]) <= 3
    assert found["tokens_planned"] == sum(one["waves"] * one["wave"] for one in found["shapes"])
    assert found["tokens_planned"] >= found["tokens_shared"]
    assert "18 of them" not in command("plan", place).out
    assert not (place.parent / "out").exists()


def test_shuffled_prompts_add_cells_and_no_requests_where_all_countries_are_asked(
    place: Path, command: Callable[..., Said]
) -> None:
    alone = facts(command("plan", place, "--format", "json"))
    edit(place, "\n  let human =", SHUFFLED)
    both = facts(command("plan", place, "--format", "json"))
    assert (both["cells"], both["requests"]) == (2 * alone["cells"], alone["requests"])
    assert both["tokens_naive"] > alone["tokens_naive"]
    assert both["tokens_planned"] == alone["tokens_planned"]


def test_identical_prompts_are_asked_once(place: Path, command: Callable[..., Said]) -> None:
    text = place.read_text(encoding="utf-8")
    spec = text.replace("You answer the way someone living in {country} would.", "You answer.")
    spec = spec.replace(
        "{item.question}\\n{item.options|lettered}\\nReply",
        "{country.region} {item.question}\\n{item.options|lettered}\\nReply",
    )
    place.write_text(spec, encoding="utf-8")
    found = facts(command("plan", place, "--format", "json"))
    assert (found["cells"], found["requests"]) == (18, 12)


@pytest.mark.parametrize("command_name", ["plan", "run"])
def test_a_plan_over_its_budget_is_refused_with_its_factors(
    place: Path, out: Path, command: Callable[..., Said], command_name: str
) -> None:
    said = command(command_name, place, "--max-requests", "17", "--out", out)
    assert (said.code, said.out) == (1, "")
    assert "error[CY0705]" in said.err
    assert "18 requests; the limit is 17" in said.err
    assert "item 6 x country 3 x model 1" in said.err
    assert "--max-requests 18" in said.err
    assert not out.exists()
    assert command("plan", place, "--max-requests", "18").code == 0


def test_a_huge_grid_is_refused_before_it_is_expanded(place: Path, command: Callable[..., Said]) -> None:
    edit(place, "  each model   in models\n", "  each model   in models\n  each repeat in 1..900000\n")
    edit(place, "    model = model\n", "    model = model\n    per   = [repeat]\n")
    edit(place, "mean over item of 1 -", "mean over item, repeat of 1 -")
    edit(place, "mean over item of m.emd", "mean over item, repeat of m.emd")
    edit(place, "mean over item, country of", "mean over item, country, repeat of")
    started = time.monotonic()
    said = command("plan", place)
    assert said.code == 1
    assert "16 200 000 requests" in said.err, said.err
    assert time.monotonic() - started < 10


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime(2025, 1, 1, tzinfo=tz)


@pytest.mark.parametrize(
    "template", [CHAT, NO_SYSTEM, DATED, DATE_STRING], ids=["bos", "folded", "strftime", "date_string"]
)
def test_rendering_equals_the_chat_template_of_transformers(
    place: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    monkeypatch.setattr(chat_template_utils, "datetime", Fixed)
    write_tokenizer(place.parent / "tiny", train_tokenizer(begins=True), template)
    tokenizer = transformers.AutoTokenizer.from_pretrained(place.parent / "tiny")
    assert tokenizer("x")["input_ids"][0] == tokenizer.bos_token_id
    plan = cyclspec.load(place).plan()
    assert len(plan.requests) == 18
    for request in plan.requests:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        assert [m["role"] for m in messages] == ["system", "user"]
        if template == NO_SYSTEM:
            messages = [{"role": "user", "content": "\n\n".join(m["content"] for m in messages)}]
        assert request.system_folded is (template == NO_SYSTEM)
        expected = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, date_string="01 Jan 2025"
        )
        assert request.text == expected + "Answer:"
        assert list(request.token_ids) == tokenizer(request.text, add_special_tokens=False)["input_ids"]
        assert request.token_ids.count(tokenizer.bos_token_id) == template.count("bos_token")


def test_the_prefix_begins_the_turn_of_the_assistant(place: Path) -> None:
    for request in cyclspec.load(place).plan().requests:
        assert request.text.startswith(f"{BEGIN}<|system|>You answer")
        assert request.text.endswith("Reply with a letter.<|end|><|assistant|>Answer:")


@pytest.mark.parametrize("begins", [True, False])
def test_a_base_model_reads_plain_text_with_one_begin_token_where_its_tokenizer_adds_it(
    place: Path, command: Callable[..., Said], begins: bool
) -> None:
    write_tokenizer(place.parent / "tiny", train_tokenizer(begins=begins), CHAT)
    edit(
        place,
        '  model tiny = local("tiny")\n',
        '  factor tuning : nominal\n  model tiny = local("tiny") { tuning = base }\n',
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(place.parent / "tiny")
    for request in cyclspec.load(place).plan().requests:
        assert request.text == "\n\n".join([*(m.content for m in request.messages), "Answer:"])
        assert list(request.token_ids) == tokenizer(request.text)["input_ids"]
        assert request.token_ids.count(tokenizer.bos_token_id) == begins
    assert "plain text" in command("plan", place).out


def test_a_template_that_doubles_the_begin_token_is_refused(place: Path, refused: Callable[..., str]) -> None:
    set_template(place.parent / "tiny", "{{ bos_token }}" + CHAT)
    refused("CY0711", place, said="two beginning-of-sequence tokens")


@pytest.mark.parametrize(
    ("template", "code", "said"),
    [
        (
            ENDLESS,
            "CY0710",
            "more time or memory",
        ),
        ("{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}", "CY0711", "writes more than"),
        ("{{ 'x' * 4000000000 }}", "CY0711", ""),
        ("{{ messages.__class__.__mro__ }}", "CY0711", "SecurityError"),
        ("{% if %}", "CY0711", "TemplateSyntaxError"),
        ("{{ raise_exception('\x1b[31mno') }}", "CY0711", "no"),
    ],
    ids=["endless", "long", "large", "unsafe", "broken", "refuses"],
)
def test_a_hostile_chat_template_is_refused_quickly(
    place: Path, refused: Callable[..., str], template: str, code: str, said: str
) -> None:
    set_template(place.parent / "tiny", template)
    started = time.monotonic()
    message = refused(code, place, said=said)
    assert time.monotonic() - started < 15
    assert "\x1b" not in message
    assert "tiny" in message


def counted(world: World, row: Any, *, count: bool) -> np.ndarray:
    """The people's shares over all options of an item, missing ones last."""
    frame = world.frame()
    frame = frame[(frame["item"] == row.item) & (frame["country"] == COUNTRIES[row.country])]
    sums = frame.groupby("value")["weight"].sum().reindex(world.codes(row.item, missing=True)).fillna(0.0)
    shares = sums.to_numpy() * np.array([1.0] * (len(sums) - 1) + [float(count)])
    found: np.ndarray = shares / shares.sum()
    return found


@pytest.mark.parametrize("offer", [True, False])
@pytest.mark.parametrize("count", [True, False])
def test_offering_and_counting_missing_options_are_two_settings(
    place: Path, out: Path, world: World, command: Callable[..., Said], offer: bool, count: bool
) -> None:
    words = f"  offer_missing = {offer}\n  count_missing = {count}\n".lower()
    edit(place, "  seed  = 11\n", f"  seed  = 11\n{words}")
    if count:
        assert "CY0202" in command("check", place).out  # don't know has no place on an ordered scale
        edit(place, "m.emd_norm(", "m.tv(")
    said = command("run", place, "--out", out, "--quiet")
    assert said.code == 0, said.err
    run = cyclspec.open_run(out)
    distances = []
    for row in run.answers.to_pandas().itertuples():
        assert list(row.codes) == world.codes(row.item, missing=offer)
        reply = np.array([*row.probs] if offer else [*row.probs, 0.0], dtype=np.float64)
        if not count:
            reply[-1] = 0.0
        distances.append(abs(reply / reply.sum() - counted(world, row, count=count)).sum() / 2)
    measures = run.measures.to_pandas().set_index("measure")["value"]
    assert measures["distance"] == pytest.approx(float(np.mean(distances)), abs=1e-6)
    assert isinstance(measures, pd.Series)
