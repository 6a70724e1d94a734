"""The fields of a record as they were read.

Expects values of the shapes of their fields. Ensures that a field without a value has a reason.
"""

from __future__ import annotations

from dataclasses import dataclass

FieldValue = str | int | float | bool | tuple["FieldValue", ...]


@dataclass(frozen=True, slots=True)
class FieldReading:
    """What one field holds: options by their codes; None for the `reason`."""

    value: FieldValue | None = None
    reason: str = ""


Fields = tuple[tuple[str, FieldReading], ...]
