"""What is amiss in a corpus, as diagnostics.

Expects the facts of a corpus and its checked program. Ensures warnings where an audit could still be run, errors
where a run would refuse the data, each with the place that declares it and the first few of what is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from cyclspec.compiler.description.facts import (
    AnswersFacts,
    Cell,
    CellsFacts,
    CorpusFacts,
    DesignFacts,
    DuplicateFacts,
    LanguageFacts,
    PeopleFacts,
    PublishedFacts,
)
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy07_corpora import (
    AskedInFew,
    DesignIncomplete,
    MuchMissing,
    NeverChosen,
    Repeated,
    SmallCells,
    TextsMissing,
    WeightsOff,
    WeightUnused,
)
from cyclspec.language.diagnostics.cy07_data_and_plan import BadRow, EmptyCells
from cyclspec.language.spans import Span
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context

_NAMED = 3
# Fewer rows than this say nothing of the rate of missing answers in a group.
_FEWEST_ROWS = 30
_FEW = 0.5
_OFF = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What is told of: `missing` is the largest share of missing answers that an item or one of its groups may have."""

    missing: float = 0.2


def findings(facts: CorpusFacts, context: Context, limits: Limits) -> tuple[Diagnostic, ...]:
    """Every finding, sorted by place."""
    found = chain(
        chain.from_iterable(_of_people(people, context) for people in facts.people),
        chain.from_iterable(_of_answers(answers, context, limits) for answers in facts.answers),
        chain.from_iterable(_of_published(published, context, limits) for published in facts.published),
        _of_languages(facts.languages),
        (_repeated(one, context) for one in facts.duplicates),
    )
    return tuple(sorted(found, key=Diagnostic.order))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(f"`{name[:60]}`" for name in names[:_NAMED]) + more


def _some(lines: Sequence[str]) -> tuple[str, ...]:
    """One note that lists the first few."""
    more = f"; and {len(lines) - _NAMED:,} more" if len(lines) > _NAMED else ""
    return ("; ".join(lines[:_NAMED]) + more,) if lines else ()


def _place(table: d.TypedTable) -> str:
    return Path(table.path).name


# ---- people


def _of_people(people: PeopleFacts, context: Context) -> Iterator[Diagnostic]:
    table = context.tables[people.table]
    for cells in people.cells:
        yield from _cells(cells, people, table.span)
    if people.design is not None:
        yield from _design(people.design, table)
    yield from _weights(people, table)
    column = table.column("weight")
    if people.weight is None and column is not None and isinstance(column.kind, k.Number):
        helps = (f"add `weight = weight` to table `{table.name.split('.')[-1]}`",)
        yield WeightUnused(span=column.span, column="weight", helps=helps)


def _cells(cells: CellsFacts, people: PeopleFacts, span: Span) -> Iterator[Diagnostic]:
    what = f"target `{cells.target}`" if cells.target else f"`{people.table}`"
    if cells.empty:
        names = [_cell(cells.axes, cell) for cell in cells.cells if cell.n == 0]
        notes = _some(names) if len(names) == cells.empty else ()
        yield EmptyCells(span=span, count=cells.empty, total=cells.total, what=what, notes=notes)
    if cells.small:
        few = sorted((cell for cell in cells.cells if 0 < cell.n < cells.least), key=lambda cell: cell.n)
        notes = _some([f"{_cell(cells.axes, cell)}: {cell.n}" for cell in few])
        yield SmallCells(
            span=span, count=cells.small, total=cells.total, what=what, least=cells.least, notes=notes
        )


def _cell(axes: Sequence[str], cell: Cell) -> str:
    return ", ".join(f"{axis} {level}" for axis, level in zip(axes, cell.levels, strict=True))


def _design(design: DesignFacts, table: d.TypedTable) -> Iterator[Diagnostic]:
    if design.incomplete:
        problem = f"{design.incomplete:,} people of `{table.name}` have no stratum or no cluster"
        notes = ("no design effect can be computed from the strata and clusters",)
        yield DesignIncomplete(span=table.span, problem=problem, notes=notes)
    if design.lonely:
        problem = (
            f"{len(design.lonely):,} of {design.n_strata or 1:,} strata of `{table.name}` have one cluster"
        )
        notes = (f"their variance is taken around the mean of the sample: {_listed(design.lonely)}",)
        yield DesignIncomplete(span=table.span, problem=problem, notes=notes)


def _weights(people: PeopleFacts, table: d.TypedTable) -> Iterator[Diagnostic]:
    off = [found for found in people.weights if found.mean is not None and abs(found.mean - 1) > _OFF]
    if not off:
        return
    helps = (f"divide the weights by their mean{f' in each {people.within}' if people.within else ''}",)
    if people.within is None:
        where = f"in `{people.table}`, but {off[0].mean:.4g}"
        yield WeightsOff(span=_column_span(table, people.weight), where=where, helps=helps)
        return
    where = f"in {len(off):,} of {len(people.weights):,} levels of `{people.within}`"
    farthest = sorted(off, key=lambda found: -abs((found.mean or 0) - 1))
    notes = _some([f"{found.level}: {found.mean:.4g}" for found in farthest])
    yield WeightsOff(span=_column_span(table, people.weight), where=where, notes=notes, helps=helps)


