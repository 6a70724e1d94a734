"""What few clusters do to an interval: how often such intervals held the truth, and where there is none.

Expects how many clusters were drawn, and the degrees of freedom that they leave: clusters less strata. Ensures that
what is said of 95 % intervals is what the study of coverage measured (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEW_CLUSTERS: Final = 30
"""Below so many clusters intervals may cover less than they say."""

LEAST_OF_PERCENTILES: Final = 4
"""Below so many clusters the quantiles of draws are no interval (docs/decisions/0024-few-clusters.md)."""

T: Final = "t 95%"
SUCH, NO_INTERVAL = "such intervals", "no interval"
"""How what is said of few clusters goes on after their number."""

HELD: Final[Mapping[str, Mapping[int, int]]] = {
    "percentile 95%": {2: 49, 3: 74, 4: 86, 5: 91, 10: 93, 20: 94},
    T: {2: 94, 3: 94, 4: 94, 5: 93, 10: 92, 20: 93},
}
"""How often intervals held the truth at least in the six designs of the study, in percent, by number of clusters."""

HELD_IN_STRATA: Final[Mapping[str, Mapping[int, int]]] = {
    "percentile 95%": {2: 66, 3: 75, 4: 82, 5: 87, 10: 93, 15: 94, 25: 94},
    T: {2: 94, 3: 94, 4: 94, 5: 95, 10: 94, 15: 94, 25: 94},
}
"""The same of strata of two clusters each (*thin*), by clusters less strata."""


def counted(clusters: NDArray[np.int64], freedom: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many clusters an interval rests on: all of them, or within strata only clusters less strata."""
    return np.where(freedom < clusters - 1, freedom, clusters)


def supported(method: str, clusters: NDArray[np.int64], freedom: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where there are clusters enough for an interval by a method."""
    least = LEAST_OF_PERCENTILES if method == "percentile" else 0
    return (freedom >= 1) & (counted(clusters, freedom) >= least)


def caution(interval: str, clusters: int, freedom: int) -> str:
    """What to know of an interval on so few clusters; `interval` names its method and level: `percentile 95%`."""
    held, better = _held(interval, clusters, freedom), _held(T, clusters, freedom)
    resting = f"{_words(clusters, freedom)}: {SUCH}"
    if not held:
        return f"{resting} may cover less than they say (below {FEW_CLUSTERS})"
    instead = f" (`method = t`: {better} %)" if better > held else ""
    return f"{resting} held the truth in as few as {held} % of simulated audits{instead}"


def lack(interval: str, clusters: int, freedom: int) -> str:
    """Why so few clusters have no interval; empty where they have one."""
    method, _ = interval.split()
    if supported(method, np.asarray(clusters), np.asarray(freedom)):
        return ""
    resting = f"{_words(clusters, freedom)}: {NO_INTERVAL}"
    if freedom < 1:
        return f"{resting}, which needs two" + (" in a stratum" if clusters > 1 else "")
    held, better = _held(interval, clusters, freedom), _held(T, clusters, freedom)
    if not held:
        return f"{resting} by percentiles, which needs {LEAST_OF_PERCENTILES} (write `method = t`)"
    share = f"held the truth in as few as {held} % of simulated audits"
    return f"{resting} by percentiles, which {share} (write `method = t`: {better} %)"


def _held(interval: str, clusters: int, freedom: int) -> int:
    """The measured share of so many clusters, or the nearest number below; zero where none was measured."""
    number = int(counted(np.asarray(clusters), np.asarray(freedom)))
    measured = (HELD if number == clusters else HELD_IN_STRATA).get(interval, {})
    below = [at for at in measured if at <= number]
    return measured[max(below)] if below else 0


def _words(clusters: int, freedom: int) -> str:
    """`6 clusters in 3 strata`."""
    word = "cluster" if clusters == 1 else "clusters"
    strata = clusters - freedom
    return f"{clusters} {word} in {strata} strata" if strata > 1 else f"{clusters} {word}"
