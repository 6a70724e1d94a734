"""Did you mean: the names close to one that does not exist.

Expects the candidates of the exact position. Ensures at most three suggestions, best first: what a word of other
languages is called here, else names that are equal but for case or have a Damerau-Levenshtein similarity of 0.6.
Within `sparing`, the work is bounded: the first mistakes of a file get suggestions, not all of thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from cyclspec.language.names.elsewhere import ELSEWHERE

MOST_WORK = 1_000_000
_THRESHOLD = 0.6
_MOST = 3
_LONGEST = 100
_LOOK = 8
_ROUNDING = 1e-9


@dataclass(slots=True)
class Budget:
    """What is left to spend: one for each pair of characters that is compared, `_LOOK` for each candidate."""

    left: int


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def sparing(work: int = MOST_WORK) -> Iterator[Budget]:
    """Bounds the work of all suggestions made within, which would grow with the names times the mistakes of a file."""
    budget = Budget(work)
    before = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(before)


def _is_spent() -> bool:
    budget = _budget.get()
    return budget is not None and budget.left <= 0


def _spend(work: int) -> None:
    budget = _budget.get()
    if budget is not None:
        budget.left -= work


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
    if len(name) > _LONGEST or _is_spent():
        return ()
    known = {c for c in candidates if len(c) <= _LONGEST}
    _spend(_LOOK * len(known))
    here = tuple(word for word in ELSEWHERE.get(name.lower(), ()) if word in known)
    if here:
        return here
    scored = sorted((-similarity(name, c), c) for c in filter(_near(name), sorted(known)))
    return tuple(c for score, c in scored if -score >= _THRESHOLD)[:_MOST]


def _near(name: str) -> Callable[[str], bool]:
    """Whether a candidate can be close, by what is quick to see: a character that only one of them has is an edit."""
    word, letters = name.lower(), set(name.lower())

    def near(candidate: str) -> bool:
        other = candidate.lower()
        allowed = (1 - _THRESHOLD) * max(len(word), len(other)) + _ROUNDING
        if abs(len(word) - len(other)) > allowed or _is_spent():
            return False
        there = set(other)
        if len(letters - there) > allowed or len(there - letters) > allowed:
            return False
        _spend(len(word) * len(other))
        return True

    return near


def meant_by(names: Iterable[str]) -> tuple[str, ...]:
    """The help line that asks whether one of some names is meant."""
    return ("did you mean " + " or ".join(f"`{name}`" for name in names) + "?",)


def did_you_mean(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """The help lines of an unknown name: a suggestion, or the list where it is short."""
    if _is_spent():
        return ()
    known = sorted(set(candidates))
    close = suggest(name, known)
    if close:
        return meant_by(close)
    if 0 < len(known) <= 8:
        verb = "is" if len(known) == 1 else "are"
        return (f"there {verb} " + ", ".join(f"`{c}`" for c in known),)
    return ()
