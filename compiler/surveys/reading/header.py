"""The names of columns as a file writes them, made distinct."""

from __future__ import annotations

from collections.abc import Sequence

from cyclspec.compiler.surveys.notes import Notes, Topic, option
from cyclspec.compiler.surveys.reading.textual import plain

_LONGEST = 200


def distinct_names(cells: Sequence[str], notes: Notes) -> tuple[str, ...]:
    """Names without control characters; an empty one is `column_3`, one that is there already gets `#2`."""
    found: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(cells, start=1):
        name = plain(cell)
        if name != cell.strip():
            notes.decided(
                Topic.NAMES, "the name of the column was cleaned of control characters or blanks", name
            )
        if len(name) > _LONGEST:
            name = name[:_LONGEST]
            notes.decided(Topic.NAMES, f"the name of the column was cut to {_LONGEST} characters", name)
        if not name:
            name = f"column_{position}"
            notes.decided(Topic.NAMES, "the column has no name in the file", name)
        first, number = name, 2
        while name in taken:
            name, number = f"{first}#{number}", number + 1
        if name != first:
            again = f"a column of the name `{first}` stands in the file before it; whether they are one is not known"
            notes.open(Topic.NAMES, again, name, settle=option("--leave-out", name))
        taken.add(name)
        found.append(name)
    return tuple(found)
