"""The nodes of a tree, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.syntax import tree as t


def walk(node: object) -> Iterator[t.Node]:
    """All nodes of a tree, in order of writing. Depth is bounded by the parser."""
    if isinstance(node, tuple):
        for child in node:
            yield from walk(child)
    elif isinstance(node, t.Node):
        yield node
        for name in node.__slots__ if hasattr(node, "__slots__") else ():
            yield from walk(getattr(node, name))
