"""The TextMate grammar: what every kind of word, number and text is coloured as, in snippets and in shipped audits."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / "editors"
GRAMMAR = EDITORS / "cycl.tmLanguage.json"
SHIPPED = sorted([ROOT / "specs" / "quickstart.cycl", *(ROOT / "specs").glob("*/*.cycl")])
LARK = (ROOT / "cyclspec" / "language" / "syntax" / "cycl.lark").read_text(encoding="utf-8")
KEYWORDS = re.findall(r"(?m)^_?[A-Z]+\.1: +/([a-z]+)\\b", LARK)
Tokens = list[tuple[str, str]]


@pytest.fixture(scope="session")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The grammar, read as an editor reads it. The library keeps a folder where it is imported."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("textmate"))
    try:
        from textmate_grammar.parsers.base import LanguageParser

        yield LanguageParser(json.loads(GRAMMAR.read_text(encoding="utf-8")))
    finally:
        os.chdir(before)


def tokens(parser: Any, text: str) -> Tokens:
    """Every coloured stretch of a text with its innermost scope."""
    element = parser.parse_string(text)
    return [(content, scopes[-1]) for _, content, scopes in element.flatten()]


def scope(found: Tokens, word: str, nth: int = 0) -> str:
    """The scope of the nth stretch that is a word."""
    return [kind for content, kind in found if content.strip() == word][nth].removesuffix(".cycl")


USED = {
    "cycl": "cycl 1",
    "import": "import std.metrics as m",
    "as": "import std.metrics as m",
    "from": 'import { a } from "a.cycl"',
    "version": 'import std.metrics as m version "1"',
    "hash": 'import "a.cycl" as a hash sha256:0123456789ab',
    "param": "param repeats : count = 10",
    "scale": "scale trust : ordinal { low high }",
    "axis": "axis country : nominal { us }",
    "corpus": "corpus wvs7 {",
    "table": "  table items {",
    "target": "target citizens {",
    "prompt": "prompt resident(item: wvs7.items) -> text {",
    "metric": "metric tv(p: dist(S)) -> share = 1",
    "python": '  python "a:b" hash sha256:0123456789ab',
    "panel": "panel models {",
    "factor": "  factor family : nominal",
    "model": "  model tiny = demo()",
    "audit": "audit small {",
    "each": "  each item in survey.items",
    "ask": "  ask reply = resident(item)",
    "let": "  let human = x",
    "measure": "  measure alignment by model : share = x",
    "check": "  check answered = x",
    "in": "  each item in survey.items",
    "where": "  each item in items where x",
    "by": "  measure m by model = x",
    "weighted": "share over person weighted by person.weight of x",
    "of": "mean over item of x",
    "if": "if a then b else c",
    "then": "if a then b else c",
    "else": "if a then b else c",
    "and": "a and b",
    "or": "a or b",
    "not": "not a",
    "is": "S is ordinal",
    "true": "x = true",
    "false": "x = false",
    "record": "prompt p() -> record { a : share }",
    "over": "mean over item of x",
    "along": "rank along item of x",
    "missing": "  missing dont_know",
    "system": '  system[en] "You"',
    "user": '  user "You"',
    "assistant": '  assistant[zh] "我"',
    "prefix": '  prefix[en] """',
}


def test_every_keyword_of_the_grammar_has_an_example_here() -> None:
    assert set(USED) == set(KEYWORDS)


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_keyword_is_coloured_as_one_where_it_is_used(parser: Any, word: str) -> None:
    kind = scope(tokens(parser, USED[word]), word)
    assert kind.split(".")[0] in {"keyword", "storage"} or kind == "constant.language.boolean", kind


@pytest.mark.parametrize("word", KEYWORDS)
@pytest.mark.parametrize("sign", ["= y", ": y", " = y", "  : y"])
def test_a_word_in_front_of_a_sign_is_a_name(parser: Any, word: str, sign: str) -> None:
    for text in (f"{{ {word}{sign} }}", f"  {word}{sign}", f"f(x, {word}{sign})"):
        assert scope(tokens(parser, text), word) in {"variable.other.field", "variable.other.member"}, text


