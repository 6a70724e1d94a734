"""Equal sizes where models lost answers: as few of each as were counted least, question by question; against NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from score_terms import SCALE, audit, call, choice, grid, measure, metric, reduce, type_of

from cyclspec.compiler.scores import AnswerCells, MeasureCells, ScoreInputs, lower
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

Floats = NDArray[np.float64]
ITEMS, OPTIONS, REPEATS, LEFT = 6, 4, 24, 8
AXES = ("model", "item", "repeat")
written = choice(*AXES)
shares = replace(reduce("share", ["repeat"], written), type=type_of(k.Dist(SCALE), "model", "item"))
flat = call(
    "uniform",
    h.AttributeTerm(
        type=type_of(k.ScaleValue(SCALE), "item"), span=written.span, axis="item", attribute="options"
    ),
    kind=k.Dist(SCALE),
)
far = reduce("mean", ["item"], metric("js_distance", shares, flat))


@pytest.fixture(scope="module")
def told() -> NDArray[np.int64]:
    """Options that two models chose, [model, item, repeat], with one truth."""
    rng = np.random.default_rng(3)
    truth = rng.dirichlet(np.ones(OPTIONS), ITEMS)
    return np.array([[rng.choice(OPTIONS, REPEATS, p=p) for p in truth] for _ in range(2)])


def scored(told: NDArray[np.int64], there: NDArray[np.bool_]) -> MeasureCells:
    chosen = np.eye(OPTIONS, dtype=np.float32)[told]
    cells = AnswerCells(AXES, chosen, None, there, there.astype(np.int64))
    asked = replace(measure("far", ["model"], far), sizes="equal")
    place = grid({"model": 2, "item": ITEMS, "repeat": REPEATS}, [OPTIONS] * ITEMS)
    (found,) = (
        lower(audit(axes=AXES, measures=[asked]), place).evaluate(ScoreInputs({"reply": cells}, {})).measures
    )
    return found


def distance(of: NDArray[np.int64]) -> float:
    return float(jensenshannon(np.bincount(of, minlength=OPTIONS), np.ones(OPTIONS), base=2))


def test_a_model_that_lost_answers_is_compared_at_its_size_question_by_question(
    told: NDArray[np.int64],
) -> None:
    """The second model lost two thirds of its answers to half of the questions: there the first has as few."""
    there = np.ones(told.shape, np.bool_)
    there[1, ::2, LEFT:] = False
    found = scored(told, there)
    plain = [np.mean([distance(told[at, i][there[at, i]]) for i in range(ITEMS)]) for at in range(2)]
    np.testing.assert_allclose(found.value, plain, atol=1e-7)
    # Nothing is taken from who has the fewest.
    assert found.equal_n[1] == pytest.approx(found.value[1], abs=1e-12)
    rng = np.random.default_rng(4)
    drawn = np.array(
        [
            [distance(rng.permutation(told[0, i])[: REPEATS if i % 2 else LEFT]) for i in range(ITEMS)]
            for _ in range(1000)
        ]
    ).mean(axis=1)
    assert drawn.mean() > plain[0] + 0.01
    assert abs(found.equal_n[0] - drawn.mean()) < 5 * drawn.std() / np.sqrt(200)


def test_a_question_that_a_model_lost_whole_makes_no_other_small(told: NDArray[np.int64]) -> None:
    there = np.ones(told.shape, np.bool_)
    there[1, 0] = False
    found = scored(told, there)
    np.testing.assert_allclose(found.equal_n, found.value, atol=1e-12)
