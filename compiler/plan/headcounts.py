"""How many people stand behind answers, and what share of a target they are, along the grid's axes.

Expects opened tables, the grid, and the distributions of people that were counted already. Ensures that a level without
anybody counts zero, and that shares of a target are of everybody in it, cells below its `min_n` among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.groups import groups_of
from cyclspec.compiler.data.people import ratio, sums, weights_of
from cyclspec.compiler.plan.people import Tables, cells_of, counted_terms, positions
from cyclspec.compiler.plan.sources import audit_terms
from cyclspec.compiler.scores.tables import Headcount, HeadcountCells, HumanTerm, PeopleCells
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d


def headcounts(
    audit: d.TypedAudit, grid: Grid, tables: Tables, people: Mapping[HumanTerm, PeopleCells]
) -> dict[Headcount, HeadcountCells]:
    """Every number of people and every share of a target that an audit names."""
    return {**dict(_counted(audit, grid, tables, people)), **dict(_shares(audit, grid, tables))}


def _counted(
    audit: d.TypedAudit, grid: Grid, tables: Tables, people: Mapping[HumanTerm, PeopleCells]
) -> Iterator[tuple[Headcount, HeadcountCells]]:
    for term in counted_terms(audit):
        shares = term.shares
        cells = people.get(shares) or cells_of(audit, grid.axes, tables, shares)
        if cells is None:
            continue
        number = cells.n if term.number == "n" else cells.n_eff
        if number is None:
            raise InternalError("people", "microdata without a number of people")
        yield term, HeadcountCells(cells.axes, number.astype(np.float64))


def _shares(audit: d.TypedAudit, grid: Grid, tables: Tables) -> Iterator[tuple[Headcount, HeadcountCells]]:
    found = (term for term in audit_terms(audit) if isinstance(term, h.PopulationTerm))
    for term in dict.fromkeys(found):
        yield term, _share(audit.targets[term.target], grid, tables)


def _share(target: d.TypedTarget, grid: Grid, tables: Tables) -> HeadcountCells:
    """The weighted share of each combination among all people who have a level on every axis."""
    people = tables[target.people]
    groups, weights = groups_of(people, target.axes), weights_of(people, target.weight)
    inside = np.flatnonzero(groups.index >= 0)
    mass = sums(groups.index[inside], weights[inside], groups.size)
    value = ratio(mass, np.full_like(mass, mass.sum())).reshape(groups.shape)
    for dimension, (name, levels) in enumerate(zip(groups.axes, groups.levels, strict=True)):
        at = np.array(positions(grid.axes.get(name), levels))
        value = np.take(value, np.maximum(at, 0), axis=dimension)
        value[(slice(None),) * dimension + (at < 0,)] = 0.0
    return HeadcountCells(groups.axes, value)
