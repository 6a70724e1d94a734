"""Values of parameters from outside: `-p NAME=EXPR`, and a file of JSON for those that `-p` does not give."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cyclspec.language import strict_json
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.names.modules import read_source
from cyclspec.language.spans import Source
from cyclspec.language.syntax.parse import parse_expression

MAX_DEPTH = 8
_FROM_FILE = "cyclspec.params"
Command = Callable[..., Any]


class _Number(str):
    """A number as the file writes it, no digit lost."""


class _Flaw(ValueError):
    """What is wrong with the JSON of a file."""


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping; anything else is a usage error."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"{option} takes NAME=VALUE, not {text!r}")
        if name in found:
            raise click.UsageError(f"{option} gives {name!r} twice")
        found[name] = value
    return found


def params(command: Command) -> Command:
    """Adds `-p` and `--params`; the command gets `params`, NAME=EXPR each, in which `-p` goes before the file."""
    file = click.option(
        "--params",
        "params_file",
        type=click.Path(path_type=Path),
        metavar="FILE.json",
        expose_value=False,
        is_eager=True,
        callback=_keep,
        help="Bind parameters from a JSON object; -p goes before it.",
    )
    single = click.option(
        "-p",
        "--param",
        "params",
        multiple=True,
        metavar="NAME=EXPR",
        callback=_with_file,
        help="Bind a parameter of the spec.",
    )
    return single(file(command))


def _keep(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    ctx.meta[_FROM_FILE] = {} if path is None else read_params(path)


def _with_file(ctx: click.Context, _: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    bound = {**ctx.meta[_FROM_FILE], **pairs(given, "-p")}
    return tuple(f"{name}={text}" for name, text in bound.items())


def read_params(path: Path) -> dict[str, str]:
    """Expressions by name from a JSON object: numbers, truth values, lists, and texts as `-p` takes them.

    Raises `SpecError` for a file that cannot be read, `click.UsageError` for one that holds something else.
    """
    source = read_source(path, str(path))
    if isinstance(source, Diagnostic):
        raise SpecError([source])
    try:
        found = strict_json.loads(source.text, number=_Number)
        if not isinstance(found, dict):
            raise _Flaw('it is no object such as {"repeats": 10}')
        return {name: _expression(value, name) for name, value in found.items()}
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno} is not JSON: {error.msg}"
    except strict_json.MemberTwice as error:
        problem = f"it gives {error.name!r} twice"
    except strict_json.NotANumber as error:
        problem = f"{error.name} is no value of JSON"
    except _Flaw as error:
        problem = str(error)
    except RecursionError:
        problem = "its brackets are too deep"
    raise click.UsageError(f"--params {path}: {problem}")


def _expression(value: Any, name: str, depth: int = 0) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case _Number():
            return value.lower().replace("e+", "e")
        case str():
            return _as_typed(value, name)
        case list() if depth < MAX_DEPTH:
            return f"[{', '.join(_expression(item, name, depth + 1) for item in value)}]"
        case list():
            raise _Flaw(f"{name!r} has lists in lists, deeper than {MAX_DEPTH}")
    found = "null" if value is None else "an object"
    raise _Flaw(f"{name!r} is {found}; give a number, true, false, a text or a list")


def _as_typed(text: str, name: str) -> str:
    """What a text says as an expression: a level, a quantity, or text in quotes of its own."""
    expr, _ = parse_expression(Source(name, text))
    if expr is None:
        quoted = json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)
        raise _Flaw(f"{name!r} is {text!r}, which is no expression; text has quotes of its own: {quoted}")
    return text
