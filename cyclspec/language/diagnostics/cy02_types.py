"""CY02: types and readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class WrongType(Diagnostic):
    code: ClassVar[str] = "CY0201"
    title: ClassVar[str] = "{what} has the wrong type"
    marker: ClassVar[str] = "expected `{expected}`, found `{found}`"
    what: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class NeedsOrdered(Diagnostic):
    code: ClassVar[str] = "CY0202"
    title: ClassVar[str] = "`{metric}` needs an ordered scale"
    marker: ClassVar[str] = "the options of `{scale}` are nominal"
    metric: str
    scale: str


@dataclass(frozen=True, kw_only=True)
class DifferentScales(Diagnostic):
    code: ClassVar[str] = "CY0203"
    title: ClassVar[str] = "two distributions are over different scales"
    marker: ClassVar[str] = "over {second}, the other over {first}"
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class MissingPolicyAbsent(Diagnostic):
    code: ClassVar[str] = "CY0204"
    title: ClassVar[str] = "{reader} answers can be missing, and nothing says what to do then"
    reader: str


@dataclass(frozen=True, kw_only=True)
class ReaderDoesNotFit(Diagnostic):
    code: ClassVar[str] = "CY0205"
    title: ClassVar[str] = "a {reader} reader needs a prompt that asks for a choice"
    marker: ClassVar[str] = "`{prompt}` asks for {found}"
    reader: str
    prompt: str
    found: str


@dataclass(frozen=True, kw_only=True)
class FirstTokenAlone(Diagnostic):
    code: ClassVar[str] = "CY0206"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "first-token probabilities without a check on label mass"
    notes: tuple[str, ...] = ("what a chat model writes often differs from its first token",)


@dataclass(frozen=True, kw_only=True)
class MeanOfOrdinal(Diagnostic):
    code: ClassVar[str] = "CY0207"
    title: ClassVar[str] = "`{reducer}` of an ordinal value has no meaning"
    reducer: str


@dataclass(frozen=True, kw_only=True)
class CannotReduce(Diagnostic):
    code: ClassVar[str] = "CY0208"
    title: ClassVar[str] = "`{reducer}` cannot reduce {found}"
    reducer: str
    found: str


@dataclass(frozen=True, kw_only=True)
class WrongArguments(Diagnostic):
    """Too many, too few, repeated or misnamed arguments."""

    code: ClassVar[str] = "CY0209"
    title: ClassVar[str] = "`{callee}` {problem}"
    callee: str
    problem: str
