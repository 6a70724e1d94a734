"""What can be named: declarations, columns, levels, formals, values of an audit, words of the language.

Each function says one thing in the way that hover shows it, with the place of its declaration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cyclspec.language.names.modules import Module
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.scope import Scope
from cyclspec.lsp import words
from cyclspec.lsp.describe import level_line, signature, type_text, value_text, vocabulary_lines
from cyclspec.lsp.view import View, statements


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name means: one line of code, its documentation, further lines, and where it is declared."""

    code: str
    doc: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    target: Span | None = None


def of_module(module: Module) -> Subject:
    """A module by its alias."""
    public = [name for name in module.decls if not name.startswith("_")]
    notes = (", ".join(f"`{name}`" for name in public),) if public else ()
    start = Span(module.source, 0, 0)
    return Subject(f"module {module.source.name}", module.tree.doc, notes, start)


def of_declaration(view: View, symbol: Symbol, decl: t.Decl) -> Subject:
    """A declaration of any module."""
    subject = Subject(signature(decl), decl.doc, (), decl.name.span)
    match decl:
        case t.VocabularyDecl() if symbol in view.context.vocabularies:
            return replace(subject, notes=vocabulary_lines(view.context.vocabularies[symbol]))
        case t.Param():
            return replace(subject, notes=_param_notes(view, symbol))
        case t.Panel():
            return replace(subject, notes=panel_lines(view, decl.name.name))
        case t.Corpus():
            return replace(subject, notes=tuple(f"- table `{table.name}`" for table in decl.tables))
        case t.Target() if decl.name.name in view.context.targets:
            target = view.context.targets[decl.name.name]
            return replace(subject, notes=(f"{target.people} by {', '.join(target.axes)}",))
    return subject


def _param_notes(view: View, symbol: Symbol) -> tuple[str, ...]:
    bound = view.context.params.get(symbol)
    return ("no value",) if bound is None else (f"`{value_text(bound.term)}` ({bound.origin})",)


def panel_lines(view: View, panel: str) -> tuple[str, ...]:
    """The models of a panel as a list."""
    typed = view.context.panels.get(panel)
    return () if typed is None else tuple(f"- `{model.name}` {_place(model)}" for model in typed.models)


def _place(model: d.TypedModel) -> str:
    return f'{model.source}("{model.location}")' if model.location else f"{model.source}()"


def corpus_of(view: View, table: str) -> t.Corpus | None:
    """The corpus that declares `corpus.table`."""
    name = table.partition(".")[0]
    found = (decl for _, decl in view.context.declarations(t.Corpus) if decl.name.name == name)
    return next((decl for decl in found if isinstance(decl, t.Corpus)), None)


def table_node(view: View, table: str) -> t.Table | None:
    """The declaration of `corpus.table`."""
    corpus = corpus_of(view, table)
    short = table.rpartition(".")[2]
    return None if corpus is None else next((x for x in corpus.tables if x.name.name == short), None)


def of_table(view: View, table: str) -> Subject | None:
    """A table of a corpus with its columns."""
    node = table_node(view, table)
    if node is None:
        return None
    notes = tuple(f"- `{' '.join(column.span.text.rstrip(', ').split())}`" for column in node.columns)
    return Subject(f"table {table}", node.doc, notes, node.name.span)


def of_column(view: View, table: str, name: str, type_: k.Type | None = None) -> Subject | None:
    """A column of a table; `type_` is its type at the place that was asked for."""
    node, typed = table_node(view, table), view.context.tables.get(table)
    column = next((c for c in node.columns if c.name.name == name), None) if node is not None else None
    if column is None:
        return None
    kind = typed.column(name) if typed is not None else None
    shown = type_ or (k.Type(kind.kind, optional=kind.optional) if kind is not None else None)
    text = type_text(shown) if shown is not None else column.type.span.text
    levels = (
        vocabulary_lines(kind.kind.vocabulary) if kind is not None and isinstance(kind.kind, k.Of) else ()
    )
    return Subject(f"{table}.{name} : {text}", column.doc, levels, column.name.span)


def of_level(view: View, vocabulary: k.Vocabulary, name: str) -> Subject | None:
    """A level with its labels in all languages."""
    level = vocabulary.level(name)
    if level is None:
        return None
    node = _level_node(view, vocabulary, name)
    doc = node.doc if isinstance(node, t.Level) else ()
    target = node.name.span if isinstance(node, t.Level) else node.span if node is not None else None
    return Subject(f"{vocabulary.name}: {name}", doc, (level_line(level),), target)


def _level_node(view: View, vocabulary: k.Vocabulary, name: str) -> t.Level | t.Node | None:
    for symbol, known in view.context.vocabularies.items():
        if known == vocabulary:
            decl = view.context.module(symbol.module).decls.get(symbol.name)
            levels = decl.levels if isinstance(decl, t.VocabularyDecl) else ()
            return next((level for level in levels if level.name.name == name), None)
    for _, decl in view.context.declarations(t.Panel):
        for factor in decl.factors if isinstance(decl, t.Panel) else ():
            found = [level for level in factor.levels if level.name.name == name]
            if factor.name.name == vocabulary.name and found:
                return found[0]
    return _spelled_level(view, vocabulary, name)


