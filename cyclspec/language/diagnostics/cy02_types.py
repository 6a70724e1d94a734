"""CY02: types and readers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity

_PROSE = re.compile(r"(a|an|the|no|one|values) |(numbers|expressions|data)$")


def _spelled(text: str) -> str:
    """A type or a piece of a spec in backticks; a phrase as it is."""
    return text if _PROSE.match(text) else f"`{text}`"


@dataclass(frozen=True, kw_only=True)
class WrongType(Diagnostic):
    code: ClassVar[str] = "CY0201"
    title: ClassVar[str] = "{what} has the wrong type"
    what: str
    expected: str
    found: str

    @property
    def caption(self) -> str:
        return self.label or f"expected {_spelled(self.expected)}, found {_spelled(self.found)}"


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
    marker: ClassVar[str] = "over {second}"
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
    title: ClassVar[str] = "{reader} reader needs a prompt that asks for {wanted}"
    marker: ClassVar[str] = "`{prompt}` asks for {found}"
    reader: str
    wanted: str
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
    title: ClassVar[str] = "`{reducer}` of {found} value has no meaning"
    reducer: str
    found: str = "an ordinal"


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


@dataclass(frozen=True, kw_only=True)
class NotAContrast(Diagnostic):
    code: ClassVar[str] = "CY0210"
    title: ClassVar[str] = "`{measure}` is no paired contrast whose signs could be flipped"
    marker: ClassVar[str] = "{flaw}"
    measure: str
    flaw: str


@dataclass(frozen=True, kw_only=True)
class IdleTest(Diagnostic):
    """A permutation under which the measure is always what it is."""

    code: ClassVar[str] = "CY0211"
    title: ClassVar[str] = "no permutation over `{over}` changes `{measure}`"
    marker: ClassVar[str] = "{flaw}"
    measure: str
    over: str
    flaw: str
