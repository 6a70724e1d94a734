"""What an audit is made of, for a comparison: statements, and declarations of its own file or reached in others.

Ensures that every entity knows which hashes cover it, exactly as the hashes are made: the design covers what `each` and
`ask` reach, the score also what the other statements reach, the module everything in the entry file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclspec.diff.change import Moved
from cyclspec.diff.sides import Side
from cyclspec.language.canonical.closure import ASKED, Reached, declared, labels_of, reached
from cyclspec.language.canonical.defaults import completed
from cyclspec.language.canonical.form import reshaped
from cyclspec.language.canonical.hashes import meaning
from cyclspec.language.canonical.references import Labels, resolved
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Symbol

_DESIGN: frozenset[Moved] = frozenset({"design", "score"})
_SCORE: frozenset[Moved] = frozenset({"score"})
_NOTHING: frozenset[Moved] = frozenset()


@dataclass(frozen=True, slots=True)
class Entity:
    """A declaration, import or statement, defaults written out; `meaning` is what the hashes of audits cover of it.

    `file` is the path from the entry file's folder, "" for the entry file itself.
    """

    word: str
    name: str
    file: str
    node: t.Node
    meaning: Any
    covers: frozenset[Moved]

    @property
    def is_main(self) -> bool:
        return not self.file

    @property
    def title(self) -> str:
        where = f" ({self.file})" if self.file else ""
        return f"{self.word} {self.name}{where}"


def word_of(node: t.Node) -> str:
    """The word that declares a node."""
    match node:
        case t.VocabularyDecl(word=word):
            return word
        case t.ImportStd() | t.ImportFile() | t.ImportNames():
            return "import"
    return str(getattr(type(node), "kind", type(node).__name__.lower()))


def import_name(node: t.Import) -> str:
    """What an import is known by: the module or the file, and its alias."""
    match node:
        case t.ImportStd(module=parts):
            return ".".join(part.name for part in parts)
        case t.ImportFile(path=path, alias=alias):
            return f'"{path.value}" as {alias}'
        case t.ImportNames(path=path):
            return f'from "{path.value}"'


def _statement_name(node: t.Statement) -> str:
    return ", ".join(ident.name for ident in node.names) if isinstance(node, t.Each) else node.name.name


@dataclass(frozen=True, slots=True)
class Part:
    """The declarations that some statements of an audit reach, what they are called there, and who covers them."""

    found: Reached
    labels: Labels
    covers: frozenset[Moved]


@dataclass(frozen=True, slots=True)
class Covered:
    """What the asking and what the reading statements of an audit reach."""

    asked: Part
    read: Part

    def of(self, symbol: Symbol) -> Part | None:
        """The first part that reaches a declaration."""
        return next((part for part in (self.asked, self.read) if symbol in part.found), None)

    def of_corpus(self, name: str) -> frozenset[Moved]:
        """The hashes that cover the data of a corpus."""
        for part in (self.asked, self.read):
            if any(isinstance(decl, t.Corpus) and decl.name.name == name for decl in part.found.values()):
                return part.covers
        return _NOTHING


def audit_of(side: Side) -> t.Audit:
    """The audit of a side as it was written."""
    found = side.context.program.main.decls[side.audit.name]
    assert isinstance(found, t.Audit)
    return found


def covered(side: Side) -> Covered:
    """What the statements of a side's audit reach."""
    statements = audit_of(side).statements
    asked = reached(side.context, [s for s in statements if isinstance(s, ASKED)])
    read = reached(side.context, [s for s in statements if not isinstance(s, ASKED)])
    return Covered(
        Part(asked, labels_of(side.context, asked), _DESIGN),
        Part(read, labels_of(side.context, read), _SCORE),
    )


def _file(side: Side, key: str) -> str:
    """A module's path from the entry file's folder, "" for the entry file."""
    main = side.context.program.main
    if key == main.key:
        return ""
    return Path(os.path.relpath(key, main.folder.resolve())).as_posix() if os.path.isabs(key) else key


def _declared(side: Side, found: Covered) -> Iterator[Entity]:
    main = side.context.program.main
    own = {Symbol(main.key, name): decl for name, decl in main.decls.items() if name != side.audit.name}
    for symbol, decl in {**own, **found.asked.found, **found.read.found}.items():
        if symbol == Symbol(main.key, side.audit.name):
            continue
        part = found.of(symbol)
        held = _held(side, symbol, decl, part)
        covers = _NOTHING if part is None else part.covers
        yield _entity(word_of(decl), symbol.name, _file(side, symbol.module), decl, held, covers)


def _held(side: Side, symbol: Symbol, decl: t.Decl, part: Part | None) -> Any:
    """What the hashes of audits cover of a declaration: of a parameter its value."""
    if part is None and not isinstance(decl, t.Param):
        return meaning(decl)
    return declared(side.context, symbol, decl, {} if part is None else part.labels)


def _entity(
    word: str, name: str, file: str, node: t.Node, held: Any, covers: frozenset[Moved] = _NOTHING
) -> Entity:
    return Entity(word, name, file, reshaped(node, completed), held, covers)


def entities(side: Side, found: Covered) -> list[Entity]:
    """Everything that a comparison of two audits looks at, the audit's own settings aside."""
    main = side.context.program.main
    made = [_entity("import", import_name(n), "", n, meaning(n)) for n in main.tree.imports]
    for node in audit_of(side).statements:
        part = found.asked if isinstance(node, ASKED) else found.read
        held = meaning(node, resolved(side.context, part.labels))
        made.append(_entity(word_of(node), _statement_name(node), "", node, held, part.covers))
    return [*made, *_declared(side, found)]
