"""Picks, lookups by a value, comparisons by level and builtin functions: one statement at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import TESTS, check_text, shown

from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.functions import ELSEWHERE, FUNCTIONS

AUDIT = """cycl 1
import std.metrics as m
import {{ towns, town, age, pair }} from "town.cycl"

param home  : nominal(mill, harbour) = mill
param theme : nominal(streets, schools) = streets
param odd   : nominal(streets, parks) = streets
param best  : ordinal(low, high) = high
param round_ : count = 2
param since : date = 2024-02-29

axis temper   : nominal {{ calm "calm", lively "lively" }}
axis position : ordinal {{ leading "the first", helping "the second" }}
scale faculty : nominal {{ thinking "thinking", feeling "feeling" }}
scale grade   : ordinal {{ low = 1 "low", middle = 2 "middle", high = 3 "high" }}
scale colour  : nominal {{ red "red", blue "blue" }}

corpus minds {{
  table stacks {{
    source   = csv("stacks.csv")
    type     : temper
    position : position
    faculty  : faculty
    side     : temper
    weight   : real where weight > 0
  }}
  table kinds {{
    source  = csv("kinds.csv")
    position : position
    faculty  : faculty
    weight   : real
  }}
  table days {{
    source = csv("days.csv")
    event  : key
    on     : date
    title  : text(en)
  }}
}}
target residents {{ axes = [town, age], rows = towns.people, weight = towns.people.weight }}

prompt likely(town: town) -> choice(temper) {{ user[en] "{{town}}?" }}
prompt think(town: town) -> choice(faculty) {{ user[en] "{{town}}?" }}
prompt rate(item: towns.items, town: town) -> choice(item.options) {{
  user[en] "{{town}} {{item.question}} {{item.options|lettered}}"
}}
prompt like(town: town) -> choice(colour) {{ user[en] "{{town}}?" }}
prompt mark(town: town) -> choice(grade) {{ user[en] "{{town}}?" }}
prompt wear(town: town) -> picks(colour, 0..2) {{ user[en] "{{town}}?" }}
prompt several(item: towns.items) -> picks(item.options, 0..3) {{
  user[en] "{{item.question}} {{item.options|lettered}}"
}}

