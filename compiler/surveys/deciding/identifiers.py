"""Words of a file as names of the language.

Expects any text. Ensures an identifier that is no word of the language, no column of the results, no built-in type,
and not taken already; a text that is such a name stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from cyclspec.language.syntax.pieces import KEYWORDS
from cyclspec.language.types.axes import RESERVED_COLUMNS
from cyclspec.language.types.declared import TYPE_NAMES

_LONGEST = 48
_NAME = re.compile(r"[^\W\d_]\w*\Z")
_OWN = frozenset(
    {"item", "person", "models", "model", "m", "survey", "inf", "human", "reply", "items", "people"}
)
# Names that a declaration of a spec cannot have, or that a template would find taken.
REFUSED = KEYWORDS | RESERVED_COLUMNS | TYPE_NAMES | _OWN | {"number"}


def identifier(text: str, taken: Collection[str], fallback: str, refused: Collection[str] = REFUSED) -> str:
    """A name for `text`; `fallback` begins a name that would not begin with a letter, and is one that has none."""
    name = _spelled(text, fallback)
    if name in refused:
        name += "_"
    first, number = name, 2
    while name in taken:
        name, number = f"{first}_{number}", number + 1
    return name


def word(text: str, taken: Collection[str], fallback: str) -> str:
    """A name in lower case, for a level: only words of the language are none."""
    return identifier(text.casefold(), taken, fallback, KEYWORDS)


def _spelled(text: str, fallback: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    if _NAME.match(normal) and len(normal) <= _LONGEST:
        return normal
    letters = re.sub(r"\W+", "_", re.sub(r"['’]", "", normal)).strip("_")
    cut = letters[:_LONGEST].rstrip("_")
    if not cut:
        return fallback
    return cut if _NAME.match(cut) else f"{fallback}_{cut.lstrip('_')}"
