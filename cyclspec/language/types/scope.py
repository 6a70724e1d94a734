"""Where an expression stands: the names it can use, and how a name becomes a typed term.

`locals` maps the names of the place (axes, asks, lets, formals, columns) to the terms they mean; everything else is
resolved in the module. A bare word is tried as a level of the expected vocabulary first, then as a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from cyclspec.language.diagnostics import Diagnostic, Label
from cyclspec.language.diagnostics.cy01_names import AmbiguousWord, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import NotAnAttribute
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.diagnostics.wording import article
from cyclspec.language.names.modules import Module
from cyclspec.language.names.suggest import did_you_mean, meant_by, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context, Symbol

_ANSWERS = k.Choice | k.Dist | k.Counts | k.LogProbs

ENDS = ("first", "last")


def unknown(span: Span) -> h.Term:
    """The term of an expression that already failed."""
    return h.Literal_(type=k.Type(k.Unknown()), span=span, value=0)


def failed(term: h.Term) -> bool:
    return isinstance(term.type.kind, k.Unknown)


def at(term: h.Term, span: Span) -> h.Term:
    """The same term, named at another place."""
    return replace(term, span=span)


@dataclass(frozen=True, slots=True)
class Scope:
    """One place.

    `broken` names declarations that failed earlier; `metric_scale` is the scale of the metric whose body this is, where
    alone `option` is visible; `siblings` maps an axis to the axes bound with it from one source; `languages` maps an
    axis of plain values to them; `parents` maps a dependent axis to the axes it depends on (language.md, rule A5), and
    `sources` an axis to the place of its source; `refinements` holds what conditions on axes say of the scales of rows
    (rule A10), by table and column; `massless` names the asks whose answers are recorded without a mass.
    """

    ctx: Context
    module: Module
    locals: Mapping[str, h.Term] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    metric_scale: k.ScaleVariable | None = None
    siblings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    languages: Mapping[str, tuple[str | int | float, ...]] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, Span] = field(default_factory=dict)
    refinements: Mapping[tuple[str, str], k.ItemScale] = field(default_factory=dict)
    massless: frozenset[str] = frozenset()

    def report(self, diagnostic: Diagnostic) -> None:
        self.ctx.report(diagnostic)

    def infer(self, node: t.Expr, expected: k.Kind | None = None) -> h.Term:
        """The typed term of an expression that stands here."""
        return self.ctx.infer(self, node, expected)

    def with_locals(self, more: Mapping[str, h.Term]) -> Scope:
        return replace(self, locals={**self.locals, **more})

    def refined(self, scale: k.Scale) -> k.Scale:
        """What is known of a scale here: its declaration, narrowed by the conditions on its axis.

        Types keep the declared scale, so that two values over one scale stay equal; rules that ask for the order or the
        length of a scale ask for it here.
        """
        if not isinstance(scale, k.ItemScale):
            return scale
        return self.refinements.get((scale.table, scale.column), scale)

    def orphan(self, removed: Iterable[str], left: frozenset[str]) -> tuple[str, str] | None:
        """A removed axis and an axis that is left and depends on it (rule `over`); None where there is no such pair."""
        gone = set(removed)
        pairs = ((parent, child) for child in sorted(left) for parent in self.parents.get(child, ()))
        return next(((parent, child) for parent, child in pairs if parent in gone), None)

    def dependence(self, child: str, parent: str) -> tuple[Label, ...]:
        """The place that makes one axis depend on another."""
        span = self.sources.get(child)
        return () if span is None else (Label(span, f"`{child}` depends on `{parent}`"),)

    def level(self, word: t.Name, expected: k.Kind | None) -> h.Term | None:
        """The level that a bare word is where a vocabulary or a language is expected."""
        match expected:
            case k.Of(vocabulary) if vocabulary.level(word.name) is not None or (
                vocabulary.open and not self.knows(word.name)
            ):
                self._warn_ambiguous(word, vocabulary)
                type_ = k.Type(k.Of(vocabulary))
                return h.LevelTerm(type=type_, span=word.span, vocabulary=vocabulary, level=word.name)
            case k.Lang() if not self.knows(word.name):
                return h.LevelTerm(type=k.Type(k.Lang()), span=word.span, vocabulary=None, level=word.name)
            case k.Choice(scale) if isinstance(scale, k.Vocabulary):
                return self.level(word, k.Of(scale))
        return None

    def level_named(self, ident: t.Ident, vocabulary: k.Vocabulary, span: Span) -> h.Term:
        """`level.north`: a level, whatever else has that name."""
        if vocabulary.level(ident.name) is None and not vocabulary.open:
            helps, where = did_you_mean(ident.name, vocabulary.names), f" of `{vocabulary.name}`"
            self.report(UnknownName(span=ident.span, what="level", name=ident.name, where=where, helps=helps))
            return unknown(span)
        type_ = k.Type(k.Of(vocabulary))
        return h.LevelTerm(type=type_, span=span, vocabulary=vocabulary, level=ident.name)

    def knows(self, name: str) -> bool:
        """Whether a bare word is the name of anything here."""
        known = name in self.locals or name in self.broken
        return known or self.ctx.resolve(self.module, name) is not None

    def _warn_ambiguous(self, word: t.Name, vocabulary: k.Vocabulary) -> None:
        found = self.ctx.resolve(self.module, word.name)
        if found is None or not isinstance(found[1], t.Param):
            return
        name = word.name
        self.report(
            AmbiguousWord(
                span=word.span,
                name=name,
                notes=(f"a parameter `{name}` and a level `{name}` of `{vocabulary.name}`",),
                helps=(f"write `param.{name}` or `level.{name}`",),
            )
        )

    def name(self, node: t.Name, expected: k.Kind | None) -> h.Term:
        """What a bare word means here."""
        level = self.level(node, expected)
        if level is not None:
            return level
        if node.name in self.locals:
            return at(self.locals[node.name], node.span)
        if node.name in self.broken:
            return unknown(node.span)
        found = self.ctx.resolve(self.module, node.name)
        if found is not None:
            return self._declaration(*found, node.span)
        if not isinstance(expected, k.Unknown):
            self.report(self._unknown(node, expected))
        return unknown(node.span)

    def _unknown(self, node: t.Name, expected: k.Kind | None) -> UnknownName:
        if isinstance(expected, k.Of) and not expected.vocabulary.open:
            vocabulary = expected.vocabulary
            here = () if suggest(node.name, vocabulary.names) else suggest(node.name, self.locals)
            helps = did_you_mean(node.name, here or vocabulary.names)
            where = f" of `{vocabulary.name}`"
            return UnknownName(span=node.span, what="level", name=node.name, where=where, helps=helps)
        close = suggest(node.name, chain(self.locals, self.ctx.names(self.module), ("true", "false")))
        mend = meant.comment_meant(node.span)
        helps = mend.helps or did_you_mean(node.name, close)
        homes = self._homes(node.name)
        if homes and node.name not in close:
            helps = meant_by(homes)
        return UnknownName(span=node.span, what="value", name=node.name, helps=helps, edits=mend.edits)

    def _homes(self, name: str) -> tuple[str, ...]:
        """What was probably meant by a name: a column of rows that have a name here, or what an alias has."""
        rows = [axis for axis, term in self.locals.items() if isinstance(term.type.kind, k.Row)]
        columns = (axis for axis in rows if self._has_column(self.locals[axis].type.kind, name))
        return (*(f"{axis}.{name}" for axis in columns), *self.ctx.homes(self.module, name))

    def _has_column(self, kind: k.Kind, name: str) -> bool:
        table = self.ctx.tables.get(kind.table) if isinstance(kind, k.Row) else None
        return table is not None and table.column(name) is not None

    def _declaration(self, symbol: Symbol, decl: t.Decl, span: Span) -> h.Term:
        self.ctx.means(span, symbol)
        match decl:
            case t.Param() if symbol in self.ctx.params:
                return at(self.ctx.params[symbol].term, span)
            case t.VocabularyDecl():
                vocabulary = self.ctx.vocabularies[symbol]
                scale = k.Type(k.ScaleValue(vocabulary))
                return h.VocabularyTerm(type=scale, span=span, vocabulary=vocabulary)
            case t.Param():
                return unknown(span)
        what = f"{article(decl.kind)} {decl.kind}"
        helps = (f"`{decl.name.name}` is {what}",)
        self.report(UnknownName(span=span, what="value", name=decl.name.name, helps=helps))
        return unknown(span)

    def path(self, parts: tuple[str, ...], span: Span, last: Span) -> h.Term | None:
        """A dotted path that begins with a module or a corpus, or None where it begins with a value.

        `last` is the place of the last name, which errors point at.
        """
        if parts[0] in self.locals or parts[0] in self.broken:
            return None
        if parts[0] in ("param", "level") and len(parts) == 2:
            return self._qualified(parts, span)
        found = self.ctx.resolve_dotted(self.module, parts)
        if found is None:
            if parts[0] in self.module.aliases:
                self._report_missing(parts, last)
                return unknown(span)
            return None
        symbol, decl, rest = found
        if isinstance(decl, t.Corpus) and len(rest) == 2:
            if rest[0] not in {table.name.name for table in decl.tables}:
                self._report_table(decl, rest[0], span)
                return unknown(span)
            self.ctx.means(span, symbol, rest)
            return at(self.column(f"{decl.name.name}.{rest[0]}", rest[1], last), span)
        if isinstance(decl, t.Corpus) and len(rest) == 1:
            self._report_table(decl, rest[0], last)
            self._report_whole_table(f"{decl.name.name}.{rest[0]}", span)
            return unknown(span)
        return self._declaration(symbol, decl, span) if not rest else None

    def _qualified(self, parts: tuple[str, ...], span: Span) -> h.Term | None:
        found = self.ctx.resolve(self.module, parts[1]) if parts[0] == "param" else None
        return self._declaration(*found, span) if found else None

    def _report_missing(self, parts: tuple[str, ...], span: Span) -> None:
        target = self.ctx.module(self.module.aliases[parts[0]])
        if len(parts) < 2:
            self.report(UnknownName(span=span, what="value", name=parts[0], helps=("it is a module",)))
            return
        helps = did_you_mean(parts[1], self.ctx.public(self.module, parts[0]))
        where = f" in `{target.source.name}`"
        self.report(UnknownName(span=span, what="declaration", name=parts[1], where=where, helps=helps))

    def _report_table(self, corpus: t.Corpus, name: str, span: Span) -> None:
        known = [table.name.name for table in corpus.tables]
        if name in known:
            return
        where, helps = f" in `{corpus.name.name}`", did_you_mean(name, known)
        self.report(UnknownName(span=span, what="table", name=name, where=where, helps=helps))

    def _report_whole_table(self, name: str, span: Span) -> None:
        """A table where a value should be, which one of its columns is."""
        declared = self.ctx.tables.get(name)
        if declared is None:
            return
        answers = [column.name for column in declared.columns if isinstance(column.kind, _ANSWERS)]
        known = [column.name for column in declared.columns]
        mend = Mend((f"name a column: {', '.join(f'`{name}`' for name in known)}",) if known else ())
        if len(answers) == 1:
            mend = write(span, f"{span.text}.{answers[0]}")
        self.report(WrongType(span=span, what="this", expected="a value", found="a table", **mend._asdict()))

    def column(self, table: str, name: str, span: Span) -> h.Term:
        """A column of a corpus table as a value, indexed by the axes of the table."""
        declared = self.ctx.tables.get(table)
        if declared is None:
            return unknown(span)
        column = declared.column(name)
        if column is None:
            helps = did_you_mean(name, [c.name for c in declared.columns])
            where = f" in `{table}`"
            self.report(UnknownName(span=span, what="column", name=name, where=where, helps=helps))
            return unknown(span)
        # A column of levels is a value there, not one of the axes that tell its rows apart.
        own = {name} if isinstance(column.kind, k.Of) else set()
        axes = frozenset(table_axes(self.ctx, declared)) - own
        kind = k.Dist(column.kind.scale) if isinstance(column.kind, k.Counts) else column.kind
        type_ = k.Type(kind, axes, k.Phase.DATA, column.optional)
        return h.ColumnTerm(type=type_, span=span, table=table, column=name)

    def attribute(self, of: h.Term, name: t.Ident, span: Span) -> h.Term:
        """`of.name`: a column of a row, an attribute of a level, the mass of an answer, a field of a record."""
        if failed(of):
            return unknown(span)
        match of, of.type.kind:
            case h.AnswerTerm(ask=ask), k.Dist() if name.name == "mass" and ask not in self.massless:
                type_ = k.Type(k.Number(k.Unit.SHARE), of.type.axes, of.type.phase, of.type.optional)
                return h.AnswerTerm(type=type_, span=span, ask=ask, field="mass")
            case h.AnswerTerm(ask=ask), k.Choice() if name.name == "text" and ask not in self.massless:
                type_ = k.Type(k.Text(), of.type.axes, of.type.phase, optional=True)
                return h.AnswerTerm(type=type_, span=span, ask=ask, field="text")
            case h.AnswerTerm(ask=ask), k.Record(fields):
                return self._record_field(ask, dict(fields), name, span, of)
            case h.AxisTerm(axis=axis) | h.DrawnTerm(name=axis), k.Row(table):
                return self._row_attribute(axis, table, name, span, of)
            case h.AxisTerm(axis=axis) | h.DrawnTerm(name=axis), k.Of(vocabulary):
                return self._level_attribute(axis, vocabulary, name, span, of)
            case h.AxisTerm(axis=axis), k.ModelKind(panel) if panel in self.ctx.panels:
                return self._factor(axis, self.ctx.panels[panel], name, span, of)
        helps: tuple[str, ...] = ()
        if isinstance(of, h.AnswerTerm) and name.name == "mass" and of.ask in self.massless:
            helps = ("recorded answers have a mass where their column is `logprobs(..)`",)
        elif (
            isinstance(of, h.AnswerTerm) and isinstance(of.type.kind, k.Dist) and of.ask not in self.massless
        ):
            helps = did_you_mean(name.name, ("mass",))
        found = f"`{k.kind_text(of.type.kind)}`"
        self.report(NotAnAttribute(span=name.span, name=name.name, of=found, helps=helps))
        return unknown(span)

    def _record_field(
        self, ask: str, fields: Mapping[str, k.Kind], name: t.Ident, span: Span, of: h.Term
    ) -> h.Term:
        """A field of a record that a model wrote; it may be missing, as the record may."""
        kind = fields.get(name.name)
        if kind is None:
            helps = did_you_mean(name.name, fields)
            what = f"what `{ask}` reads"
            self.report(NotAnAttribute(span=name.span, name=name.name, of=what, helps=helps))
            return unknown(span)
        type_ = k.Type(kind, of.type.axes, of.type.phase, optional=True)
        return h.FieldTerm(type=type_, span=span, ask=ask, field=name.name)

    def _row_attribute(self, axis: str, table: str, name: t.Ident, span: Span, of: h.Term) -> h.Term:
        column = self.column(table, name.name, name.span)
        if failed(column):
            return unknown(span)
        type_ = k.Type(column.type.kind, of.type.axes, k.Phase.DATA, column.type.optional)
        return h.AttributeTerm(type=type_, span=span, axis=axis, attribute=name.name)

    def _factor(self, axis: str, panel: d.TypedPanel, name: t.Ident, span: Span, of: h.Term) -> h.Term:
        """`model.origin`: the level of a factor that each model of a panel has."""
        factor = next((factor for factor in panel.factors if factor.name == name.name), None)
        if factor is None:
            helps = did_you_mean(name.name, [factor.name for factor in panel.factors])
            where = f"the models of panel `{panel.name}`"
            self.report(NotAnAttribute(span=name.span, name=name.name, of=where, helps=helps))
            return unknown(span)
        type_ = k.Type(k.Of(factor), of.type.axes, of.type.phase)
        return h.AttributeTerm(type=type_, span=span, axis=axis, attribute=name.name)

    def _level_attribute(
        self, axis: str, vocabulary: k.Vocabulary, name: t.Ident, span: Span, of: h.Term
    ) -> h.Term:
        if name.name in ("label", "code"):
            type_ = k.Type(k.Text(), of.type.axes, of.type.phase)
            return h.AttributeTerm(type=type_, span=span, axis=axis, attribute=name.name)
        if name.name not in vocabulary.attributes:
            helps = did_you_mean(name.name, (*vocabulary.attributes, "label", "code"))
            where = f"`{vocabulary.name}`"
            self.report(NotAnAttribute(span=name.span, name=name.name, of=where, helps=helps))
            return unknown(span)
        kind = k.Of(vocabulary.attribute(name.name))
        type_ = k.Type(kind, of.type.axes, of.type.phase)
        return h.AttributeTerm(type=type_, span=span, axis=axis, attribute=name.name)


def table_axes(ctx: Context, table: d.TypedTable) -> list[str]:
    """The axes of a table: its key, else its references and axis columns."""
    keys = [c.kind.axis for c in table.columns if isinstance(c.kind, k.Key)]
    if keys:
        return keys
    axes: list[str] = []
    for column in table.columns:
        match column.kind:
            case k.Ref(name):
                axes.extend(key_of(ctx, name))
            case k.Of(vocabulary) if vocabulary.is_axis:
                axes.append(column.name)
    return axes


def key_of(ctx: Context, table: str) -> list[str]:
    """The name of a table's key, which is the axis that its rows span."""
    declared = ctx.tables.get(table)
    if declared is None:
        return []
    return [c.kind.axis for c in declared.columns if isinstance(c.kind, k.Key)]


def dotted_parts(node: t.Expr) -> tuple[str, ...] | None:
    """`a.b.c` as its parts, or None where it is more than names and dots."""
    match node:
        case t.Name(name=name):
            return (name,)
        case t.Dot(of=of, name=ident):
            inner = dotted_parts(of)
            return None if inner is None else (*inner, ident.name)
    return None
