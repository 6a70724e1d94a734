"""Hover: what a name means, as Markdown.

What a spec says of itself is shown as text: nothing in it becomes a link, an image or a tag, since a spec may come from
anywhere.
"""

from __future__ import annotations

import re

from cyclspec.language.spans import Span
from cyclspec.lsp.meaning import meaning
from cyclspec.lsp.subjects import Subject
from cyclspec.lsp.view import View

_ACTIVE = re.compile(r"[\[\]<>]|://")


def harmless(text: str) -> str:
    """Text as Markdown in which backticks and lists work, and links, images and tags do not."""
    parts = text.split("`")
    plain = (_ACTIVE.sub(lambda m: "".join(f"\\{char}" for char in m.group()), part) for part in parts[::2])
    parts[::2] = list(plain)
    return "`".join(parts) if len(parts) % 2 else _ACTIVE.sub("", text)


def markdown(subject: Subject) -> str:
    """A line of code, the documentation, then what else there is to know."""
    parts = [f"```cycl\n{subject.code.replace('```', '')}\n```"]
    if subject.doc:
        parts.append(harmless("\n".join(subject.doc)))
    if subject.notes:
        parts.append("\n".join(harmless(note) for note in subject.notes))
    return "\n\n".join(parts)


def hover(view: View, offset: int) -> tuple[Span, str] | None:
    """The name at an offset and what is shown of it."""
    found = meaning(view, offset)
    return None if found is None else (found.span, markdown(found.subject))
