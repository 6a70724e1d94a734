"""CY00: text that is not a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class EditionMissing(Diagnostic):
    code: ClassVar[str] = "CY0001"
    title: ClassVar[str] = "a module starts with its edition"
    marker: ClassVar[str] = "expected `cycl 1` before this"
    helps: tuple[str, ...] = ("add `cycl 1` as the first line",)


@dataclass(frozen=True, kw_only=True)
class EditionUnknown(Diagnostic):
    code: ClassVar[str] = "CY0002"
    title: ClassVar[str] = "edition {edition} is not known"
    marker: ClassVar[str] = "this version knows edition 1"
    edition: str


@dataclass(frozen=True, kw_only=True)
class ValueSignMissing(Diagnostic):
    code: ClassVar[str] = "CY0003"
    title: ClassVar[str] = "`=` is expected between a name and its value"


@dataclass(frozen=True, kw_only=True)
class BareReduction(Diagnostic):
    code: ClassVar[str] = "CY0004"
    title: ClassVar[str] = "a reduction inside an expression needs parentheses"
    marker: ClassVar[str] = "a reduction reaches to the end of its expression"


@dataclass(frozen=True, kw_only=True)
class OfMissing(Diagnostic):
    code: ClassVar[str] = "CY0005"
    title: ClassVar[str] = "a reduction needs `of`"
    marker: ClassVar[str] = "expected `of`, `by`, `weighted by` or another axis"


@dataclass(frozen=True, kw_only=True)
class BlockUnclosed(Diagnostic):
    code: ClassVar[str] = "CY0006"
    title: ClassVar[str] = "this `{bracket}` is never closed"
    marker: ClassVar[str] = "opened here"
    bracket: str


@dataclass(frozen=True, kw_only=True)
class InMissing(Diagnostic):
    code: ClassVar[str] = "CY0007"
    title: ClassVar[str] = "an `each` needs `in`"
    marker: ClassVar[str] = "expected `in` before this"


@dataclass(frozen=True, kw_only=True)
class AssignmentForComparison(Diagnostic):
    code: ClassVar[str] = "CY0008"
    title: ClassVar[str] = "`=` gives a value; `==` compares"


@dataclass(frozen=True, kw_only=True)
class ResultTypeMissing(Diagnostic):
    code: ClassVar[str] = "CY0009"
    title: ClassVar[str] = "a {word} says what it returns"
    marker: ClassVar[str] = "expected `->` and a type before this"
    word: str


@dataclass(frozen=True, kw_only=True)
class StatementOutsideAudit(Diagnostic):
    code: ClassVar[str] = "CY0010"
    title: ClassVar[str] = "`{word}` stands inside an audit"
    marker: ClassVar[str] = "outside of `audit NAME {{ .. }}`"
    word: str


@dataclass(frozen=True, kw_only=True)
class DeclarationInside(Diagnostic):
    code: ClassVar[str] = "CY0011"
    title: ClassVar[str] = "`{word}` stands at the top of a module"
    marker: ClassVar[str] = "inside a block"
    word: str


@dataclass(frozen=True, kw_only=True)
class Unexpected(Diagnostic):
    """Anything else that the grammar has no place for; `sentence` says what it is."""

    code: ClassVar[str] = "CY0012"
    title: ClassVar[str] = "{sentence}"
    sentence: str


@dataclass(frozen=True, kw_only=True)
class TooLarge(Diagnostic):
    """A file over its size, or an expression over its depth."""

    code: ClassVar[str] = "CY0013"
    title: ClassVar[str] = "{what} is over the limit of {limit}"
    what: str
    limit: str


@dataclass(frozen=True, kw_only=True)
class SourceUnreadable(Diagnostic):
    """A source file that is absent, not a plain file, or not UTF-8."""

    code: ClassVar[str] = "CY0014"
    title: ClassVar[str] = "`{file}` {problem}"
    file: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class NotCanonical(Diagnostic):
    """JSON that is not the canonical form of a module; `place` gives the file and the path in it."""

    code: ClassVar[str] = "CY0015"
    title: ClassVar[str] = "this is not canonical JSON: {problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class UnknownEscape(Diagnostic):
    """A backslash in a text that begins no escape; the list of escapes is closed."""

    code: ClassVar[str] = "CY0016"
    title: ClassVar[str] = "there is no escape `{escape}`"
    escape: str


@dataclass(frozen=True, kw_only=True)
class HiddenCharacter(Diagnostic):
    """A character in a text or comment that is not seen, or that turns the direction of what is."""

    code: ClassVar[str] = "CY0017"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{character} stands here and is not seen"
    character: str
