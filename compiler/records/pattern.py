"""What a constrained reply may be, byte for byte: the JSON of a record as a regular pattern over UTF-8.

Expects the shape of a record. Ensures that every text of the pattern is JSON that the reader of records takes, as far
as a regular pattern can say so (a list without repeats, ends of a range with decimals and conditions over several
fields are left to the reader), and that no text field is blank.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from cyclspec.compiler.records.schema import (
    BoolShape,
    DateShape,
    ListShape,
    NumberShape,
    RecordSchema,
    Shape,
    TextShape,
    WordShape,
)

MOST_UNROLLED = 16
MOST_LISTED = 1000
_DECIMALS = 3
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class OneOf:
    """One byte of some."""

    bytes: frozenset[int]


@dataclass(frozen=True, slots=True)
class InOrder:
    """One after the other; empty for nothing."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Often:
    """As often as one likes, not at all too."""

    of: Pattern


@dataclass(frozen=True, slots=True)
class Answer:
    """A part in which the model chooses among values: it is never cut short for lack of tokens."""

    of: Pattern


@dataclass(frozen=True, slots=True)
class FreeText:
    """`TEXT`, which every record has the same of."""


Pattern = OneOf | InOrder | Either | Often | Answer | FreeText


def literal(text: str | bytes) -> Pattern:
    """These bytes."""
    data = text.encode() if isinstance(text, str) else text
    return InOrder(tuple(OneOf(frozenset((byte,))) for byte in data))


def _span(low: int, high: int, *without: int) -> Pattern:
    return OneOf(frozenset(range(low, high + 1)) - frozenset(without))


def _in_order(*parts: Pattern) -> Pattern:
    return InOrder(parts)


def _maybe(part: Pattern) -> Pattern:
    return Either((InOrder(()), part))


def _times(part: Pattern, low: int, high: int) -> Pattern:
    """From `low` to `high` times."""
    most: Pattern = InOrder(())
    for _ in range(high - low):
        most = _maybe(InOrder((part, most)))
    return InOrder((*(part,) * low, most))


_NEXT = _span(0x80, 0xBF)
_WIDE = Either(
    (
        _in_order(_span(0xC3, 0xDF), _NEXT),
        _in_order(_span(0xE4, 0xEC), _NEXT, _NEXT),
        _in_order(_span(0xE0, 0xE0), _span(0xA0, 0xBF), _NEXT),
        _in_order(_span(0xED, 0xED), _span(0x80, 0x9F), _NEXT),
        _in_order(_span(0xEE, 0xEF), _NEXT, _NEXT),
        _in_order(_span(0xF0, 0xF0), _span(0x90, 0xBF), _NEXT, _NEXT),
        _in_order(_span(0xF1, 0xF3), _NEXT, _NEXT, _NEXT),
        _in_order(_span(0xF4, 0xF4), _span(0x80, 0x8F), _NEXT, _NEXT),
    )
)
# Characters of two and three bytes among which are some that are white space.
_WITH_SPACES = Either(
    (
        _in_order(_span(0xC2, 0xC2), _NEXT),
        _in_order(_span(0xE1, 0xE3), _NEXT, _NEXT),
    )
)
_WITHOUT_SPACES = Either(
    (
        _in_order(_span(0xC2, 0xC2), _span(0xA1, 0xBF)),
        _in_order(_span(0xE1, 0xE1), _span(0x80, 0xBF, 0x9A), _NEXT),
        _in_order(_span(0xE1, 0xE1), _span(0x9A, 0x9A), _span(0x81, 0xBF)),
        _in_order(_span(0xE2, 0xE2), _span(0x80, 0x80), _span(0x90, 0xBF, 0xA8, 0xA9, 0xAF)),
        _in_order(_span(0xE2, 0xE2), _span(0x81, 0x81), _span(0x80, 0xBF, 0x9F)),
        _in_order(_span(0xE2, 0xE2), _span(0x82, 0xBF), _NEXT),
        _in_order(_span(0xE3, 0xE3), _span(0x80, 0x80), _span(0x81, 0xBF)),
        _in_order(_span(0xE3, 0xE3), _span(0x81, 0xBF), _NEXT),
    )
)
_QUOTE, _BACKSLASH = 0x22, 0x5C
_ESCAPED = _in_order(OneOf(frozenset((_BACKSLASH,))), OneOf(frozenset(b'"\\/bfnrt')))
_INSIDE = Either((_span(0x20, 0x7E, _QUOTE, _BACKSLASH), _ESCAPED, _WITH_SPACES, _WIDE))
_FIRST = Either((_span(0x21, 0x7E, _QUOTE, _BACKSLASH), _WITHOUT_SPACES, _WIDE))
TEXT = _in_order(_FIRST, Often(_INSIDE))
"""A text between its quotation marks; it does not begin with white space."""


