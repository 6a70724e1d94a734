"""What every format gives: the names of its columns, and batches of those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: for each column an Arrow array, or a list of Python values where the file is JSON."""

    rows: int
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A file's columns. `textual`: every cell is text (CSV), to be converted by what is declared.

    `stream` takes names of `names` and gives batches in the order of the file.
    """

    names: tuple[str, ...]
    textual: bool
    stream: Callable[[tuple[str, ...]], Iterator[Batch]]
