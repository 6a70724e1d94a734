"""What an import decided, found and left open: the report as data.

Expects one note for each decision. Ensures that nothing is decided without one: a note says what was done, by which
rule, and which option of the command line settles it otherwise.
"""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Topic(StrEnum):
    """What a note is about; the order is that of the report."""

    FILE = "file"
    RECIPE = "recipe"
    ENCODING = "encoding"
    NUMBERS = "numbers"
    NAMES = "names"
    ROLES = "roles"
    PEOPLE = "people"
    WEIGHTS = "weights"
    DESIGN = "design"
    DEMOGRAPHICS = "demographics"
    LEFT_OUT = "left out"
    MISSING = "missing"
    LABELS = "labels"
    SCALES = "scales"
    BATTERIES = "batteries"
    WORDING = "wording"
    SHARES = "shares"


class State(StrEnum):
    """`found`: a fact of the file. `decided`: by a stated rule. `open`: somebody should look at it."""

    FOUND = "found"
    DECIDED = "decided"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the report. `subject` is a column, an item or "" for the file; `settle` can be typed."""

    topic: Topic
    state: State
    text: str
    subject: str = ""
    settle: str = ""


def option(name: str, column: str) -> str:
    """An option of the command line with a column, as it is typed."""
    return f"{name} {shlex.quote(column)}"


def first_of(names: Sequence[str], most: int) -> str:
    """The first of some names, and how many there are beside them: `a, b and 3 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@dataclass(slots=True)
class Notes:
    """Collects notes in the order in which they come up."""

    items: list[Note] = field(default_factory=list)

    def found(self, topic: Topic, text: str, subject: str = "") -> None:
        self.items.append(Note(topic, State.FOUND, text, subject))

    def decided(self, topic: Topic, text: str, subject: str = "", settle: str = "") -> None:
        self.items.append(Note(topic, State.DECIDED, text, subject, settle))

    def open(self, topic: Topic, text: str, subject: str = "", settle: str = "") -> None:
        self.items.append(Note(topic, State.OPEN, text, subject, settle))

    def settled(self, topic: Topic, subjects: Container[str]) -> None:
        """What was left open of these subjects has been looked at: the command line names them."""
        self.items = [
            replace(note, state=State.DECIDED)
            if note.state is State.OPEN and note.topic is topic and note.subject in subjects
            else note
            for note in self.items
        ]


@dataclass(frozen=True, slots=True)
class Group:
    """Notes that say the same of several subjects."""

    topic: Topic
    state: State
    text: str
    settle: str
    subjects: tuple[str, ...]


def grouped(notes: Iterable[Note]) -> Iterator[Group]:
    """Notes by topic, those that somebody should look at first; equal ones together."""
    found: dict[tuple[Topic, State, str, str], list[Note]] = {}
    for note in notes:
        found.setdefault((note.topic, note.state, note.text, _settle_any(note)), []).append(note)
    order = list(Topic)
    rank = {State.OPEN: 0, State.DECIDED: 1, State.FOUND: 2}
    for key in sorted(found, key=lambda key: (order.index(key[0]), rank[key[1]])):
        topic, state, text, settle = key
        subjects = tuple(note.subject for note in found[key] if note.subject)
        yield Group(topic, state, text, found[key][0].settle if len(subjects) < 2 else settle, subjects)


def _settle_any(note: Note) -> str:
    """What settles a note of any subject: `NAME` in the place of its own."""
    return note.settle.replace(f" {shlex.quote(note.subject)}", " NAME") if note.subject else note.settle
