"""What a simulation draws, and what a prompt is told of earlier texts and of people, against what was asked."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from scripted import Scripted, run

from cyclspec import pipeline
from cyclspec.compiler.plan.requests import Request
from cyclspec.runtime.store.runs import Run

SPEC = """
cycl 1

axis land : nominal { north, south }
scale verdict : nominal { fails "Yes" holds "No" }

corpus small {
  table items {
    source  = jsonl("items.jsonl")
    item    : key
    question : text
    options : scale(ordinal, 4..4)
  }
  table people {
    source = csv("people.csv")
    person : key
    land   : land
  }
  table answers {
    source = csv("answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }
  table regions {
    source = csv("regions.csv")
    place  : key
    land   : land
  }
}

prompt living(place: small.regions, shown: order(small.items.options), item: small.items) -> choice(shown) {
  user "You live at {place.place}. {item.question}\\n{shown|lettered}"
}
prompt judged(said: text, item: small.items, verdict: order(verdict)) -> choice(verdict) {
  user "Judge: {said}\\n{verdict|lettered}"
}
prompt knowing(person: small.people, view: choice(small.items.options), item: small.items) -> choice(item.options) {
  user "{person.person} said: {view}. {item.question}\\n{item.options|lettered}"
}

panel models { model tiny = demo() }

audit drawing {
  seed = 5
  each item    in small.items
  each person  in small.people
  each time    in 1..12
  each place   in draw(small.regions, per = time) where place.land == north
  each shown   in draw(permutations(item.options), per = time)
  each heat    in draw([0.0, 0.5], per = time)
  each verdict in permutations(verdict, n = 1, keep = identity)
  each model   in models

  ask reply = living(place, shown, item) {
    model = model, per = [time], read = sampled(temperature = heat, max_tokens = 12), missing = keep
  }
  ask found = judged(reply.text[time: 1], item, verdict) {
    model = model, read = sampled(temperature = 0.0, max_tokens = 4), missing = drop
  }
  ask told = knowing(person, small.answers.value[item: "q2"], item) {
    model = model, read = sampled(temperature = 0.0, max_tokens = 4), missing = drop
  }
  measure unread by item : share = mean over time, model of is_missing(reply)
  measure judged by item : share = mean over model, verdict of is_missing(found)
  measure untold by person : share = mean over item, model of is_missing(told)
}
"""
WORDS = ("never", "seldom", "often", "always")
LABELS = "ABCD"


def say(request: Request) -> str:
    """A letter that hangs on the prompt alone, said in words that a judge can be told."""
    text = request.messages[-1].content
    if text.startswith("Judge"):
        return "A"
    return f"{LABELS[len(text) % 4]}, for {len(text)} reasons"


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("draws")
    options = [{"code": str(at), "label": word} for at, word in enumerate(WORDS, 1)]
    items = [
        {"item": name, "question": f"How often {name}?", "options": options} for name in ("q1", "q2", "q3")
    ]
    (folder / "items.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in items), encoding="utf-8")
    (folder / "people.csv").write_text("person,land\nann,north\nbo,north\ncy,south\n", encoding="utf-8")
    (folder / "answers.csv").write_text(
        "item,person,value\nq1,ann,1\nq2,ann,3\nq2,bo,4\nq3,cy,2\n", encoding="utf-8"
    )
    places = "".join(f"{land}{at},{land}\n" for land in ("north", "south") for at in range(5))
    (folder / "regions.csv").write_text(f"place,land\n{places}", encoding="utf-8")
    path = folder / "audit.cycl"
    path.write_text(SPEC.lstrip(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(spec: Path) -> Run:
    return run(spec, spec.parent / "out", Scripted(say=say))[0]


def cells(found: Run, ask: str) -> list[dict[str, Any]]:
    """The answers of an ask, each with its request."""
    asked = {row["request"]: row for row in found.requests.to_pylist()}
    return [
        {**row, "asked": asked.get(row["request"])} for row in found.answers.to_pylist() if row["ask"] == ask
    ]


def prompt(cell: dict[str, Any]) -> str:
    return str(cell["asked"]["messages"][-1]["content"])


def test_a_draw_is_from_the_levels_that_its_condition_keeps(found: Run) -> None:
    places = defaultdict(set)
    for cell in cells(found, "reply"):
        places[cell["time"]].add(prompt(cell).split(".")[0])
    assert all(len(drawn) == 1 for drawn in places.values()), "one place for each time, whatever the item"
    drawn = set[str]().union(*places.values())
    assert len(drawn) > 1 and all("north" in place for place in drawn)


def test_an_order_is_drawn_anew_for_each_item_and_undone_before_answers_are_counted(found: Run) -> None:
    orders = set()
    for cell in cells(found, "reply"):
        shown = [line[3:] for line in prompt(cell).split("\n")[1:]]
        assert sorted(shown) == sorted(WORDS)
        orders.add(tuple(shown))
        letter = cell["text"][0]
        assert cell["choice"] == str(WORDS.index(shown[LABELS.index(letter)]) + 1)
        assert cell["options"] == list(WORDS)
    assert len(orders) > 8


def test_a_temperature_is_that_of_its_cell(found: Run) -> None:
    heats = defaultdict(set)
    for cell in cells(found, "reply"):
        heats[cell["time"]].add(cell["asked"]["temperature"])
        assert (cell["asked"]["seed"] is None) == (cell["asked"]["temperature"] == 0)
    assert all(len(drawn) == 1 for drawn in heats.values())
    assert set[float]().union(*heats.values()) == {0.0, 0.5}


def test_a_temperature_out_of_range_is_told_of_before_anything_is_planned(spec: Path) -> None:
    hot = spec.with_name("hot.cycl")
    hot.write_text(spec.read_text("utf-8").replace("draw([0.0, 0.5]", "draw([0.0, 500.0]"), encoding="utf-8")
    assert [one.code for one in pipeline.check(hot).errors] == ["CY0503"]


def test_a_judge_reads_the_whole_text_and_not_the_option_alone(found: Run) -> None:
    first = {cell["item"]: cell["text"] for cell in cells(found, "reply") if cell["time"] == "1"}
    judged = cells(found, "found")
    assert len(judged) == 3
    for cell in judged:
        assert prompt(cell).startswith(f"Judge: {first[cell['item']]}\n")
        assert "reasons" in first[cell["item"]]
        assert cell["choice"] == "fails"


def test_a_person_is_told_with_their_own_answer_and_not_asked_without(found: Run) -> None:
    told = cells(found, "told")
    assert len(told) == 9
    for cell in told:
        if cell["person"] == "cy":
            assert cell["status"] == "missing" and cell["reason"] == "no value" and cell["asked"] is None
            continue
        view = {"ann": "often", "bo": "always"}[cell["person"]]
        assert prompt(cell).startswith(f"{cell['person']} said: {view}.")
    untold = {row["person"]: row["value"] for row in found.measures.to_pylist() if row["measure"] == "untold"}
    assert untold == {"ann": 0, "bo": 0, "cy": 1}
