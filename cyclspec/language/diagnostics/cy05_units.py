"""CY05: units and ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class UnitMismatch(Diagnostic):
    code: ClassVar[str] = "CY0501"
    title: ClassVar[str] = "cannot {verb} {left} {word} {right}"
    verb: str
    left: str
    right: str
    word: str = "and"


@dataclass(frozen=True, kw_only=True)
class MixedSteps(Diagnostic):
    code: ClassVar[str] = "CY0502"
    title: ClassVar[str] = "averaging steps of scales with different lengths"
    marker: ClassVar[str] = "items have {low} to {high} options"
    low: int
    high: str
    notes: tuple[str, ...] = ("one step on a 3-point scale is not one step on a 10-point scale",)


@dataclass(frozen=True, kw_only=True)
class OutsideRange(Diagnostic):
    code: ClassVar[str] = "CY0503"
    title: ClassVar[str] = "`{what}` is outside its declared range"
    marker: ClassVar[str] = "must satisfy `{condition}`"
    what: str
    condition: str


@dataclass(frozen=True, kw_only=True)
class DifferenceOfShares(Diagnostic):
    code: ClassVar[str] = "CY0504"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = (
        "`{measure}` is declared `share` and is a difference of shares, which lies in -1..1"
    )
    marker: ClassVar[str] = "the results say `points`"
    measure: str