panel grid {{
  factor size   : ordinal(parameters)
  factor tuning : nominal {{ base, chat }}
  model a = demo() {{ size = 1B, tuning = base }}
  model b = demo() {{ size = 7B, tuning = chat }}
}}
audit one {{
  each item         in towns.items
  each event        in minds.days
  each town         in town
  each age          in age
  each repeat       in 1..3
  each lang         in [en, fr]
  each model        in pair
  each size, tuning in grid
  ask kind  = likely(town)     {{ model = model, per = [repeat], read = sampled, missing = keep }}
  ask mind  = think(town)      {{ model = model, read = sampled, missing = drop }}
  ask reply = rate(item, town) {{ model = model, per = [lang, repeat], read = first_token }}
  ask drawn = rate(item, town) {{ model = model, read = sampled, missing = drop }}
  ask liked = like(town)       {{ model = model, read = first_token }}
  ask given = mark(town)       {{ model = model, read = sampled, missing = drop }}
  ask worn  = wear(town)       {{ model = model, read = sampled, missing = drop }}
  ask ticked = several(item)   {{ model = model, read = sampled, missing = drop }}
  let mass = reply.mass
  check enough = (min over item, town, repeat, lang of mass) >= 0.5
  check sure = (min over town of liked.mass) >= 0.5
  {statement}
}}
"""


@pytest.fixture(autouse=True)
def library(tmp_path: Path) -> None:
    text = (TESTS / "good" / "lib" / "town.cycl").read_text(encoding="utf-8")
    (tmp_path / "town.cycl").write_text(text, encoding="utf-8")


CELL = {"item", "town", "model"}
GIVEN = [
    # lookups: the axis goes, those of the key come
    ("minds.stacks.faculty[type: kind]", "faculty", {"position", "side", "town", "repeat", "model"}, True),
    ("minds.stacks.weight[type: calm, side: lively]", "real", {"position"}, False),
    ("minds.stacks.weight[side: calm, type: kind]", "real", {"position", "town", "repeat", "model"}, True),
    ("minds.stacks.side[type: kind]", "temper", {"position", "town", "repeat", "model"}, True),
    ("minds.kinds.weight[faculty: mind]", "real", {"position", "town", "model"}, True),
    ("reply[option: drawn]", "share", {*CELL, "lang", "repeat"}, True),
    ("mass[repeat: repeat]", "share", {*CELL, "lang", "repeat"}, False),
    # picks: the level is written down
    ("mass[repeat: first]", "share", {"item", "town", "model", "lang"}, False),
    ("mass[town: param.home]", "share", {"item", "model", "lang", "repeat"}, False),
    ("mass[lang: fr, repeat: 2]", "share", CELL, False),
    ("mass[repeat: round_]", "share", {*CELL, "lang"}, False),
    ("mass[model: second]", "share", {"item", "town", "lang", "repeat"}, False),
    ("liked[option: red]", "share", {"town", "model"}, False),
    ("reply[option: last, town: mill]", "share", {"item", "model", "lang", "repeat"}, False),
    ("mass[item: \"q1\"]", "share", {"town", "model", "lang", "repeat"}, False),
    # comparisons by level
    ("item.theme == theme", "bool", {"item"}, False),
    ("item.theme in [theme, schools]", "bool", {"item"}, False),
    ("town == home", "bool", {"town"}, False),
    ("town in [home, ridge]", "bool", {"town"}, False),
    ("given > low", "bool", {"town", "model"}, True),
    ("given >= best", "bool", {"town", "model"}, True),
    ("kind == calm", "bool", {"town", "repeat", "model"}, True),
    ("given in [low, middle]", "bool", {"town", "model"}, True),
    ("event.on >= since and event.on < 2025-01-01", "bool", {"event"}, False),
    ("repeat in 1..2", "bool", {"repeat"}, False),
    # either of two values
    ("if town == mill then kind else kind[town: mill]", "choice(temper)", {"town", "repeat", "model"}, True),
    ("if repeat > 1 then reply else uniform(item.options)", "dist(item.options)", {*CELL, "lang", "repeat"}, False),
    # functions
    ("sign(mass - 0.5)", "real", {*CELL, "lang", "repeat"}, False),
    ("round(m.entropy(reply))", "bits", {*CELL, "lang", "repeat"}, False),
    ("clip(mass, 10%, 90%)", "share", {*CELL, "lang", "repeat"}, False),
    ("maximum(0, m.entropy(reply))", "bits", {*CELL, "lang", "repeat"}, False),
    ("minimum(mass, mass[town: mill])", "share", {*CELL, "lang", "repeat"}, False),
    ("value(given)", "real", {"town", "model"}, True),
    ("value(drawn)", "real", CELL, True),
    ("includes(worn, red)", "bool", {"town", "model"}, True),
    ("includes(ticked, last)", "bool", {"item", "model"}, True),
    ("includes(ticked, drawn)", "bool", CELL, True),
    ("size(worn)", "count", {"town", "model"}, True),
    ("uniform(temper)", "dist(temper)", set(), False),
    ("models_unchanged(over = repeat)", "bool", {"model", "size", "tuning"}, False),
    ("residents.share", "share", {"town", "age"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "axes", "optional"), GIVEN, ids=[given[0] for given in GIVEN])
def test_a_value_has_its_kind_and_axes(
    value: str, kind: str, axes: set[str], optional: bool, tmp_path: Path
) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement=f"let x = {value}"))
    assert not checked.errors, shown(checked)
    found = next(let for let in checked.require().audits["one"].lets if let.name == "x").term.type
    assert (k.kind_text(found.kind), set(found.axes), found.optional) == (kind, axes, optional)


REFUSED = [
    ("minds.stacks.faculty[type: mind]", "CY0201"),
    ("minds.stacks.faculty[kind: kind]", "CY0301"),
    ("minds.kinds.weight[weight: mind]", "CY0301"),
    ("minds.stacks.weight[type: calm, type: lively]", "CY0102"),
    ("mass[town: first]", "CY0202"),
    ("mass[model: last]", "CY0202"),
    ("liked[option: first]", "CY0202"),
    ("mass[repeat: 9]", "CY0101"),
    ("mass[lang: de]", "CY0101"),
    ("mass[model: third]", "CY0101"),
    ("mass[model: kind]", "CY0101"),
    ("mass[town: kind]", "CY0201"),
    ("reply[option: agree]", "CY0201"),
    ("liked[option: green]", "CY0101"),
    ("reply[option: liked]", "CY0201"),
    ("item.theme == odd", "CY0501"),
    ("town == temper", "CY0501"),
    ("town < mill", "CY0501"),
    ("kind == grade", "CY0501"),
    ("given > red", "CY0101"),
    ("item.theme in [1, 2]", "CY0501"),
    ("item.theme in 1..2", "CY0201"),
    ("event.on in 2024-01-01..2024-12-31", "CY0201"),
    ("event.on > 3", "CY0501"),
    ("event.title < event.title", "CY0501"),
    ("if town == mill then mass else kind", "CY0501"),
    ("if town == mill then reply else liked", "CY0501"),
    ("sign(item.question)", "CY0201"),
    ("clip(mass, 1, 2, 3)", "CY0209"),
    ("minimum(mass, m.entropy(reply))", "CY0501"),
    ("minimum(kind, kind)", "CY0201"),
    ("value(kind)", "CY0201"),
    ("value(mass)", "CY0201"),
    ("value(option)", "CY0101"),
    ("includes(kind, calm)", "CY0201"),
    ("includes(worn, green)", "CY0101"),
    ("includes(worn, kind)", "CY0201"),
    ("span(worn)", "CY0201"),
    ("models_unchanged(over = model)", "CY0209"),
    ("models_unchanged(over = week)", "CY0101"),
    ("models_unchanged(session)", "CY0101"),
    ("residents.size", "CY0303"),
    ("residents", "CY0101"),
    ("waves(count = 3)", "CY0101"),
    ("sampled(temperature = 1)", "CY0101"),
    ("bootstrap(over = item)", "CY0101"),
    ("switch(mass)", "CY0101"),
]


@pytest.mark.parametrize(("value", "code"), REFUSED, ids=[value for value, _ in REFUSED])
def test_a_value_that_makes_no_sense_is_one_error(value: str, code: str, tmp_path: Path) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement=f"let x = {value}"))
    assert [d.code for d in checked.errors] == [code], shown(checked)


def test_a_word_that_belongs_elsewhere_says_where(tmp_path: Path) -> None:
    for word, place in (
        ("waves", "each ... in waves(...)"),
        ("sampled", "read = sampled"),
        ("turns", "history"),
    ):
        checked = check_text(tmp_path, AUDIT.format(statement=f"let x = {word}(1)"))
        assert place in checked.errors[0].help


def test_a_level_of_a_parameter_becomes_the_level_it_is_compared_with(tmp_path: Path) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement="let x = town == home"))
    term = next(let for let in checked.require().audits["one"].lets if let.name == "x").term
    assert isinstance(term, h.CompareTerm)
    assert isinstance(term.right, h.LevelTerm)
    assert term.right.vocabulary is not None
    assert term.right.vocabulary.name == "town"


METRIC = (
    "metric mean_value(p: dist(S)) -> real = sum over option of number(p) * value(option)\n"
    "metric twice(p: dist(S)) -> real = 2 * mean_value(p)\naudit one {"
)


@pytest.mark.parametrize("metric", ["mean_value", "twice"])
def test_a_metric_of_values_needs_options_with_numbers(metric: str, tmp_path: Path) -> None:
    for scale, codes in (("grade", []), ("colour", ["CY0209"])):
        text = AUDIT.format(statement=f"let x = {metric}(uniform({scale}))").replace("audit one {", METRIC)
        checked = check_text(tmp_path, text)
        assert [d.code for d in checked.errors] == codes, shown(checked)


def test_a_metric_of_plain_numbers_needs_no_distribution(tmp_path: Path) -> None:
    metric = "metric half(x: real) -> real = x / 2\naudit one {"
    text = AUDIT.format(statement="let x = half(3)").replace("audit one {", metric)
    checked = check_text(tmp_path, text)
    assert not checked.errors, shown(checked)
    assert "x" in {let.name for let in checked.require().audits["one"].lets}


def test_a_metric_can_ask_for_an_order_and_for_nothing_else(tmp_path: Path) -> None:
    for where, codes in (("S is ordinal", []), ("S is nominal", ["CY0201"]), ("1 < 2", ["CY0201"])):
        text = f"cycl 1\nmetric top(p: dist(S)) -> share where {where} = max over option of p\n"
        assert [d.code for d in check_text(tmp_path, text).errors] == codes


@pytest.mark.parametrize(
    ("type_", "codes"),
    [
        ("picks(colour, 0..2)", []),
        ("picks(colour)", ["CY0209"]),
        ("picks(colour, 2..1)", ["CY0209"]),
        ("picks(colour, 0..0)", ["CY0209"]),
        ("picks(colour, 0..1.5)", ["CY0209"]),
        ("picks(real, 0..2)", ["CY0201"]),
    ],
)
def test_picks_have_a_scale_and_a_number_of_options(type_: str, codes: list[str], tmp_path: Path) -> None:
    text = f'cycl 1\nscale colour : nominal {{ red, blue }}\nprompt p() -> {type_} {{ user "Which?" }}\n'
    checked = check_text(tmp_path, text)
    assert [d.code for d in checked.errors] == codes, shown(checked)


def test_a_level_can_give_its_number_beside_its_code(tmp_path: Path) -> None:
    text = 'cycl 1\nscale s : ordinal {{ a = "x" {{ value = {}, side = left }}, b = 2 }}\n'
    checked = check_text(tmp_path, text.format("-1.5"))
    (vocabulary,) = checked.require().vocabularies.values()
    assert [level.value for level in vocabulary.levels] == [-1.5, 2.0]
    assert vocabulary.attributes == ("side",)
    assert [d.code for d in check_text(tmp_path, text.format("left")).errors] == ["CY0201"]


def test_every_function_says_what_it_is() -> None:
    for name, function in FUNCTIONS.items():
        assert name == function.name
        assert function.arguments
        assert function.gives
        assert function.says.endswith(".")
    assert not set(FUNCTIONS) & set(ELSEWHERE)
