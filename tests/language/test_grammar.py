"""The grammar, the table that ships, and the rules of writing that hold everywhere."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from pathlib import Path

import pytest
from lark import Lark
from spec_files import ROOT, check_text, codes, module_of

from cyclspec.language.format.printer import format_source
from cyclspec.language.spans import Source
from cyclspec.language.syntax import alphabet
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.lalr import STARTS
from cyclspec.language.syntax.parse import parse, parse_expression

FOLDER = ROOT / "cyclspec" / "language" / "syntax"
GRAMMAR = (FOLDER / "cycl.lark").read_text(encoding="utf-8")
KEYWORDS = re.findall(r"(?m)^_?[A-Z]+\.1: +/([a-z]+)\\b", GRAMMAR)


def test_the_grammar_is_lalr_1_without_a_conflict_or_a_collision() -> None:
    # What looks for collisions knows no properties of Unicode: names are those of `re` there.
    plain = GRAMMAR.replace(alphabet.NAME, r"[^\W\d]\w*")
    assert plain != GRAMMAR
    Lark(plain, parser="lalr", lexer="contextual", strict=True, start=list(STARTS), maybe_placeholders=True)


def test_the_shipped_table_was_built_from_the_grammar() -> None:
    table = json.loads((FOLDER / "table.json").read_text(encoding="utf-8"))
    assert table["grammar"] == hashlib.sha256(GRAMMAR.encode()).hexdigest()


def test_the_grammar_has_the_keywords_that_editors_colour() -> None:
    assert len(KEYWORDS) == len(set(KEYWORDS)) == 46


PLACES = {
    "field": 'panel p {{ model m = demo() {{ a = x {word}{gap}= y }} }}',
    "field after a keyword": "audit a {{ check c = x {{ {word}{gap}= y }} }}",
    "column": 'corpus c {{ table t {{ source = csv("t") a : key {word}{gap}: real b : real }} }}',
    "language tag of a text": 'scale s : nominal {{ a {{en: "x" {word}{gap}: "y"}} }}',
    "argument": "audit a {{ let x = f(y, {word}{gap}= z) }}",
    "first argument": "audit a {{ let x = f({word}{gap}= z, q = 1) }}",
    "axis of a selection": "audit a {{ let x = y[{word}{gap}: z] }}",
}  # fmt: skip
GAPS = {"nothing": "", "a blank": " ", "a comment": " # a = b : c\n  ", "two comments": "# one\n\t# two\n"}


@pytest.mark.parametrize("gap", GAPS.values(), ids=GAPS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_keyword_can_be_a_name_before_a_sign(place: str, gap: str) -> None:
    for word in KEYWORDS:
        parsed = parse(Source("main.cycl", "cycl 1\n" + place.format(word=word, gap=gap)))
        assert parsed.module is not None, (word, parsed.diagnostics)


@pytest.mark.parametrize("word", sorted(set(KEYWORDS)))
def test_every_keyword_can_be_a_language_of_a_message(word: str, tmp_path: Path) -> None:
    text = f'cycl 1\nscale s : nominal {{ x }}\nprompt p() -> choice(s) {{ user[{word}] "?" }}\n'
    assert codes(check_text(tmp_path, text)) == []


def test_a_word_that_begins_with_a_keyword_is_a_name() -> None:
    for word in KEYWORDS:
        module = module_of(f"cycl 1\nparam {word}s : real = {word}_2 + {word}É")
        assert isinstance(module.decls[0], t.Param)
        assert module.decls[0].name.name == f"{word}s"


NAMES = {
    "Hindi": "देश",
    "Thai": "ที่อยู่",
    "Bengali": "বাংলাদেশ",
    "Tamil": "தமிழ்நாடு",
    "Arabic with its vowels": "السُّعُودِيَّة",
    "Hebrew with its points": "שָׁלוֹם",
    "an accent of its own": "cafe\u0301_ni\u0303o",
    "a keyword with an accent": "in\u0301",
    "Han": "国家",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_of_any_script_means_what_it_shows_wherever_names_stand(name: str, tmp_path: Path) -> None:
    text = f"""cycl 1
    scale {name}_s : nominal {{ {name} "x", rest "y" }}
    param {name}p : nominal({name}, b) = {name}
    corpus {name}c {{ table t {{ source = csv("t.csv") {name} : key o : scale(ordinal, 2..3) }} }}
    prompt ask_{name}(row: {name}c.t, {name}: {name}_s) -> choice(row.o) {{
      user "{{{name}}} {{row.{name}}} {{row.o|inline}}"
    }}
    panel m {{ model {name}_m = demo() }}
    audit a_{name} {{
      each {name}   in {name}c.t
      each other in {name}_s
      each model in m
      ask r_{name} = ask_{name}({name}, other) {{ model = model, read = first_token }}
      measure m_{name} by model : share = mean over {name}, other of r_{name}.mass
      check c = (min over {name}, other of r_{name}.mass)[model: {name}_m] >= 0.5
    }}
    """
    checked = check_text(tmp_path, text)
    assert codes(checked) == []
    assert checked.context is not None
    composed = unicodedata.normalize("NFC", name)
    assert checked.context.program.main.decls[f"{composed}p"].name.name == f"{composed}p"
    other = unicodedata.normalize("NFD", text)
    again = check_text(tmp_path, other)
    assert again.context is not None
    assert again.context.program.main.hash == checked.context.program.main.hash
    formatted = format_source(Source("main.cycl", other)).text
    assert formatted is not None
    assert module_of(formatted) == module_of(text)


@pytest.mark.parametrize("name", ["x²", "½", "a\u200cb", "\u0301a", "a-b", "a·", "€", "1a"], ids=ascii)
def test_what_is_no_identifier_of_unicode_is_no_name(name: str, tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, f"cycl 1\nscale {name} : nominal {{ x }}\n")) == (
        [] if name == "a·" else ["CY0012"]
    )


def test_a_name_holds_nothing_that_is_not_seen(tmp_path: Path) -> None:
    checked = check_text(tmp_path, "cycl 1\nscale s : nominal { yes\ufe0f no }\n")
    assert codes(checked) == ["CY0012"]
    assert checked.diagnostics[0].message == "a name cannot hold U+FE0F VARIATION SELECTOR-16"
    assert checked.diagnostics[0].helps == ("write `yes`",)


DECLARABLE = {"model", "version", "hash", "missing", "user", "system", "table"}


@pytest.mark.parametrize("word", sorted(set(KEYWORDS)))
def test_a_reserved_word_cannot_be_declared(word: str, tmp_path: Path) -> None:
    found = codes(check_text(tmp_path, f"cycl 1\nscale s : nominal {{ {word} = 1 }}\n"))
    assert found == ([] if word in DECLARABLE else ["CY0108"])


# ---- literals


def expression(text: str) -> t.Expr:
    expr, diagnostics = parse_expression(Source("command line", text))
    assert expr is not None, diagnostics
    return expr


@pytest.mark.parametrize("text", ["2024-02-29", "1999-12-31", "0001-01-01"])
def test_a_date_is_a_date(text: str) -> None:
    found = expression(text)
    assert isinstance(found, t.DateValue)
    assert found.value == text


def test_numbers_with_minus_signs_are_no_dates() -> None:
    assert isinstance(expression("2024 - 02 - 29"), t.Binary)
    assert isinstance(expression("2024-2-29"), t.Binary)
    assert isinstance(expression("20240-02-29"), t.Binary)


@pytest.mark.parametrize("text", ["2023-02-29", "2024-13-01", "2024-00-10", "0000-01-01"])
def test_a_day_that_no_calendar_has_is_refused(text: str, tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, f"cycl 1\nparam p : date = {text}\n")) == ["CY0201"]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("95%", "95", "%"),
        ("0.5%", "0.5", "%"),
        ("7B", "7", "B"),
        ("1.5min", "1.5", "min"),
        ("30ms", "30", "ms"),
    ],
)
def test_a_number_takes_one_of_the_known_suffixes(text: str, value: str, unit: str) -> None:
    found = expression(text)
    assert isinstance(found, t.Quantity)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize("text", ["7Bs", "7q", "3 d", "1.", ".5", "0x10", "1_000", "1e", "95%%"])
def test_a_number_takes_no_other_suffix(text: str) -> None:
    assert parse_expression(Source("command line", text))[0] is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\"b\\c\nd\te\r"', 'a"b\\c\nd\te\r'),
        (r'"\u{e9}\u{1F600}\u{202e}"', "é😀\u202e"),
        (r'"e\u{301}"', "é"),
        (r'"""\q \n \u{e9}"""', r"\q \n \u{e9}"),
        ('"""\n    one\n      two\n    """', "one\n  two"),
        ('"""one "quoted" line"""', 'one "quoted" line'),
        ('""', ""),
        ('"e\u0301"', "é"),
    ],
)
def test_texts_mean_what_they_show(text: str, value: str) -> None:
    found = expression(text)
    assert isinstance(found, t.TextValue)
    assert found.value == value


# ---- expressions


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1 + 2 * 3 ^ 2", "1 + (2 * (3 ^ 2))"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("8 / 4 / 2", "(8 / 4) / 2"),
        ("2 ^ 3 ^ 2", "2 ^ (3 ^ 2)"),
        ("-2 ^ 2", "-(2 ^ 2)"),
        ("not a and b or c", "((not a) and b) or c"),
        ("a == b and c < d", "(a == b) and (c < d)"),
        ("a in 1..2 + 3", "a in (1..(2 + 3))"),
        ("mean over x of a + b", "mean over x of (a + b)"),
        ("mean over x of max over y of a", "mean over x of (max over y of a)"),
        ("if a then 1 else if b then 2 else 3", "if a then 1 else (if b then 2 else 3)"),
        ("true == a or false != b", "((true) == a) or ((false) != b)"),
        ("f(x).y[z: 1]", "((f(x)).y)[z: 1]"),
    ],
)
def test_precedence_is_as_in_mathematics(text: str, same: str) -> None:
    assert expression(text) == expression(same)


@pytest.mark.parametrize(
    "text", ["a < b < c", "a == b == c", "1..2..3", "f(mean over x of y)", "1 + mean over x of y"]
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    assert parse_expression(Source("command line", text))[0] is None


# ---- comments and layout

LAID_OUT = """cycl 1
import std.metrics as m version "1"
param p : real = 1 where p in 0..2
scale s : ordinal { a = 1 "one" { x = y } missing b {en: "two"} }
corpus c { title = "t" table i { source = csv("i") item : key q : text(en)? where size(q) > 1 } }
target g { axes = [item] rows = c.i }
prompt f(item: c.i, x: real = 1,) -> choice(s) { user[en] "{item.q}" prefix "A:" }
metric h(p: dist(S)) -> share where S is ordinal = (sum over option of p * index(option)) / span(S)
panel n { factor z : nominal { u "U" } model o = hf("x", revision = "r") { z = u } }
audit d { seed = 1 each item in c.i where item.q is ordinal and not item.q in [a, b]
ask r = f(item) { model = n, per = [item] } let l : share = -r[item: first].mass ^ 2
measure k by item : share = mean over item by q weighted by w of if a then 1 else 2 { better = higher }
check j = 2024-01-01 != sha256:0123456789ab { because = "b" } }
"""
_TOKEN = re.compile(r'"[^"]*"|sha256:\w+|\d{4}-\d\d-\d\d|->|\.\.|[=!<>]=|\w+|\S')


def test_a_comment_can_stand_between_any_two_tokens() -> None:
    commented = ' # = : { " \n'.join(_TOKEN.findall(LAID_OUT))
    assert module_of(commented) == module_of(LAID_OUT)


def test_line_breaks_carry_no_meaning() -> None:
    tokens = _TOKEN.findall(LAID_OUT)
    assert module_of(" ".join(tokens)) == module_of("\n\n\t".join(tokens)) == module_of(LAID_OUT)


def test_documentation_belongs_to_the_declaration_below_it() -> None:
    module = module_of(
        "## Of the module.\ncycl 1\n## Of p,\n## two lines.\nparam p : real = 1\nparam q : real = 2\n"
    )
    assert module.doc == ("Of the module.",)
    assert [decl.doc for decl in module.decls] == [("Of p,", "two lines."), ()]
