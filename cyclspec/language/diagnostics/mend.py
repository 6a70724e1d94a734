"""Helps that change the text: what is written where, and how the help says it.

Expects spans of one source. Ensures that a help which says what to write has the edits that write it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cyclspec.language.diagnostics.base import Diagnostic, Edit
from cyclspec.language.spans import Span

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
LONGEST_SHOWN = 90


class Mend(NamedTuple):
    """A help with the edits that it stands for."""

    helps: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()


def write(span: Span, text: str, shown: str = "") -> Mend:
    """`text` in the place of a span; `shown` is as much of the line as says it best."""
    return several((Edit(span, text),), shown or text, otherwise=f"write `{text.strip()}`")


def several(edits: tuple[Edit, ...], shown: str, *, otherwise: str) -> Mend:
    """A few edits, of which the help shows the result, or says otherwise where that is long."""
    shown = " ".join(shown.split())
    return Mend((f"write `{shown}`" if 0 < len(shown) <= LONGEST_SHOWN else otherwise,), edits)


def before(span: Span, text: str, shown: str) -> Mend:
    """`text` in front of a span."""
    return write(Span(span.source, span.start, span.start), text, shown)


def removed(span: Span, says: str) -> Mend:
    """A span left out."""
    return Mend((says,), (Edit(span, ""),))


def edits_of(diagnostic: Diagnostic) -> tuple[Edit, ...]:
    """The edits of a diagnostic; where it asks whether one other name is meant, that name in the place of its own."""
    if diagnostic.edits or diagnostic.span is None:
        return diagnostic.edits
    name, span = getattr(diagnostic, "name", ""), diagnostic.span
    if not name or not span.text.endswith(name):
        return ()
    return renamed(Span(span.source, span.end - len(name), span.end), diagnostic.helps)


def renamed(name: Span, helps: tuple[str, ...]) -> tuple[Edit, ...]:
    """The edit that a help asks for: whether one other name is meant at the place of this one."""
    meant = _MEANT.fullmatch(helps[0]) if helps else None
    return (Edit(name, meant[1]),) if meant is not None else ()
