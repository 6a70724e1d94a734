"""The typing rules of language.md section 4.2: one audit, one statement at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import TESTS, check_text, codes, shown

from cyclspec.language.types import kinds as k

AUDIT = """cycl 1
import std.metrics as m
import {{ towns, town, age, neighbour, pair }} from "town.cycl"

scale colour : nominal {{ red "red", blue "blue" }}
panel grid {{
  factor size   : ordinal(parameters)
  factor tuning : nominal {{ base, chat }}
  model a = demo() {{ size = 1B, tuning = base }}
  model b = demo() {{ size = 7B, tuning = chat }}
}}
audit one {{
  each item         in towns.items
  each town         in town
  each repeat       in 1..3
  each size, tuning in grid
  ask reply = neighbour(item, town, lang = en) {{ model = grid, per = [repeat], read = first_token }}
  let people = share over person by town weighted by person.weight of towns.answers.value
  let mass = reply.mass
  check enough = (min over item, town, repeat of mass) >= 0.5
  {statement}
}}
"""


@pytest.fixture(autouse=True)
def library(tmp_path: Path) -> None:
    text = (TESTS / "good" / "lib" / "town.cycl").read_text(encoding="utf-8")
    (tmp_path / "town.cycl").write_text(text, encoding="utf-8")


GRID = ("repeat", "size", "tuning")
VALUES = [
    # lift: the axes of what a value is made of, and the later phase
    ("reply", "dist(item.options)", {"item", "town", *GRID}, "response"),
    ("people", "dist(item.options)", {"item", "town"}, "data"),
    ("m.tv(reply, people)", "share", {"item", "town", *GRID}, "response"),
    ("m.entropy(people)", "bits", {"item", "town"}, "data"),
    ("uniform(item.options)", "dist(item.options)", {"item"}, "data"),
    ("uniform(colour)", "dist(colour)", set(), "static"),
    ("1 - mass", "share", {"item", "town", *GRID}, "response"),
    ("mass - mass", "points", {"item", "town", *GRID}, "response"),
    ("if repeat > 1 then mass else 0", "share", {"item", "town", *GRID}, "response"),
    ("log10(size)", "real", {"size"}, "static"),
    ("town.side", "side", {"town"}, "static"),
    ("item.theme == streets", "bool", {"item"}, "data"),
    # over, by and weight: what is reduced goes, what is grouped by comes
    ("mean over item of mass", "share", {"town", *GRID}, "response"),
    ("mean over item, town, repeat, size, tuning of mass", "share", set(), "response"),
    ("mean over town by side of mass", "share", {"item", "side", *GRID}, "response"),
    ("mean over item by theme of mass", "share", {"town", "theme", *GRID}, "response"),
    ("share over person by town, age of towns.answers.value", "dist(item.options)", {"item", "town", "age"}, "data"),
    ("share over item of mass > 0.5", "share", {"town", *GRID}, "response"),
    ("mean over town of reply", "dist(item.options)", {"item", *GRID}, "response"),
    ("mean over item weighted by mass of mass", "share", {"town", *GRID}, "response"),
    ("slope(against = log10(size)) over size of mass", "points", {"item", "town", "repeat", "tuning"}, "response"),
    # pick: the axis of a chosen level goes
    ("mass[town: mill]", "share", {"item", *GRID}, "response"),
    ("mass[tuning: chat, size: 7B]", "share", {"item", "town", "repeat"}, "response"),
    ("reply[option: first]", "share", {"item", "town", *GRID}, "response"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "axes", "phase"), VALUES, ids=[value[0] for value in VALUES])
def test_a_value_has_its_kind_axes_and_phase(
    value: str, kind: str, axes: set[str], phase: str, tmp_path: Path
) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement=f"let x = {value}"))
    assert checked.diagnostics == (), shown(checked)
    found = next(let for let in checked.require().audits["one"].lets if let.name == "x").term.type
    assert (k.kind_text(found.kind), set(found.axes), found.phase.name.lower()) == (kind, axes, phase)


REFUSED = [
    ("let x = mean over age of mass", "CY0301"),
    ("let x = mass[age: elder]", "CY0301"),
    ("let x = mass[town: harbor]", "CY0101"),
    ("let x = mass[size: 3B]", "CY0101"),
    ("let x = mean over item by town of mass", "CY0303"),
    ("let x = mean over item of item.theme", "CY0207"),
    ("let x = mean over person of towns.answers.value", "CY0207"),
    ("let x = median over town of reply", "CY0208"),
    ("let x = sum over item of item.question", "CY0208"),
    ("let x = mean over item weighted by people of mass", "CY0307"),
    ("let x = mean over town weighted by log10(size) of mass", "CY0307"),
    ("let x = m.emd(uniform(colour), uniform(colour))", "CY0202"),
    ("let x = m.tv(reply, uniform(colour))", "CY0203"),
    ("let x = m.tv(mass, reply)", "CY0201"),
    ("let x = reply + people", "CY0201"),
    ("let x = mass + m.entropy(reply)", "CY0501"),
    ("let x = item.question > 1", "CY0501"),
    ("let x = town < mill", "CY0501"),
    ("let x = not mass", "CY0201"),
    ("let x = if mass then 1 else 2", "CY0201"),
    ("let x = log2(item.question)", "CY0201"),
    ("let x = uniform(mass)", "CY0201"),
    ("let x = index(option)", "CY0209"),
    ("let x = town.population", "CY0303"),
    ("let x = item.colour", "CY0101"),
    ("let x = human_mean(people, leave_out = repeat)", "CY0301"),
    ("let x : bits = mass", "CY0201"),
    ("measure x : share = mean over item of mass", "CY0302"),
    ("measure x by item : share = mean over item, town, repeat, size, tuning of mass", "CY0302"),
    ("measure x by item : share = uniform(item.options)", "CY0201"),
    ("measure x by item, town : bits = m.tv(people, people)", "CY0501"),
    ("measure x by item, town : share = people", "CY0201"),
    ("check x = mean over item of mass", "CY0201"),
    ("check x = people", "CY0201"),
    ("each x in 1..3 where mass > 1", "CY0101"),
    ("each x in towns.items", "CY0309"),
    ("each text in town", "CY0309"),
    ("each town in town", "CY0102"),
    ("each x in neighbour", "CY0201"),
    ("each x in [1, 1]", "CY0102"),
    ("each x in 2 + 2", "CY0201"),
    ("ask x = m.tv(item) { model = grid, read = first_token }", "CY0101"),
    ("ask x = neighbour { model = grid, read = first_token }", "CY0201"),
    ("ask x = neighbour(item, town) { model = grid, read = first_token }", "CY0209"),
    ("ask x = neighbour(item, town, town) { model = grid, read = first_token }", "CY0201"),
    ("ask x = neighbour(item, town, lang = en) { model = pair, read = first_token }", "CY0101"),
    ("ask x = neighbour(item, town, lang = en) { model = town, read = first_token }", "CY0201"),
    ("ask x = neighbour(item, town, lang = de) { model = grid, read = first_token }", "CY0404"),
    (
        "ask x = neighbour(item, town, lang = en) { model = grid, per = [twice], read = first_token }",
        "CY0101",
    ),
    (
        "ask x = neighbour(item, town, lang = en) { model = grid, read = first_token(label = letters) }",
        "CY0209",
    ),
]


@pytest.mark.parametrize(("statement", "code"), REFUSED, ids=[text for text, _ in REFUSED])
def test_a_statement_that_breaks_a_rule_is_one_error(statement: str, code: str, tmp_path: Path) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement=statement))
    assert [d.code for d in checked.errors] == [code], shown(checked)


def test_a_name_that_failed_stays_quiet_where_it_is_used(tmp_path: Path) -> None:
    statement = (
        "let x = nothing\n let y = x + 1\n measure z by town : share = m.tv(y, x)\n check w = z > y and x"
    )
    assert codes(check_text(tmp_path, AUDIT.format(statement=statement))) == ["CY0101"]


def test_statements_can_name_what_stands_below_them(tmp_path: Path) -> None:
    statement = (
        "measure a by size : share = mean over item, town, repeat, tuning of b\n let b = c\n let c = mass"
    )
    assert codes(check_text(tmp_path, AUDIT.format(statement=statement))) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("-> share = max over option of p", []),
        ("-> share = p", ["CY0302"]),
        ("-> text = max over option of p", ["CY0201"]),
        ("-> share = nothing(p)", ["CY0101"]),
        ("-> share = sum over options of p", ["CY0301"]),
        ("-> steps where S is ordinal = (sum over option of p * index(option))", []),
        ("-> share = m.emd_norm(p, p)", ["CY0202"]),
        ("where S is ordinal = 1", ["CY0012"]),
    ],
)
def test_the_body_of_a_metric_ends_in_one_number(body: str, found: list[str], tmp_path: Path) -> None:
    text = f"cycl 1\nimport std.metrics as m\nmetric f(p: dist(S)) {body}\n"
    checked = check_text(tmp_path, text)
    assert codes(checked) == found, shown(checked)
