"""What the name under the cursor means: the door that hover, definition, references and rename share."""

from __future__ import annotations

from dataclasses import dataclass

from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.lsp import subjects as s
from cyclspec.lsp import words
from cyclspec.lsp.holes import hole_at
from cyclspec.lsp.members import imported_module, in_hole
from cyclspec.lsp.resolve import Resolver
from cyclspec.lsp.subjects import Subject
from cyclspec.lsp.view import View


@dataclass(frozen=True, slots=True)
class Meaning:
    """The name under the cursor and what it means."""

    span: Span
    subject: Subject


def meaning(view: View, offset: int) -> Meaning | None:
    """What stands at an offset of the entry file, or None where nothing has a name."""
    path = view.nodes_at(offset)
    leaf = path[-1]
    if isinstance(leaf, t.TextValue):
        return _in_text(view, path, leaf, offset)
    subject = Resolver(view, path).resolve()
    return None if subject is None else Meaning(leaf.span, subject)


def _in_text(view: View, path: tuple[t.Node, ...], leaf: t.TextValue, offset: int) -> Meaning | None:
    parent = path[-2]
    if isinstance(parent, t.ImportFile | t.ImportNames):
        module = imported_module(view, parent)
        return None if module is None else Meaning(leaf.span, s.of_module(module))
    hole = hole_at(leaf.span, offset) if isinstance(parent, t.Message) else None
    prompt = next((node for node in path if isinstance(node, t.Prompt)), None)
    if hole is None or prompt is None:
        return None
    if hole.style is not None:
        doc = words.STYLES.get(hole.style)
        return None if doc is None else Meaning(hole.span, s.of_word(hole.style, doc))
    subject = in_hole(view, prompt, hole.path)
    return None if subject is None else Meaning(hole.span, subject)
