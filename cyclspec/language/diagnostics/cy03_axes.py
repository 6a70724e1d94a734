"""CY03: axes and phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class AxisAbsent(Diagnostic):
    code: ClassVar[str] = "CY0301"
    title: ClassVar[str] = "`{axis}` is not an axis of this value"
    axis: str


@dataclass(frozen=True, kw_only=True)
class AxisLeftOver(Diagnostic):
    code: ClassVar[str] = "CY0302"
    title: ClassVar[str] = "`{measure}` {problem}"
    marker: ClassVar[str] = "leaves: {left}"
    measure: str
    problem: str
    left: str


@dataclass(frozen=True, kw_only=True)
class NotAnAttribute(Diagnostic):
    code: ClassVar[str] = "CY0303"
    title: ClassVar[str] = "`{name}` is not an attribute of {of}"
    name: str
    of: str


@dataclass(frozen=True, kw_only=True)
class MeasureMayBeMissing(Diagnostic):
    code: ClassVar[str] = "CY0304"
    title: ClassVar[str] = "`{measure}` may be missing"
    measure: str


@dataclass(frozen=True, kw_only=True)
class ParentBeforeChild(Diagnostic):
    """A reduction or a pick that removes an axis while an axis that depends on it stays; `verb` is how it goes."""

    code: ClassVar[str] = "CY0305"
    title: ClassVar[str] = "`{parent}` cannot be {verb} while `{child}` remains"
    parent: str
    child: str
    verb: str = "reduced"


@dataclass(frozen=True, kw_only=True)
class KnownTooLate(Diagnostic):
    code: ClassVar[str] = "CY0306"
    title: ClassVar[str] = "what to ask cannot depend on a model's answer"
    marker: ClassVar[str] = "known only after inference"
    notes: tuple[str, ...] = ("`each` and its `where` are evaluated before any model is called",)


@dataclass(frozen=True, kw_only=True)
class WeightAxes(Diagnostic):
    code: ClassVar[str] = "CY0307"
    title: ClassVar[str] = "this weight {problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class AxisNeverAsked(Diagnostic):
    code: ClassVar[str] = "CY0308"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "axis `{axis}` is declared and never asked"
    marker: ClassVar[str] = "no `ask` mentions it"
    axis: str


@dataclass(frozen=True, kw_only=True)
class AxisNameTaken(Diagnostic):
    """An axis whose name a results table needs for itself, or that is not the key of its table."""

    code: ClassVar[str] = "CY0309"
    title: ClassVar[str] = "an axis cannot be named `{axis}` here"
    axis: str
