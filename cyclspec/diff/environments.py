"""Two environments of runs compared, fact by fact: versions, devices, numerics, and each model as it was found.

Expects environments as runs store them. Ensures that there is a change if and only if the environments differ, and that
it moves the hash of the run alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cyclspec.diff.change import Change, How

_NAME, _DIGEST = "model", "digest"
_SHORT = 12


def environment_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """What differs between two environments."""
    one, other = dict(_facts(before, ())), dict(_facts(after, ()))
    for path in dict.fromkeys([*one, *other]):
        here, there = one.get(path), other.get(path)
        if here == there:
            continue
        how: How = "changed" if here and there else "added" if there else "removed"
        texts = (_shown(path, here), _shown(path, there))
        yield Change("environment", ", ".join(path), how, *texts, moves=frozenset({"run"}))


def _facts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every fact by its path; those of a model by its name."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _facts(inner, (*path, str(name)))
    elif isinstance(value, list) and all(isinstance(one, Mapping) and _NAME in one for one in value):
        for one in value:
            yield from _facts({n: inner for n, inner in one.items() if n != _NAME}, (*path, str(one[_NAME])))
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _shown(path: tuple[str, ...], text: str | None) -> str:
    return (text or "")[: _SHORT if path[-1] == _DIGEST else None]
