"""How much a metric is once every metric that it calls is written out in its place.

Expects syntax trees of bounded depth. Ensures numbers that grow with what would have to be evaluated, without writing
anything out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import MAX_DEPTH

MOST_PARTS = 10_000
MOST_LEVELS = 2 * MAX_DEPTH


@dataclass(frozen=True, slots=True)
class Extent:
    """How many parts an expression has, and how many levels of them below one another."""

    parts: int
    levels: int

    @property
    def excess(self) -> tuple[str, str] | None:
        """What is over its limit, and the limit; None where nothing is."""
        if self.levels > MOST_LEVELS:
            return "nesting", f"{MOST_LEVELS} levels"
        if self.parts > MOST_PARTS:
            return "size", f"{MOST_PARTS:,} parts".replace(",", " ")
        return None


def extent_of(node: object, calls: Mapping[int, Extent]) -> Extent:
    """The extent of a tree; `calls` has that of what is called, by the identity of the call."""
    if isinstance(node, tuple):
        inner = [extent_of(part, calls) for part in node]
        return Extent(sum(one.parts for one in inner), max((one.levels for one in inner), default=0))
    if not isinstance(node, t.Node):
        return Extent(0, 0)
    inner = [extent_of(getattr(node, field.name), calls) for field in fields(node)]
    if id(node) in calls:
        inner.append(calls[id(node)])
    return Extent(1 + sum(one.parts for one in inner), 1 + max(one.levels for one in inner))
