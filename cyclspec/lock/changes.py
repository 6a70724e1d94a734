"""What differs between a lock and what is there now, and the lock that takes some of it.

Ensures that a pin which is in both and differs is never taken unless it was accepted by name, and that the pins of
other audits of the project stay while any audit needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from cyclspec.language.names.lock import KINDS, Lock, Pin, Reached
from cyclspec.lock.current import Now

How = Literal["added", "removed", "changed"]
ALL = "all"


@dataclass(frozen=True, slots=True)
class PinChange:
    """One pin that came, went or differs; `names` are those by which it can be accepted."""

    kind: str
    key: str
    how: How
    before: Pin | None
    after: Pin | None
    names: frozenset[str]

    def accepted(self, given: Iterable[str]) -> bool:
        """Whether the change is taken by one of the given names; what only comes or goes needs none."""
        return self.how != "changed" or any(name == ALL or name in self.names for name in given)

    def facts(self) -> Iterator[tuple[str, Any, Any]]:
        """The members of the pin that differ, with both values."""
        if self.before is None or self.after is None:
            return
        for one in fields(self.before):
            before, after = getattr(self.before, one.name), getattr(self.after, one.name)
            if before != after:
                yield one.name, before, after


def changes(old: Lock, found: Now) -> tuple[PinChange, ...]:
    """Every pin of a spec that the lock does not have as it is now, and every one that no audit needs any longer."""
    after = merged(old, found)
    return tuple(change for kind in KINDS for change in _of_kind(kind, old, after, found))


def _of_kind(kind: str, old: Lock, after: Lock, found: Now) -> Iterator[PinChange]:
    before, now = old.pins(kind), after.pins(kind)
    for key in sorted({*before, *now}):
        one, other = before.get(key), now.get(key)
        if one == other:
            continue
        how: How = "added" if one is None else "removed" if other is None else "changed"
        yield PinChange(kind, key, how, one, other, found.names.get((kind, key), frozenset({key})))


def _needed(audits: Mapping[str, Reached], kind: str) -> frozenset[str]:
    return frozenset(key for reached in audits.values() for key in reached.keys(kind))


def merged(old: Lock, found: Now) -> Lock:
    """The lock of the project with what one of its files reaches now."""
    audits = {**old.audits, **found.lock.audits}
    made: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        pins, needed = {**old.pins(kind), **found.lock.pins(kind)}, _needed(audits, kind)
        made[kind] = {key: pin for key, pin in pins.items() if key in needed}
    return replace(old, audits=audits, **made)


def without_gone(lock: Lock, root: Path) -> Lock:
    """The lock without the audits whose files are no longer there; their pins go when it is written anew."""
    return replace(lock, audits={name: one for name, one in lock.audits.items() if (root / name).is_file()})
