"""Six designs, each with its estimand: what is drawn at random, and what number the interval should hold.

Expects a generator. Ensures that the truth of a design is known exactly, and that worlds are independent of each other.
Effects are skewed as real scores are: what is easy to cover says little. Three more designs show where intervals fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage.population import strata_of, true_position
from benchmarks.coverage.specs import spec

Floats = NDArray[np.float64]

CLUSTERS: Final = (2, 3, 4, 5, 10, 20, 30, 50)
"""The numbers of clusters that most designs are tried with."""


@dataclass(frozen=True, slots=True)
class Design:
    """One design: how it is written, what it is of, and how its worlds are made for a number of clusters.

    `answers(random, worlds, clusters)` gives values by world and the axes of `sizes`; without it, people are asked,
    `per_stratum` clusters of them in each stratum.
    """

    name: str
    estimand: str
    drawn: str
    truth: Callable[[int], float]
    text: Callable[[int, int, int], str]
    sizes: Callable[[int], Mapping[str, int]]
    answers: Callable[[np.random.Generator, int, int], Floats] | None = None
    batteries: Callable[[int], tuple[str, ...]] | None = None
    per_stratum: int = 1
    counts: tuple[int, ...] = CLUSTERS
    hard: bool = False


_MEAN = 0.7
_ITEMS = (7.0, 3.0)


def _beta(random: np.random.Generator, *shape: int) -> Floats:
    """Scores in 0..1 with mean 0.7 and a tail to the left, as closeness to people has."""
    return random.beta(*_ITEMS, size=shape)


def _items(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    return _beta(random, worlds, clusters)


def battery_sizes(clusters: int) -> NDArray[np.int64]:
    """One to seven questions a battery, in turn."""
    return np.arange(clusters) % 7 + 1


def _battery_names(clusters: int) -> tuple[str, ...]:
    return tuple(f"b{at}" for at in np.repeat(np.arange(clusters), battery_sizes(clusters)))


def _batteries(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    """Half of the variance lies between batteries."""
    sizes = battery_sizes(clusters)
    shared = np.repeat(_beta(random, worlds, clusters), sizes, axis=1)
    return 0.5 * shared + 0.5 * _beta(random, worlds, int(sizes.sum()))


def _crossed(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    """Items and countries vary alike, their interaction half as much."""
    items, countries = _beta(random, worlds, clusters, 1), _beta(random, worlds, 1, clusters)
    return 0.4 * items + 0.4 * countries + 0.2 * _beta(random, worlds, clusters, clusters)


WORDINGS = 4


def _nested(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    """Four wordings of each item, which differ by half as much as items do."""
    return (2 * _beta(random, worlds, clusters, 1) + _beta(random, worlds, clusters, WORDINGS)) / 3.0


def _paired(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    """Two models on the same items, [world, item, side]: equally close to people, each with noise of its own."""
    shared = _beta(random, worlds, clusters, 1)
    return 0.6 * shared + 0.4 * _beta(random, worlds, clusters, 2)


def _skewed(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    """Most scores are small and a few are large."""
    return random.exponential(_MEAN, size=(worlds, clusters))


def _noise(random: np.random.Generator, worlds: int, clusters: int) -> Floats:
    """Neither questions nor countries differ: every cell has noise of its own."""
    return _beta(random, worlds, clusters, clusters)


def _clusters_only(clusters: int) -> Mapping[str, int]:
    return {"item": clusters}


_PEOPLE = Design(
    name="people",
    estimand="the mean position of the population on a question",
    drawn="clusters of ten people, with unequal weights, in strata of five clusters or one of fewer",
    truth=lambda clusters: true_position(strata_of(clusters, 5)),
    text=lambda worlds, draws, clusters: spec(
        worlds=worlds,
        draws=draws,
        clusters=clusters,
        term="m.mean_position(human)",
        over="over = person",
        people=True,
    ),
    sizes=lambda clusters: {},
    per_stratum=5,
)

DESIGNS = (
    Design(
        name="items",
        estimand="the mean score of all questions that might have been asked",
        drawn="questions, one by one",
        truth=lambda _: _MEAN,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=2,
            term="mean over item, model of reply.mass",
            over="over = item",
        ),
        sizes=_clusters_only,
        answers=_items,
    ),
    Design(
        name="batteries",
        estimand="the mean score of all questions, which come in batteries",
        drawn="batteries of one to seven questions",
        truth=lambda _: _MEAN,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=2,
            term="mean over item, model of reply.mass",
            over="over = item",
        ),
        sizes=lambda clusters: {"item": int(battery_sizes(clusters).sum())},
        answers=_batteries,
        batteries=_battery_names,
    ),
    Design(
        name="crossed",
        estimand="the mean score of all questions in all countries",
        drawn="questions and countries, independently",
        truth=lambda _: _MEAN,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=clusters,
            term="mean over item, country, model of reply.mass",
            over="over = [item, country]",
            more="each country in country\n  each model in one",
            per="world, country",
        ),
        sizes=lambda clusters: {"item": clusters, "country": clusters},
        answers=_crossed,
    ),
    Design(
        name="nested",
        estimand="the mean score of all questions in all their wordings",
        drawn="questions, and in each its wordings",
        truth=lambda _: _MEAN,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=2,
            term="mean over item, model of (mean over wording of reply.mass)",
            over="over = [item, wording], design = nested",
            more=f"each wording in 1..{WORDINGS}\n  each model in one",
            per="world, wording",
        ),
        sizes=lambda clusters: {"item": clusters, "wording": WORDINGS},
        answers=_nested,
    ),
    Design(
        name="paired",
        estimand="the mean difference of two models over all questions",
        drawn="questions, with the answers of both models",
        truth=lambda _: 0.0,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=2,
            term="mean over item of reply.mass[side: right] - reply.mass[side: left]",
            over="over = item",
            more="each side in pair",
            model="pair",
            unit="points",
            test="test = sign_flip(over = item, draws = 1000)",
        ),
        sizes=lambda clusters: {"item": clusters, "side": 2},
        answers=_paired,
    ),
    _PEOPLE,
    Design(
        name="skewed",
        estimand="as items, of scores with an exponential distribution",
        drawn="questions, one by one",
        truth=lambda _: _MEAN,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=2,
            term="mean over item, model of reply.mass",
            over="over = item",
        ),
        sizes=_clusters_only,
        answers=_skewed,
        hard=True,
    ),
    Design(
        name="noise",
        estimand="as crossed, where neither questions nor countries differ",
        drawn="questions and countries, independently",
        truth=lambda _: _MEAN,
        text=lambda worlds, draws, clusters: spec(
            worlds=worlds,
            draws=draws,
            clusters=clusters,
            term="mean over item, country, model of reply.mass",
            over="over = [item, country]",
            more="each country in country\n  each model in one",
            per="world, country",
        ),
        sizes=lambda clusters: {"item": clusters, "country": clusters},
        answers=_noise,
        hard=True,
    ),
    replace(
        _PEOPLE,
        name="thin",
        estimand="as people, of whom few come from each stratum",
        drawn="clusters of ten people, with unequal weights, in strata of two clusters",
        truth=lambda clusters: true_position(strata_of(clusters, 2)),
        per_stratum=2,
        counts=(4, 6, 8, 10, 20, 30, 50),
        hard=True,
    ),
)
