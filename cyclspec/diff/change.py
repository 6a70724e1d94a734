"""One difference between two specs, in the words of the language, and the hashes it moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Moved = Literal["module", "design", "score", "run"]
HASHES: tuple[Moved, ...] = ("module", "design", "score", "run")
How = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is the declaration or statement (`ask reply`), `part` what of it (`read, temperature`), "" for all of it.

    `before` and `after` are source text on one line, or whole texts where `is_text`; `moves` is empty for prose.
    """

    what: str
    part: str
    how: How
    before: str = ""
    after: str = ""
    is_text: bool = False
    moves: frozenset[Moved] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two audits; `hashes` gives each hash of both, `run` where both are runs."""

    before: str
    after: str
    hashes: Mapping[Moved, tuple[str, str]]
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    def moved(self, which: Moved) -> bool:
        """Whether a hash differs."""
        one, other = self.hashes.get(which, ("", ""))
        return one != other

    @property
    def differs(self) -> bool:
        """Whether anything does, prose included."""
        return bool(self.changes) or any(map(self.moved, HASHES))
