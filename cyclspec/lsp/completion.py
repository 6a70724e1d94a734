"""Completion by expected type: what can stand where the cursor is.

Expects a cursor found by tokens alone and a view of the program, of this text or of the last one that could be
understood. Ensures that only what fits the place is offered, what fits the expected kind first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse_expression
from cyclspec.language.types import kinds as k
from cyclspec.language.types.prompts import hole_kind
from cyclspec.language.types.scope import Scope
from cyclspec.lsp import items, words
from cyclspec.lsp.blocks import begins, edition, in_block
from cyclspec.lsp.holes import open_hole
from cyclspec.lsp.items import Item
from cyclspec.lsp.members import formal_kinds
from cyclspec.lsp.scan import ROLES, Cursor, Token, dotted, ends_value, operand, scan
from cyclspec.lsp.scopes import rows_of, scope_at
from cyclspec.lsp.view import STAND_IN, View

Items = Iterator[Item]
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_CONTINUES = ("over", "along", "by", "weighted", "of", "where", "in", "is", "and", "or", "then", "else")
_SCALES = ("choice", "dist", "order", "picks")


@dataclass(frozen=True, slots=True)
class Completer:
    """One request: the cursor, what is known, and the names of the place."""

    view: View
    text: str
    cursor: Cursor
    scope: Scope
    rows: frozenset[str] = frozenset()
    texts: Mapping[Path, str] = field(default_factory=dict)

    @property
    def named(self) -> Scope:
        """The names of the place without those of rows, which only reductions have."""
        return replace(self.scope, locals={n: v for n, v in self.scope.locals.items() if n not in self.rows})

    # -- what is expected

    def kind_of(self, tokens: tuple[Token, ...]) -> k.Kind | None:
        """The kind of the value that the tokens end with."""
        ends = operand(tokens)
        if ends is None:
            return None
        expr, _ = parse_expression(Source("", self.text[ends[0] : ends[1]]))
        if expr is None:
            return None
        kind = self.scope.infer(expr).type.kind
        return None if isinstance(kind, k.Unknown) else kind

    def expression(self, tokens: tuple[Token, ...], expected: k.Kind | None = None) -> Items:
        """What can follow in an expression."""
        last = tokens[-1].text if tokens else ""
        match last, _listing(tokens):
            case _, "over" | "along":
                yield from items.axes(self.scope)
            case _, "by" if _weighs(tokens):
                yield from items.values(self.view, self.scope, k.Number())
            case _, "by":
                yield from self.groups(tokens)
            case "is", _:
                yield from items.of_words({w: words.TYPES[w] for w in ("ordinal", "nominal")}, "type")
            case "weighted", _:
                yield from items.keywords(("by",))
            case _ if last in COMPARISONS:
                yield from items.values(self.view, self.named, self.kind_of(tokens[:-1]))
            case _ if tokens and ends_value(tokens) and last != ",":
                yield from items.keywords(_CONTINUES)
            case _:
                yield from items.values(self.view, self.named, expected)

    def groups(self, tokens: tuple[Token, ...]) -> Items:
        """The attributes that can be kept of what is reduced: `share over person by ...`."""
        texts = [token.text for token in tokens]
        start = max((i for i, text in enumerate(texts) if text == "over"), default=None)
        reduced = [text for text in texts[start + 1 :] if text.isidentifier()] if start is not None else []
        for name in reduced:
            term = self.scope.locals.get(name)
            kind = term.type.kind if term is not None else None
            yield from (item for item in items.members(self.view, kind) if item.label != name) if kind else ()
        yield from items.axes(self.named)

    # -- places

    def all(self) -> Items:
        cursor = self.cursor
        if cursor.in_comment or _in_number(cursor):
            return
        if cursor.literal is not None:
            yield from self._literal(cursor.literal)
            return
        if cursor.here and cursor.here[-1].text == ".":
            yield from self._members()
            return
        match cursor.openers[-1].text if cursor.openers else "":
            case "(":
                yield from self._parenthesised()
            case "[":
                yield from self._bracketed()
            case _:
                yield from in_block(self)

    def _members(self) -> Items:
        tokens = self.cursor.here[:-1]
        parts = dotted(tokens)
        if parts == ("std",) or (parts and len(tokens) > 1 and tokens[-2].text == "import"):
            yield from (Item(i.label.removeprefix("std."), i.kind, "", "", 1) for i in items.std_modules())
            return
        local = bool(parts) and parts[0] in self.scope.locals
        found = () if local or not parts else tuple(items.of_path(self.view, parts))
        if found:
            yield from found
            return
        kind = self.kind_of(tokens) or self._formal_kind(parts)
        yield from items.members(self.view, kind) if kind is not None else ()

    def _formal_kind(self, parts: tuple[str, ...]) -> k.Kind | None:
        """The kind of a parameter, in the types of the same prompt: `-> choice(item.`."""
        owner = self.owner()
        if not parts or owner is None:
            return None
        kind = formal_kinds(self.view, owner).get(parts[0])
        return None if kind is None else hole_kind(self.view.context, kind, parts[1:])

    def owner(self) -> t.Prompt | t.Metric | None:
        """The prompt or metric that the cursor stands in."""
        tokens = self.cursor.levels[0]
        for index in range(len(tokens) - 2, -1, -1):
            if tokens[index].text in ("prompt", "metric"):
                decl = self.view.module.decls.get(tokens[index + 1].text)
                return decl if isinstance(decl, t.Prompt | t.Metric) else None
        return None

    # -- texts

    def _literal(self, written: str) -> Items:
        here = self.cursor.here
        roled = bool(here) and (here[-1].text in ROLES or (len(here) > 1 and here[-2].text in ROLES))
        owner = self.owner()
        hole = open_hole(written) if roled else None
        if hole is None or not isinstance(owner, t.Prompt):
            return
        if "|" in hole:
            yield from items.of_words(words.STYLES, "style", 0)
            return
        parts = tuple(part.strip() for part in hole.split("."))[:-1]
        if not parts:
            yield from items.formals(self.view, owner)
            return
        kind = self._formal_kind(parts)
        yield from items.members(self.view, kind) if kind is not None else ()

    # -- parentheses

    def _parenthesised(self) -> Items:
        before, here = self.cursor.before, self.cursor.here
        callee = dotted(before)
        ahead = before[-2 * len(callee)].text if callee and len(before) >= 2 * len(callee) else ""
        last = here[-1].text if here else ""
        if ahead in ("prompt", "metric"):
            yield from items.types(self.view) if last == ":" else ()
        elif callee and callee[-1] in words.TYPES and (ahead in (":", "->") or self._in_type()):
            yield from self._type_arguments(callee[-1])
        elif callee:
            yield from self._arguments(callee)
        else:
            yield from self.expression(here)

    def _in_type(self) -> bool:
        """Whether the innermost parentheses stand in those of a type."""
        outer = dotted(self.cursor.levels[-3]) if len(self.cursor.levels) > 2 else ()
        return bool(outer) and outer[-1] in words.TYPES

    def _type_arguments(self, word: str) -> Items:
        owner = self.owner()
        match word:
            case "list":
                yield from items.types(self.view)
            case "text":
                yield from items.languages(self.view)
            case "scale":
                yield from items.of_words({w: words.TYPES[w] for w in ("ordinal", "nominal")}, "type")
            case "ref":
                yield from self._tables()
            case "ordinal":
                yield from items.of_words(
                    {w: words.TYPES[w] for w in ("years", "parameters", "duration")}, "type"
                )
            case _ if word in _SCALES:
                yield from items.formals(self.view, owner) if owner is not None else ()
                yield from items.declared(self.view, (t.VocabularyDecl, t.Corpus), 2)

    def _tables(self) -> Items:
        for decl in self.view.module.tree.decls:
            for table in decl.tables if isinstance(decl, t.Corpus) else ():
                yield Item(
                    table.name.name, "table", f"table {decl.name}.{table.name}", "\n".join(table.doc), 0
                )

    def _arguments(self, callee: tuple[str, ...]) -> Items:
        here = self.cursor.here
        name = here[-2].text if len(here) > 1 and here[-1].text == "=" else None
        if name is not None:
            yield from self.argument(callee, name)
            return
        start = not here or here[-1].text == ","
        expected: k.Kind | None = None
        given = {here[i - 1].text for i, token in enumerate(here) if token.text == "="}
        if start:
            named = items.of_words(words.ARGUMENTS.get(callee[-1], {}), "argument", 0)
            yield from (item for item in named if item.label not in given)
            formals = self._formals(callee)
            position = sum(token.text == "," for token in here)
            expected = formals[position][1] if position < len(formals) else None
            for formal, kind in formals[position:]:
                if formal not in given:
                    yield Item(formal, "argument", k.kind_text(kind), "", 2)
        if callee[-1] in ("shuffled", "human_mean", "human_shuffled", "prompt_shuffled"):
            yield from items.axes(self.named)
        yield from self.expression(here, expected)

    def _formals(self, callee: tuple[str, ...]) -> tuple[tuple[str, k.Kind], ...]:
        found = self.view.context.resolve_dotted(self.view.module, callee)
        if found is None:
            return ()
        typed = self.view.context.prompts.get(found[0]) or self.view.context.metrics.get(found[0])
        return typed.formals if typed is not None else ()

    def argument(self, callee: tuple[str, ...], name: str) -> Items:
        """The value of a named argument."""
        choices = words.CHOICES.get((callee[-1], name))
        if choices is not None:
            yield from (Item(word, "value", "", "", 0) for word in choices)
        elif (callee[-1], name) in words.AXIS_ARGUMENTS:
            yield from items.axes(self.named)
        else:
            yield from items.values(self.view, self.named, dict(self._formals(callee)).get(name))

    # -- brackets

    def _bracketed(self) -> Items:
        before, here = self.cursor.before, self.cursor.here
        last = here[-1].text if here else ""
        ahead = before[-1] if before else None
        if ahead is not None and ahead.text in ROLES:
            yield from items.languages(self.view)
        elif ahead is not None and ahead.text == "in":
            tokens = before[:-2] if len(before) > 1 and before[-2].text == "not" else before[:-1]
            yield from items.values(self.view, self.named, self.kind_of(tokens))
        elif ahead is not None and ahead.text == "=" and len(before) > 1:
            yield from self._listed(before[-2].text)
        elif operand(before) is not None and last == ":":
            yield from self._picked(here[-2].text)
        elif operand(before) is not None and (not here or last == ","):
            yield from items.axes(self.named)
        else:
            yield from self.expression(here)

    def _picked(self, axis: str) -> Items:
        term = self.scope.locals.get(axis)
        kind = term.type.kind if term is not None else None
        vocabulary = kind.vocabulary if isinstance(kind, k.Of) else None
        yield from items.levels(vocabulary) if vocabulary is not None else ()
        if vocabulary is None or vocabulary.ordered:
            yield from (Item(end, "level", "of the axis", "", 2) for end in ("first", "last"))

    def _listed(self, name: str) -> Items:
        """The entries of a list that a field or argument takes: `per = [`, `over = [`, `axes = [`."""
        inside = self.cursor.openers[-2].text if len(self.cursor.openers) > 1 else ""
        if inside == "(":
            yield from self.argument(dotted(self.cursor.levels[-3]) or ("",), name)
            return
        block = self.cursor.blocks[-1] if self.cursor.blocks else ""
        if name in ("per", "over", "along"):
            yield from items.axes(self.named)
        elif name == "axes":
            yield from items.declared(self.view, (t.VocabularyDecl,), 1)
        elif (block, name) in words.VALUES:
            yield from items.of_words(words.VALUES[block, name], "value", 0)
        else:
            yield from self.expression(self.cursor.here, self._param_entry())

    def _param_entry(self) -> k.Kind | None:
        """The kind of the entries of a parameter's default: `param langs : list(lang) = [`."""
        tokens = self.cursor.levels[0]
        names = [tokens[i + 1].text for i, token in enumerate(tokens[:-1]) if token.text == "param"]
        bound = next((v for s, v in self.view.context.params.items() if names and s.name == names[-1]), None)
        return bound.kind.of if bound is not None and isinstance(bound.kind, k.ListOf) else None


