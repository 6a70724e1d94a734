"""The order of declarations carries no meaning: not for what is found, not for values, not for hashes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from spec_files import GOOD, ROOT, SHIPPED, TESTS, check_text, codes, name_of, shown

from cyclspec import pipeline
from cyclspec.language.canonical.closure import hash_audit
from cyclspec.language.format.printer import print_module
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse
from cyclspec.language.types.constants import evaluate

WHOLE = [*GOOD, *SHIPPED]


def parsed(path: Path) -> t.Module:
    module = parse(Source(path.name, path.read_text(encoding="utf-8"))).module
    assert module is not None
    return module


def mixed_columns(decl: t.Decl, draw: random.Random) -> t.Decl:
    """A corpus with its tables, and the columns of each, in another order."""
    if not isinstance(decl, t.Corpus):
        return decl
    tables = [
        replace(table, columns=tuple(draw.sample(table.columns, len(table.columns)))) for table in decl.tables
    ]
    draw.shuffle(tables)
    return replace(decl, tables=tuple(tables))


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs where mixed ones can stand beside what they import."""
    folder = tmp_path_factory.mktemp("mixed")
    for top in (TESTS / "good", ROOT / "specs"):
        shutil.copytree(top, folder / top.name)
    return folder


def everything_said(checked: pipeline.Checked) -> list[tuple[str, str]]:
    return sorted((d.code, d.message) for d in checked.diagnostics)


def hashes_of(checked: pipeline.Checked) -> Iterator[tuple[str, str, str]]:
    context = checked.require()
    for name in sorted(context.audits):
        found = hash_audit(context, name, tables={}, models={})
        yield name, found.design, found.score


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("path", WHOLE, ids=name_of)
def test_declarations_in_any_order_say_the_same(path: Path, seed: int, copies: Path) -> None:
    draw = random.Random(seed)
    module = parsed(path)
    decls = draw.sample(module.decls, len(module.decls))
    top = TESTS if path.is_relative_to(TESTS) else ROOT
    mixed = (copies / path.relative_to(top)).with_name(f"mixed_{path.name}")
    mixed.write_text(print_module(replace(module, decls=tuple(decls))), encoding="utf-8")
    before, after = pipeline.check(path), pipeline.check(mixed)
    assert everything_said(after) == everything_said(before)
    assert list(hashes_of(after)) == list(hashes_of(before))
    columns = tuple(mixed_columns(decl, draw) for decl in decls)
    mixed.write_text(print_module(replace(module, decls=columns)), encoding="utf-8")
    assert everything_said(pipeline.check(mixed)) == everything_said(before)


PARAMETERS = [
    "param a : count = 7 where a in 1..b",
    "param b : count = n + 4 where b > n and b <= most",
    "param n : count = 5 where n < b",
    "param most : count = 20",
    "param langs : list(lang) = [first, zh] where size(langs) <= n",
    "param theme : d.items.theme = work",
]
CORPORA = [
    """corpus c {
      table answers {
        source = csv("a.csv")
        value  : choice(item.options)
        item   : ref(d.items)
        weight : real where weight < most
        other  : d.items.theme
        third  : choice(d.items.options)
      }
      table mutual { source = csv("m.csv") mutual : key  items : ref(d.items)  mood : choice(mood) }
    }""",
    """corpus d {
      table items {
        source  = csv("i.csv")
        options : scale(nominal, 2..4)
        item    : key
        theme   : nominal(home, work)
        mutual  : ref(c.mutual)
      }
    }""",
    "scale mood : nominal { calm, tense }",
]


@pytest.mark.parametrize("seed", range(8))
def test_parameters_bounds_and_references_name_what_stands_below(seed: int, tmp_path: Path) -> None:
    lines = [*PARAMETERS, *CORPORA]
    random.Random(seed).shuffle(lines)
    text = "cycl 1\n" + "\n".join(lines) + "\n"
    checked = check_text(tmp_path, text)
    assert codes(checked) == [], shown(checked)
    values = {symbol.name: evaluate(value.term) for symbol, value in checked.require().params.items()}
    assert values == {"a": 7, "b": 9, "n": 5, "most": 20, "langs": ("first", "zh"), "theme": "work"}
    for given, said in (
        ({"a": "99"}, "`a = 99` is outside its declared range"),
        ({"n": "20"}, "`b = n + 4` is outside its declared range"),
        ({"most": "8"}, "`b = n + 4` is outside its declared range"),
    ):
        assert [d.message for d in check_text(tmp_path, text, given).errors] == [said]


@pytest.mark.parametrize("condition", ["4", '"x"', "p", "p + 1", "[p]", "1..3"])
def test_the_condition_of_a_parameter_is_true_or_false(condition: str, tmp_path: Path) -> None:
    checked = check_text(tmp_path, f"cycl 1\nparam p : count = 3 where {condition}\n")
    assert codes(checked) == ["CY0201"]
    assert checked.diagnostics[0].message == "this condition has the wrong type"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("param a : real = a", ["`a` is defined by itself"]),
        ("param a : real = b\nparam b : real = 1 + a\nparam c : real = b", ["`b` and `a` define each other"]),
        ("param a : real = b\nparam b : real", ["parameter `b` has no value"]),
        ("param a : real = 1 where a < b\nparam b : real = 2 where b > a", []),
        (
            "param a : real = 3 where a < b\nparam b : real = 2 where b > a",
            ["`a = 3` is outside its declared range", "`b = 2` is outside its declared range"],
        ),
        (
            'corpus c { table t { source = csv("t") a : c.u.b } table u { source = csv("u") b : c.t.a } }',
            ["`c.u.b` and `c.t.a` define each other"],
        ),
        ('corpus c { table t { source = csv("t") mood : choice(mood) } }\nscale mood : nominal { x }', []),
    ],
)
def test_a_circle_is_told_of_once_and_conditions_make_none(
    text: str, found: list[str], tmp_path: Path
) -> None:
    checked = check_text(tmp_path, f"cycl 1\n{text}\n")
    assert [d.message for d in checked.diagnostics] == found
