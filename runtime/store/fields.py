"""The fields of stored records as rows of their own.

Expects an answers table. Ensures that a field has a row where its record has one, with a choice by its code or a
number, that it is answered where it has a value, and that it has a reason of its own where it has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d


def field_rows(answers: pa.Table, scored: d.TypedAsk) -> pa.Table:
    """The rows of `day.mood`, one field of the records of `day`; all rows for an ask that is no field."""
    ask, dot, field = scored.name.partition(".")
    if not dot:
        return answers
    rows = answers.filter(pc.equal(answers["ask"].cast(pa.string()), ask))
    found = [_field(one, field) for one in rows["fields"].to_pylist()]
    whole = rows["reason"].cast(pa.string()).to_pylist()
    values = [None if one.get("value") is None else json.loads(one["value"]) for one in found]
    reasons = [one.get("reason") or reason for one, reason in zip(found, whole, strict=True)]
    kind = scored.type.kind
    chosen = [one if isinstance(kind, k.Choice) else None for one in values]
    numbers = [float(one) if isinstance(kind, k.Number) and one is not None else None for one in values]
    columns = {
        "ask": pa.array([scored.name] * len(rows), pa.string()),
        "status": pa.array(["missing" if one is None else "answered" for one in values], pa.string()),
        "reason": pa.array(reasons, pa.string()),
        "choice": pa.array(chosen, pa.string()),
        "number": pa.array(numbers, pa.float64()),
    }
    for name, column in columns.items():
        at = rows.column_names.index(name) if name in rows.column_names else -1
        rows = rows.append_column(name, column) if at < 0 else rows.set_column(at, name, column)
    return rows


def _field(fields: Sequence[Mapping[str, Any]] | None, name: str) -> Mapping[str, Any]:
    """The field of a record, empty where there is no record."""
    return next((one for one in fields or () if one["field"] == name), {})
