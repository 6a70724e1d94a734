"""The parts of a template, and the same template with its parts in another order.

Expects a template that was checked. Parts are its paragraphs; its lines where it is one paragraph; its sentences where
it is one line. A part is never cut inside of a hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cyclspec.language.types.templates import Hole, split

_HOLES = re.compile(r"\{\{|\}\}|\{[^{}]*\}")
_BETWEEN = (
    ("\n\n", re.compile(r"\n[^\S\n]*\n\s*")),
    ("\n", re.compile(r"\n")),
    (" ", re.compile(r"(?<=[.?!:])[^\S\n]+")),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a template as they are written, and what stands between two of them."""

    texts: tuple[str, ...]
    between: str

    def arranged(self, order: Sequence[int]) -> str:
        """The template with its parts in another order."""
        return self.between.join(self.texts[at] for at in order)


def parts_of(template: str) -> Parts:
    """The parts of a template, at least one."""
    holes = [found.span() for found in _HOLES.finditer(template)]
    for between, pattern in _BETWEEN:
        texts = tuple(_cut(template, pattern, holes))
        if len(texts) > 1:
            return Parts(texts, between)
    return Parts((template,), "")


def shown_in(text: str) -> tuple[str, ...]:
    """The formals that a part of a template shows, each once."""
    return tuple(dict.fromkeys(part.path[0] for part in split(text)[0] if isinstance(part, Hole)))


def _cut(template: str, pattern: re.Pattern[str], holes: Sequence[tuple[int, int]]) -> Iterator[str]:
    """The stretches between the places that a pattern matches outside of holes."""
    start = 0
    for found in pattern.finditer(template):
        if any(low < found.end() and found.start() < high for low, high in holes):
            continue
        if template[start : found.start()].strip():
            yield template[start : found.start()]
            start = found.end()
    if template[start:].strip():
        yield template[start:]
