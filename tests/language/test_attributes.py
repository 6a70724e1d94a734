"""Attributes: columns of rows, attributes of levels and factors of models, after a dot and after `by`."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import check_text, shown

PROGRAM = """cycl 1
axis town : nominal { mill { side = west }  quay { side = east } }
axis age  : ordinal(years) { young = 18..39  older = 40..inf }
axis year : ordinal(years) { early = 10y  late = 20y }
corpus towns {
  table items  { source = jsonl("items.jsonl")  item : key  question : text  options : scale(ordinal, 2..4)
                 theme : nominal(home, work) }
  table people { source = csv("people.csv")  person : key  town : town  age : age  year : year  weight : real }
}
prompt p(item: towns.items, person: towns.people) -> choice(item.options) {
  user "{person.town} {item.question} {item.options|lettered}"
}
panel pair {
  factor origin : nominal { north { bloc = upper }  south { bloc = lower }  east { bloc = lower } }
  factor size   : ordinal(parameters)
  model one = demo() { origin = north, size = 1B }
  model two = demo() { origin = south, size = 7B }
}
audit main {
  each item   in towns.items
  each person in towns.people
  each town   in town
  each model  in pair where CONDITION
  ask reply = p(item, person) { model = model, read = first_token }
  check mass = (min over item, person of reply.mass) >= 0.5
  STATEMENT
}
"""


def said(folder: Path, statement: str = "", condition: str = "true") -> list[tuple[str, str]]:
    text = PROGRAM.replace("STATEMENT", statement).replace("CONDITION", condition)
    return [(d.code, d.message) for d in check_text(folder, text).errors]


@pytest.mark.parametrize(
    "statement",
    [
        "measure m by origin : share = mean over item, person, model by origin of reply.mass",
        "measure m by size : share = max over item, person, model by size of reply.mass",
        "measure m by bloc : share = mean over item, person, model by bloc of reply.mass",
        "measure m by origin, town, theme : share = mean over item, person, model by origin, town, theme of reply.mass",
        "measure m by side, model : share = mean over item, person by side of reply.mass",
        "measure m : points = (mean over item, person, model by origin of reply.mass)[origin: north] - 0.5",
        "measure m : share = (mean over item, person, model by size of reply.mass)[size: first]",
        "measure m : share = (mean over item, person, model by size of reply.mass)[size: 7B]",
        "measure m by model : share = mean over item, person of (if model.origin == north then reply.mass else 0)",
        "measure m by item, person : real = slope(against = number(model.size)) over model of number(reply.mass)",
        "let o = max over item, person, model by size of reply.mass measure m by size : rank = rank along size of o",
        "measure m : real = mean over person of (if person.age == young then 1.0 else 0)",
        "measure m : years = mean over person of (if person.age > young then person.year else 0)",
    ],
)
def test_an_attribute_is_a_value_and_can_be_kept(statement: str, tmp_path: Path) -> None:
    assert said(tmp_path, statement) == []


@pytest.mark.parametrize(
    "condition",
    [
        "model.origin == north",
        "model.origin in [north, south] and model.size >= 2B",
        "model.size in 1B..5B",
        "model.origin == person.town or person.age >= older",
        "person.year > 15y",
    ],
)
def test_an_attribute_can_stand_in_a_condition(condition: str, tmp_path: Path) -> None:
    expected = [] if "person.town" not in condition else ["CY0501"]
    assert [code for code, _ in said(tmp_path, condition=condition)] == expected


@pytest.mark.parametrize(
    ("statement", "code", "message", "help_"),
    [
        ("measure m by orign : share = mean over item, person, model by orign of reply.mass", "CY0303",
         "`orign` is not an attribute of `item`, `person`, `model`", "did you mean `origin`?"),
        ("measure m by model : share = mean over item, person of (if model.orign == north then reply.mass else 0)",
         "CY0303", "`orign` is not an attribute of the models of panel `pair`", "did you mean `origin`?"),
        ("measure m by model : share = mean over item, person of (if model.origin == nort then reply.mass else 0)",
         "CY0101", "there is no level named `nort` of `origin`", "did you mean `north`?"),
        ("measure m : share = (mean over item, person, model by origin of reply.mass)[origin: west]", "CY0101",
         "there is no level named `west` of `origin`", ""),
        ("measure m by model : share = mean over item, person by origin of reply.mass", "CY0303",
         "`origin` is not an attribute of `item`, `person`", ""),
        # Ranges of years are levels in an order, and no numbers.
        ("measure m : years = mean over person of person.age", "CY0207",
         "`mean` of an ordinal value has no meaning", "mode over person"),
    ],
)  # fmt: skip
def test_a_mistake_with_an_attribute_is_one_error(
    statement: str, code: str, message: str, help_: str, tmp_path: Path
) -> None:
    checked = check_text(tmp_path, PROGRAM.replace("STATEMENT", statement).replace("CONDITION", "true"))
    assert [(d.code, d.message) for d in checked.errors] == [(code, message)], shown(checked)
    assert help_ in shown(checked)


def test_a_range_of_years_is_no_number_to_compare_with(tmp_path: Path) -> None:
    assert [code for code, _ in said(tmp_path, condition="person.age >= 30y")] == ["CY0501"]
