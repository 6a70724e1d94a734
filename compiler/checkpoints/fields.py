"""Typed reading of `config.json`: each field has its type and its bounds, or the checkpoint is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.language.diagnostics.base import SpecError


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one JSON object of checkpoint `model`; `path` stands before their names in messages."""

    model: str
    values: Mapping[str, object]
    path: str = ""

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(key) is not None

    def integer(self, key: str, *, most: int = 2**31 - 1, default: int | None = None) -> int:
        """A whole number from 1 to `most`."""
        found = self.values.get(key) if default is None or self.has(key) else default
        if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= most:
            raise self.wrong(key, f"a whole number from 1 to {most}")
        return found

    def positive(self, key: str, *, default: float | None = None) -> float:
        """A finite number above zero."""
        found = self.values.get(key) if default is None or self.has(key) else default
        if not isinstance(found, int | float) or isinstance(found, bool) or not 0 < found < math.inf:
            raise self.wrong(key, "a positive number")
        return float(found)

    def flag(self, key: str) -> bool:
        """True or false; absent or null is false, the default of every family that has the field."""
        found = self.values.get(key)
        if found is not None and not isinstance(found, bool):
            raise self.wrong(key, "true or false")
        return bool(found)

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """A list of `count` positive numbers."""
        found = self.values.get(key)
        if not isinstance(found, list) or len(found) != count:
            raise self.wrong(key, f"a list of {count} numbers")
        return tuple(Fields(self.model, {key: one}, self.path).positive(key) for one in found)

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        """A text among `known`."""
        found = self.values.get(key)
        if not isinstance(found, str) or found not in known:
            raise self.unknown(key, found, known)
        return found

    def wrong(self, key: str, wanted: str) -> SpecError:
        if key not in self.values:
            return refused(
                self.model, f"does not say `{self.path}{key}` in its config.json", f"it must be {wanted}"
            )
        found = self.values[key]
        return refused(
            self.model, f"has `{self.path}{key}` = {found!r:.80} in its config.json; it must be {wanted}"
        )

    def unknown(self, key: str, found: object, known: tuple[str, ...]) -> SpecError:
        listed = ", ".join(f"`{one}`" for one in known)
        return refused(
            self.model,
            f"has `{self.path}{key}` = {found!r:.80} in its config.json, which is unknown",
            f"known are {listed}",
        )
