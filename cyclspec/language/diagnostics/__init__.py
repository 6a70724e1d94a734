"""Diagnostics: the catalogue by range of codes, and how they are shown."""

from cyclspec.language.diagnostics.base import (
    Diagnostic,
    Findings,
    InternalError,
    Label,
    Severity,
    SpecError,
)

__all__ = ["Diagnostic", "Findings", "InternalError", "Label", "Severity", "SpecError"]
