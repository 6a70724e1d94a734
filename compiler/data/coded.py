"""Turns cells into codes: one integer for each row, and the codes it counts.

Expects batches in file order. Ensures `index[row]` in `codes`, or -1 for a missing cell. Only distinct values of a
batch pass through Python, so a table of millions of answers is read in array operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cyclspec.compiler.data.codes import normal_code

Index = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Coded:
    """`index[row]` counts into `codes`, which are in order of appearance; -1 is a missing cell."""

    codes: tuple[str, ...]
    index: Index


@dataclass(frozen=True, slots=True)
class WrongCell:
    """The first cell of a batch whose type does not fit, counted from zero within the batch."""

    found: str
    row: int
    value: Any


@dataclass(slots=True)
class Coder:
    """Collects the codes of one column."""

    positions: dict[str, int] = field(default_factory=dict)
    parts: list[Index] = field(default_factory=list)

    def add(self, values: Any) -> WrongCell | None:
        """Takes one batch: an Arrow array, or a list of JSON values. Gives the first cell that is no code."""
        found = distinct_of_list(values) if isinstance(values, list) else distinct_of_array(values)
        if isinstance(found, WrongCell):
            self.parts.append(np.full(len(values), -1, np.int32))
            return found
        scalars, index = found
        positions = [self.position(scalar) for scalar in scalars]
        table = np.array([*positions, -1], dtype=np.int32)
        self.parts.append(table[index])
        return None

    def position(self, scalar: Any) -> int:
        """The position of a scalar's code; -1 for NaN and blank text, which are missing."""
        if isinstance(scalar, float) and np.isnan(scalar):
            return -1
        code = normal_code(scalar)
        return self.positions.setdefault(code, len(self.positions)) if code else -1

    def finish(self) -> Coded:
        index = np.concatenate(self.parts) if self.parts else np.empty(0, np.int32)
        return Coded(tuple(self.positions), index)


def distinct_of_array(array: Any) -> tuple[list[Any], Index] | WrongCell:
    """The distinct scalars of an Arrow array, and which of them each row holds (-1: null)."""
    kind = array.type
    if not is_scalar(kind.value_type if pa.types.is_dictionary(kind) else kind):
        return wrong_cell(array)
    if not pa.types.is_dictionary(kind):
        if pa.types.is_null(kind):
            return [], np.full(len(array), -1, np.int32)
        array = array.dictionary_encode()
    held = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    used, inverse = np.unique(held, return_inverse=True)
    index = inverse.astype(np.int32)
    if len(used) and used[0] == -1:
        used, index = used[1:], index - np.int32(1)
    scalars: list[Any] = array.dictionary.take(pa.array(used)).to_pylist()
    # A dictionary may itself hold nulls.
    nulls = [i for i, scalar in enumerate(scalars) if scalar is None]
    if nulls:
        index = np.where(np.isin(index, nulls), -1, index).astype(np.int32)
        scalars = ["" if scalar is None else scalar for scalar in scalars]
    return scalars, index


def distinct_of_list(values: Sequence[Any]) -> tuple[list[Any], Index] | WrongCell:
    """The distinct scalars of a list of JSON values, and which of them each row holds (-1: null)."""
    positions: dict[tuple[type, Any], int] = {}
    index = np.full(len(values), -1, np.int32)
    for row, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, (str, int, float)):
            return WrongCell(json_type(value), row, value)
        # 1, 1.0 and True are equal as keys of a dictionary.
        index[row] = positions.setdefault((type(value), value), len(positions))
    return [value for _, value in positions], index


def is_scalar(kind: Any) -> bool:
    """Whether values of an Arrow type can be codes."""
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
    )


def wrong_cell(array: Any) -> WrongCell:
    """The first cell that is not null, as the witness of a type that does not fit."""
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    row = int(rows[0]) if len(rows) else 0
    value = array[row].as_py() if len(rows) else None
    return WrongCell(arrow_type(array.type), row, value)


def arrow_type(kind: Any) -> str:
    """The name of an Arrow type; the encoding of repeated text is no part of it."""
    return str(kind.value_type if pa.types.is_dictionary(kind) else kind)


def json_type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "list"
        case dict():
            return "object"
    return "null"
