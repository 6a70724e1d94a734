"""The benchmark of scores runs, and its arms agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scores.arms import Grouped, Ours, Scored, Vectorised
from benchmarks.scores.process import Timed
from benchmarks.scores.run import TOLERANCE, difference, whole
from benchmarks.scores.survey import MEASURES, QUICK, shares
from benchmarks.scores.table import table


@pytest.fixture(scope="module")
def ours() -> Scored:
    return Ours(QUICK).run()


def test_the_arms_agree_on_every_mean_and_interval(ours: Scored) -> None:
    vectorised, grouped = Vectorised(QUICK).run(), Grouped(QUICK, QUICK.means).run()
    assert set(ours) == set(vectorised) == set(grouped) == set(MEASURES)
    assert ours["js"].shape == grouped["js"].shape == (3, QUICK.means)
    assert difference(vectorised, ours) <= TOLERANCE
    assert difference(vectorised, grouped) <= TOLERANCE


def test_a_difference_is_seen(ours: Scored) -> None:
    moved = {name: value + (1e-6 if name == "ent" else 0.0) for name, value in ours.items()}
    assert difference(ours, moved) == pytest.approx(1e-6)


def test_shares_are_distributions_over_the_options_of_their_items() -> None:
    given = shares(QUICK)
    np.testing.assert_allclose(given.answers.sum(axis=-1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(given.people.sum(axis=-1), 1.0, rtol=1e-12)
    assert ((given.people > 0).sum(axis=-1) == given.lengths).all()
    assert given.answers.shape == (2, 3, 2, 40, 10)


def test_a_slice_counts_for_the_whole() -> None:
    run = Timed(3.0, 3.0, 0, 2, {}, {})
    assert whole(QUICK, run) == pytest.approx(3.0 * 12 / 2)
    assert whole(replace(QUICK, countries=30), run) == pytest.approx(3.0 * 120 / 2)


def test_the_table_marks_what_misses_its_goal() -> None:
    arm = {
        "seconds": [1.0, 2.0, 3.0],
        "cpu_seconds": [1.0, 2.0, 3.0],
        "whole_seconds": 2.0,
        "peak_bytes": 2**30,
        "cells": 12,
        "notes": {"compile_seconds": 11.0},
    }
    ratio = {"rounds": [2.0], "median": 2.0, "cpu_median": 2.5}
    record = {
        "sizes": {"items": 40, "countries": 3, "groups": 2, "models": 2, "draws": 200},
        "machine": {"processor": "P", "cores": 2, "python": "3"},
        "arms": {"ours": arm, "numpy": arm, "pandas": {**arm, "cells": 6}},
        "ratios": {"numpy": ratio, "pandas": {**ratio, "median": 300.0}},
        "differences": {"ours": 1e-12, "pandas": 1e-13},
    }
    text = table(record)
    assert "| NumPy and SciPy, vectorised | 2.00 (1.00, 2.00, 3.00) | 2.00 | 2.00 ✗ |" in text
    assert "6 of 12 cells timed | 4.00 | 300.00 |" in text
    assert "11.00 ✗ s" in text
