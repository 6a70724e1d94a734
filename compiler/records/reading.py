"""Replies to records: which value each field has, or why it has none.

Expects any text at all, since a model wrote it. Ensures that at most `MOST_CHARACTERS` of it are looked at, that a
value is of the shape of its field or missing with a reason, and that a field whose condition does not hold is missing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, assert_never

from cyclspec.compiler.readings.choices import Offered, read_option
from cyclspec.compiler.records.conditions import holds
from cyclspec.compiler.records.fields import FieldReading, Fields, FieldValue
from cyclspec.compiler.records.schema import (
    BoolShape,
    DateShape,
    ListShape,
    NumberShape,
    RecordSchema,
    Shape,
    TextShape,
    Word,
    WordShape,
)
from cyclspec.language import strict_json
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

NO_JSON = "no JSON"
NO_MEMBER = "no member"
WRONG_VALUE = "wrong value"
OFF_SCALE = "off scale"
CONDITION = "condition"
MOST_CHARACTERS = 65_536
_TRIES = 8


class _Lack(Exception):
    """A value that a field cannot have."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def read_record(
    text: str, schema: RecordSchema, kinds: Mapping[str, k.Kind], checks: Mapping[str, h.Term]
) -> Fields:
    """Every field of a reply, in the order of the record; `kinds` and `checks` are those of its prompt.

    The reply is the first JSON object in the text that has a field of the record. Other members are left aside.
    """
    found = first_object(text, [name for name, _ in schema.fields])
    if found is None:
        return tuple((name, FieldReading(reason=NO_JSON)) for name, _ in schema.fields)
    read = {name: _field(found, name, shape) for name, shape in schema.fields}
    values = {name: one.value for name, one in read.items() if one.value is not None}
    return tuple(
        (name, FieldReading(reason=CONDITION))
        if one.value is not None and name in checks and not holds(checks[name], values, kinds)
        else (name, one)
        for name, one in read.items()
    )


def first_object(text: str, members: Sequence[str]) -> dict[str, Any] | None:
    """The first JSON object in a text that has one of some members, else the first without any; None without one."""
    shown, start, empty = text[:MOST_CHARACTERS], -1, None
    for _ in range(_TRIES):
        start = shown.find("{", start + 1)
        if start < 0:
            break
        try:
            found, end = strict_json.prefix(shown, start)
        except (ValueError, RecursionError):
            continue
        if any(name in found for name in members):
            return dict(found)
        empty, start = empty or found, end - 1
    return empty


def _field(found: Mapping[str, Any], name: str, shape: Shape) -> FieldReading:
    if found.get(name) is None:
        return FieldReading(reason=NO_MEMBER)
    try:
        return FieldReading(_value(found[name], shape))
    except _Lack as lack:
        return FieldReading(reason=lack.reason)


def _value(given: Any, shape: Shape) -> FieldValue:
    match shape:
        case TextShape():
            return _text(given)
        case BoolShape():
            if not isinstance(given, bool):
                raise _Lack(WRONG_VALUE)
            return given
        case DateShape():
            return _day(_text(given))
        case NumberShape():
            return _number(given, shape)
        case WordShape(words):
            return _word(given, words)
        case ListShape():
            return _list(given, shape)
    assert_never(shape)


def _text(given: Any) -> str:
    """A text without the white space around it; half a character, which JSON can spell, is replaced."""
    if not isinstance(given, str):
        raise _Lack(WRONG_VALUE)
    text = given.encode("utf-8", "replace").decode("utf-8").strip()
    if not text:
        raise _Lack(WRONG_VALUE)
    return text


def _day(given: str) -> str:
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise _Lack(WRONG_VALUE) from None


def _number(given: Any, shape: NumberShape) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float) or abs(given) > 1e300:
        raise _Lack(WRONG_VALUE)
    if shape.whole and given != int(given):
        raise _Lack(WRONG_VALUE)
    if not shape.low <= given <= shape.high:
        raise _Lack(OFF_SCALE)
    return int(given) if shape.whole else float(given)


def _word(given: Any, words: Sequence[Word]) -> str:
    """The option that a value names: as it is spelt, by its other words, or by a label that its words follow."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _Lack(WRONG_VALUE)
    text = str(given)
    named = [[_plain(word.spelling), *map(_plain, word.others)] for word in words]
    for some in ([names[:1] for names in named], named):
        codes = {word.code for word, names in zip(words, some, strict=True) if _plain(text) in names}
        if len(codes) == 1:
            return codes.pop()
    offered = [Offered(word.code, (word.spelling,), (*word.others, word.spelling)[0]) for word in words]
    found = read_option(text, offered, ("leading_letter",))
    if found is None:
        raise _Lack(OFF_SCALE)
    return found


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _list(given: Any, shape: ListShape) -> FieldValue:
    if not isinstance(given, list):
        raise _Lack(WRONG_VALUE)
    values = tuple(_value(one, shape.of) for one in given)
    kept = tuple(dict.fromkeys(values)) if shape.distinct else values
    if len(kept) < shape.low or (shape.high is not None and len(kept) > shape.high):
        raise _Lack(OFF_SCALE)
    return kept
