"""The fields of stored records as rows of their own.

Expects an answers table. Ensures that a field has a row where its record has one, with a choice by its code or a
number, and that it is answered where it has a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d


def field_rows(answers: pa.Table, ask: str, field: str, scored: d.TypedAsk) -> pa.Table:
    """One field of the records of an ask; `scored` is the ask that it is scored as."""
    rows = answers.filter(pc.equal(answers["ask"].cast(pa.string()), ask))
    values = [_value(one, field) for one in rows["fields"].to_pylist()]
    kind = scored.type.kind
    chosen = [one if isinstance(kind, k.Choice) else None for one in values]
    numbers = [float(one) if isinstance(kind, k.Number) and one is not None else None for one in values]
    columns = {
        "ask": pa.array([scored.name] * len(rows), pa.string()),
        "status": pa.array(["missing" if one is None else "answered" for one in values], pa.string()),
        "choice": pa.array(chosen, pa.string()),
        "number": pa.array(numbers, pa.float64()),
    }
    for name, column in columns.items():
        at = rows.column_names.index(name) if name in rows.column_names else -1
        rows = rows.append_column(name, column) if at < 0 else rows.set_column(at, name, column)
    return rows


def _value(fields: Sequence[Mapping[str, Any]] | None, name: str) -> Any:
    found = next((one["value"] for one in fields or () if one["field"] == name), None)
    return None if found is None else json.loads(found)
