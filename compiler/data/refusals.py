"""Collects what is wrong with one file, so that a user sees many errors in one go but never thousands.

Rows are counted from one over the data rows: the header of a CSV file is not a row, so row 1 is its second line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.contracts import Column
from cyclspec.language.diagnostics.base import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import BadRow, ColumnTypeDiffers, FileUnreadable
from cyclspec.language.spans import Span

SHOWN = 20


def place_of(path: Path, row: int, column: str) -> str:
    """`items.csv, row 17, column value`; `row` is counted from one over the data rows."""
    return f"{path.name}, row {row}, column `{column}`"


def refuse_file(
    path: Path, problem: str, *helps: str, span: Span | None = None, notes: tuple[str, ...] = ()
) -> NoReturn:
    """Raises `SpecError` with one `FileUnreadable`."""
    diagnostic = FileUnreadable(
        file=path.name, problem=problem, span=span, place=path.name, notes=notes, helps=helps
    )
    raise SpecError([diagnostic]) from None


class Refusals:
    """The diagnostics of one file: the first `SHOWN` are kept, the others counted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: list[Diagnostic] = []
        self.count = 0

    def add(self, diagnostic: Diagnostic) -> None:
        self.count += 1
        if len(self.kept) < SHOWN:
            self.kept.append(diagnostic)

    def bad_row(self, row: int, column: Column, problem: str, helps: tuple[str, ...] = ()) -> None:
        """`row` is counted from one."""
        place = place_of(self.path, row, column.name)
        self.add(BadRow(problem=problem, span=column.span, place=place, helps=helps))

    def bad_rows(self, rows: NDArray[np.intp], column: Column, problem: Callable[[int], str]) -> None:
        """One diagnostic for each row (from zero) while there is room; all are counted."""
        for row in rows[:SHOWN].tolist():
            self.bad_row(row + 1, column, problem(row))
        self.count += max(0, len(rows) - SHOWN)

    def wrong_type(
        self, column: Column, found: str, row: int = 0, value: object = None, helps: tuple[str, ...] = ()
    ) -> None:
        """The file holds another type than declared; `row` (from one) and `value` are the first that shows it."""
        first = "" if row == 0 else f" (first value: {shown(value)}, row {row})"
        self.add(
            ColumnTypeDiffers(
                column=column.name,
                found=f"`{found}`",
                declared=column.declared or column.kind,
                span=column.span,
                place=place_of(self.path, row, column.name) if row else self.path.name,
                label=f"{self.path.name} has `{found}`{first}",
                helps=helps,
            )
        )

    def raise_if_any(self) -> None:
        if not self.kept:
            return
        kept = sorted(self.kept, key=lambda d: d.order()[1])
        more = self.count - len(kept)
        if more > 0:
            note = f"{more} more errors in {self.path.name} are not shown"
            kept[-1] = dataclasses.replace(kept[-1], notes=(*kept[-1].notes, note))
        raise SpecError(kept)


def shown(value: object) -> str:
    """A value in a message: quoted and cut where it is text."""
    if isinstance(value, str):
        return '"' + (value if len(value) <= 60 else value[:57] + "...") + '"'
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
