"""Published scores beside our own: how many cells, how far apart, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEAD = ("measure", "model", "cells", "largest gap", "mean gap", "why")


@dataclass(frozen=True, slots=True)
class Line:
    """Cells that differ from the published score for one reason. A gap is ours minus theirs, None for none."""

    measure: str
    model: str
    why: str
    gaps: Sequence[float | None]

    @property
    def cells(self) -> int:
        return len(self.gaps)

    @property
    def row(self) -> tuple[str, ...]:
        known = [gap for gap in self.gaps if gap is not None]
        largest = f"{max(map(abs, known)):.4f}" if known else ""
        # Adding zero turns a rounded -0.0 into 0.0.
        mean = f"{round(sum(known) / len(known), 4) + 0.0:+.4f}" if known else ""
        return (self.measure, self.model, str(self.cells), largest, mean, self.why)


def shown(lines: Iterable[Line]) -> str:
    """The lines as a table."""
    return laid_out([HEAD, *(line.row for line in lines)])


def laid_out(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows in columns, the first of them the names."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    )
