"""Changes of a lock in words: a module's in those of `diff`, a file's and a model's by what of it is another.

Ensures that nothing a spec says can move the cursor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyclspec.diff.modules import module_changes
from cyclspec.diff.text import change_lines
from cyclspec.language.diagnostics.render import printable
from cyclspec.language.names.lock import ModulePin, Pin
from cyclspec.language.names.modules import Program
from cyclspec.lock.changes import PinChange
from cyclspec.lock.kept import module_of, recall

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_KINDS = {"modules": "module", "data": "data", "metrics": "metric", "models": "model"}
_FACTS = {
    "sha256": "hash",
    "config": "configuration",
    "chat_template": "chat template",
    "settings": "settings of the tokenizer and of generation",
}
_SHORT = 12


def pin_lines(change: PinChange, program: Program) -> Iterator[str]:
    """A change of the lock, line by line."""
    called = sorted(change.names - {change.key})
    who = f" ({', '.join(called)})" if called and change.kind != "modules" else ""
    head = f"{_SIGNS[change.how]} {_KINDS[change.kind]} {change.key}{who}"
    if change.how != "changed":
        yield printable(f"{head}  {_digest(change.after or change.before)}".rstrip())
        return
    facts = [
        f"{_FACTS.get(name, name)} {_value(one)} -> {_value(other)}" for name, one, other in change.facts()
    ]
    yield printable(f"{head}: {'; '.join(facts)}")
    yield from _in_words(change, program)


def _value(value: Any) -> str:
    match value:
        case None:
            return "none"
        case str() if len(value) in (40, 64):
            return value[:_SHORT]
        case int():
            return f"{value:,}".replace(",", " ")
    return str(value)


def _digest(pin: Pin | None) -> str:
    found = getattr(pin, "sha256", "") or getattr(pin, "weights", "")
    return f"sha256:{found[:_SHORT]}" if found else ""


def _in_words(change: PinChange, program: Program) -> Iterator[str]:
    """What differs between two versions of a module, where the first is kept on this machine."""
    if not isinstance(change.before, ModulePin) or not isinstance(change.after, ModulePin):
        return
    before, after = recall(change.before.sha256), module_of(program, change.after.sha256)
    if before is None or after is None:
        yield "    what it was is not kept on this machine; `cyclspec diff OLD NEW` compares two files"
        return
    for found in module_changes(before, after.tree):
        yield from (f"  {line}" for line in change_lines(found))