def _column_span(table: d.TypedTable, name: str | None) -> Span:
    column = table.column(name or "")
    return table.span if column is None else column.span


# ---- answers


def _of_answers(answers: AnswersFacts, context: Context, limits: Limits) -> Iterator[Diagnostic]:
    span = _column_span(context.tables[answers.table], answers.column)
    asked = [(item.item, item.asked_in) for item in answers.items]
    yield from _few(span, answers.levels, asked)
    never = [(item.item, item.never) for item in answers.items if item.never]
    yield from _never(span, never, len(answers.items))
    much = {item.item for item in answers.items if (item.missing or 0) > limits.missing}
    rates = [f"{item.item}: {item.missing:.0%}" for item in answers.items if item.item in much]
    yield from _missing(span, f"{len(much):,} of {len(answers.items):,} items", rates, limits)
    groups = [
        group
        for group in answers.missing
        if group.item not in much and group.n >= _FEWEST_ROWS and group.n_missing > limits.missing * group.n
    ]
    rates = [f"{g.item} in {g.axis} {g.level}: {g.n_missing / g.n:.0%}" for g in groups]
    yield from _missing(span, f"{len(groups):,} groups of items with fewer on the whole", rates, limits)


def _few(
    span: Span, levels: Mapping[str, int], asked: Sequence[tuple[str, Mapping[str, int]]]
) -> Iterator[Diagnostic]:
    for axis, total in levels.items():
        few = [item for item, where in asked if where[axis] < _FEW * total]
        if few:
            notes = (f"{_listed(few)}; there are people in {total} of them",)
            yield AskedInFew(span=span, count=len(few), total=len(asked), axis=axis, notes=notes)


def _never(span: Span, never: Sequence[tuple[str, tuple[str, ...]]], total: int) -> Iterator[Diagnostic]:
    if never:
        notes = _some([f"{item}: {_listed(codes)}" for item, codes in never])
        yield NeverChosen(span=span, count=len(never), total=total, notes=notes)


def _missing(span: Span, what: str, rates: Sequence[str], limits: Limits) -> Iterator[Diagnostic]:
    if rates:
        yield MuchMissing(span=span, what=what, limit=f"{limits.missing:.0%}", notes=_some(rates))


def _of_published(published: PublishedFacts, context: Context, limits: Limits) -> Iterator[Diagnostic]:
    table = context.tables[published.table]
    span = _column_span(table, published.column)
    off = [one for one in published.off if abs(one.deviation) > published.tolerance]
    if off:
        problem = f"{len(off):,} of {published.rows:,} distributions do not sum to 1 within {published.tolerance:.2%}"
        notes = _some([f"{_group(one.item, one.levels)}: {1 + one.deviation:.4g}" for one in off])
        yield BadRow(span=span, problem=problem, place=_place(table), notes=notes)
    if published.small:
        yield SmallCells(
            span=span,
            count=published.small,
            total=published.rows,
            what=f"`{published.table}`",
            least=published.least,
        )
    yield from _few(span, published.levels, [(item.item, item.asked_in) for item in published.items])
    never = [(item.item, item.never) for item in published.items if item.never]
    yield from _never(span, never, len(published.items))
    much = [item for item in published.items if (item.missing or 0) > limits.missing]
    rates = [f"{item.item}: {item.missing:.0%}" for item in much]
    yield from _missing(span, f"{len(much):,} of {len(published.items):,} items", rates, limits)


def _group(item: str, levels: Iterable[str]) -> str:
    return " ".join((item, *levels))


# ---- texts and repetitions


def _of_languages(facts: Sequence[LanguageFacts]) -> Iterator[Diagnostic]:
    every = sorted({lang for found in facts for lang in found.have})
    for found in facts:
        lacking = {lang: found.total - found.plain - found.have.get(lang, 0) for lang in every}
        langs = [lang for lang, count in lacking.items() if count]
        if langs:
            notes = _some([f"{lang}: {lacking[lang]:,} of {found.total:,} missing" for lang in langs])
            yield TextsMissing(span=found.span, what=found.what, langs=_listed(langs), notes=notes)


def _repeated(found: DuplicateFacts, context: Context) -> Diagnostic:
    table = context.tables[found.table]
    notes = _some([" = ".join(group) for group in found.groups])
    match found.kind:
        case "people":
            what = f"people of `{table.name}` equal another in every column and every answer"
        case "items":
            what = f"items of `{table.name}` have the question and the options of another"
        case "answers":
            notes = _some([f"{item} by {person}" for item, person in found.groups])
            problem = f"{found.count:,} second answers of the same person to the same item"
            return BadRow(span=table.span, problem=problem, place=_place(table), notes=notes)
        case _:
            problem = f"{found.count:,} second distributions of the same item and group"
            return BadRow(span=table.span, problem=problem, place=_place(table))
    return Repeated(span=table.span, count=found.count, total=found.total, what=what, notes=notes)
