"""The answers behind a distribution of people, for measures that draw those people again or permute their groups.

Expects opened tables and the grid. Ensures that answers, people and groups are aligned with the cells of the
distribution, and that everybody who was sampled is in a unit: who did not answer is drawn as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Axis, Grid
from cyclspec.compiler.data.groups import By, groups_of
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.data.people import GivenAnswers, ItemScales, weights_of
from cyclspec.compiler.scores.clusters import name_of
from cyclspec.compiler.scores.tables import PeopleRows, PeopleUnits
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Integers = NDArray[np.int64]


def is_redrawn(audit: d.TypedAudit, people: str) -> bool:
    """Whether some measure draws the people of a table again, or permutes their groups."""
    tests = (measure.test for measure in audit.measures)
    permuted = (test.people for test in tests if isinstance(test, d.Permutation))
    return people in permuted or any(True for _ in redrawings(audit, people))


def redrawings(audit: d.TypedAudit, people: str) -> Iterable[d.Drawn]:
    """How intervals draw the people of a table."""
    intervals = (measure.interval for measure in audit.measures if measure.interval is not None)
    return (one for interval in intervals for one in interval.drawings if one.people == people)


def people_rows(
    audit: d.TypedAudit,
    grid: Grid,
    people: LoadedTable,
    term: h.PeopleTerm,
    by: list[By],
    asked: ItemScales,
    given: GivenAnswers,
) -> PeopleRows:
    """The rows of one distribution: answers that count, of people with a group and a weight."""
    weight = weights_of(people, term.weight)
    group = np.where(weight > 0.0, _groups(grid, people, term.by, by), -1)
    _, missing = asked.flags()
    counted = (given.option >= 0) & (group[given.person] >= 0)
    if not audit.count_missing:
        counted &= ~missing[given.item, np.maximum(given.option, 0)]
    kept = np.flatnonzero(counted)
    drawn = {name_of(one): one for one in (*redrawings(audit, term.people), d.Drawn(term.person))}
    return PeopleRows(
        person=given.person[kept],
        item=given.item[kept],
        option=given.option[kept],
        weight=weight,
        group=group,
        units={name: _units(people, one, weight > 0.0) for name, one in drawn.items()},
    )


def _groups(grid: Grid, people: LoadedTable, names: tuple[str, ...], by: list[By]) -> Integers:
    """The flat group of each person along the levels of the grid; -1 for who is in none."""
    found = groups_of(people, by)
    places = np.unravel_index(np.maximum(found.index, 0), found.shape) if names else ()
    inside = found.index >= 0
    flat = np.zeros(people.n_rows, dtype=np.int64)
    for name, levels, place in zip(names, found.levels, places, strict=True):
        axis = grid.axes.get(name)
        at = np.array(_among(axis, levels), dtype=np.int64)[place]
        inside &= at >= 0
        flat = flat * (len(levels) if axis is None else len(axis)) + at
    return np.where(inside, flat, -1)


def _among(axis: Axis | None, levels: tuple[str, ...]) -> list[int]:
    """Where the levels of the data stand among those of the grid."""
    known = {level: at for at, level in enumerate(levels if axis is None else axis.levels)}
    return [known.get(level, -1) for level in levels]


def _units(people: LoadedTable, drawn: d.Drawn, sampled: NDArray[np.bool_]) -> PeopleUnits:
    """Who is drawn with whom. Who has no cluster is drawn alone; who have no stratum are one."""
    persons = np.flatnonzero(sampled)
    stratum = _codes(None if drawn.strata is None else people[drawn.strata], people.n_rows)[persons]
    cluster = _codes(None if drawn.cluster is None else people[drawn.cluster], people.n_rows)[persons]
    cluster = np.where(cluster < 0, cluster.max(initial=0) + 1 + persons, cluster)
    pairs, index = np.unique(np.stack([stratum, cluster]), axis=1, return_inverse=True)
    unit = np.full(people.n_rows, -1, dtype=np.int64)
    unit[persons] = index.reshape(-1)
    _, rising = np.unique(pairs[0], return_inverse=True)
    return PeopleUnits(unit, rising.reshape(-1).astype(np.int64))


def _codes(column: LoadedColumn | None, rows: int) -> Integers:
    """What a column tells apart, by number; -1 where it says nothing."""
    if column is None:
        return np.full(rows, -1, dtype=np.int64)
    if column.column.kind != "count":
        codes: Integers = column.values.astype(np.int64)
        return codes
    index = np.unique(column.values, return_inverse=True)[1].reshape(-1)
    found: Integers = np.where(column.null, -1, index).astype(np.int64)
    return found
