"""CY06: recursion and purity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic


@dataclass(frozen=True, kw_only=True)
class Recursion(Diagnostic):
    code: ClassVar[str] = "CY0601"
    title: ClassVar[str] = "`{name}` is defined by itself"
    name: str
    notes: tuple[str, ...] = ("definitions cannot be recursive, so every audit terminates",)
