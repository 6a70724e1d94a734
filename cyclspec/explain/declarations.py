"""What a module without an audit declares, one line a declaration: a library as its importers see it.

Expects a checked module. Ensures one line a declaration, in the order of the file; declarations with errors are absent
from the context and have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from cyclspec.explain.layout import columns
from cyclspec.explain.types import counted
from cyclspec.language.names.modules import Module
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.kinds import Kind, Vocabulary, kind_text


def _formals(formals: tuple[tuple[str, Kind], ...]) -> str:
    return ", ".join(f"{name}: {kind_text(kind)}" for name, kind in formals)


def _vocabulary(found: Vocabulary, word: str) -> tuple[str, ...]:
    said = "open" if found.open else counted(len(found.levels), "level")
    if found.attributes:
        said += f" with {', '.join(found.attributes)}"
    return word, found.name, "ordinal" if found.ordered else "nominal", said


def _param(ctx: Context, symbol: Symbol) -> Iterator[tuple[str, ...]]:
    if symbol in ctx.params:
        value = ctx.params[symbol]
        shown = " ".join(value.term.span.text.split())
        yield "param", symbol.name, kind_text(value.kind), f"{shown}, {value.origin}"


def _prompt(ctx: Context, symbol: Symbol) -> Iterator[tuple[str, ...]]:
    if symbol in ctx.prompts:
        found = ctx.prompts[symbol]
        langs = dict.fromkeys(message.lang for message in found.messages if message.lang)
        said = f"from {_formals(found.formals)}" + (f", in {', '.join(langs)}" if langs else "")
        yield "prompt", symbol.name, kind_text(found.result), said


def _metric(ctx: Context, symbol: Symbol) -> Iterator[tuple[str, ...]]:
    if symbol in ctx.metrics:
        found = ctx.metrics[symbol]
        said = f"of {_formals(found.formals)}" + (", on ordered scales" if found.needs_order else "")
        yield "metric", symbol.name, kind_text(found.result), said


def _corpus(ctx: Context, decl: t.Corpus) -> Iterator[tuple[str, ...]]:
    for table in decl.tables:
        name = f"{decl.name.name}.{table.name.name}"
        if name in ctx.tables:
            found = ctx.tables[name]
            held = ", ".join(f"{c.name}: {kind_text(c.kind)}{'?' * c.optional}" for c in found.columns)
            yield "table", name, found.format, held


def _rows(ctx: Context, module: Module, decl: t.Decl) -> Iterator[tuple[str, ...]]:
    symbol = Symbol(module.key, decl.name.name)
    match decl:
        case t.Param():
            yield from _param(ctx, symbol)
        case t.VocabularyDecl(word=word):
            if symbol in ctx.vocabularies:
                yield _vocabulary(ctx.vocabularies[symbol], word)
        case t.Corpus():
            yield from _corpus(ctx, decl)
        case t.Target(name=name):
            if name.name in ctx.targets:
                found = ctx.targets[name.name]
                yield "target", name.name, "people", f"{found.people} by {', '.join(found.axes)}"
        case t.Prompt():
            yield from _prompt(ctx, symbol)
        case t.Metric():
            yield from _metric(ctx, symbol)
        case t.Panel(name=name):
            if name.name in ctx.panels:
                panel = ctx.panels[name.name]
                yield (
                    "panel",
                    name.name,
                    counted(len(panel.models), "model"),
                    ", ".join(m.name for m in panel.models),
                )
        case t.Audit(name=name):
            yield "audit", name.name, counted(len(decl.statements), "statement"), ""
        case _:
            assert_never(decl)


def module_text(ctx: Context) -> str:
    """The declarations of the entry module, with its hash."""
    module = ctx.program.main
    rows = [row for decl in module.tree.decls for row in _rows(ctx, module, decl)]
    return "\n".join([f"module {module.source.name}  hash {module.hash[:12]}", *columns(rows, indent=2)])
