"""Constrained replies: what the automaton allows is what a regular expression allows, and always parses."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from record_words import EVERYTHING, PIECES, PLAIN, PLAIN_EXPRESSION, Expression, byte_tokens

from cyclspec.compiler.records.automaton import automaton_of
from cyclspec.compiler.records.pattern import record_pattern
from cyclspec.compiler.records.reading import read_record
from cyclspec.compiler.records.schema import RecordSchema, TextShape, Word, WordShape
from cyclspec.compiler.records.stepping import NEVER, TokenAutomaton
from cyclspec.compiler.records.tokens import token_automaton
from cyclspec.compiler.records.vocabulary import vocabulary_of

TOKENS = byte_tokens(PIECES, 300)
VOCABULARY = vocabulary_of(TOKENS)


def written(found: TokenAutomaton, room: int, rng: np.random.Generator) -> list[int]:
    """A text of tokens drawn evenly from those that are allowed."""
    ids: list[int] = []
    state = 0
    while found.needs[state]:
        leads = found.follows[state][found.kinds]
        allowed = np.flatnonzero((leads >= 0) & (found.needs[leads] < room - len(ids)))
        ids.append(int(rng.choice(allowed)))
        state = int(leads[ids[-1]])
    return ids


def spelt(ids: list[int]) -> bytes:
    return b"".join(TOKENS[one] or b"" for one in ids)


def test_every_token_that_a_regular_expression_allows_is_allowed_and_no_other() -> None:
    oracle, found = Expression(PLAIN_EXPRESSION), token_automaton(PLAIN, VOCABULARY, 310)
    rng = np.random.default_rng(3)
    seen = set[int]()
    for _ in range(40):
        state, at = 0, oracle.first
        while found.needs[state]:
            seen.add(state)
            leads = found.follows[state][found.kinds]
            texts = [None if token is None or max(token) > 126 else token.decode() for token in TOKENS]
            expected = [one for one, text in enumerate(texts) if text and oracle.after(at, text) is not None]
            assert np.flatnonzero(leads >= 0).tolist() == expected
            one = int(rng.choice(expected))
            at, state = oracle.after(at, texts[one] or "") or 0, int(leads[one])
            assert (found.needs[state] == 0) == oracle.ends(at)
    assert len(seen) > 60


@pytest.mark.parametrize("more", [0, 3, 40, 400])
def test_a_constrained_reply_always_parses_in_the_room_it_has(more: int) -> None:
    found, rng = token_automaton(EVERYTHING, VOCABULARY, 300), np.random.default_rng(more)
    room = found.needed + more
    kinds: dict[str, object] = {}
    cut = 0
    for _ in range(60):
        ids = written(found, room, rng)
        text = spelt(ids).decode()
        assert list(json.loads(text)) == [name for name, _ in EVERYTHING.fields]
        assert len(ids) <= room
        assert found.is_whole(ids)
        assert not found.is_whole(ids[:-1])
        read = dict(read_record(text, EVERYTHING, kinds, {}))  # type: ignore[arg-type]
        assert {one.reason for one in read.values()} == {""}
        cut += len(ids) == room
    assert (cut > 0) == (more <= 40)


def test_lack_of_room_never_decides_between_values() -> None:
    """With the least room every value can be written, letter by letter, whatever came before."""
    found = token_automaton(PLAIN, VOCABULARY, 300)
    single = {token: at for at, token in enumerate(TOKENS) if token is not None and len(token) == 1}
    for word in ("quiet", "loud", "quite loud"):
        text = f' {{"mood": 0.999, "stress": 12, "self": "{word}"'
        values = ("0.999", "12", f'"{word}"')
        state, used = 0, 0
        head = re.split("(" + "|".join(map(re.escape, values)) + ")", text)
        for part in head:
            if part in values:
                for byte in part.encode():
                    leads = int(found.follows[state, found.kinds[single[bytes([byte])]]])
                    assert leads >= 0
                    assert found.needs[leads] <= found.needs[state] - 1
                    state, used = leads, used + 1
                continue
            for byte in part.encode():
                state = int(found.follows[state, found.kinds[single[bytes([byte])]]])
        assert state > 0
        assert used == sum(map(len, values))


def test_a_text_may_hold_any_character_that_json_takes_and_does_not_begin_with_white_space() -> None:
    found = automaton_of(record_pattern(RecordSchema((("said", TextShape()),))))
    for code in (
        *range(0x250),
        *range(0x1670, 0x1690),
        *range(0x2000, 0x2070),
        *range(0x3000, 0x3010),
        0xD7FF,
        0xE000,
        0xFFFD,
        0x10000,
        0x10FFFF,
    ):
        character = chr(code)
        plain = code >= 0x20 and character not in '"\\' and code != 0x7F and not 0x80 <= code < 0xA0
        odd = code == 0x5C or 0x80 <= code < 0xA0 or 0x2008 <= code < 0x2010
        inside = found.after(0, f'{{"said": "a{character}b"}}'.encode())
        first = found.after(0, f'{{"said": "{character}b"}}'.encode())
        if not odd:
            assert (inside in found.ends) == plain, hex(code)
            assert (first in found.ends) == (plain and not character.isspace()), hex(code)
        assert first is None or bool(character.strip())
    for broken in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
        assert found.after(0, b'{"said": "a' + broken + b'b"}') is None


def test_an_escape_and_a_character_may_be_cut_between_tokens() -> None:
    found = token_automaton(RecordSchema((("said", TextShape()),)), VOCABULARY, 300)
    text = '{"said": "二\\"🙂"}'.encode()
    single = {token: at for at, token in enumerate(TOKENS) if token is not None and len(token) == 1}
    assert found.is_whole([single[bytes([byte])] for byte in text])


def test_a_record_that_no_tokens_spell_is_never_needed_to_end() -> None:
    letters = [bytes([byte]) if byte != ord("q") else None for byte in range(128)]
    schema = RecordSchema((("self", WordShape((Word("1", "quiet"),))),))
    assert token_automaton(schema, vocabulary_of(letters), 128).needed == NEVER
    assert token_automaton(schema, VOCABULARY, 300).needed < 30
