"""`where not is_missing(..)`: a grid of the combinations that have people, or a value, and of no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cyclspec import pipeline
from cyclspec.compiler.plan.budget import count_cells
from cyclspec.language.diagnostics import SpecError

SPEC = """cycl 1

import std.metrics as m version "1"

axis country : nominal { avria, belmar, corvin }

corpus small {
  table items {
    source   = jsonl("items.jsonl")
    item     : key
    question : text
    options  : scale(ordinal, 2..5)
    battery  : nominal?
  }
  table people {
    source  = csv("people.csv")
    person  : key
    country : country
  }
  table answers {
    source = csv("answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }
  table shares {
    source  = jsonl("shares.jsonl")
    item    : ref(items)
    country : country
    share   : dist(item.options)
  }
  table overall {
    source = jsonl("overall.jsonl")
    item   : ref(items)
    share  : dist(item.options)
  }
}

prompt ask_item(item: small.items, country: country) -> choice(item.options) {
  user "{country}: {item.question} {item.options|lettered}"
}
panel models { model tiny = demo() }

audit grid {
  EACHES
  each model in models
  ask reply = ask_item(item, country) { model = model, read = first_token }
  let human = small.shares.share
  measure far by country : share = mean over item of m.js_distance(uniform(item.options), human)
  measure near by model, country : share = mean over item of 1 - m.js_distance(reply, human)
  check label_mass = (min over item, country of reply.mass) >= 0%
}
"""
ITEMS, COUNTRIES = "each item in small.items", "each country in country"
PUBLISHED = "not is_missing(small.shares.share)"
ASKED = "not is_missing((share over person by country of small.answers.value))"
CELLS = {("q0", "avria"), ("q0", "belmar"), ("q1", "avria"), ("q2", "corvin")}


def write(folder: Path, eaches: str) -> Path:
    """Four items and three countries; distributions and answers in four of their twelve cells, of which q3 has none."""

    def lines(name: str, rows: list[dict[str, object]]) -> None:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    battery = [{"battery": "b"} if i == 1 else {} for i in range(4)]
    lines(
        "items.jsonl",
        [{"item": f"q{i}", "question": "Is it?", "options": ["yes", "no"], **battery[i]} for i in range(4)],
    )
    share = {"yes": 0.25, "no": 0.75}
    lines("shares.jsonl", [{"item": i, "country": c, "share": share} for i, c in sorted(CELLS)])
    lines("overall.jsonl", [{"item": f"q{i}", "share": share} for i in (0, 2)])
    people = "".join(f"{c[0]},{c}\n" for c in ("avria", "belmar", "corvin"))
    (folder / "people.csv").write_text(f"person,country\n{people}", encoding="utf-8")
    answers = "".join(f"{i},{c[0]},yes\n" for i, c in sorted(CELLS))
    (folder / "answers.csv").write_text(f"item,person,value\n{answers}", encoding="utf-8")
    spec = folder / "audit.cycl"
    spec.write_text(SPEC.replace("EACHES", eaches), encoding="utf-8")
    return spec


def opened(folder: Path, eaches: str) -> pipeline.Opened:
    context = pipeline.check(write(folder, eaches)).require()
    return pipeline.open_data(context, pipeline.choose(context, None))


def refused(folder: Path, eaches: str) -> list[str]:
    with pytest.raises(SpecError) as error:
        opened(folder, eaches)
    return [one.code for one in error.value.diagnostics]


@pytest.mark.parametrize("condition", [PUBLISHED, ASKED])
@pytest.mark.parametrize("last", ["country", "item"])
def test_only_combinations_with_people_are_asked(condition: str, last: str, tmp_path: Path) -> None:
    eaches = [ITEMS, f"{COUNTRIES} where {condition}"]
    if last == "item":
        eaches = [COUNTRIES, f"{ITEMS} where {condition}"]
    found = opened(tmp_path, " ".join(eaches))
    (holes,) = found.grid.presence
    levels = [found.grid.axes[axis].levels for axis in holes.axes]
    there = {(a, b) for i, a in enumerate(levels[0]) for j, b in enumerate(levels[1]) if holes.cells[i, j]}
    assert there == (CELLS if holes.axes[0] == "item" else {(b, a) for a, b in CELLS})
    assert count_cells(found.grid, ("item", "country")) == 4
    assert found.warnings == ()


def test_statements_stand_in_any_order(tmp_path: Path) -> None:
    found = opened(tmp_path, f"{COUNTRIES} where {PUBLISHED} and country != corvin {ITEMS}")
    assert count_cells(found.grid, ("item", "country")) == 3


def test_one_condition_is_enough_and_two_need_each_other(tmp_path: Path) -> None:
    both = f"{ITEMS} where {PUBLISHED} {COUNTRIES} where {PUBLISHED}"
    assert refused(tmp_path, both) == ["CY0601"]


def test_a_warning_of_cells_without_people_says_what_to_write(tmp_path: Path) -> None:
    (warning,) = opened(tmp_path, f"{ITEMS} {COUNTRIES}").warnings
    assert warning.message == "8 of 12 cells of this distribution have nobody in them"
    written = f"{COUNTRIES} where {PUBLISHED}"
    assert warning.helps == (f"ask only where there are people: `{written}`",)
    narrowed = f"{COUNTRIES} where country != corvin"
    (warning,) = opened(tmp_path, f"{ITEMS} where is_missing(item.battery) {narrowed}").warnings
    assert warning.message.startswith("4 of 6 cells of ")
    assert warning.helps[0].endswith(f"`{narrowed} and {PUBLISHED}`")


def test_items_that_have_people_at_all_and_those_without_a_value(tmp_path: Path) -> None:
    whole = opened(tmp_path, f"{ITEMS} where not is_missing(small.overall.share) {COUNTRIES}")
    assert count_cells(whole.grid, ("item",)) == 2
    assert count_cells(whole.grid, ("item", "country")) == 6
    single = opened(tmp_path, f"{ITEMS} where is_missing(item.battery) {COUNTRIES}")
    assert single.grid.axes["item"].levels == ("q0", "q2", "q3")


def test_where_nobody_is_left_the_audit_is_refused(tmp_path: Path) -> None:
    assert refused(
        tmp_path,
        f"{ITEMS} where not is_missing(item.battery) {COUNTRIES} where country != avria and {PUBLISHED}",
    ) == ["CY0709"]


def test_a_missing_level_is_no_group_of_a_target(tmp_path: Path) -> None:
    spec = write(tmp_path, f"{ITEMS} each country in everybody")
    text = spec.read_text(encoding="utf-8").replace("corvin }", "corvin, missing refused }")
    target = "target everybody { axes = [country], rows = small.people, min_n = 1 }\n"
    spec.write_text(text.replace("prompt ask_item", f"{target}prompt ask_item"), encoding="utf-8")
    context = pipeline.check(spec).require()
    grid = pipeline.open_data(context, pipeline.choose(context, None)).grid
    (holes,) = grid.presence
    found = dict(zip(grid.axes["country"].levels, holes.cells.tolist(), strict=True))
    assert found == {"avria": True, "belmar": True, "corvin": True, "refused": False}
