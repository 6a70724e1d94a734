"""Asks that are planned and cannot run yet: bounds against brute force, and one refusal for each construct."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from test_endtoend_plan_grid import DEMO, rich_world, write_rich
from worlds_on_disk import COUNTRIES, Said, World, edit, write_table

PROMPTS = """
prompt life(country: country) -> record {
  worries : list(text)
  weight  : share
} {
  user[en] "What worries people in {country}?"
}

prompt resident_with(item: small.items, worries: list(text), weight: share) -> choice(item.options) {
  user[en] "{weight|percent}:\\n{worries|bulleted}\\n{worries|inline}\\n{item.question}\\n{item.options|lettered}"
}

prompt asked(item: small.items, country: country) -> choice(item.options) {
  user[en] "In {country}: {item.question}\\n{item.options|lettered}"
}

prompt essay(country: country) -> text { user[en] "Write about {country}." }

prompt judged(words: text) -> choice(mood) { user[en] "Is this glad?\\n{words}\\n{words}" }

scale mood : nominal { glad "glad" sad "sad" }

audit later {
  seed = 3

  each item    in small.items where item.theme == work
  each country in country
  each repeat  in 1..3
  each session in waves(count = 2, every = 7d)
  each model   in models

  ask pressed = life(country) {
    model = model, per = [repeat], read = json(temperature = 0.8, max_tokens = 50), missing = retry(2)
  }
  ask final = resident_with(item, pressed.worries, pressed.weight) {
    model = model, read = sampled(temperature = 0.3, max_tokens = 8), parse = leading_letter, missing = drop
  }
  ask told = essay(country) {
    model = model, per = [session], read = text(temperature = 0.5, max_tokens = 40), missing = drop
  }
  ask felt = judged(told) { model = model, read = first_token }
  ask liked = asked(item, country) { model = model, read = option_likelihood(normalise = by_token) }
  ask talked = asked(item, country) {
    model = model
    read  = sampled(temperature = 0.0, max_tokens = 6)
    parse = leading_letter
    missing = drop
    history = turns(along = item, last = draw(0..2), clean = [answer, first_sentence])
  }

  measure refused by model : share = mean over item, country, repeat of is_missing(final)
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_rich(tmp_path, rich_world(), PROMPTS)


def facts(said: Said) -> dict[str, Any]:
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


class Counted:
    """Lengths of prompts by the tokenizer of the demo model."""

    def __init__(self) -> None:
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(DEMO)

    def text(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def prompt(self, content: str) -> int:
        turn = [{"role": "user", "content": content}]
        return self.text(self.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))


def labels(item: dict[str, Any]) -> list[str]:
    return [o["label"]["en"] for o in item["options"] if not o.get("missing")]


def question(item: dict[str, Any]) -> str:
    options = "\n".join(f"{'ABCDEFG'[i]}. {label}" for i, label in enumerate(labels(item)))
    return f"{item['question']['en']}\n{options}"


def work_items(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items if item["theme"] == "work"]


def test_each_ask_is_counted_by_stage_with_bounds_where_answers_are_not_there_yet(
    spec: Path, command: Callable[..., Said]
) -> None:
    found = {one["ask"]: one for one in facts(command("plan", spec, "--format", "json"))["asks"]}
    items, counted = work_items(rich_world()), Counted()
    assert {name: one["stage"] for name, one in found.items()} == {
        "pressed": 1, "told": 1, "liked": 1, "talked": 1, "final": 2, "felt": 2,
    }  # fmt: skip
    cells = {"pressed": 9, "final": 27, "told": 6, "felt": 6, "liked": 9, "talked": 9}
    assert {name: one["cells"] for name, one in found.items()} == cells
    assert {name: one["requests"] for name, one in found.items()} == cells
    assert {name: one["at_most"] for name, one in found.items()} == {
        "pressed": False, "told": False, "liked": False, "talked": True, "final": True, "felt": True,
    }  # fmt: skip
    life = [counted.prompt(f"What worries people in {name.title()}?") for name in COUNTRIES]
    assert (found["pressed"]["tokens_naive"], found["pressed"]["tokens_distinct"]) == (
        3 * sum(life),
        sum(life),
    )
    assert found["pressed"]["output_tokens"] == 9 * 50 * 3
    known = [counted.prompt(f"…:\n…\n…\n{question(item)}") for item in items]
    assert found["final"]["tokens_naive"] == sum(n + 3 * 50 for n in known) * len(COUNTRIES) * 3
    assert found["felt"]["tokens_naive"] == 6 * (counted.prompt("Is this glad?\n…\n…") + 2 * 40)
    asked = [counted.prompt(f"In {name.title()}: {question(item)}") for item in items for name in COUNTRIES]
    read = [sum(counted.text(label) - 1 for label in labels(item)) for item in items for _ in COUNTRIES]
    assert found["liked"]["tokens_distinct"] == sum(asked) + sum(read)
    assert found["liked"]["output_tokens"] == 0
    # A turn is a prompt, what was written of it, and an option that it may be told by: a label, and its words.
    named = 8 + max(counted.text(label) for item in items for label in labels(item))
    assert sum(asked) + 9 * 2 * (max(asked) + 6) < found["talked"]["tokens_naive"]
    assert found["talked"]["tokens_naive"] <= sum(asked) + 9 * 2 * (max(asked) + 6 + named)


def test_the_plan_as_text_names_stages_readers_and_bounds(spec: Path, command: Callable[..., Said]) -> None:
    said = command("plan", spec).out
    assert "stage 1    pressed: json(temperature 0.8, max_tokens 50)" in said
    assert "stage 2    final: sampled(temperature 0.3, max_tokens 8)" in said
    assert "in up to 3 tries each" in said
    assert "options are scored, nothing is written" in said
    assert said.index("liked: option_likelihood(by_token)") < said.index("stage 2    final")
    assert "requests   at most 66 distinct" in said


def test_tries_count_against_the_budget(spec: Path, command: Callable[..., Said]) -> None:
    said = command("plan", spec, "--max-requests", "83")
    assert said.code == 1
    assert "error[CY0705]" in said.err
    assert "84 requests; the limit is 83" in said.err
    assert "pressed: country 3 x repeat 3 x model 1 x tries 3" in said.err
    assert command("plan", spec, "--max-requests", "84").code == 0


RECORDED = """
audit recorded_answers {
  each item    in small.items
  each country in country

  ask reply = asked_of(item, country) { read = recorded(small.earlier.shares) }

  measure far by country : share = mean over item of m.tv(reply, uniform(item.options))
}

prompt asked_of(item: small.items, country: country) -> choice(item.options) {
  user[en] "In {country}: {item.question}"
}
"""


def test_recorded_answers_are_cells_without_requests(tmp_path: Path, command: Callable[..., Said]) -> None:
    world = rich_world()
    spec = write_rich(tmp_path, world, RECORDED)
    table = """  table earlier {
    source = jsonl("earlier.jsonl")

    item    : ref(items)
    country : country
    shares  : dist(item.options)
  }

  table answers {"""
    edit(spec, "  table answers {", table)
    rows = [
        {"item": item["item"], "country": code, "shares": np.full(n, 1 / n).tolist()}
        for item in world.items
        for code in COUNTRIES.values()
        for n in [len(item["options"])]
    ]
    write_table(tmp_path / "earlier.jsonl", rows)
    found = facts(command("plan", spec, "--format", "json"))
    assert (found["cells"], found["requests"], found["models"]) == (18, 0, [])
    assert "18 cells answered in the table, 0 requests" in command("plan", spec).out
    assert [one["answered"] for one in found["recorded"]] == [18]
