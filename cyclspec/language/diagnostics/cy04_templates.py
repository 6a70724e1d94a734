"""CY04: templates of prompts and their languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class UnknownHole(Diagnostic):
    code: ClassVar[str] = "CY0401"
    title: ClassVar[str] = "the template uses a name the prompt does not have"
    name: str


@dataclass(frozen=True, kw_only=True)
class StyleDoesNotFit(Diagnostic):
    code: ClassVar[str] = "CY0402"
    title: ClassVar[str] = "style `{style}` does not fit `{found}`"
    style: str
    found: str


@dataclass(frozen=True, kw_only=True)
class ArgumentNeverUsed(Diagnostic):
    code: ClassVar[str] = "CY0403"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "`{formal}` is a parameter of `{prompt}` and no template uses it"
    formal: str
    prompt: str


@dataclass(frozen=True, kw_only=True)
class LanguageMissing(Diagnostic):
    code: ClassVar[str] = "CY0404"
    title: ClassVar[str] = "no {lang} wording for {what}"
    lang: str
    what: str


@dataclass(frozen=True, kw_only=True)
class LabelMissing(Diagnostic):
    code: ClassVar[str] = "CY0405"
    title: ClassVar[str] = "`{vocabulary}` has levels without a label in {lang}"
    vocabulary: str
    lang: str


@dataclass(frozen=True, kw_only=True)
class BadTemplate(Diagnostic):
    """A hole that is not closed, is empty, or holds more than a path and a style."""

    code: ClassVar[str] = "CY0406"
    title: ClassVar[str] = "this template cannot be read"


@dataclass(frozen=True, kw_only=True)
class TurnOutOfPlace(Diagnostic):
    """A message where a conversation has no place for it: `rule` says where it belongs."""

    code: ClassVar[str] = "CY0407"
    title: ClassVar[str] = "{rule}"
    marker: ClassVar[str] = "`{role}` cannot stand here"
    rule: str
    role: str
