"""Tokens as bytes: what each id of a vocabulary adds to a text.

Expects a tokenizer of the `tokenizers` library. Ensures that bytes are told for the two ways in which tokenizers spell
every byte (byte-level alphabets; pieces of text beside one token for each byte), and nothing for any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")


def pieces_of(tokenizer: Any) -> tuple[bytes | None, ...] | None:
    """The bytes of every id, None for special tokens and gaps; None where this decoder is not one of the two."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    steps = list(_steps(json.loads(backend.to_str()).get("decoder")))
    names = {step["type"] for step in steps}
    added = tokenizer.added_tokens_decoder
    if "ByteLevel" in names:
        spell = _byte_level
    elif names and names <= {"Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"}:
        spell = _pieces(steps)
    else:
        return None
    found: list[bytes | None] = [None] * (max(backend.get_vocab(True).values(), default=-1) + 1)
    for token, at in backend.get_vocab(True).items():
        if at in added:
            found[at] = None if added[at].special else str(added[at].content).encode()
        else:
            found[at] = spell(token)
    return tuple(found)


def _steps(decoder: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    if decoder is None:
        return
    if decoder["type"] == "Sequence":
        for part in decoder["decoders"]:
            yield from _steps(part)
    else:
        yield decoder


@cache
def _alphabet() -> Mapping[str, int]:
    """The characters that stand for bytes in byte-level vocabularies (GPT-2): printable ones for themselves."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {chr(byte): byte for byte in own} | {chr(256 + at): byte for at, byte in enumerate(others)}


def _byte_level(token: str) -> bytes:
    alphabet = _alphabet()
    if all(character in alphabet for character in token):
        return bytes(alphabet[character] for character in token)
    return token.encode()


def _pieces(steps: list[Mapping[str, Any]]) -> Any:
    """How a token is spelt that is a piece of text, with another character in the place of spaces."""
    spaces = {step["replacement"]: " " for step in steps if step["type"] == "Metaspace"}
    for step in steps:
        if step["type"] == "Replace" and "String" in step["pattern"]:
            spaces[step["pattern"]["String"]] = step["content"]

    def spell(token: str) -> bytes:
        byte = _BYTE.match(token)
        if byte is not None:
            return bytes((int(byte[1], 16),))
        for before, after in spaces.items():
            token = token.replace(before, after)
        return token.encode()

    return spell