def record_pattern(schema: RecordSchema) -> Pattern:
    """The JSON object of a record: its fields in their order, on one line."""
    members = [
        _in_order(literal(json.dumps(name, ensure_ascii=False)), literal(":"), _SPACE, _value(shape))
        for name, shape in schema.fields
    ]
    return _in_order(_SPACE, literal("{"), _joined(members), literal("}"))


_SPACE = _maybe(literal(" "))
_COMMA = _in_order(literal(","), _SPACE)


def _joined(parts: Iterable[Pattern]) -> Pattern:
    first, *rest = parts
    return InOrder((first, *(_in_order(_COMMA, part) for part in rest)))


def _value(shape: Shape) -> Pattern:
    match shape:
        case TextShape():
            return _in_order(literal('"'), FreeText(), literal('"'))
        case BoolShape():
            return Answer(Either((literal("true"), literal("false"))))
        case DateShape():
            return Answer(_in_order(literal('"'), _DAY, literal('"')))
        case NumberShape():
            return Answer(_number(shape))
        case WordShape(words):
            quoted = (json.dumps(word.spelling, ensure_ascii=False) for word in words)
            return Answer(Either(tuple(literal(text) for text in quoted)))
        case ListShape(of, low, high):
            return _in_order(literal("["), _entries(_value(of), low, high), literal("]"))
    assert_never(shape)


def _entries(of: Pattern, low: int, high: int | None) -> Pattern:
    """The entries of a list; many are as many as one likes, which the reader counts."""
    more = _in_order(_COMMA, of)
    least = min(low, MOST_UNROLLED)
    some: Pattern
    if high is None or high > MOST_UNROLLED:
        some = InOrder((of, *(more,) * (least - 1), Often(more)))
    elif high == 0:
        return InOrder(())
    else:
        some = _in_order(of, _times(more, max(least, 1) - 1, high - 1))
    return some if least else _maybe(some)


_DIGIT = _span(0x30, 0x39)
_FRACTION = _maybe(_in_order(literal("."), _times(_DIGIT, 1, _DECIMALS)))
_MONTHS = (
    (("01", "03", "05", "07", "08", "10", "12"), 31),
    (("04", "06", "09", "11"), 30),
    (("02",), 28),
)
_DAY = _in_order(
    _span(0x31, 0x32),
    _times(_DIGIT, 3, 3),
    literal("-"),
    Either(
        tuple(
            _in_order(
                Either(tuple(map(literal, months))),
                literal("-"),
                Either(tuple(literal(f"{day:02d}") for day in range(1, last + 1))),
            )
            for months, last in _MONTHS
        )
    ),
)


def _number(shape: NumberShape) -> Pattern:
    """A number of at most nine digits and three decimals; one of a short range lies in it."""
    low, high = shape.low, shape.high
    fraction: Pattern = InOrder(()) if shape.whole else _FRACTION
    if high - low <= MOST_LISTED and math.floor(low) <= math.floor(high):
        return Either(tuple(_listed(low, high, fraction)))
    digits = Either((literal("0"), _in_order(_span(0x31, 0x39), _times(_DIGIT, 0, _DIGITS - 1))))
    sign = InOrder(()) if low >= 0 else literal("-") if high < 0 else _maybe(literal("-"))
    return _in_order(sign, digits, fraction)


def _listed(low: float, high: float, fraction: Pattern) -> Iterable[Pattern]:
    """Every whole part between two ends, with decimals where these stay between them."""
    for number in range(math.ceil(low), math.floor(high) + 1):
        if number >= 0:
            yield _in_order(literal(str(number)), fraction) if number + 1 <= high else literal(str(number))
        if number <= 0:
            text = literal(f"-{-number}") if number else literal("-0")
            if number - 1 >= low:
                yield _in_order(text, fraction)
            elif number:
                yield text
