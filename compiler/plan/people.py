"""The people's side of an audit: every distribution of human answers that its terms name, along the grid's axes.

Expects opened tables and the grid. Ensures that cells are aligned with the levels of the grid by name, that cells with
nobody in them are missing, and that n and effective n come along where they are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from cyclspec.compiler.axes import Axis, Grid, Presence
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.groups import By
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.people import HumanCells, ItemScales, answers_given, distribution_of_people
from cyclspec.compiler.data.published import distribution_of_table
from cyclspec.compiler.plan.budget import present_cells
from cyclspec.compiler.plan.columns import scale_rows
from cyclspec.compiler.plan.people_rows import is_redrawn, people_rows
from cyclspec.compiler.plan.sources import audit_terms
from cyclspec.compiler.scores.tables import HumanTerm, PeopleCells, PeopleRows
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import EmptyCells
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Tables = Mapping[str, LoadedTable]
Axes = Mapping[str, Axis]


def human_terms(audit: d.TypedAudit) -> Iterator[HumanTerm]:
    """The distinct terms of an audit that stand for people's distributions."""
    seen: set[HumanTerm] = set()
    for term in audit_terms(audit):
        is_human = isinstance(term, h.PeopleTerm) or (
            isinstance(term, h.ColumnTerm) and isinstance(term.type.kind, k.Dist)
        )
        if is_human and term not in seen:
            assert isinstance(term, h.PeopleTerm | h.ColumnTerm)
            seen.add(term)
            yield term


def counted_terms(audit: d.TypedAudit) -> Iterator[h.HeadcountTerm]:
    """The distinct numbers of people of an audit."""
    found = (term for term in audit_terms(audit) if isinstance(term, h.HeadcountTerm))
    yield from dict.fromkeys(found)


def people_cells(audit: d.TypedAudit, grid: Grid, tables: Tables) -> dict[HumanTerm, PeopleCells]:
    """Every human distribution of an audit, by its term; those that cannot be counted yet are left out."""
    found = ((term, cells_of(audit, grid.axes, tables, term)) for term in human_terms(audit))
    return {
        term: replace(cells, rows=_rows(audit, grid, tables, term))
        for term, cells in found
        if cells is not None
    }


def people_present(audit: d.TypedAudit, axes: Axes, tables: Tables, term: HumanTerm) -> Presence:
    """In which cells of its axes a distribution has people. Raises `SpecError` where it cannot be counted yet."""
    cells = cells_of(audit, axes, tables, term)
    if cells is None:
        raise SpecError([NotLowered(span=term.span, what=_refused(term, axes))])
    return Presence(cells.axes, cells.ok)


def empty_cells(
    audit: d.TypedAudit, grid: Grid, people: Mapping[HumanTerm, PeopleCells]
) -> Iterator[EmptyCells]:
    """A warning for each distribution that has nobody in some cell of the grid."""
    for term, cells in people.items():
        exist = present_cells(grid, cells.axes)
        empty = int((exist & ~cells.ok).sum())
        if empty:
            total, what = int(exist.sum()), "this distribution"
            helps = _only_where_people(audit, term, cells.axes)
            yield EmptyCells(span=term.span, count=empty, total=total, what=what, helps=helps)


def _only_where_people(audit: d.TypedAudit, term: HumanTerm, axes: tuple[str, ...]) -> tuple[str, ...]:
    """The condition that leaves the other cells out, on the last `each` that binds one of their axes."""
    bound = {name for each in audit.eaches for name in each.names}
    last = next((each for each in reversed(audit.eaches) if set(each.names) & set(axes)), None)
    if (
        last is None
        or not set(axes) <= bound
        or (isinstance(last.where, h.LogicTerm) and last.where.op == "or")
    ):
        return ()
    word = "where" if last.where is None else "and"
    text = " ".join(term.span.text.split())
    text = f"({text})" if isinstance(term, h.PeopleTerm) else text
    each = " ".join(last.span.text.split())
    return (f"ask only where there are people: `{each} {word} not is_missing({text})`",)


def refused_people(audit: d.TypedAudit, grid: Grid) -> tuple[NotLowered, ...]:
    """The human distributions of an audit that are typed and cannot be counted yet."""
    terms = (*human_terms(audit), *(term.shares for term in counted_terms(audit)))
    found = ((term, _refused(term, grid.axes)) for term in terms)
    return tuple(NotLowered(span=term.span, what=what) for term, what in found if what)


def _refused(term: HumanTerm, axes: Axes) -> str:
    kind = term.type.kind
    if not isinstance(kind, k.Dist) or not isinstance(kind.scale, k.ItemScale):
        return "a distribution over a scale that does not come with the items"
    if kind.scale.axis not in axes:
        return f"answers to items without `each {kind.scale.axis}`"
    return ""


