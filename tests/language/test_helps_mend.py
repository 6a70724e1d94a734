"""What a help says can be typed, and mends the mistake; one mistake is told of once."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import check_text, codes, shown

AUDIT = """cycl 1
import std.metrics as m
param cutoff : share = 20%
axis town  : nominal {{ mill "the mill", quay "the quay" }}
axis place : nominal {{ home "home", work "work" }}
corpus c {{
  table cases {{
    source  = jsonl("cases.jsonl")
    case    : key
    options : scale(ordinal, 2..7)
    theme   : nominal(a, b)
  }}
  table norms {{ source = csv("norms.csv") town : town  warmth : real }}
}}
panel duo {{
  factor tuning : nominal {{ base, chat }}
  factor size   : ordinal(parameters)
  model one = demo() {{ tuning = base, size = 1B }}
  model two = demo() {{ tuning = chat, size = 1B }}
}}
prompt p(case: c.cases, town: town) -> choice(case.options) {{ user "{{town}} {{case.options|lettered}}" }}
metric top(p: dist(S)) -> share = max over option of p
audit small {{
  each case         in c.cases
  each town         in town
  each tuning, size in duo
  ask reply = p(case, town) {{ model = duo, read = first_token }}
  check seen = (min over case, town of reply.mass) >= cutoff
  measure mass by tuning, size : share = mean over case, town of reply.mass
  {statement}
}}
"""

FOLK = '  table folk { source = csv("folk.csv") person : key town : town place : place weight : real }\n'
PEOPLE = "each town, place in people"

MISTAKES = [
    ("param cutoff : share = 20%", "param cutoff : share = 20", "CY0503", "write `20%`"),
    ("each case         in c.cases", 'each case in c.cases where case.theme == "a"', "CY0501",
     "a level is written without quotation marks: `a`"),
    ("each case         in c.cases", "each case in c.cases where case.theme = a", "CY0008", "write `case.theme == a`"),
    ("max over option of p", "max(p)", "CY0101", "it reduces axes: `max over ... of p`"),
    ("model two = demo() { tuning = chat, size = 1B }", "model two = demo() { tuning = chat, sise = 1B }", "CY0103",
     "did you mean `size`?"),
    ("model two = demo() { tuning = chat", "model two = demo() { tuning = base", "CY0102",
     "or write `each model in duo`"),
    ("measure mass by tuning, size :", "measure mass by tuning, place :", "CY0302",
     "write what it leaves: `measure mass by tuning, size`"),
    ("STATEMENT", "let x = mean over case in reply.mass", "CY0005", "write `mean over case of reply.mass`"),
    ("STATEMENT", "let x = 1 - mean over case of reply.mass  # all", "CY0004",
     "write `1 - (mean over case of reply.mass)`"),
    ("STATEMENT", "let x = mean over case, town of js_distance(reply, reply)", "CY0101",
     "did you mean `m.js_distance`?"),
    ("STATEMENT", "let x = mean over tuning of c.norms.warmth", "CY0301",
     "leave `tuning` out: this value is the same for each tuning"),
    ("STATEMENT", "measure many by tuning, size : share = mean over case, town of (if reply.mass > 50% then 1 else 0)",
     "CY0501", "write `mean .. of (reply.mass > 50%)`"),
    ("STATEMENT", "measure many by tuning, size : share = sum over case, town of reply.mass > 50%", "CY0501",
     "declare what it is: `measure many by tuning, size : count`"),
    ("STATEMENT",
     ("measure m1 : real = mean over case of (pair_agreement over town, size, tuning of reply.mass > 50%)"
      " { interval = bootstrap(over = town) }"),
     "CY0209",
     "draw what the pairs are of, such as the cases: `bootstrap(over = case)`"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "code", "helped"), MISTAKES, ids=[wrong for _, wrong, _, _ in MISTAKES]
)
def test_a_mistake_is_told_of_once_with_a_help_that_mends_it(
    right: str, wrong: str, code: str, helped: str, tmp_path: Path
) -> None:
    if right == "STATEMENT":
        text = AUDIT.format(statement=wrong)
    else:
        text = AUDIT.format(statement="")
        assert codes(check_text(tmp_path, text)) == []
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    found = check_text(tmp_path, text)
    assert codes(found) == [code], shown(found)
    assert f"= help: {helped}\n" in shown(found) + "\n"


def test_models_with_the_same_factors_may_stand_in_a_panel_whose_models_are_the_axis(tmp_path: Path) -> None:
    text = (
        AUDIT.format(statement="")
        .replace("tuning = chat", "tuning = base")
        .replace("tuning, size in", "model in")
    )
    text = text.replace("by tuning, size", "by model").replace("model = duo", "model = model")
    assert codes(check_text(tmp_path, text)) == []


def test_a_source_of_the_wrong_type_is_quoted_once(tmp_path: Path) -> None:
    found = check_text(tmp_path, AUDIT.format(statement="each repeat in 3"))
    assert "found `count`" in shown(found)
    assert "``" not in shown(found)


def test_an_axis_of_several_that_nothing_asks_is_not_to_be_removed_alone(tmp_path: Path) -> None:
    text = AUDIT.format(statement="each repeat in 1..2")
    assert "pass it to the prompt, or remove the line" in shown(check_text(tmp_path, text))
    text = AUDIT.format(statement="")
    text = text.replace(
        "panel duo {", "target people { axes = [town, place] rows = c.folk min_n = 2 }\npanel duo {"
    )
    text = text.replace("  table norms", FOLK + "  table norms").replace("each town         in town", PEOPLE)
    found = shown(check_text(tmp_path, text))
    assert "axis `place` is declared and never asked" in found
    assert "remove the line" not in found


def test_a_session_that_is_not_held_cannot_be_picked(tmp_path: Path) -> None:
    waves = "each session in waves(count = 2, every = 7d) let x = last_.mass[session: {number}]"
    ask = "ask last_ = p(case, town) {{ model = duo, per = [session], read = first_token }}"
    ask += " check sure = (min over case, town, session of last_.mass) >= 0.1"
    for number, told in ((2, []), (5, ["CY0101"])):
        statement = (waves + "\n  " + ask).format(number=number)
        assert codes(check_text(tmp_path, AUDIT.format(statement=statement))) == told
