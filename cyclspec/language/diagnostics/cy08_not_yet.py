"""CY08: what the language accepts and this version cannot run yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic


@dataclass(frozen=True, kw_only=True)
class NotLowered(Diagnostic):
    """A construct that passes the type checker and has no array program yet; `what` names it as it is written."""

    code: ClassVar[str] = "CY0801"
    title: ClassVar[str] = "{what} is checked but cannot run yet"
    what: str
