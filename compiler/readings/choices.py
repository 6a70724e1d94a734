"""Parsers: which of the offered options a text names.

Expects any text at all, since a model wrote it. Ensures that at most `MOST_CHARACTERS` of it are looked at, in time
that grows with its length times the number of options; that a parser which sees two options reads none; and that no
parser knows a language: labels, marks and the options' own words are all they go by.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MOST_CHARACTERS = 8192
_SPACELESS = 0x2E80
_OPENING = r"[\s*_`~\"'«»“”‘’(\[{<（【「『〈#>]*"
_CLOSING = r"[*_`\"'»”’]*(?:[.:;,)\]}>、。：；，）】」』〉–—-]|\s+[–—-]\s|\s*$|[^\S\n]*\n)"
_FIELD = re.compile(r"^([^:：\n]{1,60})[:：](.+)$", re.MULTILINE)
_OPEN_FIELD = re.compile(r"[^\s:：][:：]\s*\Z")
_MARKED = re.compile(
    r"[(\[（【「『][*_`]*(\w{1,2})[*_`]*[)\]）】」』]|\*(\w{1,2})[.:)]?\*|(?<![\w'’])(\w{1,2})[.):：）](?=\s|$)"
)
_FREE = re.compile(r"(?<![\w'’])\w{1,2}(?![\w'’])")


@dataclass(frozen=True, slots=True)
class Offered:
    """One option as a text can name it: the labels that it was shown under, and its words."""

    code: str
    labels: tuple[str, ...]
    words: str


Options = Sequence[Offered]
Parser = Callable[[str, Options], int | None]


def read_option(text: str, offered: Options, parsers: Sequence[str], prefix: str = "") -> str | None:
    """The code of the option that the first parser finds which finds one; None where none does.

    `prefix` is what the turn began with before the text. Where it ends as a field does, the text begins with its value.
    """
    shown = _plain(text)
    for name in parsers:
        at = None
        if name == "labelled" and _OPEN_FIELD.search(prefix):
            at = _value(shown.partition("\n")[0], offered)
        at = PARSERS[name](shown, offered) if at is None else at
        if at is not None:
            return offered[at].code
    return None


def is_off_scale(text: str, offered: Options) -> bool:
    """Whether a text begins with a label of the shown kind and is none of them: `F.` of A to E."""
    shown = [label for one in offered for label in one.labels]
    field = _FIELD.match(plain := _plain(text))
    for said in (plain, *((field[2],) if field else ())):
        begun = re.match(rf"{_OPENING}([A-Z]|\d{{1,3}})(?![^\W_])", said)
        if begun is None or not re.match(_CLOSING, said[begun.end() :]):
            continue
        alike = [label for label in shown if label.isdecimal() == begun[1].isdecimal()]
        if alike and begun[1] not in alike:
            return True
    return False


def leading_letter(text: str, offered: Options) -> int | None:
    """The text begins with a label: alone in its line, before a mark (`B.`, `(b)`, `**B**`), or before its words."""
    pattern, places = _labels(tuple(one.labels for one in offered))
    begun = re.match(rf"{_OPENING}({pattern})(?![^\W_])", text, re.IGNORECASE) if pattern else None
    if begun is None:
        return None
    at, rest = places.get(begun[1].casefold()), text[begun.end() :]
    if re.match(rf"\s*[,/&|+]\s*{_OPENING}(?:{pattern})(?![^\W_])", rest, re.IGNORECASE):
        return None
    if re.match(_CLOSING, rest) or (at is not None and _begins(rest, offered[at])):
        return at
    return None


def labelled(text: str, offered: Options) -> int | None:
    """The first field whose value names an option (`Answer: B`); else the one marked label (`(B)`, `**B**`, `B.`).

    Else a label alone at the end, where no other capital label stands free in the text. An option that is shown again
    (`A: rather`) is no field.
    """
    _, places = _labels(tuple(one.labels for one in offered))
    for name, value in _FIELD.findall(text):
        at = None if name.strip().casefold() in places else _value(value, offered)
        if at is not None:
            return at
    marked = _capitals((next(filter(None, found.groups())) for found in _MARKED.finditer(text)), places)
    if marked:
        return _only(marked)
    free = _capitals(_FREE.findall(text), places)
    last = _capitals(_FREE.findall(text[-3:]) if re.search(r"(?:^|\s)\w{1,2}$", text) else (), places)
    return _only(free) if last else None


def option_text(text: str, offered: Options) -> int | None:
    """The words of one option stand in the text; words that stand only inside those of another do not count."""
    folded = _folded(text)
    found = ((at, span) for at, one in enumerate(offered) for span in _found(folded, _words(one)))
    spans = [(start, -end, at) for at, (start, end) in found]
    kept, widest = set[int](), (-1, 0)
    for start, end, at in sorted(spans):
        if -end > -widest[1] or (start, end) == widest:
            kept.add(at)
            widest = (start, end)
    return _only(kept)


def in_json(text: str, offered: Options) -> int | None:
    """The first object or string that is JSON: one of its values is the label, the code or the words of an option."""
    value = _first_json(text)
    values = value.values() if isinstance(value, dict) else [value]
    return _only(_whole(str(one), offered) for one in values if isinstance(one, str | int))


PARSERS: Mapping[str, Parser] = {
    "leading_letter": leading_letter,
    "labelled": labelled,
    "option_text": option_text,
    "json": in_json,
}


def _plain(text: str) -> str:
    """The beginning of a text, in compatibility form and without characters that nobody sees."""
    normal = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS])[:MOST_CHARACTERS]
    return "".join(c for c in normal if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf")).strip()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=4096)
def _words(one: Offered) -> str:
    return _folded(one.words)


@lru_cache(maxsize=1024)
def _labels(labels: tuple[tuple[str, ...], ...]) -> tuple[str, Mapping[str, int]]:
    """A pattern of all labels, longest first, and the option that each stands for."""
    places = {label.casefold(): at for at, names in enumerate(labels) for label in names}
    longest = sorted(places, key=lambda label: (-len(label), label))
    return "|".join(map(re.escape, longest)), places


def _capitals(words: Iterable[str], places: Mapping[str, int]) -> set[int]:
    """The options whose labels stand among some words as they are shown: `a` is a word, `A` is a label."""
    return {places[word.casefold()] for word in words if word == word.upper() and word.casefold() in places}


def _only(found: Iterable[int | None]) -> int | None:
    """The one option among some, None where there are several or none."""
    places = {at for at in found if at is not None}
    return places.pop() if len(places) == 1 else None


def _value(field: str, offered: Options) -> int | None:
    """What the value of a field names: a label it begins with, or the option with whose words it begins."""
    at = leading_letter(field, offered)
    return at if at is not None else _only(_longest(field, offered))


def _longest(text: str, offered: Options) -> Iterator[int]:
    """The options with whose words a text begins, the longest of them."""
    begun = [at for at, one in enumerate(offered) if _begins(text, one)]
    most = max((len(_words(offered[at])) for at in begun), default=0)
    return (at for at in begun if len(_words(offered[at])) == most)


def _begins(text: str, one: Offered) -> bool:
    words = _words(one)
    folded = re.sub(rf"^{_OPENING}", "", _folded(text[: 4 * len(one.words) + 64]))
    return bool(words) and folded.startswith(words) and not _joined(folded, len(words))


def _found(text: str, words: str) -> Iterator[tuple[int, int]]:
    """Where whole words stand in a text; scripts that leave no spaces between words need none."""
    start = text.find(words) if words else -1
    while start >= 0:
        end = start + len(words)
        if not _joined(text, start) and not _joined(text, end):
            yield start, end
        start = text.find(words, start + 1)


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after a place belong to one word."""
    return 0 < at < len(text) and all(c.isalnum() and ord(c) < _SPACELESS for c in text[at - 1 : at + 1])


def _first_json(text: str) -> Any:
    start = min((at for at in (text.find("{"), text.find('"')) if at >= 0), default=-1)
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _whole(value: str, offered: Options) -> int | None:
    """The option that a value is, as a label, a code or its words."""
    folded = _folded(value)
    return _only(
        at
        for at, one in enumerate(offered)
        if folded in (*(label.casefold() for label in one.labels), one.code.casefold(), _words(one))
    )
