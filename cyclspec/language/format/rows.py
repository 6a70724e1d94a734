"""Rows: members that take one line, in columns where several of a kind follow one another.

Expects cells without line breaks. Ensures that a column is aligned over the rows of a run that reach beyond it, that
a cell much wider than the others stands out instead of pushing them away, and that alignment never widens a row over
its limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cyclspec.language.format.layout import columns

WIDTH = 100
TABLE_WIDTH = 130
_STANDS_OUT = 32


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; its parts are aligned with those of cells of the same shape."""

    parts: tuple[str, ...]
    shape: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.parts)


EMPTY = Cell(())


@dataclass(frozen=True, slots=True)
class Row:
    """A member on one line. Rows of one `kind` that follow one another are a run."""

    kind: str
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        return " ".join(str(cell) for cell in self.cells if cell.parts)

    @property
    def limit(self) -> int:
        """Rows of levels and models are a table, which may be wider than a statement."""
        return TABLE_WIDTH if self.kind in ("level", "model") else WIDTH

    def fits(self, indent: int) -> bool:
        return indent + columns(str(self)) <= self.limit


def padded(texts: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells, each column as wide as its widest cell that is followed by another one."""
    lines = [""] * len(texts)
    for index in range(max((len(cells) for cells in texts), default=0)):
        follows = [len(cells) > index + 1 and any(cells[index + 1 :]) for cells in texts]
        here = [columns(cells[index]) for cells, more in zip(texts, follows, strict=True) if more]
        limit = min((width for width in here if width), default=0) + _STANDS_OUT
        width = max((width for width in here if width <= limit), default=0)
        for row, cells in enumerate(texts):
            if index < len(cells) and (cells[index] or (follows[row] and width)):
                text = cells[index] + " " * max(0, width - columns(cells[index])) * follows[row]
                lines[row] += (" " if lines[row] else "") + text
    return lines


def _parts_aligned(cells: Sequence[Cell]) -> list[str]:
    """The cells of one column as texts, parts of the same shape below one another."""
    out = [str(cell) for cell in cells]
    shapes = {cell.shape for cell in cells if len(cell.parts) > 1 and cell.shape}
    for shape in shapes:
        rows = [row for row, cell in enumerate(cells) if cell.shape == shape]
        for row, text in zip(rows, padded([cells[row].parts for row in rows]), strict=True):
            out[row] = text
    return out


def _attempts(run: Sequence[Row]) -> Iterator[list[str]]:
    """Ways to lay out a run, the most aligned first."""
    width = max(len(row.cells) for row in run)
    cells = [[*row.cells, *[EMPTY] * (width - len(row.cells))] for row in run]
    aligned = [_parts_aligned([row[index] for row in cells]) for index in range(width)]
    yield padded([list(row) for row in zip(*aligned, strict=True)])
    yield padded([[str(cell) for cell in row] for row in cells])
    yield padded([[str(row[0]), " ".join(str(cell) for cell in row[1:] if cell.parts)] for row in cells])
    yield [str(row) for row in run]


def align(run: Sequence[Row], indent: int) -> list[str]:
    """The lines of rows of one kind, each of which fits on its line."""
    found: list[str] = []
    for found in _attempts(run):
        if all(indent + columns(line) <= run[0].limit for line in found):
            break
    return found


def grid(rows: Sequence[Sequence[Row]], indent: int) -> list[str] | None:
    """Several short levels a line, in columns two blanks apart; None where a line would be too wide."""
    lines = padded(
        [[str(row) + " " * (index < len(line) - 1) for index, row in enumerate(line)] for line in rows]
    )
    fits = all(indent + columns(line) <= WIDTH for line in lines)
    return lines if fits else None
