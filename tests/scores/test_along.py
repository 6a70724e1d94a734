"""Reducers along an axis, in the graph, against pandas and NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from fitted_world import AXES, OK, VALUES, mass, scored
from score_terms import measure, reduce


def test_running_sums_and_ranks_keep_their_axis_and_what_is_missing() -> None:
    sums = reduce("cumsum", ("repeat",), mass, direction="along")
    ranks = reduce("rank", ("item",), mass, direction="along")
    found = scored(measure("sums", AXES, sums), measure("ranks", AXES, ranks))
    values = np.where(OK, VALUES, np.nan)
    for model, item in np.ndindex(2, 14):
        wanted = pd.Series(values[model, item]).cumsum()
        np.testing.assert_allclose(found["sums"].value[model, item], wanted, rtol=0, atol=1e-12)
    for model, repeat in np.ndindex(2, 3):
        wanted = pd.Series(values[model, :, repeat]).rank(ascending=False, method="average")
        np.testing.assert_allclose(found["ranks"].value[model, :, repeat], wanted, rtol=0, atol=1e-12)
    assert (found["ranks"].missing["absent"] == ~OK).all()


def test_differences_run_in_order_and_sorted_values_rise() -> None:
    steps = reduce("diff", ("repeat",), mass, direction="along")
    rising = reduce("sorted", ("item",), mass, direction="along")
    fall = reduce("min", ("repeat",), steps)
    found = scored(
        measure("steps", AXES, steps), measure("rising", AXES, rising), measure("fall", AXES[:2], fall)
    )
    values = np.where(OK, VALUES, np.nan)
    wanted = np.diff(values, axis=2)
    np.testing.assert_allclose(found["steps"].value[..., 1:], wanted, rtol=0, atol=1e-15)
    assert not found["steps"].exists[..., 0].any() and found["steps"].exists[..., 1:].all()
    lowest = pd.DataFrame(wanted.reshape(-1, 2)).min(axis=1).to_numpy().reshape(2, 14)
    np.testing.assert_allclose(found["fall"].value, lowest, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(found["fall"].n_used, np.isfinite(wanted).sum(axis=2))
    for model, repeat in np.ndindex(2, 3):
        column = values[model, :, repeat]
        there = np.isfinite(column)
        got = found["rising"].value[model, :, repeat]
        np.testing.assert_array_equal(got[there], np.sort(column[there]))
        assert np.isnan(got[~there]).all()
