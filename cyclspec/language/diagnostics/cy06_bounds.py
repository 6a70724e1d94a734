"""CY06: recursion and purity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic


@dataclass(frozen=True, kw_only=True)
class Recursion(Diagnostic):
    """A definition that needs itself: `user` uses `name`, directly or on the way round."""

    code: ClassVar[str] = "CY0601"
    title: ClassVar[str] = "`{name}` is defined by itself"
    name: str
    user: str = ""
    notes: tuple[str, ...] = ("definitions cannot be recursive, so every audit terminates",)

    @property
    def message(self) -> str:
        if self.user in ("", self.name):
            return f"`{self.name}` is defined by itself"
        return f"`{self.user}` and `{self.name}` define each other"

    @property
    def caption(self) -> str:
        return self.label or ("" if self.user in ("", self.name) else f"uses `{self.name}`")


@dataclass(frozen=True, kw_only=True)
class PythonRefused(Diagnostic):
    """A metric in Python that is not there, not pinned or not pure; `target` is `module:function`."""

    code: ClassVar[str] = "CY0602"
    title: ClassVar[str] = "`{target}` {problem}"
    target: str
    problem: str
