"""Reads distributions over the options of a scale.

Published marginals are rounded: a sum within a tolerance of one (or of one hundred) is brought to exactly one, and
the caller records that; beyond the tolerance it is refused. Options are matched by code; only a plain list of numbers
is matched by order, and then its length must be exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.cells import CellProblem, from_json, mapping_of
from cyclspec.compiler.data.codes import find_code, normal_code, positions_of, suggest

TOLERANCE = 0.005
# Below this a sum differs from one by floating point alone (float32 shares of some twenty options).
_EXACT = 2e-6


class Shares(NamedTuple):
    """Shares by option, with sum one, and by how much the sum of the file was above one (relative)."""

    shares: NDArray[np.float64]
    deviation: float

    @property
    def renormalised(self) -> bool:
        return abs(self.deviation) > _EXACT


@dataclass(frozen=True, slots=True)
class Renormalised:
    """How many rows of a column were renormalised, and the largest relative deviation of a sum from one.

    `deviations[row]` is by how much the sum of a renormalised row was above one, zero for every other row.
    """

    count: int
    largest: float
    deviations: NDArray[np.float64] = field(compare=False, repr=False)


def shares_cell(
    cell: Any, codes: Sequence[str], *, tolerance: float = TOLERANCE, textual: bool = False
) -> Shares:
    """The distribution of one cell over `codes`.

    A mapping of codes, a list of records of code and share, or a list of numbers; as shares or as percentages. An
    option that a mapping leaves out has share zero. Raises `CellProblem`.
    """
    shares = numbers_by_option(cell, codes, SHARE, textual=textual).numbers
    for code, share in zip(codes, shares.tolist(), strict=True):
        if not math.isfinite(share) or share < 0:
            raise CellProblem(f"the share of option `{code[:60]}` is {share:g}")
    return _normalised(shares, tolerance)


class Noun(NamedTuple):
    """What the numbers of a cell are: in messages, of many of them, and as the member of a record."""

    one: str
    many: str
    member: str


SHARE = Noun("share", "shares", "share")


class Numbers(NamedTuple):
    """A number for each option in the order of the scale, zero where none is given; `given` says where one is."""

    numbers: NDArray[np.float64]
    given: NDArray[np.bool_]


def numbers_by_option(cell: Any, codes: Sequence[str], noun: Noun, *, textual: bool) -> Numbers:
    """The numbers of one cell: a mapping of codes, a list of records, or a list in the order of the options.

    Raises `CellProblem`.
    """
    value = from_json(cell) if textual else cell
    named = _by_code(value, noun)
    if named is None:
        return Numbers(_in_order(value, codes, noun), np.ones(len(codes), np.bool_))
    return _placed(named, codes, noun)


def _by_code(value: Any, noun: Noun) -> list[tuple[str, Any]] | None:
    """Pairs of code and number, or None for a plain list of numbers."""
    members = mapping_of(value)
    if members is not None:
        return [(normal_code(code), share) for code, share in members.items()]
    if not isinstance(value, list) or not value:
        helps = (f"write {{code: {noun.member}}}, or {noun.many} in the order of the options",)
        raise CellProblem(f"not {noun.many} by option", helps)
    if not all(isinstance(part, dict) for part in value):
        return None
    pairs: list[tuple[str, Any]] = []
    for part in value:
        code, number = part.get("code"), part.get(noun.member)
        if not isinstance(code, (str, int, float)) or number is None or set(part) != {"code", noun.member}:
            raise CellProblem(f"a record other than {{code, {noun.member}}} among {noun.many}")
        pairs.append((normal_code(code), number))
    return pairs


def _placed(pairs: list[tuple[str, Any]], codes: Sequence[str], noun: Noun) -> Numbers:
    positions = positions_of(codes)
    found = Numbers(np.zeros(len(codes)), np.zeros(len(codes), np.bool_))
    for code, number in pairs:
        position = find_code(positions, code)
        if position < 0:
            raise CellProblem(
                f"a {noun.one} for `{code[:60]}`, which is not an option", suggest(code, codes, "options")
            )
        if found.given[position]:
            raise CellProblem(f"two {noun.many} for option `{codes[position][:60]}`")
        found.given[position] = True
        found.numbers[position] = _number(number, noun)
    return found


def _in_order(value: list[Any], codes: Sequence[str], noun: Noun) -> NDArray[np.float64]:
    numbers = [_number(part, noun) for part in value]
    if len(numbers) != len(codes):
        helps = ("the numbers stand in the order of the options, missing options among them",)
        raise CellProblem(f"has {len(numbers)} numbers for {len(codes)} options", helps)
    return np.array(numbers, dtype=np.float64)


def _number(value: Any, noun: Noun) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CellProblem(f"a {noun.one} that is not a number: {str(value)[:40]}")
    try:
        return float(value)
    except OverflowError:
        raise CellProblem(f"a {noun.one} of too many digits") from None


def _normalised(shares: NDArray[np.float64], tolerance: float) -> Shares:
    total = float(shares.sum())
    unit = 100.0 if total > 10.0 else 1.0
    deviation = total / unit - 1.0
    if not abs(deviation) <= tolerance:
        helps = ("shares sum to 1 and percentages to 100",)
        raise CellProblem(
            f"shares sum to {total:.6g}, which is not within {tolerance:.2%} of 1 or 100", helps
        )
    return Shares(shares / total, deviation)
