"""Did you mean: the names close to one that does not exist.

Expects the candidates of the exact position. Ensures at most three suggestions, best first: equal but for case, or
Damerau-Levenshtein similarity of at least 0.6.
"""

from __future__ import annotations

from collections.abc import Iterable

_THRESHOLD = 0.6
_MOST = 3


def edit_distance(a: str, b: str) -> int:
    """Optimal string alignment distance: insert, delete, replace, swap two neighbours."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row, above = row, [i], row if i == 1 else before
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def similarity(a: str, b: str) -> float:
    """1 for equal names, 0 for names with nothing in common."""
    if a.lower() == b.lower():
        return 1.0
    return 1 - edit_distance(a.lower(), b.lower()) / max(len(a), len(b), 1)


def suggest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """The close candidates, best first."""
    if len(name) > 100:
        return ()
    scored = sorted((-similarity(name, c), c) for c in set(candidates) if len(c) <= 100)
    return tuple(c for score, c in scored if -score >= _THRESHOLD)[:_MOST]


def did_you_mean(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """The help lines of an unknown name: a suggestion, or the list where it is short."""
    known = sorted(set(candidates))
    close = suggest(name, known)
    if close:
        return ("did you mean " + " or ".join(f"`{c}`" for c in close) + "?",)
    if 0 < len(known) <= 8:
        verb = "is" if len(known) == 1 else "are"
        return (f"there {verb} " + ", ".join(f"`{c}`" for c in known),)
    return ()
