"""How metadata are refused: one diagnostic that names the file and what does not fit."""

from __future__ import annotations

from typing import NoReturn

from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_corpora import CroissantRefused


def refuse(file: str, problem: str, *helps: str) -> NoReturn:
    """Raises `SpecError` with one `CroissantRefused`."""
    raise SpecError([CroissantRefused(file=file, problem=problem, place=file, helps=helps)]) from None
