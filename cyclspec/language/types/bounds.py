"""Literals and the ranges of units: a share is a part of a whole, a difference of two lies between -1 and 1.

Units carry no range, since sums and differences leave it; a number that is written where a unit is declared keeps to
it. Ensures one diagnostic for a number outside, with the number that was probably meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

_RANGES: Final[Mapping[k.Unit, tuple[int, int, str]]] = {
    k.Unit.SHARE: (0, 1, "a share is a part of a whole, from 0 to 1"),
    k.Unit.POINTS: (-1, 1, "a difference of two shares lies between -1 and 1"),
    k.Unit.COEFFICIENT: (-1, 1, "a coefficient lies between -1 and 1"),
}


class Reports(Protocol):
    def report(self, diagnostic: Diagnostic) -> None: ...


def within(to: Reports, name: str, kind: k.Kind, term: h.Term) -> bool:
    """Whether a literal keeps to the unit that `name` declares; anything that is computed does."""
    value = _literal(term)
    if value is None or not isinstance(kind, k.Number) or kind.unit not in _RANGES:
        return True
    low, high, note = _RANGES[kind.unit]
    if low <= value <= high:
        return True
    percent = kind.unit is not k.Unit.COEFFICIENT and 1 < abs(value) <= 100
    mend = write(term.span, f"{value:g}%") if percent and not term.span.text.endswith("%") else Mend()
    condition, what = f"{name} in {low}..{high}", f"{name} = {term.span.text}"
    to.report(OutsideRange(span=term.span, what=what, condition=condition, notes=(note,), **mend._asdict()))
    return False


def _literal(term: h.Term) -> float | None:
    match term:
        case h.Literal_(value=bool()):
            return None
        case h.Literal_(value=int() | float() as value):
            return value
        case h.NegateTerm(of=of):
            inner = _literal(of)
            return None if inner is None else -inner
    return None
