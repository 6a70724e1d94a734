"""What a person settles on the command line: roles, missing codes, scales, and how the bytes are read.

Expects the texts of options. Ensures frozen values; a name may be a pattern (`Q*`) or a run in the order of the file
(`Q1..Q45`), which `matching` resolves against the columns there are.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cyclspec.compiler.data.codes import normal_code
from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.surveys.survey import Between, MissingRule

_RUN = re.compile(r"(?P<first>.+?)\.\.(?P<last>.+)\Z")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """How bytes become cells. "" leaves it to the rules of the format."""

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of an import. `missing` holds rules for every column under "", others under their column."""

    name: str = ""
    lang: str = ""
    reading: Reading = Reading()
    id: str = ""
    weight: str = ""
    strata: str = ""
    psu: str = ""
    demographics: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    ordinal: tuple[str, ...] = ()
    nominal: tuple[str, ...] = ()
    missing: Mapping[str, tuple[MissingRule, ...]] = field(default_factory=dict)

    def missing_of(self, column: str) -> tuple[MissingRule, ...]:
        """What the command line declares missing in one column."""
        return (*self.missing.get(column, ()), *self.missing.get("", ()))


def matching(pattern: str, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a name, a pattern or a run means, in the order of the file; empty where it means none."""
    if pattern in names:
        return (pattern,)
    run = _RUN.match(pattern)
    if run is not None and run["first"] in names and run["last"] in names:
        ends = sorted((names.index(run["first"]), names.index(run["last"])))
        return tuple(names[ends[0] : ends[1] + 1])
    if any(sign in pattern for sign in "*?["):
        return tuple(name for name in names if fnmatch.fnmatchcase(name, pattern))
    same = tuple(name for name in names if name.casefold() == pattern.casefold())
    return same if len(same) == 1 else ()


def missing_rules(text: str) -> tuple[MissingRule, ...]:
    """`-1,-2`, `98..99`, `DK`: codes and ranges of numbers, separated by commas."""
    found: list[MissingRule] = []
    for part in (part.strip() for part in text.split(",")):
        ends = _RANGE.match(part)
        number = number_of(part)
        if ends is not None:
            low, high = sorted((float(ends[1]), float(ends[2])))
            found.append(Between(low, high))
        elif part:
            found.append(normal_code(part if number is None else number))
    return tuple(found)