@pytest.mark.parametrize("word", ["model", "table", "version", "hash", "user", "system", "missing"])
def test_words_that_may_be_declared_are_names_in_expressions(parser: Any, word: str) -> None:
    for text in (f"mean over item, {word} of x", f"each {word} in y", f"f({word})", f"x by {word}, country"):
        kind = scope(tokens(parser, text), word)
        assert kind.startswith(("variable", "entity.name.variable")), (text, kind)


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("95%", "%", "keyword.other.unit"),
        ("x >= 7B", "7", "constant.numeric.quantity"),
        ("every = 7d", "d", "keyword.other.unit"),
        ("90min", "min", "keyword.other.unit"),
        ("2.5h", "2.5", "constant.numeric.quantity"),
        ("0.05", "0.05", "constant.numeric.float"),
        ("1e-6", "1e-6", "constant.numeric.float"),
        ("42", "42", "constant.numeric.integer"),
        ("18..29", "..", "keyword.operator.range"),
        ("18..29", "29", "constant.numeric.integer"),
        ("50..inf", "inf", "constant.language.infinity"),
        ("2026-01-15", "2026-01-15", "constant.numeric.date"),
        ("hash = sha256:c0ffee12ab34", "sha256:c0ffee12ab34", "constant.other.hash"),
        ("# a comment", "# a comment", "comment.line.number-sign"),
        ("## documentation", "## documentation", "comment.line.documentation"),
        ("x = 1 # each item", "# each item", "comment.line.number-sign"),
        ("a == b", "==", "keyword.operator.comparison"),
        ("a = b", "=", "keyword.operator.assignment"),
        ("a ^ b", "^", "keyword.operator.arithmetic"),
        ("prompt p() -> choice(item.options)", "->", "keyword.operator.type"),
        ("prompt p() -> choice(item.options)", "choice", "support.type"),
        ("param repeats : count = 10", "count", "support.type"),
        ("param langs : list(lang) = [en]", "list", "support.type"),
        ("battery : nominal?", "?", "keyword.operator.optional"),
        ('x { en: "the USA", zh: "美国" }', "zh", "constant.language.tag"),
        ('  user[zh] "你好"', "zh", "constant.language.tag"),
        ("mean over item of x", "mean", "support.function.reducer"),
        ("slope(against = size) over size of x", "slope", "support.function.reducer"),
        ("m.js_distance(reply, human)", "js_distance", "entity.name.function.call"),
        ("item.theme", "theme", "variable.other.property"),
        ("audit small {", "small", "entity.name.type.declaration"),
        ("  let human = x", "human", "entity.name.variable.statement"),
        ("import std.metrics as m", "std.metrics", "entity.name.namespace"),
        ("import std.metrics as m", "m", "entity.name.namespace"),
        ("axis 国家 : nominal", "国家", "entity.name.type.declaration"),
        ("axis देश : nominal", "देश", "entity.name.type.declaration"),
        ("  let ที่ = x", "ที่", "entity.name.variable.statement"),
        ('  user "{முழு.பெயர்|lower}"', "முழு.பெயர்", "variable.parameter.hole"),
        ("check in\u0301 = x", "in\u0301", "entity.name.variable.statement"),
        ('title = "a \\u{e9}"', "\\u{e9}", "constant.character.escape"),
        ('  user "a \\u{e9}"', "\\u{e9}", "constant.character.escape"),
        ('title = "a \\q"', "\\q", "invalid.illegal.escape"),
    ],
)
def test_a_token_has_its_scope(parser: Any, text: str, word: str, kind: str) -> None:
    assert scope(tokens(parser, text), word) == kind


