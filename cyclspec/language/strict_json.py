"""JSON as the standard has it: no object gives a member twice, and no number is NaN or infinite.

Expects text of any origin. Ensures that what a reader would understand differently from the next is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,"\s]+')


class MemberTwice(ValueError):
    """An object gives a member twice; `name` is the member."""

    def __init__(self, name: str) -> None:
        super().__init__(f"member `{name[:60]}` is written twice")
        self.name = name


class NotANumber(ValueError):
    """`NaN`, `Infinity` or `-Infinity`, which is `name`, where a value should be."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not a JSON number")
        self.name = name


class Placed(NamedTuple):
    """A value and where it stands in its text.

    Lists hold such values; objects have such names, and such values.
    """

    value: Any
    start: int
    end: int


def placed(text: str, *, number: Callable[[str], Any] | None = None) -> Placed:
    """The value of a text, with the place of each value in it. Raises as `loads` does."""
    loads(text, number=number)
    tokens = _TOKENS.finditer(text)
    return _placed(next(tokens), tokens, number)


def _placed(
    first: re.Match[str], tokens: Iterator[re.Match[str]], number: Callable[[str], Any] | None
) -> Placed:
    """The value that begins with a token of a text that is JSON."""
    if first.group() not in ("[", "{"):
        return Placed(loads(first.group(), number=number), *first.span())
    inner: list[Placed] = []
    for token in tokens:
        if token.group() in ("]", "}"):
            break
        if token.group() not in (",", ":"):
            inner.append(_placed(token, tokens, number))
    value = inner if first.group() == "[" else dict(zip(inner[::2], inner[1::2], strict=True))
    return Placed(value, first.start(), token.end())


def loads(text: str, *, number: Callable[[str], Any] | None = None) -> Any:
    """The value of a text; `number` makes one of how a number is written.

    Raises `MemberTwice`, `NotANumber`, `json.JSONDecodeError`, `ValueError` for an integer of too many digits, or
    `RecursionError`.
    """
    return json.loads(
        text,
        object_pairs_hook=_members,
        parse_constant=_refuse,
        parse_int=number,
        parse_float=number,
    )


def prefix(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at a place of a text, and where it ends; whatever follows. Raises what `loads` does."""
    found, end = _DECODER.raw_decode(text, start)
    return found, int(end)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise MemberTwice(name)
        seen.add(name)
    return members


def _refuse(name: str) -> NoReturn:
    raise NotANumber(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse)
