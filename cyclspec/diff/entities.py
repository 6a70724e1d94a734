"""What an audit is made of, for a comparison: statements, and declarations of its own file or reached in others.

Ensures that every entity knows which hashes cover it, exactly as the hashes are made: the design covers what `each` and
`ask` reach, the score also what the other statements reach, the module everything in the entry file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclspec.diff.change import Moved
from cyclspec.diff.sides import Side
from cyclspec.language.canonical.closure import ASKED, declaration, reached
from cyclspec.language.canonical.hashes import meaning
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Symbol

_DESIGN: frozenset[Moved] = frozenset({"design", "score"})
_SCORE: frozenset[Moved] = frozenset({"score"})
_NOTHING: frozenset[Moved] = frozenset()


@dataclass(frozen=True, slots=True)
class Entity:
    """A declaration, import or statement; `meaning` is what the hashes of audits cover of it.

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


def _import_name(node: t.Import) -> str:
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
class Covered:
    """The declarations that the asking and the reading statements of an audit reach."""

    asked: Mapping[Symbol, t.Decl]
    read: Mapping[Symbol, t.Decl]

    def hashes(self, symbol: Symbol) -> frozenset[Moved]:
        if symbol in self.asked:
            return _DESIGN
        return _SCORE if symbol in self.read else _NOTHING

    def of_corpus(self, name: str) -> frozenset[Moved]:
        """The hashes that cover the data of a corpus."""
        for found, hashes in ((self.asked, _DESIGN), (self.read, _SCORE)):
            if any(isinstance(decl, t.Corpus) and decl.name.name == name for decl in found.values()):
                return hashes
        return _NOTHING


def audit_of(side: Side) -> t.Audit:
    """The audit of a side as it was written."""
    found = side.context.program.main.decls[side.audit.name]
    assert isinstance(found, t.Audit)
    return found


def covered(side: Side) -> Covered:
    """What the statements of a side's audit reach."""
    module = side.context.program.main
    statements = audit_of(side).statements
    asked = [s for s in statements if isinstance(s, ASKED)]
    read = [s for s in statements if not isinstance(s, ASKED)]
    return Covered(reached(side.context, module, asked), reached(side.context, module, read))


def _file(side: Side, key: str) -> str:
    """A module's path from the entry file's folder, "" for the entry file."""
    main = side.context.program.main
    if key == main.key:
        return ""
    return Path(os.path.relpath(key, main.folder.resolve())).as_posix() if os.path.isabs(key) else key


def _declared(side: Side, found: Covered) -> Iterator[Entity]:
    main = side.context.program.main
    own = {Symbol(main.key, name): decl for name, decl in main.decls.items() if name != side.audit.name}
    for symbol, decl in {**own, **found.asked, **found.read}.items():
        if symbol == Symbol(main.key, side.audit.name):
            continue
        held = declaration(side.context, symbol, decl)
        file = _file(side, symbol.module)
        yield Entity(word_of(decl), symbol.name, file, decl, held, found.hashes(symbol))


def entities(side: Side, found: Covered) -> list[Entity]:
    """Everything that a comparison of two audits looks at, the audit's own settings aside."""
    main = side.context.program.main
    made = [Entity("import", _import_name(n), "", n, meaning(n), _NOTHING) for n in main.tree.imports]
    for node in audit_of(side).statements:
        covers = _DESIGN if isinstance(node, ASKED) else _SCORE
        made.append(Entity(word_of(node), _statement_name(node), "", node, meaning(node), covers))
    return [*made, *_declared(side, found)]
