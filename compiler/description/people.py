"""Who is in a sample: cells, marginals, weights and the design.

Expects a loaded table of people, as its declaration says. Ensures counts of people of positive weight, that
nobody is counted in a level that they do not have, and that combinations too many to look at are counted and not
listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from cyclspec.compiler.data.groups import Groups, groups_of
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.people import kish, ratio, sums, weights_of
from cyclspec.compiler.description.design import Floats, SampleDesign, sample_design, shares_of
from cyclspec.compiler.description.facts import (
    Cell,
    CellsFacts,
    DesignFacts,
    Marginal,
    PeopleFacts,
    WeightFacts,
)
from cyclspec.compiler.description.layout import MOST_LEVELS, axis_columns, vocabulary_columns
from cyclspec.language.types import typed as d

MOST_CELLS = 100_000
"""More combinations of levels than this are counted and not listed."""
_LISTED_EMPTY = 1000


def people_facts(
    declared: d.TypedTable,
    people: LoadedTable,
    targets: Sequence[d.TypedTarget],
    *,
    within: str | None,
    min_n: int | None,
    default_n: int,
) -> PeopleFacts:
    """The facts of one table of people. `targets` are those that cut it; `min_n` replaces what they ask for.

    Raises `SpecError` (`BadRow`) for a weight that is negative, not finite or absent.
    """
    weight = weights_of(people, declared.weight)
    design = sample_design(people, declared.strata, declared.cluster)
    axes = axis_columns(declared)
    total = math.prod(len(groups_of(people, [axis]).levels[0]) for axis in axes)
    chosen = within if within in vocabulary_columns(declared) else None
    return PeopleFacts(
        table=declared.name,
        n=int(np.count_nonzero(weight > 0)),
        n_eff=_n_eff(weight),
        weight=declared.weight,
        within=chosen,
        weights=tuple(_weights(people, weight, chosen)) if declared.weight else (),
        design=None if design is None else _design(declared, design),
        cells=tuple(_cells(declared, people, targets, axes, total, min_n, default_n)),
        too_many_cells=total if not targets and total > MOST_CELLS else 0,
        marginals=tuple(
            _marginal(people, axis, weight, design)
            for axis in vocabulary_columns(declared)
            if len(people[axis].codes) <= MOST_LEVELS
        ),
    )


def _n_eff(weight: Floats) -> float:
    return float(kish(np.zeros(len(weight), np.int64), weight, 1)[0])


def _design(declared: d.TypedTable, design: SampleDesign) -> DesignFacts:
    n = design.clusters_by_stratum
    return DesignFacts(
        strata=declared.strata,
        cluster=declared.cluster,
        n_strata=int(np.count_nonzero(n)) if declared.strata else 0,
        n_clusters=len(design.stratum) if declared.cluster else 0,
        lonely=tuple(design.strata[i] for i in np.flatnonzero(n == 1).tolist()),
        incomplete=design.incomplete,
    )


def _marginal(people: LoadedTable, axis: str, weight: Floats, design: SampleDesign | None) -> Marginal:
    groups = groups_of(people, [axis])
    without = np.count_nonzero((groups.index < 0) & (weight > 0))
    return Marginal(axis, shares_of(groups.index, weight, groups.levels[0], design), int(without))


def _weights(people: LoadedTable, weight: Floats, within: str | None) -> Iterator[WeightFacts]:
    """The weights of all people, or of each level of an axis that has people."""
    if within is None:
        yield _weight_facts(None, weight)
        return
    groups = groups_of(people, [within])
    for position, level in enumerate(groups.levels[0]):
        of_level = weight[groups.index == position]
        if len(of_level):
            yield _weight_facts(level, of_level)


def _weight_facts(level: str | None, weight: Floats) -> WeightFacts:
    some = weight[weight > 0]
    return WeightFacts(
        level=level,
        n=len(weight),
        n_zero=len(weight) - len(some),
        mean=float(weight.mean()) if len(weight) else None,
        least=float(weight.min()) if len(weight) else None,
        largest=float(weight.max()) if len(weight) else None,
        deff_weights=len(some) / _n_eff(some) if len(some) else None,
    )


def _cells(
    declared: d.TypedTable,
    people: LoadedTable,
    targets: Sequence[d.TypedTarget],
    axes: tuple[str, ...],
    total: int,
    min_n: int | None,
    default_n: int,
) -> Iterator[CellsFacts]:
    """The cells of each target; of the demographic axes where there is none, and where they are not too many."""
    for target in targets:
        least = min_n if min_n is not None else target.min_n or default_n
        yield _cut(people, target.axes, target.weight, target.name, least)
    if not targets and axes and total <= MOST_CELLS:
        yield _cut(people, axes, declared.weight, None, default_n if min_n is None else min_n)


def _cut(
    people: LoadedTable, axes: tuple[str, ...], weight: str | None, target: str | None, least: int
) -> CellsFacts:
    weights = weights_of(people, weight)
    groups = groups_of(people, axes)
    inside = np.flatnonzero((groups.index >= 0) & (weights > 0))
    occupied, index = np.unique(groups.index[inside], return_inverse=True)
    listed = np.arange(groups.size) if groups.size <= max(_LISTED_EMPTY, 2 * len(occupied)) else occupied
    at = np.searchsorted(listed, occupied)[index]
    w, size = weights[inside], len(listed)
    n, n_eff, mass = np.bincount(at, minlength=size), kish(at, w, size), sums(at, w, size)
    share = ratio(mass, np.full(size, mass.sum()))
    some = len(inside) > 0
    return CellsFacts(
        target=target,
        axes=axes,
        weight=weight,
        least=least,
        total=groups.size,
        empty=groups.size - len(occupied),
        small=int(np.count_nonzero((n > 0) & (n < least))),
        n_without=int(np.count_nonzero((groups.index < 0) & (weights > 0))),
        cells=tuple(
            Cell(levels, int(n[i]), float(n_eff[i]), float(share[i]) if some else None)
            for i, levels in enumerate(_names(groups, listed.tolist()))
        ),
    )


def _names(groups: Groups, cells: Sequence[int]) -> Iterator[tuple[str, ...]]:
    for cell in cells:
        at = np.unravel_index(cell, groups.shape) if groups.shape else ()
        yield tuple(levels[int(i)] for levels, i in zip(groups.levels, at, strict=True))
