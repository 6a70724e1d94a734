"""Reads structured cells: texts in several languages, lists of texts, and scales.

Expects one cell as Python values (from Parquet, Arrow or JSON) or as JSON text (from CSV). Each reader gives the
value, or raises `CellProblem`, which the caller turns into a diagnostic with file, row and column.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cyclspec.compiler.data.codes import normal_code, suggest
from cyclspec.compiler.data.contracts import Column, Option, Scale
from cyclspec.language import strict_json

Text = Mapping[str, str]

_MEMBERS = ("code", "label", "value", "missing")


class CellProblem(Exception):
    """What is wrong with one cell, with help."""

    def __init__(self, problem: str, helps: tuple[str, ...] = ()) -> None:
        self.problem = problem
        self.helps = helps
        super().__init__(problem)


def text_cell(cell: Any, langs: Sequence[str]) -> Text:
    """A text by language. Without declared languages, the language is ""; with one, a plain text is that one."""
    if isinstance(cell, str):
        if len(langs) > 1:
            raise CellProblem(f"a plain text where languages are declared: {', '.join(langs)}")
        return MappingProxyType({langs[0] if langs else "": _written(cell, "")})
    members = mapping_of(cell)
    if members is None:
        raise CellProblem(f"{_kind(cell)} where a text is declared")
    if not langs:
        raise CellProblem("a text with languages where a plain text is declared", ("declare `text(en, ..)`",))
    return MappingProxyType({lang: _written(members.get(lang), lang) for lang in langs})


def texts_cell(cell: Any, langs: Sequence[str], *, textual: bool) -> tuple[Text, ...]:
    """A list of texts; `textual` cells are JSON."""
    value = from_json(cell) if textual else cell
    if not isinstance(value, list):
        raise CellProblem(f"{_kind(value)} where a list of texts is declared")
    return tuple(text_cell(part, langs) for part in value)


def scale_cell(cell: Any, column: Column, *, textual: bool) -> Scale:
    """The options that one row brings: texts, numbers, or records of code, label, value and missing."""
    value = from_json(cell) if textual else cell
    if not isinstance(value, list):
        raise CellProblem(f"{_kind(value)} where a list of options is declared")
    options = tuple(_option(part, number, column.langs) for number, part in enumerate(value, start=1))
    seen: set[str] = set()
    for option in options:
        if option.code in seen:
            raise CellProblem(f"two options with the code `{option.code[:60]}`")
        seen.add(option.code)
    _check_size(sum(not option.missing for option in options), column)
    return Scale(options, column.ordered)


def mapping_of(value: Any) -> dict[str, Any] | None:
    """A struct, map or object as a dictionary without null members; None for anything else."""
    if isinstance(value, dict):
        return {str(key): member for key, member in value.items() if member is not None}
    pairs = isinstance(value, list) and bool(value)
    if pairs and all(isinstance(pair, tuple) and len(pair) == 2 and pair[0] is not None for pair in value):
        keys = [normal_code(key) for key, _ in value]
        if len(set(keys)) < len(keys):
            raise CellProblem("a map that holds one key twice")
        return {key: member for key, (_, member) in zip(keys, value, strict=True) if member is not None}
    return None


def from_json(cell: Any) -> Any:
    """The value of a CSV cell that holds JSON."""
    if not isinstance(cell, str):
        return cell
    try:
        return strict_json.loads(cell)
    except (ValueError, RecursionError) as error:
        helps = ('write the list as JSON: ["Agree", "Disagree"]',)
        raise CellProblem(f"not JSON: {str(error)[:120]}", helps) from None


def _option(part: Any, number: int, langs: Sequence[str]) -> Option:
    if isinstance(part, (str, int, float)) and not isinstance(part, bool):
        code = _code(part, number)
        return Option(code, MappingProxyType({"": part.strip() if isinstance(part, str) else code}))
    members = mapping_of(part)
    if members is None:
        raise CellProblem(f"option {number} is {_kind(part)}")
    for name in members:
        if name not in _MEMBERS:
            raise CellProblem(
                f"option {number} has a member `{name[:60]}`", suggest(name, _MEMBERS, "members")
            )
    code = _code(members.get("code"), number)
    label = _label(members.get("label"), code, langs)
    missing = members.get("missing", False)
    if not isinstance(missing, bool):
        raise CellProblem(f"`missing` of option `{code[:60]}` is not true or false")
    return Option(code, label, _value(members.get("value"), code), missing)


def _code(value: Any, number: int) -> str:
    if value is None or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise CellProblem(
            f"option {number} has no code" if value is None else f"the code of option {number} is not text"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise CellProblem(f"the code of option {number} is not finite")
    code = normal_code(value)
    if not code:
        raise CellProblem(f"option {number} is empty")
    return code


def _label(label: Any, code: str, langs: Sequence[str]) -> Text:
    if isinstance(label, str) and label.strip():
        return MappingProxyType({"": label})
    members = mapping_of(label)
    if not members:
        raise CellProblem(f"option `{code[:60]}` has an empty label")
    for lang in langs or tuple(members):
        words = members.get(lang)
        if not isinstance(words, str) or not words.strip():
            raise CellProblem(f"the label of option `{code[:60]}` has no `{lang}` text")
    return MappingProxyType(members)


def _value(value: Any, code: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CellProblem(f"the value of option `{code[:60]}` is not a finite number")
    return float(value)


def _check_size(count: int, column: Column) -> None:
    low, high = column.low, column.high
    if (low is None or count >= low) and (high is None or count <= high):
        return
    bounds = f"{'' if low is None else low}..{'' if high is None else high}"
    raise CellProblem(f"{count} options that are not missing, where {bounds} are declared")


def _written(words: Any, lang: str) -> str:
    if isinstance(words, str) and words.strip():
        return words
    if words is not None and not isinstance(words, str):
        raise CellProblem(f"{_kind(words)} where a text is declared")
    raise CellProblem(f"no `{lang}` text" if lang else "an empty text")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return "a text"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a record"
    return f"a value of type {type(value).__name__}"
