r"""Escapes in texts of one line: `\n`, `\t`, `\r`, `\"`, `\\`, and `\u{2014}` for any character by its number.

A text block has none: what stands in it is what it says. Ensures that every text can be written on one line without a
character that nobody sees, and that a backslash before anything else is told of, never kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import regex

from cyclspec.language.syntax.alphabet import hidden

_MEANS = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_WRITTEN = {char: f"\\{letter}" for letter, char in _MEANS.items()}
_ESCAPE = regex.compile(r"\\(?:u\{(?P<number>[0-9A-Fa-f]{1,6})\}|(?P<letter>.))")
# How other languages write a character by its number.
_ELSEWHERE = regex.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2}))")
LISTED = r"`\n`, `\t`, `\r`, `\"`, `\\` and `\u{2014}`"


class BadEscape(NamedTuple):
    """A backslash that begins no escape: its range in the text that was searched, and what to write.

    `mended` is what was meant; empty where that is not sure.
    """

    start: int
    end: int
    help: str
    mended: str


def _character(number: str) -> str | None:
    """The character of a hexadecimal number; None for none, NUL and halves of surrogate pairs."""
    code = int(number, 16)
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else None


def _meant(escape: regex.Match[str]) -> str | None:
    number = escape["number"]
    return _MEANS.get(escape["letter"]) if number is None else _character(number)


def unescaped(text: str) -> str:
    """What the inside of a text literal of one line says; what is no escape stays, since it is told of elsewhere."""
    return str(_ESCAPE.sub(lambda escape: _meant(escape) or escape.group(), text))


def escaped(text: str) -> str:
    """A text as it stands between quotes on one line."""
    unseen = set(hidden(text))
    return "".join(
        f"\\u{{{ord(char):x}}}" if at in unseen else _WRITTEN.get(char, char) for at, char in enumerate(text)
    )


def bad_escapes(text: str, start: int, end: int) -> Iterator[BadEscape]:
    """Every backslash in a range of a text that begins no escape."""
    for escape in _ESCAPE.finditer(text, start, end):
        if _meant(escape) is not None:
            continue
        elsewhere = _ELSEWHERE.match(text, escape.start(), end)
        stop = escape.end() if elsewhere is None else elsewhere.end()
        yield BadEscape(escape.start(), stop, *_help(escape, elsewhere))


def _help(escape: regex.Match[str], elsewhere: regex.Match[str] | None) -> tuple[str, str]:
    """What to write, in words and as it is written."""
    number = next((group for group in elsewhere.groups() if group), None) if elsewhere is not None else None
    if number is not None and _character(number) is None:
        return "write the character itself", ""
    if number is not None:
        mended = f"\\u{{{int(number, 16):x}}}"
        return f"write `{mended}`", mended
    if escape["number"] is not None:
        return "no character has this number; write the character itself", ""
    letter = escape["letter"]
    if letter in ("'", "`"):
        return f"write `{letter}` alone", letter
    if letter in "{}":
        return f"write `{letter}`, or `{letter * 2}` in a message of a prompt", ""
    return f"write `\\\\{letter}` for a backslash", f"\\\\{letter}"
