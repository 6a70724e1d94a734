"""Definitions in the order of their use.

Expects a finite graph. Ensures that everything comes after what it uses, that every cycle is told of and cut, and that
a chain of any length needs no recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Place = TypeVar("Place")


def in_order(
    roots: Iterable[Key],
    uses: Callable[[Key], Iterable[tuple[Key, Place]]],
    on_cycle: Callable[[Key, Key, Place], None],
) -> Iterator[Key]:
    """Every key that the roots reach, users last.

    `uses` gives what a key uses and where it does so. Where `user` closes a cycle, `on_cycle(user, used, place)` is
    called and `user` is left out.
    """
    seen: set[Key] = set()
    for root in roots:
        if root not in seen:
            yield from _reached(root, uses, on_cycle, seen)


def _reached(
    root: Key,
    uses: Callable[[Key], Iterable[tuple[Key, Place]]],
    on_cycle: Callable[[Key, Key, Place], None],
    seen: set[Key],
) -> Iterator[Key]:
    seen.add(root)
    path: dict[Key, Iterator[tuple[Key, Place]]] = {root: iter(uses(root))}
    cut: set[Key] = set()
    while path:
        user = next(reversed(path))
        step = next(path[user], None)
        if step is None:
            del path[user]
            if user not in cut:
                yield user
        elif step[0] in path:
            if user not in cut:
                on_cycle(user, *step)
            cut.add(user)
        elif step[0] not in seen:
            seen.add(step[0])
            path[step[0]] = iter(uses(step[0]))