def _spelled_level(view: View, vocabulary: k.Vocabulary, name: str) -> t.Node | None:
    """A level of `nominal(a, b)`, where the column or parameter of that name is declared."""
    types = [
        c.type
        for table in view.context.tables
        for c in _columns(view, table)
        if c.name.name == vocabulary.name
    ]
    types += [decl.type for _, decl in view.context.declarations(t.Param) if isinstance(decl, t.Param)]
    for type_ in types:
        for arg in type_.args if isinstance(type_, t.NamedType) else ():
            if isinstance(arg.value, t.Name) and arg.value.name == name:
                return arg.value
    return None


def _columns(view: View, table: str) -> tuple[t.Column, ...]:
    node = table_node(view, table)
    return () if node is None else node.columns


def of_formal(formal: t.Formal, owner: t.Prompt | t.Metric) -> Subject:
    """A parameter of a prompt or metric."""
    text = " ".join(formal.span.text.split())
    return Subject(text, (), (f"of {owner.kind} `{owner.name}`",), formal.name.span)


def binder(audit: t.Audit, name: str) -> tuple[t.Statement, t.Ident] | None:
    """The statement of an audit that gives a name its meaning, and the name there."""
    for statement in statements(audit):
        names = statement.names if isinstance(statement, t.Each) else (statement.name,)
        for ident in names:
            if ident.name == name:
                return statement, ident
    return None


def of_local(view: View, scope: Scope | None, audit: t.Audit, name: str) -> Subject | None:
    """An axis, ask, let, measure or check of an audit, with its type."""
    found = binder(audit, name)
    if found is None:
        return None
    statement, ident = found
    term = scope.locals.get(name) if scope is not None else None
    head = f"{statement.kind} {name}"
    if term is None:
        return Subject(head, statement.doc, (), ident.span)
    kind = term.type.kind
    return Subject(f"{head} : {type_text(term.type, scope)}", statement.doc, of_kind(view, kind), ident.span)


def of_kind(view: View, kind: k.Kind) -> tuple[str, ...]:
    """What is worth knowing of the values of a kind: levels, models, columns."""
    match kind:
        case k.Of(vocabulary):
            return vocabulary_lines(vocabulary)
        case k.ModelKind(panel):
            return panel_lines(view, panel)
        case k.Row(table):
            subject = of_table(view, table)
            return () if subject is None else subject.notes
    return ()


def of_key(view: View, axis: str) -> Subject | None:
    """The rows of a table that are only reduced: `person` in `over person`."""
    for name, table in view.context.tables.items():
        for column in table.columns:
            if isinstance(column.kind, k.Key) and column.kind.axis == axis:
                return of_column(view, name, column.name)
    return None


def of_attribute(view: View, vocabulary: k.Vocabulary, name: str) -> Subject | None:
    """An attribute of the levels of a vocabulary: `country.region`."""
    if name not in (*vocabulary.attributes, "label", "code"):
        return None
    values = dict.fromkeys(level.attributes.get(name, "") for level in vocabulary.levels)
    notes = (", ".join(f"`{value}`" for value in values if value),) if any(values) else ()
    axis = next((d for _, d in view.context.declarations(t.VocabularyDecl) if d.name.name == name), None)
    target = axis.name.span if axis is not None else _first_attribute(view, vocabulary, name)
    return Subject(f"{vocabulary.name}.{name}", (), notes, target)


def of_factor(view: View, panel: str, name: str) -> Subject | None:
    """A factor of the models of a panel: `model.origin`."""
    panels = (d for _, d in view.context.declarations(t.Panel) if isinstance(d, t.Panel))
    factors = (factor for declared in panels if declared.name.name == panel for factor in declared.factors)
    node = next((factor for factor in factors if factor.name.name == name), None)
    typed = view.context.panels.get(panel)
    if node is None or typed is None:
        return None
    levels = next((factor.names for factor in typed.factors if factor.name == name), ())
    notes = (", ".join(f"`{level}`" for level in levels),) if levels else ()
    return Subject(f"{panel}.{name}", node.doc, notes, node.name.span)


def _first_attribute(view: View, vocabulary: k.Vocabulary, name: str) -> Span | None:
    for level in vocabulary.levels:
        node = _level_node(view, vocabulary, level.name)
        for field in node.attributes if isinstance(node, t.Level) else ():
            if field.name.name == name:
                return field.name.span
    return None


def of_word(word: str, doc: str) -> Subject:
    """A word that the language brings."""
    return Subject(word, (doc,))


def of_reducer(name: str) -> Subject | None:
    """A reducer with its formula."""
    if name not in words.REDUCERS:
        return None
    code, notes = words.reducer_lines(name)
    return Subject(code, (words.REDUCERS[name],), notes)


def of_function(name: str) -> Subject:
    """A builtin function with its arguments."""
    code, notes = words.function_lines(name)
    return Subject(code, (words.FUNCTIONS[name],), notes)
