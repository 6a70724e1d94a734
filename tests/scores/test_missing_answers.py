"""Missing answers by reason, and probability outside of the labels, against counts by hand."""

from __future__ import annotations

import numpy as np
from score_terms import (
    answer,
    answers,
    audit,
    distributions,
    grid,
    measure,
    metric,
    people,
    people_cells,
    reduce,
)

from cyclspec.compiler.scores import AnswerCells, ScoreInputs, lower
from cyclspec.compiler.scores.reasons import ABSENT, ANSWER_REASONS, OFF_SCALE, REFUSED, UNREADABLE

SIZES = {"model": 2, "country": 3, "item": 4}
AXES = ("model", "country", "item")
reply, human = answer(*AXES), people("country", "item")
LOST = np.zeros((2, 3, 4), dtype=np.int8)
LOST[0, 0, :3] = (REFUSED, REFUSED, UNREADABLE)
LOST[0, 1] = ABSENT
LOST[1, 2, 0] = OFF_SCALE
RNG = np.random.default_rng(11)
EXISTS = np.ones((4, 3), dtype=bool)
SHARE = distributions(RNG, (3, 4), EXISTS, 1)
PROBS = distributions(RNG, (2, 3, 4), EXISTS, 2)
MASS = RNG.uniform(0.6, 1.0, size=(2, 3, 4)).astype(np.float32)


def scored(mass: np.ndarray | None):
    cells = answers(AXES, PROBS, ok=LOST == 0)
    cells = AnswerCells(AXES, cells.probs, mass, cells.ok, None, LOST)
    distance = metric("tv", reply, human)
    spec = audit(
        axes=AXES,
        measures=[
            measure("near", ["model", "country"], reduce("mean", ["item"], distance)),
            measure("nearest", ["model"], reduce("max", ["country"], reduce("mean", ["item"], distance))),
        ],
    )
    return lower(spec, grid(SIZES, [3] * 4)).evaluate(
        ScoreInputs({"reply": cells}, {human: people_cells(["country", "item"], SHARE)})
    )


def test_every_measure_counts_missing_answers_by_their_reason() -> None:
    found = scored(MASS)
    for name, axes in (("near", (2,)), ("nearest", (1, 2))):
        cells = found.measure(name)
        for code, reason in enumerate(ANSWER_REASONS, start=1):
            np.testing.assert_array_equal(cells.missing[reason], (code == LOST).sum(axis=axes))
        np.testing.assert_array_equal(cells.n_missing, (LOST > 0).sum(axis=axes))


def test_mass_outside_of_the_labels_is_that_of_the_answers_that_are_there() -> None:
    found = scored(MASS)
    outside = np.where(LOST == 0, 1.0 - MASS.astype(np.float64), np.nan)
    for name, axes in (("near", (2,)), ("nearest", (1, 2))):
        cells = found.measure(name)
        there = np.isfinite(outside).any(axis=axes)
        with np.errstate(invalid="ignore"):
            mean = np.nansum(outside, axis=axes) / np.isfinite(outside).sum(axis=axes)
        most = np.where(np.isfinite(outside), outside, -1.0).max(axis=axes)
        np.testing.assert_allclose(cells.outside, np.where(there, mean, np.nan), rtol=1e-12)
        np.testing.assert_allclose(cells.outside_most, np.where(there, most, np.nan), rtol=1e-12)


def test_where_no_mass_is_known_nothing_is_said_of_it() -> None:
    cells = scored(None).measure("near")
    assert np.isnan(cells.outside).all() and np.isnan(cells.outside_most).all()
