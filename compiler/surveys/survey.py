"""What a survey file says, whatever its format: variables with labels, missing codes and the values of every row.

Expects nothing of what the columns mean. Ensures that names are distinct, that every column has a value or nothing in
every row, and that codes are compared as everywhere else: `1`, `1.0` and `"1"` are one code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.coded import Coded
from cyclspec.compiler.data.numbers import number_of

Measure = Literal["nominal", "ordinal", "scale", "unknown"]
Kind = Literal["number", "text", "date"]


@dataclass(frozen=True, slots=True)
class Between:
    """Numbers that are missing by declaration, both ends included."""

    low: float
    high: float

    def holds(self, code: str) -> bool:
        number = number_of(code)
        return number is not None and self.low <= number <= self.high

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"


MissingRule = str | Between


@dataclass(frozen=True, slots=True)
class Variable:
    """One column of a survey file.

    `values.index[row]` counts into `values.codes`, -1 where the file has nothing. `labels` maps codes to words in the
    order of the file; `missing` is what the file itself declares missing; `measure` is its own word for the scale.
    """

    name: str
    values: Coded
    kind: Kind = "text"
    label: str = ""
    measure: Measure = "unknown"
    labels: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[MissingRule, ...] = ()

    def counts(self) -> dict[str, int]:
        """How often each code stands in the file, codes in order of appearance."""
        index = self.values.index
        counted = np.bincount(index[index >= 0], minlength=len(self.values.codes))
        return dict(zip(self.values.codes, counted.tolist(), strict=True))

    def numbers(self) -> NDArray[np.float64]:
        """The number in each row, NaN where there is none."""
        found = [number_of(code) for code in self.values.codes]
        table = np.array([*(np.nan if number is None else number for number in found), np.nan])
        taken: NDArray[np.float64] = table[self.values.index]
        return taken

    @property
    def n_present(self) -> int:
        return int(np.count_nonzero(self.values.index >= 0))

    def is_missing(self, code: str) -> bool:
        """Whether the file declares a code missing."""
        return any(_holds(rule, code) for rule in self.missing)


def _holds(rule: MissingRule, code: str) -> bool:
    return rule.holds(code) if isinstance(rule, Between) else rule == code


def by_number(code: str) -> tuple[float, str]:
    """Sorts codes that are numbers by size, and others behind them by the alphabet."""
    number = number_of(code)
    return (math.inf if number is None or math.isnan(number) else number, code)


@dataclass(frozen=True, slots=True)
class SurveyFile:
    """A whole file. `digest` is 64 hex digits of SHA-256 over its bytes; rows are counted from one over data rows.

    `weight` is the column that the file itself weights its cases by, `strata` and `psu` those that it names as its
    design, "" where it says nothing of that. `sheets` are
    other sheets that look like data, where nobody named one, that which holds most first.
    """

    path: Path
    format: str
    digest: str
    n_rows: int
    variables: tuple[Variable, ...]
    title: str = ""
    weight: str = ""
    strata: str = ""
    psu: str = ""
    sheets: tuple[str, ...] = ()

    def variable(self, name: str) -> Variable | None:
        return next((variable for variable in self.variables if variable.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a file to be imported may hold; a larger one is refused with the limit it meets."""

    file_bytes: int = 4 << 30
    decoded_bytes: int = 8 << 30
    rows: int = 5_000_000
    columns: int = 20_000
    cells: int = 400_000_000
    cell_chars: int = 100_000
    label_chars: int = 1_000
    question_chars: int = 10_000
