"""People of the study: clusters in strata, ten people a cluster, some of whom stand for three times as many.

Expects a generator. Ensures that the true position of the population is known: a person of a cluster chooses each of
four steps up the scale with the chance of that cluster, whose mean is that of its stratum and the person's kind.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cyclspec.compiler.scores import PeopleCells
from cyclspec.compiler.scores.tables import PeopleRows, PeopleUnits

PER_CLUSTER: Final = 10
OPTIONS: Final = 5
_WEIGHTS: Final = np.array([1.0, 3.0])
_ALIKE: Final = 8.0
"""How alike the chances of clusters are: the two parameters of their beta distribution add up to this."""


def strata_of(clusters: int, per_stratum: int) -> int:
    """The number of strata: of `per_stratum` clusters each, or one of all where there are fewer."""
    return max(1, clusters // per_stratum)


def _chances(strata: int) -> np.ndarray:
    """The mean chance of a step by [stratum, kind]."""
    return 0.3 + 0.2 * np.arange(strata)[:, None] / strata + np.array([0.0, 0.2])


def true_position(strata: int) -> float:
    """The mean position in the population: both kinds are equally often drawn, and stand for one and for three."""
    return float((_chances(strata) @ (_WEIGHTS / _WEIGHTS.sum())).mean())


def sampled(
    random: np.random.Generator, worlds: int, clusters: int, strata: int, names: tuple[str, ...]
) -> PeopleCells:
    """The answers of one sample of people to `worlds` questions that have nothing to do with each other."""
    stratum = np.arange(clusters) * strata // clusters
    unit = np.repeat(np.arange(clusters), PER_CLUSTER)
    kind = random.integers(0, 2, size=unit.size)
    mean = _chances(strata)[stratum]
    chance = random.beta(_ALIKE * mean, _ALIKE * (1.0 - mean), size=(worlds, *mean.shape))
    option = random.binomial(OPTIONS - 1, chance[:, unit, kind])
    weight = _WEIGHTS[kind]
    share = np.stack([(option == at) @ weight for at in range(OPTIONS)], axis=1) / weight.sum()
    by_unit = PeopleUnits(unit, stratum)
    alone = PeopleUnits(np.arange(unit.size), np.zeros(unit.size, dtype=np.int64))
    item, person = (part.ravel() for part in np.indices((worlds, unit.size)))
    rows = PeopleRows(
        person=person,
        item=item,
        option=option.ravel(),
        weight=weight,
        group=np.zeros(unit.size, dtype=np.int64),
        units=dict(zip(names, (by_unit, alone), strict=True)),
    )
    everybody = np.full(worlds, unit.size)
    kish = np.full(worlds, weight.sum() ** 2 / (weight**2).sum())
    return PeopleCells(("item",), share, everybody, kish, np.ones(worlds, dtype=np.bool_), rows)
