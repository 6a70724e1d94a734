"""Going to a declaration, finding the uses of a name, and the outline of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import regex as re

from cyclspec.language.spans import Span
from cyclspec.language.syntax import alphabet
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.alphabet import NAME, composed
from cyclspec.language.types.vocabularies import RESERVED
from cyclspec.lsp.describe import axes_text
from cyclspec.lsp.holes import hole_at
from cyclspec.lsp.meaning import meaning
from cyclspec.lsp.nodes import walk
from cyclspec.lsp.view import View, idents, path_of, statements

_NAME = re.compile(NAME)


def definition(view: View, offset: int) -> Span | None:
    """Where the name at an offset is declared."""
    found = meaning(view, offset)
    return None if found is None else found.subject.target


def _same(a: Span | None, b: Span) -> bool:
    return a is not None and (path_of(a.source.name), a.start, a.end) == (
        path_of(b.source.name),
        b.start,
        b.end,
    )


def _hole_offsets(view: View) -> Iterator[int]:
    """An offset in every name of every hole of the entry file."""
    for node in walk(view.module.tree):
        if not isinstance(node, t.Message):
            continue
        literal = node.template.span
        for match in _NAME.finditer(literal.source.text, literal.start, literal.end):
            if hole_at(literal, match.start()) is not None:
                yield match.start()


def uses(view: View, target: Span) -> tuple[Span, ...]:
    """Every name in the entry file that means what is declared at `target`, the declaration among them."""
    offsets = [ident.span.start for ident in idents(view.module.tree)]
    found = (meaning(view, offset) for offset in (*offsets, *_hole_offsets(view)))
    spans = {
        (m.span.start, m.span.end): m.span for m in found if m is not None and _same(m.subject.target, target)
    }
    return tuple(spans[key] for key in sorted(spans))


def is_name(text: str) -> bool:
    """Whether a text can be declared."""
    return alphabet.is_name(text) and text not in RESERVED


def renamable(view: View, offset: int, library: Path) -> Span | None:
    """The name at an offset where it can be renamed: declared in a file of the project, and spelled as it is there."""
    found = meaning(view, offset)
    target = found.subject.target if found is not None else None
    if found is None or target is None or composed(target.text) != composed(found.span.text):
        return None
    return None if path_of(target.source.name).is_relative_to(library) else found.span


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the outline: a declaration or a statement, what it is, and what stands in it."""

    name: str
    kind: str
    detail: str
    span: Span
    at: Span
    below: tuple[Entry, ...] = ()


def _entry(node: t.Node, name: t.Ident, kind: str, detail: str = "", below: tuple[Entry, ...] = ()) -> Entry:
    return Entry(name.name, kind, detail, node.span, name.span, below)


def _flat(node: t.Node) -> str:
    return " ".join(node.span.text.split())


def _levels(levels: tuple[t.Level, ...]) -> tuple[Entry, ...]:
    return tuple(_entry(level, level.name, "level") for level in levels)


def _statement(statement: t.Statement) -> Iterator[Entry]:
    if not isinstance(statement, t.Each):
        yield _entry(statement, statement.name, statement.kind)
        return
    for ident in statement.names:
        yield _entry(statement, ident, "each", f"in {_flat(statement.source)}")


def _columns(table: t.Table) -> tuple[Entry, ...]:
    return tuple(_entry(column, column.name, "column", _flat(column.type)) for column in table.columns)


def _below(decl: t.Decl) -> tuple[Entry, ...]:
    match decl:
        case t.VocabularyDecl():
            return _levels(decl.levels)
        case t.Corpus():
            return tuple(_entry(table, table.name, "table", "", _columns(table)) for table in decl.tables)
        case t.Prompt() | t.Metric():
            return tuple(_entry(formal, formal.name, "formal", _flat(formal.type)) for formal in decl.formals)
        case t.Panel():
            factors = tuple(
                _entry(f, f.name, "factor", _flat(f.type), _levels(f.levels)) for f in decl.factors
            )
            return (
                *factors,
                *(_entry(model, model.name, "model", _flat(model.source)) for model in decl.models),
            )
        case t.Audit():
            return tuple(entry for statement in statements(decl) for entry in _statement(statement))
    return ()


def outline(view: View) -> tuple[Entry, ...]:
    """The declarations of the entry file with what is in them."""
    return tuple(
        _entry(
            decl, decl.name, decl.word if isinstance(decl, t.VocabularyDecl) else decl.kind, "", _below(decl)
        )
        for decl in view.module.tree.decls
    )


@dataclass(frozen=True, slots=True)
class Hint:
    """A text shown behind an offset, which is not part of the file."""

    offset: int
    text: str


def hints(view: View) -> tuple[Hint, ...]:
    """The axes of every `let`, behind its name."""
    found: list[Hint] = []
    for audit in view.module.tree.decls:
        scope = view.scope_of(audit) if isinstance(audit, t.Audit) else None
        if not isinstance(audit, t.Audit) or scope is None:
            continue
        for statement in statements(audit):
            term = scope.locals.get(statement.name.name) if isinstance(statement, t.Let) else None
            if isinstance(statement, t.Let) and term is not None and term.type.axes:
                found.append(Hint(statement.name.span.end, f" @ {axes_text(term.type.axes, scope)}"))
    return tuple(found)
