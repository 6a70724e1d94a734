"""`--params`: parameters from a file of JSON, below `-p` and above the defaults."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cyclspec import pipeline
from cyclspec.cli.bindings import MAX_DEPTH, read_params
from cyclspec.cli.main import group
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.types.constants import evaluate

SPEC = """cycl 1
param repeats : count = 10 where repeats in 1..200
param least   : share = 80%
param title   : text = "A title"
param theme   : nominal(family, work) = family
param themes  : list(nominal(family, work)) = [family]
param size    : parameters = 7B
param careful : bool = true
param weights : list(real) = [1]
param rows    : list(list(real)) = [[1]]
param hello   : text(en, fr) = {en: "a", fr: "b"}
param asides  : list(text(en)) = []
"""
GIVEN = {
    "repeats": (5, 5),
    "least": ("30%", 0.3),
    "title": ('"Two, \\"towns\\""', 'Two, "towns"'),
    "theme": ("work", "work"),
    "themes": (["work", "family"], ("work", "family")),
    "size": ("3B", 3e9),
    "careful": (False, False),
    "weights": ([-1e-3, 1e22, 0.1, 3], (-0.001, 1e22, 0.1, 3)),
    "rows": ([[1], [2, 3]], ((1,), (2, 3))),
    "hello": ({"fr": 'Dis "oui"\n\t{x}', "en": "é\u202e\\"}, {"fr": 'Dis "oui"\n\t{x}', "en": "é\u202e\\"}),
    "asides": ([{"en": "a"}, {"en": "b", "zh": "一"}], ({"en": "a"}, {"en": "b", "zh": "一"})),
}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.cycl"
    path.write_text(SPEC, encoding="utf-8")
    return path


def said(spec: Path, text: str, *args: str) -> Result:
    file = spec.with_name("params.json")
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(group, ["check", str(spec), "--params", str(file), *args])


def test_every_kind_of_value_is_read_from_json(spec: Path) -> None:
    file = spec.with_name("params.json")
    file.write_text(json.dumps({name: given for name, (given, _) in GIVEN.items()}), encoding="utf-8")
    context = pipeline.check(spec, read_params(file)).require()
    found = {symbol.name: evaluate(value.term) for symbol, value in context.params.items()}
    assert found == {name: value for name, (_, value) in GIVEN.items()}


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text('{"a": 0.10000000000000000001, "b": 1E+5, "c": -0}', encoding="utf-8")
    assert read_params(file) == {"a": "0.10000000000000000001", "b": "1e5", "c": "-0"}


@pytest.mark.parametrize("args", [("-p", "repeats=7"), ("--param", "repeats=7")])
def test_the_command_line_goes_before_the_file_and_the_file_before_the_default(
    spec: Path, args: tuple[str, ...]
) -> None:
    refused = said(spec, '{"repeats": 500, "least": 0.5}')
    assert refused.exit_code == 1
    assert "CY0503" in refused.output
    assert said(spec, '{"repeats": 500, "least": 0.5}', *args).exit_code == 0
    file = str(spec.with_name("params.json"))
    assert CliRunner().invoke(group, ["check", *args, "--params", file, str(spec)]).exit_code == 0


def test_a_value_from_a_file_is_checked_like_any_other(spec: Path) -> None:
    output = said(spec, '{"theme": "politics", "nope": 3}').output
    assert "CY0101" in output
    assert "there is no parameter named `nope`" in output


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "it is no object"),
        ("{", "is not JSON"),
        ('{"repeats": NaN}', "NaN is no value of JSON"),
        ('{"repeats": null}', "'repeats' is null"),
        ('{"repeats": {}}', "params.json:1:13: 'repeats' is an empty object"),
        ('{"repeats": {"a": 1}}', "params.json:1:19: 'repeats' is a text in several languages, and has no text in a"),
        ('{"hello": {"en": "a", "fr": ["b"]}}', "has no text in fr"),
        ('{"hello": {"en-GB": "a"}}', "has 'en-GB' where a language such as en or zh stands"),
        ('{"repeats": 1, "repeats": 2}', "it gives 'repeats' twice"),
        ('{"title": "Two towns"}', '"\\"Two towns\\""'),
        ('{"title": ""}', "no expression"),
        ('{"themes": ["work, family"]}', "no expression"),
        ('{"weights": ' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}", "lists in lists"),
        ('{"hello": {"en": "a", "fr": "\\ud800"}}', "params.json:1:29: a text has half of a surrogate pair"),
        ('{"themes": ["\\udfff"]}', "half of a surrogate pair"),
        ('{"\\ud800": 1}', "half of a surrogate pair"),
        ("[" * 100_000, "brackets are too deep"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_place(spec: Path, text: str, problem: str) -> None:
    found = said(spec, text)
    assert found.exit_code == 2
    assert problem in " ".join(found.output.split())


def test_a_file_that_cannot_be_read_is_a_diagnostic(tmp_path: Path) -> None:
    for path in (tmp_path / "nope.json", tmp_path):
        with pytest.raises(SpecError, match="CY0014"):
            read_params(path)


def test_the_path_of_the_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text("3", encoding="utf-8")
    with pytest.raises(click.UsageError, match=r"params\.json:1:1: it is no object"):
        read_params(file)


MISFITS = [
    ('{\n  "theme": "politics"\n}', "2:13", '2 |   "theme": "politics"', "^^^^^^^^"),
    ('{"themes": ["work",\n "famly"]}', "2:3", '2 |  "famly"]}', "^^^^^"),
    ('{"repeats": 500}', "1:13", '1 | {"repeats": 500}', "^^^"),
    ('{"repeats": 5E2}', "1:13", '1 | {"repeats": 5E2}', "^^^"),
    ('{"least": 80}', "1:11", '1 | {"least": 80}', "^^"),
    ('{"careful": 1}', "1:13", '1 | {"careful": 1}', "^"),
    ('{"themes": "family"}', "1:13", '1 | {"themes": "family"}', "^^^^^^"),
    ('{"weights": [1,\n[2]]}', "2:1", "2 | [2]]}", "^^^"),
    ('{"rows": [3]}', "1:10", '1 | {"rows": [3]}', "^^^"),
    ('{"hello": {"en": "x"}}', "1:11", '1 | {"hello": {"en": "x"}}', "^^^^^^^^^^^"),
    ('{"asides": [{"en": "x"}, {"fr": "y"}]}', "1:26", '1 | {"asides": [{"en": "x"}, {"fr": "y"}]}', "^^^^^^^^^^^"),
    ('{"theme": "polit\\u0069cs"}', "1:12", '1 | {"theme": "polit\\u0069cs"}', "^^^^^^^^^^^^^"),
    ('{"nope": 3}', "1:3", '1 | {"nope": 3}', "^^^^"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "line", "carets"), MISFITS, ids=[m[0] for m in MISFITS])
def test_a_value_that_does_not_fit_is_shown_where_it_stands_in_the_file(
    spec: Path, text: str, place: str, line: str, carets: str
) -> None:
    found = said(spec, text)
    assert found.exit_code == 1
    assert f"--> {spec.with_name('params.json')}:{place}\n" in found.output
    shown, marked = found.output.split(f"{line}\n")[1].split("\n")[0], found.output.count("error[")
    assert shown.split("|")[1].split()[0] == carets
    column = int(place.split(":")[1])
    assert shown.index("^") - shown.index("|") - 2 == column - 1
    assert marked == 1


def test_a_value_that_does_not_fit_has_no_edits_of_the_file(spec: Path) -> None:
    """What mends a spec would break the JSON: `80%` is no number."""
    (record,) = json.loads(said(spec, '{"least": 80}', "--format", "json").stdout)
    assert (record["file"], record["line"], record["column"]) == (str(spec.with_name("params.json")), 1, 11)
    assert record["help"] and record["edits"] == []


def test_a_value_says_what_gave_it(spec: Path) -> None:
    file = spec.with_name("params.json")
    file.write_text('{"least": 0.5}', encoding="utf-8")
    args = ["explain", str(spec), "--stage", "types", "--params", str(file), "-p", "repeats=7"]
    output = " ".join(CliRunner().invoke(group, args).output.split())
    assert "repeats count 7, command line" in output
    assert f"least share 0.5, {file}" in output
