"""CY0730 on: what is worth knowing of a corpus before anybody is compared with it, or gives it to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class SmallCells(Diagnostic):
    code: ClassVar[str] = "CY0730"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{count} of {total} cells of {what} have fewer than {least} people"
    count: int
    total: int
    what: str
    least: int


@dataclass(frozen=True, kw_only=True)
class AskedInFew(Diagnostic):
    code: ClassVar[str] = "CY0731"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{count} of {total} items are asked in fewer than half of the levels of `{axis}`"
    count: int
    total: int
    axis: str


@dataclass(frozen=True, kw_only=True)
class TextsMissing(Diagnostic):
    """Questions, labels or a prompt are not written in a language in which others are."""

    code: ClassVar[str] = "CY0732"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "`{what}` is not all written in {langs}"
    what: str
    langs: str


@dataclass(frozen=True, kw_only=True)
class NeverChosen(Diagnostic):
    code: ClassVar[str] = "CY0733"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{count} of {total} items have options that nobody chose"
    count: int
    total: int


@dataclass(frozen=True, kw_only=True)
class WeightsOff(Diagnostic):
    code: ClassVar[str] = "CY0734"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "weights do not average 1 {where}"
    where: str


@dataclass(frozen=True, kw_only=True)
class MuchMissing(Diagnostic):
    code: ClassVar[str] = "CY0735"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{what}: more than {limit} of the answers are missing"
    what: str
    limit: str


@dataclass(frozen=True, kw_only=True)
class Repeated(Diagnostic):
    """People or items that say the same as an earlier one."""

    code: ClassVar[str] = "CY0736"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{count} of {total} {what}"
    count: int
    total: int
    what: str


@dataclass(frozen=True, kw_only=True)
class DesignIncomplete(Diagnostic):
    """Strata with one cluster, or people whose stratum or cluster is not known."""

    code: ClassVar[str] = "CY0737"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class WeightUnused(Diagnostic):
    code: ClassVar[str] = "CY0738"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "people are counted without the column `{column}`"
    column: str


@dataclass(frozen=True, kw_only=True)
class CorpusAbsent(Diagnostic):
    """What is described is a corpus: a file without one, and without imports that have one, has nothing to describe."""

    code: ClassVar[str] = "CY0739"
    title: ClassVar[str] = "`{file}` declares no corpus and imports none"
    file: str


@dataclass(frozen=True, kw_only=True)
class CroissantRefused(Diagnostic):
    """Metadata cannot be read, or name files that are not there, not what they were, or elsewhere."""

    code: ClassVar[str] = "CY0740"
    title: ClassVar[str] = "`{file}` {problem}"
    file: str
    problem: str
