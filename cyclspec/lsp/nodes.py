"""The syntax tree by place: what stands at an offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from cyclspec.language.syntax import tree as t


def children(node: t.Node) -> Iterator[t.Node]:
    """The nodes directly below a node, in the order of its fields."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, t.Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, t.Node))


def walk(node: t.Node) -> Iterator[t.Node]:
    """A node and everything below it, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(children(current))


def _holds(node: t.Node, offset: int) -> bool:
    return node.span.start <= offset <= node.span.end


def path_to(root: t.Node, offset: int) -> tuple[t.Node, ...]:
    """The nodes that hold an offset, outermost first.

    A name holds the offset just behind it, where a cursor stands after typing it; what begins there comes first.
    """
    path = [root]
    while True:
        below = [child for child in children(path[-1]) if _holds(child, offset)]
        if not below:
            return tuple(path)
        path.append(
            max(below, key=lambda child: (child.span.start <= offset < child.span.end, child.span.start))
        )
