"""What the files of a pack may be called.

Ensures that a name leads to one place below the folder it is taken out into, on any file system: relative, without `.`
and `..`, in Unicode normal form NFC, without characters that cannot be seen, not too deep, and no two names alike but
for case or one the folder of another.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

MAX_PART = 200
MAX_CHARS = 500
MAX_DEPTH = 24
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def flaw_of_name(name: str) -> str | None:
    """What is wrong with one name, as the rest of a sentence about it; None where nothing is."""
    parts = name.split("/")
    if not name or name.startswith("/"):
        return "has an absolute name"
    if "\\" in name or ":" in name:
        return "has a backslash or a colon in its name"
    if any(part in (".", "..") for part in parts):
        return "leads out of the folder"
    if any(not part for part in parts):
        return "has an empty part in its name"
    if any(part.rstrip(" .") != part for part in parts):
        return "has a part that ends in a blank or a full stop"
    if any(unicodedata.category(char) in _HIDDEN for char in name):
        return "has a character in its name that cannot be seen"
    if not unicodedata.is_normalized("NFC", name):
        return "has a name that is not in Unicode normal form NFC"
    if len(parts) > MAX_DEPTH or len(name) > MAX_CHARS or any(len(p.encode()) > MAX_PART for p in parts):
        return "has a name that is too long or too deep"
    return None


def flaw_of_names(names: Sequence[str]) -> tuple[str, str] | None:
    """The first name with something wrong, by itself or beside another, and what that is."""
    files: set[str] = set()
    folders: dict[str, str] = {}
    for name in names:
        flaw = flaw_of_name(name)
        if flaw is not None:
            return name, flaw
        folded = _folded(name)
        if folded in files:
            return name, "is there twice, or under a name that differs in case alone"
        files.add(folded)
        parts = name.split("/")
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            if folders.setdefault(_folded(folder), folder) != folder:
                return name, "is in a folder whose name differs from another's in case alone"
    both = next((name for name in names if _folded(name) in folders), None)
    return None if both is None else (both, "is a file and a folder")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
