"""Canonical JSON from outside to a module.

Expects any bytes. Ensures bounds on size and depth before anything recursive sees them, that a module is returned only
where the JSON conforms to the schema and is what `write` would have written, and that every refusal is a diagnostic
with the path of its place.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from cyclspec.language import strict_json
from cyclspec.language.canonical.conform import Flaw, flaws
from cyclspec.language.canonical.form import read
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy00_syntax import NotCanonical, TooLarge
from cyclspec.language.syntax import tree as t

MAX_BYTES = 16 << 20
MAX_JSON_DEPTH = 220
# A text that does not end is one token too: looking for its end from every mark in it would take for ever.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|(?P<open>[\[{])|(?P<close>[\]}])', re.DOTALL)


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        depth += (match["open"] is not None) - (match["close"] is not None)
        deepest = max(deepest, depth)
    return deepest


def _spellings(data: Any) -> Iterator[Flaw]:
    """Texts that no source can hold: half a character, none, or another spelling of the same characters."""
    stack: list[tuple[Any, str]] = [(data, "$")]
    while stack:
        value, path = stack.pop()
        match value:
            case dict():
                stack.extend((member, f"{path}.{name}") for name, member in value.items())
            case list():
                stack.extend((item, f"{path}[{index}]") for index, item in enumerate(value))
            case str() if any("\ud800" <= char <= "\udfff" for char in value):
                yield Flaw(path, "a text has half of a surrogate pair")
            case str() if "\0" in value:
                yield Flaw(path, "a text has U+0000 NULL in it")
            case str() if not unicodedata.is_normalized("NFC", value):
                yield Flaw(path, "a text is not in Unicode normal form NFC")


def _parsed(data: bytes, name: str) -> Any:
    """The data of JSON text, or a diagnostic."""
    if len(data) > MAX_BYTES:
        return TooLarge(what=f"`{name}`", limit=f"{MAX_BYTES >> 20} MiB", place=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return NotCanonical(problem="it is not UTF-8", place=f"{name}, line {line}")
    if _depth(text) > MAX_JSON_DEPTH:
        return TooLarge(what="the nesting of this JSON", limit=f"{MAX_JSON_DEPTH} levels", place=name)
    try:
        return strict_json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{name}, line {error.lineno}, column {error.colno}"
        return NotCanonical(problem="it is not JSON", place=place, notes=(error.msg,))
    except strict_json.MemberTwice as error:
        problem = f"an object has the member `{error.name[:60]}` twice"
        return NotCanonical(problem=problem, place=name)
    except strict_json.NotANumber as error:
        return NotCanonical(problem=f"`{error.name}` is not a value of JSON", place=name)
    except (ValueError, RecursionError):
        return NotCanonical(problem="a number in it has too many digits", place=name)


def decode(data: bytes, name: str) -> t.Module | tuple[Diagnostic, ...]:
    """The module that JSON text stands for, or why it stands for none; `name` is how people know the file."""
    parsed = _parsed(data, name)
    if isinstance(parsed, Diagnostic):
        return (parsed,)
    found = flaws(parsed) or list(_spellings(parsed))[:20]
    if found:
        return tuple(NotCanonical(problem=flaw.problem, place=f"{name}, {flaw.path}") for flaw in found)
    return read(parsed)
