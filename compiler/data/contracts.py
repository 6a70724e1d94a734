"""What an audit declares about its data: tables, columns, levels, scales and limits.

Expects nothing of files. Ensures plain frozen values that the language layer fills in and the readers of this
package check files against. `Option` and `Scale` are also what a `scale` cell becomes once it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cyclspec.language.names.lock import FilePin, Locked
from cyclspec.language.spans import Span

Kind = Literal[
    "key",
    "text",
    "texts",
    "real",
    "count",
    "bool",
    "lang",
    "level",
    "levels_open",
    "scale",
    "choice",
    "dist",
    "counts",
    "logprobs",
    "ref",
]
Format = Literal["parquet", "csv", "json", "jsonl", "arrow"]

# Gets the values that are present, in row order: an array for real, count and bool; a tuple of codes for coded
# kinds; a tuple of cells for text, texts, scale; rows of numbers for dist, counts, logprobs. Gives a truth value for
# each.
Check = Callable[[Any], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a vocabulary. `code` is what a file holds (None: the name); `low..high` is an inclusive range."""

    name: str
    code: int | float | str | None = None
    low: float | None = None
    high: float | None = None
    label: Mapping[str, str] = field(default_factory=dict)
    missing: bool = False
    value: float | None = None

    @property
    def is_range(self) -> bool:
        return self.low is not None or self.high is not None


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column.

    `levels_open` is nominal without listed levels; `texts` a list of text. A `scale` cell brings the options of its
    own row, and `low..high` is the allowed number of options that are not missing. `choice`, `dist`, `counts` and
    `logprobs` are over `levels` where those are given, else over the options of the row of `table` that this row's ref
    column points to (the row itself where `table` is the own table). `via` names that ref column and `of` the scale
    column of `table`; both may be empty where there is only one.
    """

    name: str
    kind: Kind
    optional: bool = False
    langs: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    ordered: bool = False
    low: int | None = None
    high: int | None = None
    table: str | None = None
    check: Check | None = None
    check_text: str = ""
    span: Span | None = None
    declared: str = ""
    via: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table and its file. `hash` is `sha256:` and the first 12 to 64 hex digits of the digest.

    `locked` is what the lock of the project has of the file; `elsewhere` says what it is, where a pack came without it.
    `tolerance` is how far, relatively, a sum of shares may be
    from one; None takes that of the reader.
    """

    name: str
    path: Path
    format: Format
    columns: tuple[Column, ...]
    hash: str | None = None
    span: Span | None = None
    tolerance: float | None = None
    locked: Locked[FilePin] | None = None
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one file may hold: rows, bytes once decoded, bytes on disk, characters of one text."""

    rows: int = 50_000_000
    bytes: int = 4 << 30
    file_bytes: int = 8 << 30
    cell_chars: int = 100_000


@dataclass(frozen=True, slots=True)
class Option:
    """One answer option. `label` maps a language to its words; the language "" stands for any."""

    code: str
    label: Mapping[str, str]
    value: float | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """The options of one item in the order of the file; their codes differ from each other."""

    options: tuple[Option, ...]
    ordered: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(option.code for option in self.options)
