"""What the author decided about layout, which the formatter keeps: blank lines, blocks on one line, breaks after `=`.

`Written` reads it from the text; `Unwritten` decides for a module that never had one, such as canonical JSON.
"""

from __future__ import annotations

from typing import Protocol

from cyclspec.language.format.comments import Notes, Text, floor, members
from cyclspec.language.syntax import tree as t

_CLOSE = t.Message | t.Level | t.Column | t.Field | t.Let | t.Each | t.Model | t.Factor | t.Param


class Original(Protocol):
    """The decisions of an author."""

    notes: Notes

    def blank_above(self, node: t.Node, before: t.Node) -> bool:
        """Whether a blank line stands above a member that follows another one."""

    def breaks_before(self, value: t.Node) -> bool:
        """Whether a value begins on another line than the sign or word in front of it."""

    def inline(self, node: t.Node) -> bool:
        """Whether the block of a node begins on the line of its brace."""

    def beside(self, node: t.Node, before: t.Node) -> bool:
        """Whether a member begins on the line on which the one before it ends."""

    def spelling(self, text: t.TextValue | t.Pin | t.I18nEntry) -> str | None:
        """A text literal as it was written."""

    def grouped(self, operand: t.Expr, parent: t.Expr) -> bool:
        """Whether an operand stands in parentheses, needed or not."""

    def documentation(self, node: t.Node) -> list[str]:
        """The documentation of a node, line by line, without the signs in front."""


class Written:
    """The decisions that a text shows."""

    def __init__(self, text: Text, notes: Notes) -> None:
        self.notes = notes
        self._text = text

    def blank_above(self, node: t.Node, before: t.Node) -> bool:
        return self._text.after_blank(node.span.start)

    def breaks_before(self, value: t.Node) -> bool:
        start = value.span.start
        for token in self._text.before(value.span.start):
            if token.text != "(":
                return "\n" in self._text.text[token.end : start]
            start = token.start
        return False

    def inline(self, node: t.Node) -> bool:
        inside = members(node)
        start = node.span.start if isinstance(node, t.RecordType) else floor(node)
        braces = self._text.block(node, start)
        if braces is None or not inside:
            return False
        return "\n" not in self._text.text[braces[0] : inside[0].span.start]

    def beside(self, node: t.Node, before: t.Node) -> bool:
        return "\n" not in self._text.text[before.span.end : node.span.start]

    def spelling(self, text: t.TextValue | t.Pin | t.I18nEntry) -> str | None:
        if not isinstance(text, t.I18nEntry):
            return text.span.text
        return next(token.text for token in self._text.before(text.span.end) if token.kind == "text")

    def grouped(self, operand: t.Expr, parent: t.Expr) -> bool:
        start = operand.span.start
        return start > parent.span.start and next(self._text.before(start)).text == "("

    def documentation(self, node: t.Node) -> list[str]:
        return [line.rstrip() for line in self._text.documentation(node.span.start)]


class Unwritten:
    """The decisions for a module that nobody laid out."""

    def __init__(self) -> None:
        self.notes = Notes()

    def blank_above(self, node: t.Node, before: t.Node) -> bool:
        if isinstance(node, t.Import) and isinstance(before, t.Import):
            return False
        return type(node) is not type(before) or not isinstance(node, _CLOSE)

    def breaks_before(self, value: t.Node) -> bool:
        return False

    def inline(self, node: t.Node) -> bool:
        return isinstance(node, t.Level | t.Model)

    def grouped(self, operand: t.Expr, parent: t.Expr) -> bool:
        return False

    def documentation(self, node: t.Node) -> list[str]:
        return list(getattr(node, "doc", ()))

    def beside(self, node: t.Node, before: t.Node) -> bool:
        return False

    def spelling(self, text: t.TextValue | t.Pin | t.I18nEntry) -> str | None:
        return None
