"""Which tables of a corpus hold its people, their answers, and what was published of them.

Expects typed tables. Ensures that a column of answers comes with the tables of its items and of its people, and a
column of distributions with that of its items. A table of people is one that answers point to, that a target
cuts, that says how its people were drawn, or whose rows have a key and levels: of a declared axis, or of any kind
and no texts beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context

MOST_LEVELS = 200
"""A column of words with more levels than this is no axis that people are cut by."""


@dataclass(frozen=True, slots=True)
class AnswersColumn:
    """A choice column in long form, with the columns that point to items and people."""

    table: d.TypedTable
    column: d.TypedColumn
    items: d.TypedTable
    people: d.TypedTable
    item: str
    person: str


@dataclass(frozen=True, slots=True)
class PublishedColumn:
    """A column of distributions; `axes` are the columns that tell the rows of one item apart."""

    table: d.TypedTable
    column: d.TypedColumn
    items: d.TypedTable
    item: str
    axes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of one corpus by what they hold, with those of other corpora that they point to."""

    tables: tuple[d.TypedTable, ...]
    items: tuple[d.TypedTable, ...]
    people: tuple[d.TypedTable, ...]
    answers: tuple[AnswersColumn, ...]
    published: tuple[PublishedColumn, ...]


def layout_of(
    corpus: str, tables: Mapping[str, d.TypedTable], targets: Mapping[str, d.TypedTarget]
) -> Layout:
    """The tables of `corpus`, sorted out; `tables` are those of the whole program.

    People are weighted as their table says, else as the targets that cut them say, where those agree.
    """
    tables = {name: _weighted(table, targets) for name, table in tables.items()}
    own = tuple(table for name, table in tables.items() if name.split(".")[0] == corpus)
    answers = tuple(found for table in own for found in _answers(table, tables))
    published = tuple(found for table in own for found in _published(table, tables))
    cut = {target.people for target in targets.values()}
    asked = {found.people.name for found in answers}
    people = [table for table in own if table.name in cut | asked or _counts_people(table)]
    people += [t for t in dict.fromkeys(found.people for found in answers) if t not in people]
    items = tuple(dict.fromkeys([t for t in own if _brings_options(t)] + [f.items for f in answers]))
    return Layout(own, items, tuple(people), answers, published)


def declared_vocabularies(
    context: Context, tables: Iterable[d.TypedTable]
) -> tuple[tuple[t.VocabularyDecl, k.Vocabulary], ...]:
    """The declared axes and scales whose levels columns hold, in the order of their declarations."""
    used = {vocabulary for table in tables for column in table.columns for vocabulary in _levels(column.kind)}
    found = []
    for symbol, vocabulary in context.vocabularies.items():
        decl = context.module(symbol.module).decls.get(symbol.name)
        if vocabulary in used and isinstance(decl, t.VocabularyDecl):
            found.append((decl, vocabulary))
    return tuple(found)


def _levels(kind: k.Kind) -> tuple[k.Vocabulary, ...]:
    match kind:
        case k.Of(vocabulary) if not vocabulary.open:
            return (vocabulary,)
        case k.Choice(k.Vocabulary() as scale) | k.Dist(k.Vocabulary() as scale):
            return (scale,)
    return ()


def _weighted(table: d.TypedTable, targets: Mapping[str, d.TypedTarget]) -> d.TypedTable:
    used = {target.weight for target in targets.values() if target.people == table.name}
    return table if table.weight is not None or len(used) != 1 else replace(table, weight=used.pop())


def axis_columns(people: d.TypedTable) -> tuple[str, ...]:
    """The demographic axes of a table of people: declared axes, else vocabularies whose levels are listed."""
    found = [c for c in people.columns if isinstance(c.kind, k.Of) and _cuts(people, c)]
    for wanted in (lambda v: v.is_axis, lambda v: not v.open):
        chosen = tuple(c.name for c in found if isinstance(c.kind, k.Of) and wanted(c.kind.vocabulary))
        if chosen:
            return chosen
    return ()


def vocabulary_columns(people: d.TypedTable) -> tuple[str, ...]:
    """Every column of levels that people can be counted by."""
    return tuple(c.name for c in people.columns if isinstance(c.kind, k.Of) and _cuts(people, c))


def _cuts(people: d.TypedTable, column: d.TypedColumn) -> bool:
    return column.name not in (people.strata, people.cluster)


def _counts_people(table: d.TypedTable) -> bool:
    if table.weight or table.strata or table.cluster:
        return True
    kinds = {type(column.kind) for column in table.columns}
    if k.Key not in kinds or k.ScaleValue in kinds:
        return False
    by_axis = any(isinstance(c.kind, k.Of) and c.kind.vocabulary.is_axis for c in table.columns)
    return by_axis or (k.Of in kinds and not kinds & {k.Text, k.ListOf})


def _brings_options(table: d.TypedTable) -> bool:
    return any(isinstance(column.kind, k.ScaleValue) for column in table.columns)


def _refs(table: d.TypedTable) -> dict[str, str]:
    """The columns that point to other tables, by the table they point to."""
    return {c.kind.table: c.name for c in table.columns if isinstance(c.kind, k.Ref)}


def _answers(table: d.TypedTable, tables: Mapping[str, d.TypedTable]) -> Iterator[AnswersColumn]:
    refs = {name: column for name, column in _refs(table).items() if name in tables}
    for column in table.columns:
        if not isinstance(column.kind, k.Choice) or len(refs) != 2:
            continue
        items = _items_of(column.kind.scale, refs, tables)
        people = next((name for name in refs if name != items), None)
        if items is not None and people is not None:
            yield AnswersColumn(table, column, tables[items], tables[people], refs[items], refs[people])


def _items_of(scale: k.Scale, refs: Mapping[str, str], tables: Mapping[str, d.TypedTable]) -> str | None:
    """The table of items among those that answers point to; where every item has one scale, the one without people."""
    if isinstance(scale, k.ItemScale):
        return scale.table if scale.table in refs else None
    others = [name for name in refs if not _counts_people(tables[name])]
    return others[0] if len(others) == 1 else None


def _published(table: d.TypedTable, tables: Mapping[str, d.TypedTable]) -> Iterator[PublishedColumn]:
    refs = _refs(table)
    for column in table.columns:
        scale = column.kind.scale if isinstance(column.kind, k.Dist) else None
        if isinstance(scale, k.ItemScale) and scale.table in refs and scale.table in tables:
            axes = tuple(
                c.name for c in table.columns if isinstance(c.kind, k.Of) and c.kind.vocabulary.is_axis
            )
            yield PublishedColumn(table, column, tables[scale.table], refs[scale.table], axes)
