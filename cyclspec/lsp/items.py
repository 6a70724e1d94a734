"""What completion can offer: members, levels, axes, types, values, and the words of the language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cyclspec.language.names.modules import Module
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.scope import Scope
from cyclspec.lsp import words
from cyclspec.lsp.describe import labels_text, signature, type_text
from cyclspec.lsp.view import View


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be typed: what is inserted, what it is, and how early it is shown (0 first)."""

    label: str
    kind: str
    detail: str = ""
    doc: str = ""
    rank: int = 5


def of_words(table: Mapping[str, str], kind: str, rank: int = 5) -> Iterator[Item]:
    for name, doc in table.items():
        yield Item(name, kind, "", doc, rank)


def keywords(names: Iterable[str], rank: int = 6) -> Iterator[Item]:
    for name in names:
        yield Item(name, "keyword", "", "", rank)


def of_declaration(decl: t.Decl, rank: int = 5) -> Item:
    kind = decl.word if isinstance(decl, t.VocabularyDecl) else decl.kind
    return Item(decl.name.name, kind, signature(decl), "\n".join(decl.doc), rank)


def public(module: Module) -> Iterator[Item]:
    """What can be named behind an alias."""
    for name, decl in module.decls.items():
        if not name.startswith("_"):
            yield of_declaration(decl, 1)


def declared(view: View, kinds: tuple[type[t.Node], ...], rank: int = 4) -> Iterator[Item]:
    """The names of a module that stand for some kinds of declarations, and the aliases that may lead to more."""
    main = view.module
    named = {**main.decls, **{n: view.context.module(key).decls[n] for n, key in main.imported.items()}}
    for decl in named.values():
        if isinstance(decl, kinds):
            yield of_declaration(decl, rank)
    for alias, key in main.aliases.items():
        module = view.context.module(key)
        if any(isinstance(decl, kinds) for name, decl in module.decls.items() if not name.startswith("_")):
            yield Item(alias, "module", module.source.name, "\n".join(module.tree.doc), rank + 1)


def levels(vocabulary: k.Vocabulary, rank: int = 0) -> Iterator[Item]:
    for level in vocabulary.levels:
        yield Item(level.name, "level", vocabulary.name, labels_text(level), rank)


def columns(view: View, table: str, rank: int = 1) -> Iterator[Item]:
    typed = view.context.tables.get(table)
    for column in typed.columns if typed is not None else ():
        yield Item(
            column.name, "column", type_text(k.Type(column.kind, optional=column.optional)), table, rank
        )


def members(view: View, kind: k.Kind) -> Iterator[Item]:
    """What can follow the dot behind a value."""
    match kind:
        case k.Row(table) | k.Ref(table):
            yield from columns(view, table)
        case k.Of(vocabulary):
            for name in (*vocabulary.attributes, "label", "code"):
                yield Item(name, "attribute", vocabulary.name, "", 1)
        case k.ModelKind(panel) if panel in view.context.panels:
            for factor in view.context.panels[panel].factors:
                yield Item(factor.name, "attribute", f"factor of {panel}", ", ".join(factor.names), 1)
        case k.Dist():
            yield Item("mass", "column", "share", "The share of probability on the labels of the options.", 1)
        case k.Record(fields):
            for name, inner in fields:
                yield Item(name, "column", k.kind_text(inner), "", 1)


def of_path(view: View, parts: tuple[str, ...]) -> Iterator[Item]:
    """What can follow a dotted path that begins with a module, a corpus or a target."""
    main = view.module
    if len(parts) == 1 and parts[0] in main.aliases:
        yield from public(view.context.module(main.aliases[parts[0]]))
        return
    if parts == ("param",):
        yield from declared(view, (t.Param,))
        return
    found = view.context.resolve_dotted(main, parts)
    match found:
        case (_, t.Corpus() as corpus, ()):
            for table in corpus.tables:
                yield Item(
                    table.name.name, "table", f"table {corpus.name}.{table.name}", "\n".join(table.doc), 1
                )
        case (_, t.Corpus() as corpus, (table_name,)):
            yield from columns(view, f"{corpus.name}.{table_name}")
        case (_, t.Target() as target, ()):
            yield Item("share", "column", f"share of people in each cell of {target.name}", "", 1)


def std_modules() -> Iterator[Item]:
    folder = Path(str(files("cyclspec").joinpath("specs", "std")))
    for path in sorted(folder.glob("*.cycl")):
        yield Item(f"std.{path.stem}", "module", "", "", 1)


def locals_of(scope: Scope, expected: k.Kind | None, rank: int = 3) -> Iterator[Item]:
    """The names of a place, those that fit what is expected first."""
    for name, term in scope.locals.items():
        if not name.isidentifier():
            continue
        fits = expected is not None and k.fits(term.type.kind, expected)
        kind = {h.AxisTerm: "axis", h.AnswerTerm: "ask", h.FormalTerm: "formal"}.get(type(term), "let")
        yield Item(name, kind, type_text(term.type, scope), "", 1 if fits else rank)


def axes(scope: Scope) -> Iterator[Item]:
    """The axes of an audit, and the keys of tables, whose rows can be reduced."""
    for name, term in scope.locals.items():
        if isinstance(term, h.AxisTerm):
            yield Item(name, "axis", type_text(term.type, scope), "", 1)
        elif name == "option":
            yield Item(name, "axis", "the options of S", "", 0)


def types(view: View) -> Iterator[Item]:
    yield from of_words(words.TYPES, "type", 3)
    yield from declared(view, (t.VocabularyDecl, t.Corpus), 2)


def values(view: View, scope: Scope, expected: k.Kind | None) -> Iterator[Item]:
    """Whatever can begin an expression."""
    match expected:
        case k.Of(vocabulary) | k.Choice(k.Vocabulary() as vocabulary):
            yield from levels(vocabulary)
        case k.Lang():
            yield from languages(view, 0)
        case k.Bool():
            yield from keywords(("true", "false"), 1)
    yield from locals_of(scope, expected)
    yield from declared(view, (t.Param, t.Metric, t.VocabularyDecl, t.Corpus, t.Target), 4)
    yield from of_words(words.FUNCTIONS, "function", 6)
    yield from of_words(words.REDUCERS, "reducer", 6)
    yield from keywords(("if", "not", "true", "false"), 8)


def languages(view: View, rank: int = 3) -> Iterator[Item]:
    """The language tags that the program uses."""
    tags: dict[str, None] = {}
    for prompt in view.context.prompts.values():
        tags.update(dict.fromkeys(m.lang for m in prompt.messages if m.lang is not None))
    for table in view.context.tables.values():
        for column in table.columns:
            tags.update(dict.fromkeys(column.kind.langs) if isinstance(column.kind, k.Text) else {})
    for tag in tags:
        yield Item(tag, "level", "language", "", rank)


def formals(view: View, owner: t.Prompt | t.Metric) -> Iterator[Item]:
    """The parameters of a prompt or metric of the entry file."""
    symbol = Symbol(view.module.key, owner.name.name)
    typed = view.context.prompts.get(symbol) or view.context.metrics.get(symbol)
    for name, kind in typed.formals if typed is not None else ():
        yield Item(name, "formal", k.kind_text(kind), "", 0)
