"""Names to what they mean, by where they stand in the tree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.scope import Scope, dotted_parts
from cyclspec.lsp import subjects as s
from cyclspec.lsp import words
from cyclspec.lsp.members import Found, formal_kinds, imported_module, member
from cyclspec.lsp.subjects import Subject
from cyclspec.lsp.view import View

_CALLED = (words.READERS, words.SOURCES, words.PLACES, words.FORMATS)


@dataclass(frozen=True, slots=True)
class Resolver:
    """The nodes that hold a name, outermost first, and what is known of their program."""

    view: View
    path: tuple[t.Node, ...]

    def resolve(self) -> Found:
        match self.path[-1]:
            case t.Ident() as ident:
                return self._ident(ident, self.path[-2])
            case t.Name() as name:
                return self._name(name)
        return None

    # -- where a name stands

    def _inside(self, kind: type[t.Node]) -> t.Node | None:
        return next((node for node in self.path if isinstance(node, kind)), None)

    @property
    def _audit(self) -> t.Audit | None:
        audit = self._inside(t.Audit)
        return audit if isinstance(audit, t.Audit) else None

    def _scope(self) -> Scope | None:
        return self.view.scope_of(self._audit) if self._audit is not None else None

    # -- names that are declared, bound or listed

    def _ident(self, ident: t.Ident, parent: t.Node) -> Found:
        match parent:
            case t.ImportStd() | t.ImportFile():
                module = imported_module(self.view, parent)
                return None if module is None else s.of_module(module)
            case t.ImportNames():
                return self._declaration((ident.name,))
            case t.Level():
                return self._level(ident)
            case t.Table():
                corpus = self._inside(t.Corpus)
                return (
                    s.of_table(self.view, f"{corpus.name}.{ident}") if isinstance(corpus, t.Corpus) else None
                )
            case t.Column():
                return self._column(ident) or Subject(
                    f"{ident} : {parent.type.span.text}", parent.doc, (), ident.span
                )
            case t.Formal():
                owner = self.path[-3]
                return s.of_formal(parent, owner) if isinstance(owner, t.Prompt | t.Metric) else None
            case t.Factor() | t.Model():
                return Subject(" ".join(parent.span.text.split()), parent.doc, (), ident.span)
            case t.Field():
                return self._field(ident, self.path[-3])
            case t.NamedType():
                return self._type(parent, parent.name.index(ident))
            case t.Dot():
                return self._dot(parent)
            case t.Argument():
                return self._argument(ident, self.path[-3])
            case t.Is():
                return s.of_word(ident.name, words.TYPES[ident.name]) if ident.name in words.TYPES else None
            case t.Reduce():
                return self._axis(ident) or self._group(ident, parent)
            case t.Each() | t.Ask() | t.Let() | t.Measure() | t.Check() | t.Select():
                return self._axis(ident)
        return self._declaration((ident.name,))

    def _axis(self, ident: t.Ident) -> Found:
        """A name of an audit, the rows of a table, the options of a metric, or an axis that a reducer adds."""
        if ident.name == "option" and isinstance(self._inside(t.Metric), t.Metric):
            return s.of_word(
                "option", "The options of S, the scale of the distributions that the metric is given."
            )
        return self._local(ident.name) or s.of_key(self.view, ident.name) or self._declared_axis(ident.name)

    def _declared_axis(self, name: str) -> Found:
        found = self.view.context.resolve(self.view.module, name)
        is_axis = found is not None and isinstance(found[1], t.VocabularyDecl)
        return s.of_declaration(self.view, *found) if found is not None and is_axis else None

    def _level(self, ident: t.Ident) -> Found:
        decl = self.path[1]
        if isinstance(decl, t.Panel):
            factor = self._inside(t.Factor)
            panel = self.view.context.panels.get(decl.name.name)
            factors = panel.factors if panel is not None else ()
            named = factor.name.name if isinstance(factor, t.Factor) else ""
            vocabulary = next((v for v in factors if v.name == named), None)
        elif isinstance(decl, t.VocabularyDecl):
            vocabulary = self.view.context.vocabularies.get(Symbol(self.view.module.key, decl.name.name))
        else:
            vocabulary = None
        return None if vocabulary is None else s.of_level(self.view, vocabulary, ident.name)

    def _column(self, ident: t.Ident) -> Found:
        corpus, table = self._inside(t.Corpus), self._inside(t.Table)
        if not isinstance(corpus, t.Corpus) or not isinstance(table, t.Table):
            return None
        return s.of_column(self.view, f"{corpus.name}.{table.name}", ident.name)

    def _field(self, ident: t.Ident, owner: t.Node) -> Found:
        block = getattr(owner, "kind", "")
        doc = words.FIELDS.get(block, {}).get(ident.name)
        if doc is not None:
            return s.of_word(ident.name, doc)
        if isinstance(owner, t.Level):
            decl = self._inside(t.VocabularyDecl)
            symbol = (
                Symbol(self.view.module.key, decl.name.name) if isinstance(decl, t.VocabularyDecl) else None
            )
            vocabulary = self.view.context.vocabularies.get(symbol) if symbol is not None else None
            return None if vocabulary is None else s.of_attribute(self.view, vocabulary, ident.name)
        panel = self._inside(t.Panel)
        for factor in panel.factors if isinstance(panel, t.Panel) else ():
            if factor.name.name == ident.name:
                return Subject(" ".join(factor.span.text.split()), factor.doc, (), factor.name.span)
        return None

    def _argument(self, ident: t.Ident, owner: t.Node) -> Found:
        parts = dotted_parts(owner.fn) if isinstance(owner, t.Call) else None
        if parts is None:
            return None
        found = self.view.context.resolve_dotted(self.view.module, parts)
        if found is not None and isinstance(found[1], t.Prompt | t.Metric):
            formal = next((f for f in found[1].formals if f.name.name == ident.name), None)
            return None if formal is None else s.of_formal(formal, found[1])
        doc = words.ARGUMENTS.get(parts[-1], {}).get(ident.name)
        return None if doc is None else s.of_word(ident.name, doc)

    def _group(self, ident: t.Ident, reduce: t.Reduce) -> Found:
        """An attribute that a reduction keeps: `over person by country`."""
        scope = self._scope()
        for axis in reduce.axes:
            term = scope.locals.get(axis.name) if scope is not None else None
            kind = term.type.kind if term is not None else self._key_row(axis.name)
            found = member(self.view, kind, ident.name) if kind is not None else None
            if found is not None:
                return found
        return None

    def _key_row(self, axis: str) -> k.Kind | None:
        for name, table in self.view.context.tables.items():
            if any(isinstance(c.kind, k.Key) and c.kind.axis == axis for c in table.columns):
                return k.Row(name)
        return None

    # -- types

    def _type(self, node: t.NamedType, index: int) -> Found:
        parts = tuple(ident.name for ident in node.name)
        if len(parts) == 1 and parts[0] in words.TYPES:
            return s.of_word(parts[0], words.TYPES[parts[0]])
        if index > 0:
            return self._path(parts[: index + 1], parts)
        return self._declaration(parts[:1]) or self._path(parts[:1], parts)

    # -- expressions

    def _name(self, node: t.Name) -> Found:
        parent = self.path[-2] if len(self.path) > 1 else node
        called = isinstance(parent, t.Call) and parent.fn is node
        reducer = parent.reducer if isinstance(parent, t.Reduce) else None
        outer = self.path[-3] if len(self.path) > 2 else parent
        if reducer is node or (called and isinstance(outer, t.Reduce) and outer.reducer is parent):
            return s.of_reducer(node.name)
        if called:
            return self._called(node)
        return self._value(node) or self._option(node)

    def _called(self, node: t.Name) -> Found:
        choices = self._field_words()
        if node.name in words.FUNCTIONS:
            return s.of_function(node.name)
        for table in (choices, *_CALLED, words.TYPES):
            if node.name in table:
                return s.of_word(node.name, table[node.name])
        return self._declaration((node.name,))

    def _value(self, node: t.Name) -> Found:
        typed = self.view.typed.get(id(node))
        match typed.term if typed is not None else None:
            case h.LevelTerm(vocabulary=k.Vocabulary() as vocabulary, level=level):
                return s.of_level(self.view, vocabulary, level)
        each = self._inside(t.Each)
        if isinstance(each, t.Each) and node.span.end <= each.source.span.end:
            declared = self._declaration((node.name,))
            if declared is not None:
                return declared
        return self._local(node.name) or self._declaration((node.name,)) or self._table_name(node.name)

    def _field_words(self) -> words.Words:
        """The words that the field takes in which the name stands."""
        for above, node in pairwise(self.path):
            if isinstance(node, t.Field):
                return words.VALUES.get((getattr(above, "kind", ""), node.name.name), {})
        return {}

    def _option(self, node: t.Name) -> Found:
        """A word that a field or an argument takes: `labels = letters`, `better = higher`, `read = first_token`."""
        doc = self._field_words().get(node.name)
        if doc is not None:
            return s.of_word(node.name, doc)
        field, type_ = self._inside(t.Field), self._inside(t.NamedType)
        if isinstance(field, t.Field):
            return self._factor_level(field.name.name, node.name)
        if (
            isinstance(type_, t.NamedType)
            and type_.dotted in ("nominal", "ordinal")
            and node.name not in words.TYPES
        ):
            return Subject(f"level {node.name}", (), (), node.span)
        if (
            isinstance(self._inside(t.Metric), t.Metric)
            and self.view.term(node) is None
            and node.name not in words.TYPES
        ):
            return s.of_word(node.name, "The scale of the distributions that the metric is given.")
        return s.of_word(node.name, words.TYPES[node.name]) if node.name in words.TYPES else None

    def _factor_level(self, factor: str, level: str) -> Found:
        panel = self._inside(t.Panel)
        typed = self.view.context.panels.get(panel.name.name) if isinstance(panel, t.Panel) else None
        for vocabulary in typed.factors if typed is not None else ():
            if vocabulary.name == factor:
                return s.of_level(self.view, vocabulary, level)
        return None

    def _dot(self, node: t.Dot) -> Found:
        term = self.view.term(node.of)
        if term is not None:
            whole = self.view.term(node)
            type_ = whole.type if whole is not None else None
            found = member(self.view, term.type.kind, node.name.name, type_, self._scope())
            if found is not None:
                return found
        parts = dotted_parts(node)
        return None if parts is None else self._path(parts, parts)

    def _path(self, upto: tuple[str, ...], parts: tuple[str, ...]) -> Found:
        """The last name of `upto`, which begins a dotted path."""
        if parts[0] == "param" and len(upto) == 2:
            return self._declaration(upto[1:])
        if len(upto) == 1:
            return self._declaration(upto) or self._table_name(upto[0])
        owner = self._owner_kind(upto[0])
        if owner is not None:
            return member(self.view, owner, upto[1]) if len(upto) == 2 else None
        found = self.view.context.resolve_dotted(self.view.module, upto)
        if found is None:
            return None
        symbol, decl, rest = found
        match decl, rest:
            case _, ():
                return s.of_declaration(self.view, symbol, decl)
            case t.Corpus(), (table,):
                return s.of_table(self.view, f"{decl.name}.{table}")
            case t.Corpus(), (table, column):
                term = self.view.term(self.path[-2])
                type_ = term.type if term is not None else None
                return s.of_column(self.view, f"{decl.name}.{table}", column, type_)
            case t.Target(), ("share",):
                return Subject(
                    f"{decl.name}.share", ("The share of people in each cell of the target, weighted.",)
                )
        return None

    def _owner_kind(self, name: str) -> k.Kind | None:
        """The kind of a formal, or of a column that refers to another table, that a type begins with."""
        owner = self._inside(t.Prompt) or self._inside(t.Metric)
        if isinstance(owner, t.Prompt | t.Metric):
            return formal_kinds(self.view, owner).get(name)
        corpus, table = self._inside(t.Corpus), self._inside(t.Table)
        if not isinstance(corpus, t.Corpus) or not isinstance(table, t.Table):
            return None
        typed = self.view.context.tables.get(f"{corpus.name}.{table.name}")
        column = typed.column(name) if typed is not None else None
        return column.kind if column is not None else None

    # -- what names stand for

    def _local(self, name: str) -> Found:
        owner = self._inside(t.Prompt) or self._inside(t.Metric)
        if isinstance(owner, t.Prompt | t.Metric):
            formal = next((f for f in owner.formals if f.name.name == name), None)
            if formal is not None:
                return s.of_formal(formal, owner)
        table = self._inside(t.Table)
        if isinstance(table, t.Table):
            column = next((c for c in table.columns if c.name.name == name), None)
            return None if column is None else self._column(column.name)
        if self._audit is None:
            return None
        return s.of_local(self.view, self._scope(), self._audit, name) or self._row(name)

    def _row(self, name: str) -> Found:
        typed = self.view.typed.get(id(self.path[-1]))
        is_row = typed is not None and isinstance(typed.term, h.AxisTerm)
        return s.of_key(self.view, name) if is_row else None

    def _table_name(self, name: str) -> Found:
        """`items` in `ref(items)`: a table of the same corpus."""
        corpus = self._inside(t.Corpus)
        return s.of_table(self.view, f"{corpus.name}.{name}") if isinstance(corpus, t.Corpus) else None

    def _declaration(self, parts: tuple[str, ...]) -> Found:
        module = self.view.module
        if len(parts) == 1 and parts[0] in module.aliases:
            return s.of_module(self.view.context.module(module.aliases[parts[0]]))
        found = self.view.context.resolve_dotted(module, parts)
        return None if found is None or found[2] else s.of_declaration(self.view, found[0], found[1])