def _scale(term: HumanTerm) -> k.ItemScale:
    if isinstance(term.type.kind, k.Dist) and isinstance(term.type.kind.scale, k.ItemScale):
        return term.type.kind.scale
    raise InternalError("people", "a distribution over a scale that does not come with the items")


def _reference(table: d.TypedTable, to: str) -> str:
    """The column of a table that points to another."""
    names = [c.name for c in table.columns if isinstance(c.kind, k.Ref) and c.kind.table == to]
    if len(names) != 1:
        raise InternalError("people", f"`{table.name}` has {len(names)} columns that point to `{to}`")
    return names[0]


def _by(audit: d.TypedAudit, people: str, name: str) -> By:
    """A column to group by, or the column of whose levels it is an attribute."""
    columns = audit.tables[people].columns
    if any(column.name == name for column in columns):
        return name
    for column in columns:
        if isinstance(column.kind, k.Of) and name in column.kind.vocabulary.attributes:
            levels = column.kind.vocabulary.levels
            return column.name, {
                level.name: level.attributes[name] for level in levels if name in level.attributes
            }
    raise InternalError("people", f"`{people}` has no column `{name}`")


def _items(axes: Axes, tables: Tables, term: HumanTerm) -> dict[str, Scale]:
    scale = _scale(term)
    rows = scale_rows(scale, axes, tables)
    return dict(zip(axes[scale.axis].levels, rows, strict=True))


def _rows(audit: d.TypedAudit, grid: Grid, tables: Tables, term: HumanTerm) -> PeopleRows | None:
    """The answers behind a distribution, where some measure needs them."""
    if not isinstance(term, h.PeopleTerm) or not is_redrawn(audit, term.people):
        return None
    items, table, people = _items(grid.axes, tables, term), audit.tables[term.table], tables[term.people]
    given = answers_given(
        tables[term.table],
        people,
        items=items,
        item=_reference(table, _scale(term).table),
        person=_reference(table, term.people),
        value=term.column,
    )
    by = [_by(audit, term.people, name) for name in term.by]
    asked = ItemScales(tuple(items), tuple(items.values()))
    return people_rows(audit, grid, people, term, by, asked, given)


def _human(audit: d.TypedAudit, axes: Axes, tables: Tables, term: HumanTerm) -> HumanCells:
    scale, items, table = _scale(term), _items(axes, tables, term), audit.tables[term.table]
    match term:
        case h.PeopleTerm():
            return distribution_of_people(
                tables[term.table],
                tables[term.people],
                items=items,
                item=_reference(table, scale.table),
                person=_reference(table, term.people),
                value=term.column,
                by=[_by(audit, term.people, name) for name in term.by],
                weight=term.weight,
                count_missing=audit.count_missing,
            )
        case h.ColumnTerm():
            return distribution_of_table(
                tables[term.table],
                items=items,
                item=_reference(table, scale.table),
                value=term.column,
                by=[c.name for c in table.columns if isinstance(c.kind, k.Of) and c.name in term.type.axes],
                n="n" if table.column("n") is not None else None,
                count_missing=audit.count_missing,
            )


def positions(axis: Axis | None, levels: tuple[str, ...]) -> list[int]:
    """Where the levels of the grid stand among those of the data."""
    if axis is None:
        return list(range(len(levels)))
    known = {level: i for i, level in enumerate(levels)}
    return [known.get(level, -1) for level in axis.levels]


def cells_of(audit: d.TypedAudit, axes: Axes, tables: Tables, term: HumanTerm) -> PeopleCells | None:
    """The distribution that a term stands for; None where it cannot be counted yet."""
    return None if _refused(term, axes) else _aligned(term, _human(audit, axes, tables, term), axes)


def _aligned(term: HumanTerm, human: HumanCells, axes: Axes) -> PeopleCells:
    """The same cells along the levels of the grid; levels that the data lacks are missing."""
    share, n, n_eff = human.share, human.n, human.n_eff
    names = term.by if isinstance(term, h.PeopleTerm) else human.axes
    for dimension, (name, levels) in enumerate(zip(names, human.levels, strict=True), start=1):
        at = positions(axes.get(name), levels)
        absent = np.array([position < 0 for position in at])
        chosen = np.maximum(at, 0)
        share, n = np.take(share, chosen, axis=dimension), np.take(n, chosen, axis=dimension)
        n_eff = np.take(n_eff, chosen, axis=dimension)
        index = (slice(None),) * dimension + (absent,)
        share[index], n[index], n_eff[index] = 0.0, 0, 0.0
    return PeopleCells(
        axes=(_scale(term).axis, *names),
        share=share,
        n=n if human.n_known else None,
        n_eff=n_eff if human.n_known else None,
        ok=n > 0,
    )
