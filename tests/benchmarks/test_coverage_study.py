"""The study of coverage, in short: 95 % intervals hold the truth 93 to 97 times in a hundred with 30 clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.coverage.__main__ import BEGIN, END, HELD, PAGE, recorded, written
from benchmarks.coverage.designs import DESIGNS, Design
from benchmarks.coverage.study import METHODS, Coverage, covered
from cyclspec.compiler.scores import few_clusters
from cyclspec.compiler.scores.few_clusters import FEW_CLUSTERS

WORLDS = 1000
# Five standard errors of a share of 95 % among so many worlds, beside the two percent that are allowed.
SLACK = 5 * np.sqrt(0.95 * 0.05 / WORLDS)
EASY = {one.name for one in DESIGNS if not one.hard}


def shares() -> dict[tuple[str, int], tuple[float, float]]:
    """The recorded coverage by design and number of clusters, in percent: of percentiles, and of t."""
    rows = recorded(PAGE.read_text(encoding="utf-8"), HELD)
    cells = {place: [cell.strip(" %") for cell in line.split("|")] for place, line in rows.items()}
    return {place: (float(cell[3]), float(cell[4])) for place, cell in cells.items()}


@pytest.mark.parametrize("design", [one for one in DESIGNS if not one.hard], ids=lambda one: one.name)
def test_thirty_clusters_cover_what_they_say(design: Design) -> None:
    found = covered(design, 30, WORLDS, seed=2)
    for method in METHODS:
        assert 0.93 - SLACK <= found.held[method] <= 0.97 + SLACK, (method, found)
        assert 0.85 < found.width[method] < 1.2
    if found.rejected is not None:
        assert found.rejected < 0.05 + SLACK


@pytest.mark.parametrize(
    "design", [one for one in DESIGNS if one.name in ("items", "people", "thin")], ids=lambda one: one.name
)
def test_the_fewest_clusters_are_measured(design: Design) -> None:
    """Percentiles are measured where results withhold them; a hundred worlds tell 49 % from 94 %."""
    found = covered(design, design.counts[0], 100, seed=2)
    assert found.held["percentile"] < found.held["t"] and found.held["t"] > 0.8


def test_six_designs_state_their_estimands() -> None:
    assert len({one.estimand for one in DESIGNS if not one.hard}) == 6


def test_recorded_figures_of_thirty_clusters_and_more_lie_where_they_should() -> None:
    found = {name: held for (name, clusters), held in shares().items() if clusters >= 30 and name in EASY}
    assert found.keys() == EASY
    assert all(93.0 <= share <= 97.0 for held in found.values() for share in held), found


@pytest.mark.parametrize(("at", "interval"), [(0, "percentile 95%"), (1, "t 95%")])
def test_results_warn_with_the_recorded_figures(at: int, interval: str) -> None:
    """The worst of the six designs by number of clusters, and *thin* by clusters less strata, rounded down."""
    worst: dict[int, int] = {}
    thin: dict[int, int] = {}
    for (name, clusters), held in shares().items():
        if name in EASY and clusters < FEW_CLUSTERS:
            worst[clusters] = min(worst.get(clusters, 100), int(held[at]))
        if name == "thin" and clusters // 2 < FEW_CLUSTERS:
            thin[clusters // 2] = int(held[at])
    assert worst == few_clusters.HELD[interval] and thin == few_clusters.HELD_IN_STRATA[interval]


def test_percentiles_are_withheld_where_they_held_less_than_eighty_percent() -> None:
    for held in (few_clusters.HELD, few_clusters.HELD_IN_STRATA):
        for clusters, share in held["percentile 95%"].items():
            assert (share < 80) == (clusters < few_clusters.LEAST_OF_PERCENTILES)


def test_every_row_of_the_study_stands_on_the_page() -> None:
    assert list(shares()) == [(one.name, clusters) for one in DESIGNS for clusters in one.counts]


def test_figures_are_written_between_their_marks(tmp_path: Path) -> None:
    one = Coverage("items", 30, 100, dict.fromkeys(METHODS, 0.951), dict.fromkeys(METHODS, 1.02), 0.05)
    page = written(f"before\n{BEGIN}\nold\n{END}\nafter\n", [one])
    assert page.startswith("before\n") and page.endswith("\nafter\n") and "old" not in page
    assert "| items | 30 | 95.1 % | 95.1 % | 1.02 | 1.02 |" in page


def test_what_is_not_measured_anew_stays_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page, []) == page
    one = Coverage("crossed", 3, 100, dict.fromkeys(METHODS, 0.111), dict.fromkeys(METHODS, 1.02), None)
    changed = written(page, [one])
    lines = zip(page.splitlines(), changed.splitlines(), strict=True)
    assert [new for old, new in lines if new != old] == ["| crossed | 3 | 11.1 % | 11.1 % | 1.02 | 1.02 |"]
