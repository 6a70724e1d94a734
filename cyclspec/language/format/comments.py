"""Comments: found in the text, and given to the node that they speak of.

Expects a module and the text it was parsed from. Ensures that every comment has exactly one owner: the element before
it where it ends that element's line, else the element after it in the same block or list, else the end of the block.
A comment inside of an expression goes above the innermost element around it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple

import regex as re

from cyclspec.language.syntax import tree as t

Slot = Literal["block", "list"]
Place = tuple[int, Slot]

_TOKEN = re.compile(
    r'(?P<text>"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*")|(?P<doc>\#\#[^\n]*)|(?P<comment>\#[^\n]*)'
    r"|(?P<open>[\[({])|(?P<close>[\])}])|(?P<other>\w+|\S)"
)


class Token(NamedTuple):
    """One token with its range of the text; for brackets, `partner` is the index of the other one."""

    kind: str
    start: int
    end: int
    text: str


class Remark(NamedTuple):
    """A comment on a line of its own, whether a blank line stands above it, and whether it stood inside its owner."""

    text: str
    after_blank: bool
    inside: bool


class Element(NamedTuple):
    """A part of a block or list that comments can belong to."""

    start: int
    end: int
    node: t.Node


@dataclass(frozen=True, slots=True)
class Container:
    """What stands between two brackets, or the whole file."""

    open: int
    close: int
    place: Place
    elements: tuple[Element, ...]


@dataclass(slots=True)
class Notes:
    """The comments of a module by their owners; nodes are known by identity."""

    above: dict[int, list[Remark]] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    head: dict[Place, str] = field(default_factory=dict)
    last: dict[Place, list[Remark]] = field(default_factory=dict)

    def touch(self, nodes: Iterable[t.Node], place: Place) -> bool:
        """Whether a comment belongs to one of some nodes or to the place they stand at."""
        if place in self.head or place in self.last:
            return True
        return any(id(node) in self.above or id(node) in self.beside for node in nodes)


class Text:
    """The tokens of a module's text, with its brackets paired."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.comments: list[Token] = []
        self.tokens: list[Token] = []
        self._partners: dict[int, int] = {}
        opened: list[int] = []
        for match in _TOKEN.finditer(text):
            token = Token(str(match.lastgroup), match.start(), match.end(), match.group())
            if token.kind == "comment":
                self.comments.append(token)
                continue
            self.tokens.append(token)
            if token.kind == "open":
                opened.append(token.start)
            elif token.kind == "close":
                self._partners[token.start] = opened.pop()
        self._starts = [token.start for token in self.tokens]

    def first(self, start: int, text: str) -> Token:
        """The first token of that text at or after `start`, which the caller knows is there."""
        index = bisect_right(self._starts, start - 1)
        while self.tokens[index].text != text:
            index += 1
        return self.tokens[index]

    def before(self, start: int) -> Iterator[Token]:
        """The tokens before an offset, the nearest first."""
        for index in range(bisect_right(self._starts, start - 1) - 1, -1, -1):
            yield self.tokens[index]

    def after(self, start: int) -> Token:
        """The first token that begins after an offset, which the caller knows is there."""
        return self.tokens[bisect_right(self._starts, start)]

    def documentation(self, start: int) -> Iterator[str]:
        """The lines of documentation from an offset on, without the signs in front."""
        index = bisect_right(self._starts, start - 1)
        while self.tokens[index].kind == "doc":
            yield self.tokens[index].text[2:]
            index += 1

    def pair(self, end: int) -> tuple[int, int]:
        """The range between the bracket that ends at `end` and its partner."""
        return self._partners[end - 1] + 1, end - 1

    def block(self, node: t.Node, floor: int) -> tuple[int, int] | None:
        """The range between the braces that end a node and open at or after `floor`, if it has them."""
        last = next(token for token in self.before(node.span.end) if token.text != ",")
        if last.text != "}" or self._partners[last.start] < floor:
            return None
        return self.pair(last.end)

    def after_blank(self, start: int) -> bool:
        """Whether a blank line stands above an offset."""
        breaks, index = 0, start - 1
        while breaks < 2 and index >= 0 and self.text[index].isspace():
            breaks += self.text[index] == "\n"
            index -= 1
        return breaks > 1


def floor(node: t.Node) -> int:
    """Where the block of a node can begin at the earliest: the end of what stands before it."""
    match node:
        case t.Ask() | t.Measure() | t.Check():
            return node.value.span.end
        case t.Model():
            return node.source.span.end
        case t.Factor() | t.VocabularyDecl():
            return node.type.span.end
        case t.Prompt():
            return node.result.span.end
        case t.Level():
            return (node.label or node.code or node.name).span.end
        case t.Target() | t.Corpus() | t.Table() | t.Panel() | t.Audit():
            return node.name.span.end
    return node.span.end


