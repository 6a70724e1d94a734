"""Text literals: the spelling of a text on one line, and of a text block.

Ensures that what is written reads back as the same text; a text that a block cannot hold is written on one line.
"""

from __future__ import annotations

from cyclspec.language.format.layout import Doc, Hard, Nest
from cyclspec.language.syntax.alphabet import hidden
from cyclspec.language.syntax.build import unquote
from cyclspec.language.syntax.escapes import escaped

_FENCE = '"""'


def quoted(text: str) -> str:
    """A text as a literal on one line."""
    return f'"{escaped(text)}"'


def block(text: str) -> Doc | None:
    """A text as a block, its lines one level further in; None where a block would read back as another text."""
    lines = text.split("\n")
    literal = "\n".join([_FENCE, *("  " + line if line else "" for line in lines), "  " + _FENCE])
    if _FENCE in text or "\r" in text or not text or unquote(literal) != text:
        return None
    parts: list[Doc] = [_FENCE]
    for line in (*lines, _FENCE):
        parts += [Hard(), line]
    return Nest(tuple(parts))


def string(text: str, written: str | None) -> str:
    """A text where the grammar takes one line only, as its author wrote it."""
    return quoted(text) if written is None else written


def literal(text: str, written: str | None) -> Doc:
    """A text as its author wrote it: a block is laid out anew, any other spelling stays; None for no author."""
    wants_block = "\n" in (text if written is None else written) and (
        written is not None or not any(hidden(text))
    )
    laid_out = block(text) if wants_block else None
    if laid_out is not None:
        return laid_out
    return written if written is not None and not wants_block else quoted(text)