def _listing(tokens: tuple[Token, ...]) -> str:
    """The word whose list of names goes on: `over item, `."""
    index = len(tokens) - 1
    while index > 0 and tokens[index].text == "," and tokens[index - 1].kind == "word":
        index -= 2
    return tokens[index].text if index >= 0 and tokens[index].kind == "word" else ""


def _weighs(tokens: tuple[Token, ...]) -> bool:
    return len(tokens) > 1 and tokens[-2].text == "weighted"


def _in_number(cursor: Cursor) -> bool:
    return bool(cursor.here) and cursor.here[-1].kind == "number" and cursor.here[-1].end == cursor.offset


def complete(
    view: View | None,
    text: str,
    offset: int,
    previous: View | None = None,
    texts: Mapping[Path, str] | None = None,
) -> tuple[Item, ...]:
    """What can be typed at an offset of a text, best first, each name once.

    `view` is None where nothing of the file can be understood yet; `texts` are what an editor holds of other files.
    """
    if begins(text, offset):
        return tuple(edition())
    if view is None:
        return ()
    cursor = scan(text, offset)
    scope = scope_at(view, previous, cursor)
    rows = rows_of(view, scope) if cursor.blocks[:1] == ("audit",) else {}
    completer = Completer(view, text, cursor, scope.with_locals(rows), frozenset(rows), texts or {})
    return _sorted(completer.all())


def _sorted(items: Items) -> tuple[Item, ...]:
    """Best first, each name once."""
    found: dict[str, Item] = {}
    for item in items:
        known = found.get(item.label)
        if item.label != STAND_IN and (known is None or item.rank < known.rank):
            found[item.label] = item
    return tuple(sorted(found.values(), key=lambda item: (item.rank, item.label)))
