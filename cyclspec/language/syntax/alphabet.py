"""What a name is made of, and which characters nobody sees.

Names are identifiers as Unicode defines them (UAX 31, XID), so that vowel signs, accents and joined forms of all
scripts belong to the letters they stand on; they are kept in normal form C. Every pattern that looks for names is one
of the `regex` library, as those of the grammar are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

NAME = r"[_\p{XID_Start}]\p{XID_Continue}*"
_NAME = regex.compile(NAME)
_JOINING = r"[\u200C\u200D\u180B-\u180D\u180F\uFE00-\uFE0F\U000E0100-\U000E01EF]"
# Joiners and variation selectors shape what stands before them; after nothing that is seen, they hide.
_JOINED = rf"(?<=[^\s\p{{Default_Ignorable_Code_Point}}]\uFE0F?){_JOINING}"
_HIDDEN = regex.compile(
    rf"(?!{_JOINED})(?![\t\n\r])"
    r"[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}\uFFF9-\uFFFB]"
)


def is_name(text: str) -> bool:
    """Whether a text is one name."""
    return _NAME.fullmatch(text) is not None


def composed(text: str) -> str:
    """A text in normal form C, in which names are compared."""
    return unicodedata.normalize("NFC", text)


def names_in(text: str) -> list[str]:
    """The names in a text, in order of writing; words of the language are among them."""
    return [composed(name) for name in _NAME.findall(text)]


def hidden(text: str) -> Iterator[int]:
    """The offsets of characters that are not seen, or turn the direction of what is: in order.

    A joiner or a variation selector counts only where it follows nothing that it could shape, so that Persian, Hindi
    and emoji are written as they are.
    """
    return (match.start() for match in _HIDDEN.finditer(text))


def hidden_in_name(name: str) -> str | None:
    """A character of a name that is not seen: two names that look the same must be the same."""
    found = regex.search(r"\p{Default_Ignorable_Code_Point}", name)
    return None if found is None else str(found.group())


def described(char: str) -> str:
    """A character by its number and name."""
    names = {"\0": "NULL", "\x7f": "DELETE"}
    name = unicodedata.name(char, names.get(char, "a control character"))
    return f"U+{ord(char):04X} {name}"
