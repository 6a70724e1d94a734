"""Which kind of missing answer a reason means: refused, unreadable, off the scale, or absent.

Expects reasons of readers, of hosted models, or the words of a table of recorded answers. Ensures that every reason is
of one kind, and that words which name none of the first three are of an absent answer.
"""

from __future__ import annotations

import re
from typing import Final, Literal

MissingKind = Literal["refused", "unreadable", "off scale", "absent"]

_KINDS: Final[dict[str, MissingKind]] = {
    "refused": "refused",
    "refusal": "refused",
    "declined": "refused",
    "filtered": "refused",
    "unreadable": "unreadable",
    "empty": "unreadable",
    "no json": "unreadable",
    "no member": "unreadable",
    "wrong value": "unreadable",
    "condition": "off scale",
    "ambiguous": "unreadable",
    "invalid": "unreadable",
    "unparsed": "unreadable",
    "off scale": "off scale",
    "out of range": "off scale",
    "out of scale": "off scale",
}


def kind_of_missing(reason: str) -> MissingKind:
    """The kind of a reason; upper and lower case, hyphens and underscores do not matter."""
    return _KINDS.get(re.sub(r"[\s_-]+", " ", reason.strip().casefold()), "absent")
