"""What a diagnostic is: a code, a place, one sentence, and help that can be typed.

Expects spans of parsed sources. Ensures that a diagnostic is plain frozen data: rendering it, sorting it or writing
it as JSON needs nothing else. Errors of a user are `Diagnostic` values; `SpecError` carries them where a function
cannot return them. `InternalError` is the one exception for faults of this program.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from cyclspec.language.spans import Span


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the audit, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A range of a text and what is written in its place; an empty range is a place to write at."""

    span: Span
    text: str


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """Base of the catalogue. A subclass gives `code` and `title`, and fields that the templates name.

    `span` is the place in a spec, or None where there is none; `place` names a place outside a spec, such as
    `items.csv, row 17`. `notes` never blame; `helps` can be typed. `edits` are the first help as changes of the text,
    where a machine can make them: in order, none inside another.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    marker: ClassVar[str] = ""
    severity: ClassVar[Severity] = Severity.ERROR

    span: Span | None = None
    place: str = ""
    label: str = ""
    also: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def message(self) -> str:
        return self.title.format_map(vars(self))

    @property
    def caption(self) -> str:
        """The words beside the carets."""
        return self.label or self.marker.format_map(vars(self))

    @property
    def help(self) -> str:
        return "\n".join(self.helps)

    def order(self) -> tuple[str, int, str]:
        """Sorts diagnostics by file and position."""
        if self.span is None:
            return (self.place, -1, self.code)
        return (self.span.source.name, self.span.start, self.code)


class SpecError(Exception):
    """A spec, its data or its models were refused. `diagnostics` says why, sorted by place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(diagnostics, key=Diagnostic.order))
        first = self.diagnostics[0]
        more = f" (and {len(self.diagnostics) - 1} more)" if len(self.diagnostics) > 1 else ""
        super().__init__(f"{first.code}: {first.message}{more}")


class InternalError(Exception):
    """A fault of this program, never of its user. `stage` names the pass that failed."""

    def __init__(self, stage: str, message: str) -> None:
        self.stage = stage
        super().__init__(f"{stage}: {message}")


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text after the edits of one diagnostic."""
    for edit in reversed(tuple(edits)):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@dataclass(slots=True)
class Findings:
    """Collects the diagnostics of one pass, so that all are reported in one go."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        self.items.append(diagnostic)

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.items if d.severity is Severity.ERROR]
