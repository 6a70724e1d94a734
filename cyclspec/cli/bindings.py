"""Values of parameters from outside: `-p NAME=EXPR`, and a file of JSON for those that `-p` does not give."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import click

from cyclspec.language import strict_json
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.format.texts import quoted
from cyclspec.language.names.modules import read_source
from cyclspec.language.spans import Source, Span
from cyclspec.language.strict_json import Placed
from cyclspec.language.syntax.alphabet import is_name
from cyclspec.language.syntax.parse import parse_expression
from cyclspec.language.written import Piece, Written

MAX_DEPTH = 8
_FROM_FILE = "cyclspec.params"
Command = Callable[..., Any]


class _Number(str):
    """A number as the file writes it, no digit lost."""


class _Flaw(ValueError):
    """What is wrong with a value of the file, and where it stands."""

    def __init__(self, problem: str, at: Placed) -> None:
        super().__init__(problem)
        self.at = at


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
    """Adds `-p` and `--params`; the command gets `params`, expressions by name, in which `-p` goes before the file."""
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


def _with_file(ctx: click.Context, _: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    return {**ctx.meta[_FROM_FILE], **pairs(given, "-p")}


def read_params(path: Path) -> dict[str, Written]:
    """Expressions by name from a JSON object: numbers, truth values, lists, texts as `-p` takes them, and objects.

    An object is a text in several languages. Raises `SpecError` for a file that cannot be read, `click.UsageError` for
    one that holds something else.
    """
    source = read_source(path, str(path))
    if isinstance(source, Diagnostic):
        raise SpecError([source])
    place = str(path)
    try:
        found = strict_json.placed(source.text, number=_Number)
        if not isinstance(found.value, dict):
            raise _Flaw('it is no object such as {"repeats": 10}', found)
        _refuse_halves(found)
        return {name.value: _written(source, name, value) for name, value in found.value.items()}
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno} is not JSON: {error.msg}"
    except strict_json.MemberTwice as error:
        problem = f"it gives {error.name!r} twice"
    except strict_json.NotANumber as error:
        problem = f"{error.name} is no value of JSON"
    except _Flaw as error:
        place, problem = str(Span(source, error.at.start, error.at.end)), str(error)
    except RecursionError:
        problem = "its brackets are too deep"
    raise click.UsageError(f"--params {place}: {problem}")


def _refuse_halves(found: Placed) -> None:
    """Refuses half of a surrogate pair, which no text can be written with."""
    match found.value:
        case str() if any("\ud800" <= char <= "\udfff" for char in found.value):
            raise _Flaw("a text has half of a surrogate pair", found)
        case list():
            parts: Iterable[Placed] = found.value
        case dict():
            parts = chain(found.value.keys(), found.value.values())
        case _:
            return
    for part in parts:
        _refuse_halves(part)


def _written(source: Source, name: Placed, value: Placed) -> Written:
    """The expression of a member of the file, with the places of its parts."""
    pieces = (Piece(text, Span(source, start, end)) for text, start, end in _expression(value, name.value))
    return Written.of(Span(source, name.start + 1, name.end - 1), pieces)


def _expression(found: Placed, name: str, depth: int = 0) -> Iterator[tuple[str, int, int]]:
    """The parts of an expression, each with its place in the file."""
    value, start, end = found
    match value:
        case bool():
            yield "true" if value else "false", start, end
        case _Number():
            yield value.lower().replace("e+", "e"), start, end
        case str():
            yield _as_typed(found, name), start + 1, end - 1
        case list() if depth < MAX_DEPTH:
            items = (tuple(_expression(item, name, depth + 1)) for item in value)
            yield from _enclosed("[]", found, items)
        case list():
            raise _Flaw(f"{name!r} has lists in lists, deeper than {MAX_DEPTH}", found)
        case dict() if value:
            yield from _enclosed("{}", found, (_text(lang, text, name) for lang, text in value.items()))
        case _:
            what = "null" if value is None else "an empty object"
            raise _Flaw(f"{name!r} is {what}; give a number, true, false, a text or a list", found)


def _enclosed(
    brackets: str, whole: Placed, items: Iterable[Sequence[tuple[str, int, int]]]
) -> Iterator[tuple[str, int, int]]:
    """Items between brackets, a comma after each but the last."""
    at = whole.start + 1
    yield brackets[0], whole.start, at
    for place, item in enumerate(items):
        if place:
            yield ", ", at, item[0][1]
        yield from item
        at = item[-1][2]
    yield brackets[1], whole.end - 1, whole.end


def _text(lang: Placed, text: Placed, name: str) -> list[tuple[str, int, int]]:
    """One language of a text, and the text in it, which is no expression."""
    if not is_name(lang.value):
        raise _Flaw(f"{name!r} has {lang.value!r} where a language such as en or zh stands", lang)
    if not isinstance(text.value, str) or isinstance(text.value, _Number):
        raise _Flaw(f"{name!r} is a text in several languages, and has no text in {lang.value}", text)
    return [
        (lang.value, lang.start + 1, lang.end - 1),
        (": ", lang.end, text.start),
        (quoted(text.value), text.start, text.end),
    ]


def _as_typed(found: Placed, name: str) -> str:
    """What a text says as an expression: a level, a quantity, or text in quotes of its own."""
    text: str = found.value
    expr, _ = parse_expression(Source(name, text))
    if expr is None:
        own = json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)
        problem = f"{name!r} is {text!r}, which is no expression; text has quotes of its own: {own}"
        raise _Flaw(problem, found)
    return text
