"""Gaps between groups of unequal size, and under-representation, against permutations and mixtures by NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from score_terms import (
    SCALE,
    SPAN,
    answer,
    answers,
    arithmetic,
    audit,
    compare,
    grid,
    measure,
    metric,
    reduce,
    type_of,
)

from cyclspec.compiler.scores import Graph, MeasureCells, PeopleCells, ScoreInputs, lower
from cyclspec.compiler.scores.tables import PeopleRows
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

SIZES = (40, 200, 600)
ITEMS, OPTIONS, DRAWS = 20, 5, 200
GROUP = np.repeat(np.arange(3), SIZES)
reply = answer("item")
human = h.PeopleTerm(
    type=type_of(k.Dist(SCALE), "item", "age"),
    span=SPAN,
    table="survey.answers",
    column="value",
    people="survey.people",
    person="person",
    by=("age",),
    weight=None,
)
DISTANCE = metric("js_distance", reply, human)


def permuted(name: str, by: list[str], term: h.Term, tail: str) -> d.TypedMeasure:
    test = d.Permutation("person", "survey.people", (), DRAWS, tail)  # type: ignore[arg-type]
    return replace(measure(name, by, term), test=test)


def graph() -> Graph:
    by_age = reduce("mean", ["item"], DISTANCE)
    ends = [reduce(end, ["age"], by_age) for end in ("max", "min")]
    nearest = compare("<=", DISTANCE, reduce("min", ["age"], DISTANCE))
    measures = [
        permuted("gap", [], arithmetic("-", *ends), "upper"),
        permuted("nearest", ["age"], reduce("mean", ["item"], nearest), "lower"),
    ]
    return lower(
        audit(axes=("item",), measures=measures, seed=4),
        grid({"item": ITEMS, "age": 3}, [OPTIONS] * ITEMS),
    )


def survey(rng: np.random.Generator, truth: NDArray[np.float64]) -> PeopleCells:
    """Everybody answers every question; `truth` is [group, item, option]."""
    chosen = np.array(
        [[rng.choice(OPTIONS, p=truth[group, item]) for group in GROUP] for item in range(ITEMS)]
    )
    share = np.stack(
        [
            [np.bincount(one[group == GROUP], minlength=OPTIONS) / SIZES[group] for group in range(3)]
            for one in chosen
        ]
    )
    item, person = np.indices(chosen.shape).reshape(2, -1)
    rows = PeopleRows(person, item, chosen.ravel(), np.ones(GROUP.size), GROUP, {})
    number = np.broadcast_to(np.array(SIZES), share.shape[:2]).copy()
    return PeopleCells(("item", "age"), share, number, number.astype(float), number > 0, rows)


def scored(made: Graph, cells: PeopleCells, model: NDArray[np.float64]) -> dict[str, MeasureCells]:
    found = made.evaluate(ScoreInputs({"reply": answers(("item",), model)}, {human: cells}))
    return {one.name: one for one in found.measures}


def test_the_null_covers_the_gap_between_groups_of_one_truth() -> None:
    """Section 9, point 3 of the methods: sizes of 40 to 600 alone make a gap; its null is as large."""
    made, gaps, nulls, p_values = graph(), [], [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth = rng.dirichlet(np.ones(OPTIONS), size=ITEMS)
        model = 0.7 * truth + 0.3 * rng.dirichlet(np.ones(OPTIONS), size=ITEMS)
        gap = scored(made, survey(rng, np.stack([truth] * 3)), model)["gap"]
        gaps.append(float(gap.value))
        nulls.append(float(gap.null))
        p_values.append(float(gap.p_value))
    assert 0.03 < np.mean(gaps) < 0.07
    error = np.std(np.subtract(gaps, nulls)) / np.sqrt(12)
    assert abs(np.mean(gaps) - np.mean(nulls)) < 4 * error
    # Were p-values uniform, more than three of twelve below 5 % would have a chance of 0.2 %.
    assert sum(p <= 0.05 for p in p_values) <= 3


def test_under_representation_is_set_against_people_drawn_from_all() -> None:
    rng = np.random.default_rng(3)
    young, old = rng.dirichlet(np.ones(OPTIONS), size=(2, ITEMS))
    cells = survey(rng, np.stack([old, young, old]))
    found = scored(graph(), cells, old)["nearest"]
    distances = jensenshannon(old[:, None, :], cells.share, base=2, axis=-1)
    nearest = np.bincount(distances.argmin(axis=1), minlength=3) / ITEMS
    np.testing.assert_allclose(found.value, nearest, atol=1e-12)

    # The denominator by another way: groups of the same sizes, drawn from the mixture of all.
    mixture = np.einsum("igo,g->io", cells.share, np.array(SIZES) / sum(SIZES))
    drawn = np.zeros((400, 3))
    for at in range(400):
        shares = np.stack([rng.multinomial(n, mixture) / n for n in SIZES], axis=1)
        far = jensenshannon(old[:, None, :], shares, base=2, axis=-1)
        drawn[at] = np.bincount(far.argmin(axis=1), minlength=3) / ITEMS
    error = drawn.std(axis=0) * np.sqrt(1 / DRAWS + 1 / 400)
    # Permuted people are drawn without replacement: their groups differ a little less than those of the mixture.
    assert (np.abs(found.null - drawn.mean(axis=0)) < 5 * error + 0.02).all()
    assert found.value[1] / found.null[1] < 0.5 and found.p_value[1] < 0.05
    np.testing.assert_allclose(found.times_null, found.value / found.null)
