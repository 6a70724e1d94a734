"""The study of coverage, in short: 95 % intervals hold the truth 93 to 97 times in a hundred with 30 clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.coverage.__main__ import BEGIN, END, PAGE, written
from benchmarks.coverage.designs import DESIGNS, Design
from benchmarks.coverage.study import METHODS, Coverage, covered

WORLDS = 1000
# Five standard errors of a share of 95 % among so many worlds, beside the two percent that are allowed.
SLACK = 5 * np.sqrt(0.95 * 0.05 / WORLDS)


@pytest.mark.parametrize("design", [one for one in DESIGNS if not one.hard], ids=lambda one: one.name)
def test_thirty_clusters_cover_what_they_say(design: Design) -> None:
    found = covered(design, 30, WORLDS, seed=2)
    for method in METHODS:
        assert 0.93 - SLACK <= found.held[method] <= 0.97 + SLACK, (method, found)
        assert 0.85 < found.width[method] < 1.2
    if found.rejected is not None:
        assert found.rejected < 0.05 + SLACK


def test_six_designs_state_their_estimands() -> None:
    assert len({one.estimand for one in DESIGNS if not one.hard}) == 6


def test_recorded_figures_of_thirty_clusters_and_more_lie_where_they_should() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = page.split(BEGIN)[1].split(END)[0].splitlines()
    rows = [line.split("|") for line in found if line.endswith(" |") and line.count(" % |") == 2]
    easy = {one.name for one in DESIGNS if not one.hard}
    seen = set()
    for _, design, clusters, *shares in rows:
        held = [float(share.strip().removesuffix(" %")) for share in shares if share.strip().endswith(" %")]
        if int(clusters) >= 30 and design.strip() in easy:
            seen.add(design.strip())
            assert all(93.0 <= share <= 97.0 for share in held), (design, clusters, held)
    assert seen == easy


def test_figures_are_written_between_their_marks(tmp_path: Path) -> None:
    one = Coverage("items", 30, 100, dict.fromkeys(METHODS, 0.951), dict.fromkeys(METHODS, 1.02), 0.05)
    page = written(f"before\n{BEGIN}\nold\n{END}\nafter\n", [one])
    assert page.startswith("before\n") and page.endswith("\nafter\n") and "old" not in page
    assert "| items | 30 | 95.1 % | 95.1 % | 1.02 | 1.02 |" in page