def members(node: t.Node) -> tuple[t.Node, ...]:
    """What stands in the block of a node, in the order of the text."""
    match node:
        case t.Ask() | t.Measure() | t.Check() | t.Model() | t.Target():
            found: tuple[t.Node, ...] = node.fields
        case t.Level():
            found = node.attributes
        case t.Factor() | t.VocabularyDecl():
            found = node.levels
        case t.Prompt():
            found = (*node.messages, *node.fields)
        case t.Corpus():
            found = (*node.fields, *node.tables)
        case t.Table():
            found = (*node.fields, *node.columns)
        case t.Panel():
            found = (*node.fields, *node.factors, *node.models)
        case t.Audit():
            found = (*node.fields, *node.statements)
        case t.RecordType():
            found = node.columns
        case _:
            found = ()
    return tuple(sorted(found, key=lambda member: member.span.start))


def _listed(node: t.Node, text: Text) -> tuple[int, int, tuple[t.Node, ...]] | None:
    """The range and the elements of a node's bracketed list, if it has one."""
    match node:
        case t.Call():
            return *text.pair(node.span.end), node.args
        case t.List():
            return *text.pair(node.span.end), node.items
        case t.Pick():
            return *text.pair(node.span.end), node.at
        case t.I18n():
            return *text.pair(node.span.end), node.entries
        case t.NamedType():
            last = next(token for token in text.before(node.span.end) if token.text != "?")
            return (*text.pair(last.end), node.args) if last.text == ")" else None
        case t.ImportNames():
            return text.first(node.span.start, "{").end, text.first(node.span.start, "}").start, node.names
        case t.Prompt() | t.Metric():
            opening = text.first(node.name.span.end, "(")
            close = text.first(node.formals[-1].span.end if node.formals else opening.end, ")")
            return opening.end, close.start, node.formals
    return None


def _containers(module: t.Module, text: Text) -> Iterator[Container]:
    edition_end = text.after(text.first(module.span.start, "cycl").start).end
    edition = Element(module.span.start, edition_end, module)
    rest = tuple(Element(n.span.start, n.span.end, n) for n in (*module.imports, *module.decls))
    yield Container(-1, len(text.text) + 1, (id(module), "block"), (edition, *rest))
    stack: list[object] = [module]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
        if not isinstance(node, t.Node):
            continue
        stack.extend(getattr(node, f.name) for f in fields(node))
        listed = _listed(node, text)
        if listed is not None:
            yield _container(listed[0], listed[1], (id(node), "list"), listed[2])
        start = node.span.start if isinstance(node, t.RecordType) else floor(node)
        braces = text.block(node, start) if start < node.span.end else None
        if braces is not None:
            yield _container(*braces, (id(node), "block"), members(node))


def _container(start: int, end: int, place: Place, nodes: tuple[t.Node, ...]) -> Container:
    return Container(start, end, place, tuple(Element(n.span.start, n.span.end, n) for n in nodes))


def _give(notes: Notes, comment: Token, container: Container, text: Text) -> None:
    """Gives a comment to its owner in the innermost container around it."""
    written = comment.text.rstrip()
    remark = Remark(written, text.after_blank(comment.start), inside=False)
    elements = container.elements
    index = bisect_right(elements, comment.start, key=lambda element: element.start) - 1
    before = elements[index] if index >= 0 else None
    if before is not None and comment.start < before.end:
        notes.above.setdefault(id(before.node), []).append(Remark(written, after_blank=False, inside=True))
    elif before is not None and "\n" not in text.text[before.end : comment.start]:
        notes.beside[id(before.node)] = written
    elif before is None and _opens_block(container) and "\n" not in text.text[container.open : comment.start]:
        notes.head[container.place] = written
    elif index + 1 < len(elements):
        notes.above.setdefault(id(elements[index + 1].node), []).append(remark)
    else:
        notes.last.setdefault(container.place, []).append(remark)


def _opens_block(container: Container) -> bool:
    return container.place[1] == "block" and container.open >= 0


def attach(module: t.Module, text: Text) -> Notes:
    """Every comment of a module's text, given to its owner."""
    notes = Notes()
    waiting = sorted(_containers(module, text), key=lambda c: c.open, reverse=True)
    around: list[Container] = []
    for comment in text.comments:
        while waiting and waiting[-1].open <= comment.start:
            around.append(waiting.pop())
            while len(around) > 1 and around[-2].close <= around[-1].open:
                del around[-2]
        while around[-1].close <= comment.start:
            around.pop()
        _give(notes, comment, around[-1], text)
    return notes
