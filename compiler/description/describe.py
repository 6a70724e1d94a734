"""Reads the tables of a corpus and says what is in them.

Expects a checked program. Ensures that only the files of the corpus are opened, with those that they point to,
and that distributions whose sum is off are read and told of as far as they can be, so that all of them are seen
at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cyclspec.compiler.data.contracts import Budget
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.tables import read_tables
from cyclspec.compiler.description.answers import answers_facts, long_rows
from cyclspec.compiler.description.duplicates import duplicate_facts
from cyclspec.compiler.description.facts import CorpusFacts, TableFacts
from cyclspec.compiler.description.languages import language_facts
from cyclspec.compiler.description.layout import Layout, layout_of
from cyclspec.compiler.description.people import people_facts
from cyclspec.compiler.description.published import published_facts
from cyclspec.compiler.plan.sources import declared_table
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context

DEFAULT_LEAST = 30
"""How many people a cell should have where neither its target nor the caller says."""
WITHIN = "country"
# A sum this far from one is of no distribution at all, and its row is refused.
_WIDEST = 0.5


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a corpus is described.

    `target` names the only target whose cells are counted; `within` the axis in whose levels weights should
    average one; `min_n` how many people a cell should have, whatever its target says.
    """

    target: str | None = None
    within: str = WITHIN
    min_n: int | None = None

    @property
    def least(self) -> int:
        return DEFAULT_LEAST if self.min_n is None else self.min_n


def describe(context: Context, corpus: t.Corpus, scope: Scope, budget: Budget | None = None) -> CorpusFacts:
    """The facts of one corpus. Raises `SpecError` with every bad place of the first file that is refused."""
    targets = {
        name: target
        for name, target in context.targets.items()
        if scope.target is None or name == scope.target
    }
    layout = layout_of(corpus.name.name, context.tables, targets)
    tables = open_corpus(context, layout, budget)
    rows = [(place, long_rows(place, tables)) for place in layout.answers]
    published = tuple(published_facts(place, tables, least=scope.least) for place in layout.published)
    return CorpusFacts(
        corpus=corpus.name.name,
        **{name: _text(corpus, name) for name in ("title", "release", "licence")},
        tables=tuple(_table(table, tables[table.name]) for table in layout.tables),
        people=tuple(
            people_facts(
                table,
                tables[table.name],
                [target for target in targets.values() if target.people == table.name],
                within=scope.within,
                min_n=scope.min_n,
                default_n=DEFAULT_LEAST,
            )
            for table in layout.people
        ),
        answers=tuple(answers_facts(place, long, tables) for place, long in rows),
        published=published,
        languages=language_facts(context, layout, tables),
        duplicates=duplicate_facts(layout, rows, published, tables),
    )


def open_corpus(context: Context, layout: Layout, budget: Budget | None = None) -> Mapping[str, LoadedTable]:
    """The tables of a corpus and those that they point to. Raises `SpecError`."""
    found: dict[str, d.TypedTable] = {}
    waiting = [*layout.tables, *layout.people, *layout.items]
    while waiting:
        table = waiting.pop()
        if table.name not in found:
            found[table.name] = table
            waiting += [context.tables[name] for name in _pointed(table) if name in context.tables]
    declared = [declared_table(table) for table in found.values()]
    return read_tables([replace(table, tolerance=_WIDEST) for table in declared], budget)


def _pointed(table: d.TypedTable) -> list[str]:
    return [column.kind.table for column in table.columns if isinstance(column.kind, k.Ref)]


def _table(table: d.TypedTable, loaded: LoadedTable) -> TableFacts:
    return TableFacts(table.name, table.path, table.format, loaded.n_rows, loaded.digest)


def _text(corpus: t.Corpus, name: str) -> str | None:
    """A field of the corpus that is a text."""
    values = (field.value for field in corpus.fields if field.name.name == name)
    return next((value.value for value in values if isinstance(value, t.TextValue)), None)
