"""Batteries: questions that share a stem, recognised by how their columns are named and labelled.

Expects items in the order of the file. Ensures that only neighbours with the same options form a battery, that it has
two items or more, and that the rule is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cyclspec.compiler.surveys.notes import Notes, Topic, first_of

_SUFFIX = re.compile(r"(?P<stem>.*\d)(?P<part>[A-Za-z])\Z|(?P<stem2>.*[^_\W])[_.-](?P<part2>\d+|[A-Za-z])\Z")
_NUMBERED = re.compile(r"(?P<stem>[^\W\d]{3,})(?P<part>\d{1,3})\Z")
_LABEL = re.compile(r"(?P<stem>.{3,}?)(?::| - | – | \| )\s*(?P<part>.+)\Z")
_SHOWN = 6


class Candidate(NamedTuple):
    """An item that may be of a battery: its column, its label, and what its options are."""

    column: str
    label: str
    options: tuple[tuple[str, str], ...]


class _Stem(NamedTuple):
    text: str
    rule: str


def batteries_of(candidates: Sequence[Candidate], notes: Notes) -> dict[str, str]:
    """The battery of each column that has one."""
    found: dict[str, str] = {}
    for stem, members in _runs(candidates):
        name = _free(re.sub(r"\W+", "_", stem.text.casefold()).strip("_")[:48] or "battery", found)
        found.update(dict.fromkeys(members, name))
        listed = first_of(members, _SHOWN)
        notes.decided(
            Topic.BATTERIES,
            f"{len(members)} items, recognised {stem.rule} and by their options: {listed}",
            name,
        )
    return found


def _free(name: str, found: dict[str, str]) -> str:
    taken, first, number = set(found.values()), name, 2
    while name in taken:
        name, number = f"{first}_{number}", number + 1
    return name


def _runs(candidates: Sequence[Candidate]) -> Iterator[tuple[_Stem, list[str]]]:
    run: list[str] = []
    stem: _Stem | None = None
    options: tuple[tuple[str, str], ...] = ()
    for candidate in candidates:
        here = _stem(candidate)
        if run and stem is not None and here == stem and candidate.options == options:
            run.append(candidate.column)
            continue
        if stem is not None and len(run) > 1:
            yield stem, run
        run, stem, options = [candidate.column], here, candidate.options
    if stem is not None and len(run) > 1:
        yield stem, run


def _stem(candidate: Candidate) -> _Stem | None:
    label = _LABEL.match(candidate.label)
    if label is not None:
        return _Stem(label["stem"].strip(), "by the beginning of their labels")
    name = _SUFFIX.match(candidate.column) or _NUMBERED.match(candidate.column)
    if name is None:
        return None
    parts = name.groupdict()
    return _Stem(parts["stem"] or parts["stem2"], "by the pattern of their names")