def test_a_message_has_holes_styles_and_literal_braces(parser: Any) -> None:
    found = tokens(
        parser, '  user[en] "You live in {country}, {{so}} {item.options|lettered}: \\"x\\" {oops"'
    )
    assert scope(found, "country") == "variable.parameter.hole"
    assert scope(found, "item.options") == "variable.parameter.hole"
    assert scope(found, "lettered") == "support.function.style"
    assert scope(found, "|") == "keyword.operator.style"
    assert scope(found, "{{") == scope(found, "}}") == "constant.character.escape.brace"
    assert scope(found, '\\"') == "constant.character.escape"
    assert [kind for content, kind in found if content == "{"][-1] == "invalid.illegal.brace.cycl"
    assert scope(found, "You live in") == "string.quoted.double.template"


def test_a_text_block_ends_where_it_ends_and_other_texts_have_no_holes(parser: Any) -> None:
    found = tokens(
        parser, '  user """\n    each {item.question}\n    """\n  title = "a {b} # c"\n  each x in y'
    )
    assert scope(found, "item.question") == "variable.parameter.hole"
    assert scope(found, "each") == "string.quoted.triple.template"
    assert scope(found, "a {b} # c") == "string.quoted.double"
    assert scope(found, "each", 1) == "keyword.declaration.statement"


def _words(text: str, found: Tokens, wanted: str) -> set[str]:
    return {content.strip() for content, kind in found if kind == wanted}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_are_coloured_by_what_their_tree_says(parser: Any, path: Path) -> None:
    from cyclspec.language.spans import Source
    from cyclspec.language.syntax import tree as t
    from cyclspec.language.syntax.parse import parse

    text = path.read_text(encoding="utf-8")
    module = parse(Source(path.name, text)).module
    assert module is not None
    found = tokens(parser, text)
    declared = {decl.name.name for decl in module.decls}
    assert _words(text, found, "entity.name.type.declaration.cycl") == declared
    audits = [decl for decl in module.decls if isinstance(decl, t.Audit)]
    named = {
        s.names[0].name if isinstance(s, t.Each) else s.name.name
        for audit in audits
        for s in audit.statements
    }
    assert _words(text, found, "entity.name.variable.statement.cycl") == named
    documented = [line.strip() for line in text.split("\n") if line.lstrip().startswith("##")]
    assert [
        content.strip() for content, kind in found if kind == "comment.line.documentation.cycl"
    ] == documented
    assert not _words(text, found, "invalid.illegal.brace.cycl")


def test_the_first_token_of_each_declaration_of_the_quickstart_is_a_storage_word(parser: Any) -> None:
    found = tokens(parser, (ROOT / "specs" / "quickstart.cycl").read_text(encoding="utf-8"))
    assert scope(found, "audit") == "storage.type.declaration"
    assert scope(found, "model") == "storage.type.member"
    assert scope(found, "tiny") == "entity.name.type.member"
    assert scope(found, "reply") == "entity.name.variable.statement"
    assert scope(found, "share", 1) == "support.function.reducer"
    assert scope(found, "weighted") == "keyword.other.reduction"
    assert scope(found, "on_fail") == "variable.other.field"


def test_the_manifest_names_files_that_are_there_and_the_grammar_by_its_scope() -> None:
    manifest = json.loads((EDITORS / "package.json").read_text(encoding="utf-8"))
    grammar = json.loads(GRAMMAR.read_text(encoding="utf-8"))
    (language,), (colours,) = manifest["contributes"]["languages"], manifest["contributes"]["grammars"]
    assert language["extensions"] == [".cycl"]
    assert (colours["language"], colours["scopeName"]) == (language["id"], grammar["scopeName"])
    for name in (manifest["main"], language["configuration"], colours["path"]):
        assert (EDITORS / name).is_file()
    rules = json.loads((EDITORS / "language-configuration.json").read_text(encoding="utf-8"))
    assert rules["comments"] == {"lineComment": "#"}
    included = set(re.findall(r'"#(\w+)"', GRAMMAR.read_text(encoding="utf-8")))
    assert included == set(grammar["repository"]) | {"code"}
