"""CY01: names, fields and imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class UnknownName(Diagnostic):
    code: ClassVar[str] = "CY0101"
    title: ClassVar[str] = "there is no {what} named `{name}`{where}"
    what: str
    name: str
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Duplicate(Diagnostic):
    code: ClassVar[str] = "CY0102"
    title: ClassVar[str] = "`{name}` is given twice in one {where}"
    marker: ClassVar[str] = "given again here"
    notes: tuple[str, ...] = ("neither counts while both are present",)
    name: str
    where: str


@dataclass(frozen=True, kw_only=True)
class UnknownField(Diagnostic):
    code: ClassVar[str] = "CY0103"
    title: ClassVar[str] = "{where} has no field `{name}`"
    name: str
    where: str


@dataclass(frozen=True, kw_only=True)
class ImportCycle(Diagnostic):
    code: ClassVar[str] = "CY0104"
    title: ClassVar[str] = "`{path}` imports itself"
    path: str


@dataclass(frozen=True, kw_only=True)
class PinMismatch(Diagnostic):
    code: ClassVar[str] = "CY0105"
    title: ClassVar[str] = "an import does not match its pin"
    marker: ClassVar[str] = "the module is now {found}"
    found: str


@dataclass(frozen=True, kw_only=True)
class AmbiguousWord(Diagnostic):
    code: ClassVar[str] = "CY0106"
    title: ClassVar[str] = "`{name}` could mean two things here"
    name: str


@dataclass(frozen=True, kw_only=True)
class UnboundParameter(Diagnostic):
    code: ClassVar[str] = "CY0107"
    title: ClassVar[str] = "parameter `{name}` has no value"
    name: str


@dataclass(frozen=True, kw_only=True)
class ReservedWord(Diagnostic):
    code: ClassVar[str] = "CY0108"
    title: ClassVar[str] = "`{name}` is a word of the language and cannot be declared"
    marker: ClassVar[str] = "choose another name, such as `{name}_`"
    name: str


@dataclass(frozen=True, kw_only=True)
class Unpinned(Diagnostic):
    """What `--locked` refuses: an import or a table that may be another one tomorrow."""

    code: ClassVar[str] = "CY0109"
    title: ClassVar[str] = "`{name}` is not pinned"
    marker: ClassVar[str] = "`--locked` wants {wanted} here"
    name: str
    wanted: str


@dataclass(frozen=True, kw_only=True)
class ImportRefused(Diagnostic):
    """An import that leaves the project, names a private declaration, or cannot be read."""

    code: ClassVar[str] = "CY0110"
    title: ClassVar[str] = "`{path}` cannot be imported: {problem}"
    path: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class FieldMissing(Diagnostic):
    code: ClassVar[str] = "CY0111"
    title: ClassVar[str] = "{where} needs the field `{name}`"
    name: str
    where: str


@dataclass(frozen=True, kw_only=True)
class VersionWithoutMeaning(Diagnostic):
    """Only the standard library has versions: a file is pinned by its hash."""

    code: ClassVar[str] = "CY0112"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "the version of an imported file is not checked"
    marker: ClassVar[str] = "only the standard library has versions"


@dataclass(frozen=True, kw_only=True)
class AuditNotChosen(Diagnostic):
    """What is run is one audit: a file with none, or with several and no choice, cannot be."""

    code: ClassVar[str] = "CY0113"
    title: ClassVar[str] = "`{file}` declares {found}, and one is run at a time"
    file: str
    found: str


@dataclass(frozen=True, kw_only=True)
class NothingInIt(Diagnostic):
    """A declaration without the parts that it is made of."""

    code: ClassVar[str] = "CY0114"
    title: ClassVar[str] = "{what} `{name}` has no {parts}"
    what: str
    name: str
    parts: str
