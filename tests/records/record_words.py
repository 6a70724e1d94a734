"""Records of these tests, and an oracle for constrained replies: the pattern of a record as a regular expression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import interegular

from cyclspec.compiler.records.schema import (
    BoolShape,
    DateShape,
    ListShape,
    NumberShape,
    RecordSchema,
    TextShape,
    Word,
    WordShape,
)

SHARE = NumberShape(0.0, 1.0, whole=False)
WORDS = WordShape((Word("1", "quiet"), Word("2", "loud"), Word("3", "quite loud")))
PLAIN = RecordSchema(
    (
        ("mood", SHARE),
        ("stress", NumberShape(0, 12, whole=True)),
        ("self", WORDS),
        ("fine", BoolShape()),
        ("picks", ListShape(WORDS, 0, 2, distinct=True)),
    )
)
PLAIN_EXPRESSION = (
    r' ?\{"mood": ?(0|1|0\.[0-9]{1,3}), ?"stress": ?([0-9]|1[0-2]), ?"self": ?("quiet"|"loud"|"quite loud")'
    r', ?"fine": ?(true|false), ?"picks": ?\[(("quiet"|"loud"|"quite loud")(, ?("quiet"|"loud"|"quite loud"))?)?\]\}'
)
EVERYTHING = RecordSchema(
    (
        *PLAIN.fields,
        ("worries", ListShape(TextShape(), 1, 3)),
        ("day", DateShape()),
        ("change", NumberShape(-1.0, 1.0, whole=False)),
        ("amount", NumberShape(-math.inf, math.inf, whole=False)),
        ("more", ListShape(NumberShape(0, math.inf, whole=True), 2, None)),
        ("said", TextShape()),
    )
)


@dataclass
class Expression:
    """Which texts a regular expression allows to go on, by interegular's automaton."""

    text: str
    fsm: Any = field(init=False)

    def __post_init__(self) -> None:
        self.fsm = interegular.parse_pattern(self.text).to_fsm().reduce()

    def after(self, state: int, piece: str) -> int | None:
        """The state after some characters; None where no whole text begins so."""
        for character in piece:
            moves = self.fsm.map.get(state, {})
            if self.fsm.alphabet[character] not in moves:
                return None
            state = moves[self.fsm.alphabet[character]]
        return state if self.fsm.islive(state) else None

    def ends(self, state: int) -> bool:
        return state in self.fsm.finals

    @property
    def first(self) -> int:
        found: int = self.fsm.initial
        return found


def byte_tokens(more: Sequence[str], size: int) -> list[bytes | None]:
    """Every printable byte and every byte of a longer character, then longer tokens, up to a size."""
    single = [bytes([byte]) for byte in (*range(0x20, 0x7F), *range(0x80, 0x100))]
    found = [None, None, None, *single, *(word.encode() for word in more)]
    return [*found, *(None,) * (size - len(found))]


PIECES = (
    '{"', '": ', '", "', '"}', '"]', '["', " {", "mood", "stress", "self", '"self": "lo', "fine", "picks", "tr", "ue",
    "0.", "25", "1", "10", "12", "quiet", "quite", " loud", "loud", ', "', '":', "als", 'oud", "fine": t', " the",
    "\\n", "é", "二", "🙂", '"], "', "20", "-0", "lo",
)  # fmt: skip
