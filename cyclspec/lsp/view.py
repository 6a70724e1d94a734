"""What is known of a program while it is written: every typed expression, and the names of every audit.

Expects the texts that an editor holds. Ensures a view wherever a little of the entry file can be understood: what does
not parse is left out, and nothing here reports a diagnostic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from cyclspec.language.diagnostics import Diagnostic, Findings
from cyclspec.language.names.modules import Module, Program, load_program, read_source
from cyclspec.language.spans import Source, Span, with_plain_ends
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.check import check_program
from cyclspec.language.types.context import Context
from cyclspec.language.types.scope import Scope
from cyclspec.lsp.nodes import path_to, walk
from cyclspec.lsp.recover import is_whole, repair

Texts = Mapping[Path, str]
_PROBE = "?"
STAND_IN = "cursor_stands_here"


class Typed(NamedTuple):
    """An expression as it was typed: where it stands, the kind of its position, its term."""

    scope: Scope
    expected: k.Kind | None
    term: h.Term


@dataclass(frozen=True, slots=True)
class View:
    """One program as far as it can be understood.

    `source` is the entry file as the editor shows it. `typed` is keyed by the identity of a node; `scopes` has the
    names that an audit's expressions can use, by the audit's name.
    """

    path: Path
    source: Source
    context: Context
    typed: Mapping[int, Typed]
    scopes: Mapping[str, Scope]

    @property
    def module(self) -> Module:
        return self.context.program.main

    def nodes_at(self, offset: int) -> tuple[t.Node, ...]:
        return path_to(self.module.tree, offset)

    def term(self, node: t.Node) -> h.Term | None:
        """The term of an expression, or None where it failed or was never reached."""
        typed = self.typed.get(id(node))
        return None if typed is None or isinstance(typed.term.type.kind, k.Unknown) else typed.term

    def scope_of(self, audit: t.Audit) -> Scope | None:
        return self.scopes.get(audit.name.name)


def plain(text: str) -> str:
    """A text with the line ends that every pass counts in."""
    return with_plain_ends(text.removeprefix("\ufeff"))


def module_at(view: View, text: str, texts: Texts) -> Module | None:
    """The module that a path in an import leads to, where that is a file of the project."""
    try:
        target = (view.path.parent / text).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    program = view.context.program
    if not target.is_relative_to(program.root) or not target.is_file():
        return None
    if str(target) in program.modules:
        return program.modules[str(target)]
    found = load_program(target, Findings(), texts, partial=True)
    return None if found is None else found.main


def path_of(name: str) -> Path:
    """The file that a source is called after: a path, or a module of the standard library."""
    if name.startswith("std.") and not name.endswith(".cycl"):
        folder = Path(str(files("cyclspec").joinpath("specs", "std")))
        return folder / f"{name.removeprefix('std.')}.cycl"
    return Path(name)


def _text(path: Path, texts: Texts) -> str | None:
    held = texts.get(path.resolve())
    if held is not None:
        return plain(held)
    source = read_source(path, str(path))
    return None if isinstance(source, Diagnostic) else source.text


def _repaired(path: Path, texts: Texts, findings: Findings) -> dict[Path, str] | None:
    """The texts with every file that does not parse repaired, or None where the entry file cannot be."""
    repaired = dict(texts)
    places = {d.span.source.name for d in findings.items if d.span is not None}
    for broken in {path, *(path_of(name) for name in places)}:
        text = _text(broken, texts)
        if text is None or is_whole(text):
            continue
        whole = repair(text)
        if whole is not None:
            repaired[broken.resolve()] = whole
        elif broken.resolve() == path.resolve():
            return None
    return repaired


def _load(path: Path, texts: Texts) -> Program | None:
    findings = Findings()
    program = load_program(path, findings, texts, partial=True)
    if program is not None and not findings.errors:
        return program
    repaired = _repaired(path, texts, findings)
    return None if repaired is None else load_program(path, Findings(), repaired, partial=True)


def _probed(program: Program) -> Program:
    """The program with one more value in every audit of the entry file: it can name all that the audit names."""
    main = program.main
    decls = tuple(_with_probe(decl) for decl in main.tree.decls)
    named = {decl.name.name: decl for decl in reversed(decls)}
    module = replace(main, tree=replace(main.tree, decls=decls), decls=named)
    return replace(program, modules={**program.modules, main.key: module})


def _with_probe(decl: t.Decl) -> t.Decl:
    if not isinstance(decl, t.Audit):
        return decl
    at = Span(decl.span.source, decl.span.end, decl.span.end)
    truth = t.Truth(span=at, value=True)
    probe = t.Let(span=at, doc=(), name=t.Ident(span=at, name=_PROBE), type=None, value=truth)
    return replace(decl, statements=(*decl.statements, probe))


def statements(audit: t.Audit) -> tuple[t.Statement, ...]:
    """The statements that the author wrote."""
    return tuple(s for s in audit.statements if isinstance(s, t.Each) or s.name.name != _PROBE)


def view(path: Path, texts: Texts) -> View | None:
    """The program of an entry file with the texts of an editor, or None where nothing of it can be understood."""
    program = _load(path, texts)
    if program is None:
        return None
    program = _probed(program)
    typed: dict[int, Typed] = {}

    def observe(scope: Scope, node: t.Expr, expected: k.Kind | None, term: h.Term, /) -> None:
        typed[id(node)] = Typed(scope, expected, term)

    context = check_program(program, Findings(), {}, observe)
    text = _text(path, texts)
    source = Source(str(path), text) if text is not None else program.main.source
    return View(path, source, context, typed, _scopes(program.main.tree, typed))


def _scopes(module: t.Module, typed: Mapping[int, Typed]) -> dict[str, Scope]:
    scopes: dict[str, Scope] = {}
    for decl in module.decls:
        if not isinstance(decl, t.Audit):
            continue
        for node in decl.statements:
            if isinstance(node, t.Let) and node.name.name == _PROBE and id(node.value) in typed:
                scopes[decl.name.name] = typed[id(node.value)].scope
    return scopes


def idents(module: t.Module) -> tuple[t.Ident | t.Name, ...]:
    """Every name in a module, in the order of the text."""
    found = [
        node
        for node in walk(module)
        if isinstance(node, t.Ident | t.Name) and node.span.end > node.span.start
    ]
    return tuple(sorted(found, key=lambda node: node.span.start))


def for_completion(path: Path, texts: Texts, text: str, offset: int) -> View | None:
    """A view in which as little as can be is lost to what is being typed at an offset: a name stands in for it."""
    filled = f"{text[:offset]}{STAND_IN}{text[offset:]}"
    for attempt in (filled, text):
        if is_whole(attempt):
            return view(path, {**texts, path.resolve(): attempt})
    repaired = repair(filled)
    return None if repaired is None else view(path, {**texts, path.resolve(): repaired})
