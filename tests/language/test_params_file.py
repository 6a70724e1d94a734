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
        ('{"repeats": {"a": 1}}', "'repeats' is an object"),
        ('{"repeats": 1, "repeats": 2}', "it gives 'repeats' twice"),
        ('{"title": "Two towns"}', '"\\"Two towns\\""'),
        ('{"title": ""}', "no expression"),
        ('{"themes": ["work, family"]}', "no expression"),
        ('{"weights": ' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}", "lists in lists"),
        ("[" * 100_000, "brackets are too deep"),
    ],
)
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
    with pytest.raises(click.UsageError, match=r"params\.json: it is no object"):
        read_params(file)
