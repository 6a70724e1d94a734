"""Tables as the language declares them, to tables as the data layer reads them.

Expects a typed audit. Ensures that only the tables that the audit reaches are opened, with those they refer to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.contracts import Budget, Check, Column, Format, Kind, Level, Table
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.tables import read_tables
from cyclspec.compiler.plan.conditions import holds
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d


def terms_in(term: h.Term, bodies: set[int] | None = None) -> Iterator[h.Term]:
    """A term and everything in it, the body of a metric once, however many calls share it.

    `bodies` are those that were walked before, by identity.
    """
    bodies = set() if bodies is None else bodies
    yield term
    if isinstance(term, h.MetricTerm):
        if id(term.body) not in bodies:
            bodies.add(id(term.body))
            yield from terms_in(term.body, bodies)
        yield from _inside(term.args, bodies)
        return
    for name in type(term).__dataclass_fields__:
        if name not in ("type", "span"):
            yield from _inside(getattr(term, name), bodies)


def _inside(value: object, bodies: set[int]) -> Iterator[h.Term]:
    if isinstance(value, h.Base):
        yield from terms_in(cast(h.Term, value), bodies)
    elif isinstance(value, tuple):
        for item in value:
            yield from _inside(item, bodies)


def _own_terms(audit: d.TypedAudit) -> Iterator[h.Term]:
    """The terms of the statements of an audit."""
    yield from (each.where for each in audit.eaches if each.where is not None)
    yield from (term for ask in audit.asks for _, term in ask.args)
    yield from (read.term for read in audit.reads)


def audit_terms(audit: d.TypedAudit) -> Iterator[h.Term]:
    """Every term of an audit, each body of a metric once."""
    bodies: set[int] = set()
    for term in _own_terms(audit):
        yield from terms_in(term, bodies)


def _named(audit: d.TypedAudit) -> Iterator[str]:
    """The tables that an audit reaches directly."""
    for each in audit.eaches:
        yield from _source_tables(audit, each.source)
    for ask in audit.asks:
        if isinstance(ask.reader, d.Recorded):
            yield ask.reader.table
        if isinstance(ask.scale, k.ItemScale):
            yield ask.scale.table
    for term in audit_terms(audit):
        match term:
            case h.PeopleTerm(table=table, people=people) | h.HeadcountTerm(table=table, people=people):
                yield from (table, people)
            case h.PopulationTerm(target=target):
                yield audit.targets[target].people
            case h.ColumnTerm(table=table):
                yield table


def _source_tables(audit: d.TypedAudit, source: d.AxisSource) -> Iterator[str]:
    match source:
        case d.TableSource(table) | d.SampleSource(table=table) | d.ChildSource(table=table):
            yield table
        case d.TargetSource(target):
            yield audit.targets[target].people
        case d.DrawSource(source=d.TableSource(table)):
            yield table
        case d.PermutationsSource(scale=k.ItemScale(table=table)):
            yield table


def _pointed(table: d.TypedTable) -> Iterator[str]:
    for column in table.columns:
        match column.kind:
            case k.Ref(name):
                yield name
            case k.Choice(scale) | k.Dist(scale) | k.Counts(scale) | k.LogProbs(scale) if isinstance(
                scale, k.ItemScale
            ):
                yield scale.table


def tables_of(audit: d.TypedAudit) -> tuple[str, ...]:
    """The tables that an audit needs, with those they refer to."""
    return with_pointed(audit.tables, _named(audit))


def contract_levels(vocabulary: k.Vocabulary) -> tuple[Level, ...]:
    """The levels of a vocabulary as the data layer reads them."""
    return tuple(
        Level(
            name=level.name,
            code=level.code if level.low is None else None,
            low=level.low,
            high=level.high,
            label=level.label,
            missing=level.missing,
            value=level.value,
        )
        for level in vocabulary.levels
    )


def _check_rows(term: h.Term, name: str, values: Any) -> NDArray[np.bool_]:
    return holds(term, {name: values}, len(values))


def _check(column: d.TypedColumn) -> Check | None:
    if column.check is None:
        return None
    names = {term.name for term in terms_in(column.check) if isinstance(term, h.FormalTerm)}
    if names - {column.name}:
        what = "a condition over several columns"
        raise SpecError([NotLowered(span=column.check.span, what=what)])
    return partial(_check_rows, column.check, column.name)


def _column(column: d.TypedColumn) -> Column:
    base = Column(
        name=column.name,
        kind="text",
        optional=column.optional,
        check=_check(column),
        check_text=column.check.span.text if column.check else "",
        span=column.span,
        declared=column.declared,
    )
    return _with_kind(base, column)


_OVER_OPTIONS: Mapping[type, Kind] = {
    k.Choice: "choice",
    k.Dist: "dist",
    k.Counts: "counts",
    k.LogProbs: "logprobs",
}


def _with_kind(base: Column, column: d.TypedColumn) -> Column:
    match column.kind:
        case k.Key():
            return replace(base, kind="key")
        case k.Text(langs):
            return replace(base, kind="text", langs=langs)
        case k.ListOf(k.Text(langs), low, high):
            return replace(base, kind="texts", langs=langs, low=low, high=high)
        case k.Number(_, whole):
            return replace(base, kind="count" if whole else "real")
        case k.Bool():
            return replace(base, kind="bool")
        case k.Lang():
            return replace(base, kind="lang")
        case k.Of(vocabulary) if vocabulary.open:
            return replace(base, kind="levels_open", ordered=vocabulary.ordered)
        case k.Of(vocabulary):
            return replace(base, kind="level", levels=contract_levels(vocabulary), ordered=vocabulary.ordered)
        case k.ScaleValue(k.ItemScale(ordered=ordered, low=low, high=high)):
            return replace(base, kind="scale", ordered=ordered, low=low, high=high)
        case k.Ref(table):
            return replace(base, kind="ref", table=table)
        case k.Choice(scale) | k.Dist(scale) | k.Counts(scale) | k.LogProbs(scale):
            kind = _OVER_OPTIONS[type(column.kind)]
            if isinstance(scale, k.ItemScale):
                return replace(base, kind=kind, table=scale.table, of=scale.column)
            assert isinstance(scale, k.Vocabulary)
            return replace(base, kind=kind, levels=contract_levels(scale), ordered=scale.ordered)
    what = f"a column of type `{k.kind_text(column.kind)}`"
    raise SpecError([NotLowered(span=column.span, what=what)])


def declared_table(table: d.TypedTable) -> Table:
    """One table with its file, found beside the module that declares it."""
    return Table(
        name=table.name,
        path=Path(table.folder) / table.path,
        format=cast(Format, table.format),
        columns=tuple(_column(column) for column in table.columns),
        hash=table.hash,
        span=table.span,
        tolerance=table.tolerance,
        locked=table.locked,
        elsewhere=table.elsewhere,
    )


def with_pointed(tables: Mapping[str, d.TypedTable], names: Iterable[str]) -> tuple[str, ...]:
    """Tables with those that they refer to, in the order of their names."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting.extend(_pointed(tables[name]))
    return tuple(sorted(found))


def open_tables(
    known: Mapping[str, d.TypedTable], names: Iterable[str], budget: Budget | None = None
) -> Mapping[str, LoadedTable]:
    """Reads and checks tables; their digests are in the result. Raises `SpecError` with every bad place."""
    declared = [known[name] for name in names]
    if any(not table.format for table in declared):
        raise InternalError("open tables", "a table without a source passed the checker")
    return read_tables(map(declared_table, declared), budget)
