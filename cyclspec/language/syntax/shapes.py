"""What the grammar asks of the texts and lists in a tree, beyond their types.

The JSON Schema of the canonical form is generated from the dataclasses of `tree` and these. The patterns are meant for
any dialect of regular expressions: a name is anything without ASCII signs, since not all dialects know letters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matches:
    """A text that a pattern matches as a whole."""

    pattern: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some values."""

    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A list of that many members or more."""

    count: int


class Flag:
    """A truth that canonical JSON leaves out where it is false."""


_LATER = r"\u0000-/:-@\[-^`\{-\u007f"
NAME = Matches(rf"^[^{_LATER}0-9][^{_LATER}]*$")
DIGITS = Matches("^[0-9]+$")
DECIMAL = Matches(r"^[0-9]+(\.[0-9]+)?$")
REAL = Matches(r"^[0-9]+(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)$")
DATE = Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
HASH = Matches("^sha256:[0-9a-f]{12,64}$")
DOC = Matches(r"^(\S([^\n]*\S)?)?$")
SUFFIX = OneOf(("ms", "s", "min", "h", "d", "w", "y", "k", "M", "B", "%"))
SIGN = OneOf(("+", "-", "*", "/", "^", "..", "==", "!=", "<", "<=", ">", ">=", "in", "not in"))
EDITION = OneOf((1,))
SOME = AtLeast(1)
TWO = AtLeast(2)
FLAG = Flag()
