"""How large a column is once it is expanded, and how long its longest text is.

Arrow keeps repeated text once; Python values made of it would not be so small. Nothing is expanded to find out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# What one value takes besides the bytes of its text, whatever its type.
_EACH = 8


class Size(NamedTuple):
    """Bytes of a column once decoded, and characters of its longest text."""

    bytes: int
    longest: int


def decoded_size(values: Any) -> Size:
    """The size of an Arrow array of any nesting, or of a list of JSON values."""
    return _of_json(values) if isinstance(values, list) else _of_arrow(values)


def _of_arrow(array: Any) -> Size:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _of_dictionary(array)
    if pa.types.is_struct(kind):
        return _sum(len(array), [_of_arrow(part) for part in array.flatten()])
    if pa.types.is_map(kind):
        flat = array.cast(
            pa.list_(pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)]))
        )
        return _sum(len(array), [_of_arrow(flat.flatten())])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _sum(len(array), [_of_arrow(array.flatten())])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        lengths = pc.binary_length(array)
        total = pc.sum(lengths, min_count=0).as_py()
        return Size(total + _EACH * len(array), _longest(array, lengths))
    return Size(max(array.nbytes, _EACH * len(array)), 0)


def _of_dictionary(array: Any) -> Size:
    values = array.dictionary
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return Size(array.nbytes + _EACH * len(array), 0)
    lengths = pc.binary_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    indices = array.indices.drop_null().to_numpy(zero_copy_only=False)
    used = np.unique(indices)
    total = int(lengths[indices].sum(dtype=np.int64)) if len(indices) else 0
    longest = _longest(values.take(pa.array(used)), pa.array(lengths[used])) if len(used) else 0
    return Size(total + _EACH * len(array), longest)


def _longest(texts: Any, lengths: Any) -> int:
    """Characters of the longest text: a text of few bytes need not be counted."""
    most = pc.max(lengths).as_py() or 0
    if most <= 4096:
        return int(most)
    return pc.max(pc.utf8_length(texts)).as_py() or 0


def _of_json(values: list[Any]) -> Size:
    return _sum(len(values), [_of_value(value) for value in values])


def _of_value(value: Any) -> Size:
    match value:
        case str():
            return Size(len(value), len(value))
        case list():
            return _of_json(value)
        case dict():
            return _of_json([*value.keys(), *value.values()])
    return Size(0, 0)


def _sum(rows: int, parts: list[Size]) -> Size:
    total = sum(part.bytes for part in parts) + _EACH * rows
    return Size(total, max((part.longest for part in parts), default=0))
