"""A comparison as text for people and as JSON for programs.

Ensures that changes stand by the hashes they move, the most expensive first, that long texts are compared word by word,
and that nothing a spec says can move the cursor.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from cyclspec.diff.asked import Asked, AskedCells, asked_record
from cyclspec.diff.change import HASHES, Change, Difference, Moved
from cyclspec.language.diagnostics.render import printable

_SHORT = 12
_BESIDE = 40
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_GROUPS: tuple[tuple[frozenset[Moved], str], ...] = (
    (frozenset({"design"}), "moves the design: other questions"),
    (frozenset({"score"}), "moves the score: other measures of the same answers"),
    (frozenset({"run"}), "moves the run: the same audit in another environment"),
    (frozenset({"module"}), "moves the module only: nothing that this audit asks or measures"),
)
_WORDING = "moves no hash: wording"


def _hash_lines(found: Difference) -> Iterator[str]:
    for which in HASHES:
        if which not in found.hashes:
            continue
        before, after = (value[:_SHORT] for value in found.hashes[which])
        moved = f"{before} -> {after}" if found.moved(which) else f"{before}  the same"
        yield f"{which:8}{moved}"


def word_difference(before: str, after: str) -> str:
    """The second text with what went in `[-..-]` and what came in `{+..+}`, word by word."""
    one, other = (re.findall(r"\s+|[^\s]+", text) for text in (before, after))
    parts: list[str] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append("".join(one[a:b]))
            continue
        gone, come = "".join(one[a:b]), "".join(other[c:d])
        parts.append((f"[-{gone}-]" if gone else "") + (f"{{+{come}+}}" if come else ""))
    return "".join(parts)


def _text_lines(change: Change) -> Iterator[str]:
    """The lines of a long text that differ."""
    lines = word_difference(change.before, change.after).split("\n")
    inside = False
    for line in lines:
        opens = len(re.findall(r"\[-|\{\+", line)) > len(re.findall(r"-\]|\+\}", line))
        marked = inside or re.search(r"\[-|\{\+|-\]|\+\}", line) is not None
        inside = opens or (inside and not re.search(r"-\]|\+\}", line))
        if marked:
            yield f"      {printable(line)}".rstrip()


def _with_text(head: str, text: str) -> str:
    """A part that came or went with its text, its name said once: `level moor = 9`."""
    name = head.rsplit(" ", 1)[-1]
    return head.removesuffix(name) + text if text.split()[:1] == [name] else f"{head}: {text}"


def change_lines(change: Change) -> Iterator[str]:
    """One difference as lines, indented by two."""
    head = f"  {_SIGNS[change.how]} {change.what}" + (f", {change.part}" if change.part else "")
    before, after = change.before, change.after
    if change.is_text:
        yield printable(head)
        yield from _text_lines(change)
    elif before and after and max(len(before), len(after)) <= _BESIDE:
        yield printable(f"{head}: {before} -> {after}")
    elif before and after:
        yield printable(head)
        yield f"      - {printable(before)}"
        yield f"      + {printable(after)}"
    elif change.part and (before or after):
        yield printable(_with_text(head, before or after))
    else:
        yield printable(head)


def _grouped(changes: Iterable[Change]) -> Iterator[tuple[str, list[Change]]]:
    left = list(changes)
    for hashes, title in _GROUPS:
        here = [change for change in left if hashes <= change.moves]
        left = [change for change in left if not hashes <= change.moves]
        if here:
            yield title, here
    if left:
        yield _WORDING, left


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _ask_line(cells: AskedCells) -> str:
    total = cells.same + cells.changed + cells.new
    parts = [f"{_count(cells.same)} as before", f"{_count(cells.changed)} asked otherwise"]
    parts += [f"{_count(cells.new)} new", f"{_count(cells.gone)} gone"]
    return f"  ask {cells.ask}: {_count(total)} cells: {', '.join(parts)}"


def _asked_lines(asked: Asked) -> Iterator[str]:
    yield "asked again"
    yield from (printable(_ask_line(cells)) for cells in asked.asks)
    cost = f"  {_count(asked.requests_again)} of {_count(asked.requests)} requests"
    if asked.tokens is not None and asked.tokens_again is not None:
        cost += f", {_count(asked.tokens_again)} of {_count(asked.tokens)} tokens"
    yield cost
    yield from (f"  {printable(note)}" for note in asked.notes)


def difference_text(found: Difference, asked: Asked | None) -> str:
    """The comparison for a person."""
    blocks = [[f"--- {printable(found.before)}", f"+++ {printable(found.after)}", *_hash_lines(found)]]
    for title, changes in _grouped(found.changes):
        blocks.append([title, *(line for change in changes for line in change_lines(change))])
    if asked is not None:
        blocks.append(list(_asked_lines(asked)))
    elif not found.moved("design") and not any(change.what == "environment" for change in found.changes):
        blocks.append(["no model is asked again, as long as the data is the same"])
    if not found.differs:
        blocks.append(["no difference"])
    blocks += [[f"note: {printable(note)}"] for note in found.notes]
    return "\n\n".join("\n".join(block) for block in blocks)


def difference_record(found: Difference, asked: Asked | None) -> dict[str, Any]:
    """The comparison for a program."""
    return {
        "schema_version": 1,
        "before": found.before,
        "after": found.after,
        "hashes": {
            which: {"before": one, "after": other, "moved": one != other}
            for which, (one, other) in found.hashes.items()
        },
        "changes": [
            {
                "what": change.what,
                "part": change.part or None,
                "how": change.how,
                "before": change.before or None,
                "after": change.after or None,
                "moves": [which for which in HASHES if which in change.moves],
            }
            for change in found.changes
        ],
        "asked": None if asked is None else asked_record(asked),
        "notes": list(found.notes),
    }
