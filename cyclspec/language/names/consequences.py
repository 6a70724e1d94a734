"""Which findings follow from a mistake that was already told.

Expects a program whose modules know their broken names. Ensures that a finding is dropped only where it speaks of a
broken name, or of an axis whose source or condition does, and that warnings wait until a file is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex as re

from cyclspec.language.diagnostics import Diagnostic, Severity
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.names.modules import Module, Program
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.alphabet import names_in
from cyclspec.language.syntax.pieces import ANYTHING

_SPELLED = re.compile(r"`([^`]*)`")
_PATH = re.compile(r"[\w.]*\Z")
_LONGEST = 1000


def independent(program: Program, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that follow from nothing that was told before."""
    broken = [
        (module.source, names) for module in program.modules.values() if (names := _broken(program, module))
    ]
    return [found for found in diagnostics if not _follows(found, broken)]


def _broken(program: Program, module: Module) -> frozenset[str]:
    """The names that are broken in a module or behind its aliases, and the axes and tables that depend on them."""
    behind = (program.modules[key].broken for key in module.aliases.values())
    names = module.broken.union(*behind)
    return names.union(*_dependent(module, names)) if names else names


def _dependent(module: Module, broken: frozenset[str]) -> Iterator[frozenset[str]]:
    for decl in module.tree.decls:
        for statement in decl.statements if isinstance(decl, t.Audit) else ():
            if isinstance(statement, t.Each) and not broken.isdisjoint(names_in(statement.span.text)):
                yield frozenset(ident.name for ident in statement.names)
        for table in decl.tables if isinstance(decl, t.Corpus) else ():
            types = " ".join(column.type.span.text for column in table.columns)
            if not broken.isdisjoint(names_in(types)):
                yield frozenset((table.name.name,))


def _follows(diagnostic: Diagnostic, broken: Iterable[tuple[Source, frozenset[str]]]) -> bool:
    if diagnostic.span is None:
        return False
    source = diagnostic.span.source
    names = next((names for other, names in broken if other == source), frozenset[str]())
    if not names:
        return False
    if names >= ANYTHING and isinstance(diagnostic, UnknownName) and _is_bare(diagnostic.span):
        return True
    return diagnostic.severity is Severity.WARNING or not names.isdisjoint(_mentioned(diagnostic))


def _is_bare(span: Span) -> bool:
    """Whether a name stands alone, and not behind the dot of something that is known."""
    return span.source.text[max(0, span.start - 1) : span.start] != "."


def _mentioned(diagnostic: Diagnostic) -> set[str]:
    """Every name that a diagnostic speaks of: those at its place, and those in backticks."""
    assert diagnostic.span is not None
    text, start = diagnostic.span.source.text, diagnostic.span.start
    path = _PATH.search(text[max(0, start - _LONGEST) : start])
    here = (path.group() if path else "") + diagnostic.span.text[:_LONGEST]
    spelled = " ".join(_SPELLED.findall(f"{diagnostic.message} {diagnostic.caption}"))
    beside = " ".join(label.span.text[:_LONGEST] for label in diagnostic.also)
    return {*names_in(here), *names_in(spelled), *names_in(beside)}
