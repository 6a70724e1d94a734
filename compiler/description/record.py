"""Facts of corpora as JSON-ready data.

Ensures one member for each field of a fact, under its name; places in a spec are left out, and a number that is
not finite is null. docs/data.md lists the members; `SCHEMA_VERSION` counts their changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from cyclspec.compiler.description.facts import CorpusFacts

SCHEMA_VERSION = 1


def corpora_record(found: Sequence[CorpusFacts]) -> dict[str, Any]:
    """The facts of several corpora as one object."""
    return {"schema_version": SCHEMA_VERSION, "corpora": [_plain(facts) for facts in found]}


def _plain(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case tuple():
            return [_plain(part) for part in value]
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case _ if is_dataclass(value):
            return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "span"}
    return value
