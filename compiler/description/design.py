"""Shares of people with their standard errors and design effects.

Expects one position for each person and weights that are finite and not negative. Ensures weighted and unweighted
shares over people of positive weight. With a sample design, the variance of a share is linearised (Taylor series
for a ratio of two totals; Woodruff 1971; Wolter 2007, section 6.3), with clusters taken as drawn with replacement
within strata, and a share among some of the people is a domain of the whole sample: clusters without any of them
count as well. A stratum with one cluster is centred at the mean of the sample, as `options(survey.lonely.psu =
"adjust")` of the R package survey does. All sums are in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.data.people import kish, ratio, sums
from cyclspec.compiler.description.facts import Share

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SampleDesign:
    """Strata and clusters of a sample.

    `cluster[person]` counts clusters, `stratum[cluster]` strata; a cluster is one within its stratum.
    `incomplete` are people whose stratum or cluster is not known: their `cluster` is -1, and nothing can be
    linearised.
    """

    cluster: Integers
    stratum: Integers
    strata: tuple[str, ...]
    incomplete: int

    @property
    def clusters_by_stratum(self) -> Integers:
        return np.bincount(self.stratum, minlength=len(self.strata))


def sample_design(people: LoadedTable, strata: str | None, cluster: str | None) -> SampleDesign | None:
    """The design that two columns of `people` say; None where neither is given. Without clusters each person is one."""
    if strata is None and cluster is None:
        return None
    alone = np.arange(people.n_rows)
    names, stratum = (("",), np.zeros(people.n_rows, np.int64)) if strata is None else _codes(people[strata])
    unit = alone if cluster is None else _codes(people[cluster])[1]
    known = (stratum >= 0) & (unit >= 0)
    pairs = stratum * (int(unit.max(initial=0)) + 1) + unit
    found, index = np.unique(pairs[known], return_inverse=True)
    clusters = np.full(people.n_rows, -1, np.int64)
    clusters[known] = index
    first = np.zeros(len(found), np.int64)
    first[index] = stratum[known]
    return SampleDesign(clusters, first, names, int(np.count_nonzero(~known)))


def _codes(found: LoadedColumn) -> tuple[tuple[str, ...], Integers]:
    """The names of what a column tells apart, and which of them each row has (-1: none)."""
    if found.column.kind != "count":
        return found.codes, found.values.astype(np.int64)
    numbers, index = np.unique(found.values, return_inverse=True)
    return tuple(str(number) for number in numbers.tolist()), np.where(found.null, -1, index)


def linearised_variance(totals: Floats, design: SampleDesign) -> Floats:
    """The variance of a sum over clusters: `totals` [cluster, share] are the linearised values summed by cluster."""
    size = len(design.strata)
    n = design.clusters_by_stratum
    lonely = (n == 1)[design.stratum][:, None]
    by_stratum = np.stack([sums(design.stratum, column, size) for column in totals.T], axis=1)
    centred = totals - np.where(lonely, 0.0, by_stratum[design.stratum] / n[design.stratum][:, None])
    scale = np.where(n > 1, n / np.maximum(n - 1, 1), 1.0)
    found: Floats = (scale[design.stratum][:, None] * centred**2).sum(axis=0)
    return found


def shares_of(
    position: Integers, weight: Floats, names: tuple[str, ...], design: SampleDesign | None
) -> tuple[Share, ...]:
    """The shares of each name among the people whose position is not -1; `position[person]` counts into `names`."""
    inside = np.flatnonzero((position >= 0) & (weight > 0))
    at, w, size = position[inside], weight[inside], len(names)
    n = np.bincount(at, minlength=size)
    n_eff = kish(at, w, size)
    mass = sums(at, w, size)
    share = ratio(mass, np.full(size, mass.sum()))
    se, deff = _errors(inside, position, weight, share, design)
    some = len(inside) > 0
    return tuple(
        Share(
            name=name,
            n=int(n[i]),
            n_eff=float(n_eff[i]),
            unweighted=float(n[i] / len(inside)) if some else None,
            weighted=float(share[i]) if some else None,
            deff_weights=float(n[i] / n_eff[i]) if n[i] else None,
            se=_known(se[i]),
            deff=_known(deff[i]),
        )
        for i, name in enumerate(names)
    )


def _errors(
    inside: Integers, position: Integers, weight: Floats, share: Floats, design: SampleDesign | None
) -> tuple[Floats, Floats]:
    """Standard errors and design effects, NaN where there are none."""
    nowhere = np.full(len(share), np.nan)
    if design is None or design.incomplete or len(inside) < 2 or not len(share):
        return nowhere, nowhere
    size, clusters = len(share), len(design.stratum)
    cluster, w = design.cluster[inside], weight[inside] / weight[inside].sum()
    chosen = sums(cluster * size + position[inside], w, clusters * size).reshape(clusters, size)
    totals = chosen - share * sums(cluster, w, clusters)[:, None]
    variance = linearised_variance(totals, design)
    simple = share * (1.0 - share) / (len(inside) - 1)
    # A share of nobody or of everybody does not vary in any sample.
    varies = (share > 0) & (np.bincount(position[inside], minlength=size) < len(inside))
    deff = np.where(varies, ratio(variance, simple), np.nan)
    return np.sqrt(variance), deff


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
