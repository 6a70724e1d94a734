"""Turns cells into numbers and truth values.

Expects batches in file order. Ensures one float64 for each row, NaN where the cell is missing; a NaN of the file is
missing too. Text becomes numbers only in CSV files, where every cell is text.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cyclspec.compiler.data.coded import WrongCell, json_type, wrong_cell

_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,3}(?:[. ]\d{3})*,\d+\Z|[+-]?\d+,\d+\Z")
_TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
COMMA_HELP = ("the file uses a decimal comma; write numbers with a point (0.84)",)

Numbers = NDArray[np.float64]


def real_numbers(values: Any, *, textual: bool) -> Numbers | WrongCell:
    """One batch of a `real` or `count` column."""
    if isinstance(values, list):
        return _from_list(values, (int, float), (bool,))
    if textual:
        return _from_text(values)
    kind = values.type
    if pa.types.is_null(kind):
        return np.full(len(values), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return wrong_cell(values)
    return _floats(values)


def truth_values(values: Any, *, textual: bool) -> Numbers | WrongCell:
    """One batch of a `bool` column: 1, 0 or NaN. CSV cells are true, false, 1 or 0."""
    if isinstance(values, list):
        return _from_list(values, (bool,), ())
    if textual:
        texts = values.to_pylist()
        parsed = [np.nan if text is None else _TRUTH.get(text.strip().lower()) for text in texts]
        return _joined(parsed, texts)
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan)
    if not pa.types.is_boolean(values.type):
        return wrong_cell(values)
    return _floats(values.cast(pa.int8()))


def number_of(text: str) -> float | None:
    """The number that a CSV cell writes, or None. Python's underscores between digits are not accepted."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def comma_help(value: Any) -> tuple[str, ...]:
    """Help where a value is a number with a decimal comma."""
    return COMMA_HELP if isinstance(value, str) and _DECIMAL_COMMA.match(value.strip()) else ()


def _floats(array: Any) -> Numbers:
    found: Numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found.astype(np.float64, copy=False)


def _from_text(array: Any) -> Numbers | WrongCell:
    try:
        return _floats(pc.cast(array, pa.float64()))
    except pa.ArrowInvalid:
        # Blanks around a number, or a bad cell that is to be named.
        texts = array.to_pylist()
        return _joined([np.nan if text is None else number_of(text) for text in texts], texts)


def _joined(parsed: list[float | None], texts: list[Any]) -> Numbers | WrongCell:
    bad = next((row for row, number in enumerate(parsed) if number is None), None)
    if bad is not None:
        return WrongCell("text", bad, texts[bad])
    return np.array(parsed, dtype=np.float64)


def _from_list(
    values: list[Any], wanted: tuple[type[Any], ...], refused: tuple[type[Any], ...]
) -> Numbers | WrongCell:
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, wanted) or isinstance(value, refused):
            return WrongCell(json_type(value), row, value)
        try:
            numbers[row] = float(value)
        except OverflowError:
            return WrongCell("an integer of too many digits", row, str(value)[:20])
    return numbers
