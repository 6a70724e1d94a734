"""What a rewrite is, and what it did.

Expects operators. Ensures plain frozen data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cyclspec.compiler.plan.logical.operators import Sink
from cyclspec.compiler.plan.logical.sizes import Sizes

Sinks = tuple[Sink, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rewrite: its name, what it does in a line, and the function that does it."""

    name: str
    doc: str
    apply: Callable[[Sinks, Sizes], Sinks]


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule that changed something: what it came to, and the sinks on both sides of it."""

    rule: Rule
    note: str
    before: Sinks
    after: Sinks
