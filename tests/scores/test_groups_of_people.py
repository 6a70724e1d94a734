"""Gaps between groups of unequal size, and under-representation, against permutations and mixtures by NumPy."""

from __future__ import annotations

from dataclasses import replace

import jax
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
from cyclspec.compiler.scores.blocks import blocks_of
from cyclspec.compiler.scores.frame import frame_of
from cyclspec.compiler.scores.people_draws import dealing_strata, permuted_groups, row_arrays
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


def two_towns(rng: np.random.Generator, items: int = 6) -> tuple[PeopleRows, NDArray[np.float64]]:
    """Two towns that differ much, in each the same answers of few young and many old people; four are of no group."""
    group = np.concatenate([np.repeat(np.arange(4), (6, 30, 6, 30)), np.full(4, -1)])
    truth = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    town = np.where(group < 0, 0, group // 2)
    chosen = np.array([[rng.choice(3, p=truth[one]) for one in town] for _ in range(items)])
    item, person = np.indices(chosen.shape).reshape(2, -1)
    keep = group[person] >= 0
    rows = PeopleRows(person[keep], item[keep], chosen.ravel()[keep], np.ones(group.size), group, {})
    return rows, truth


def shares(rows: PeopleRows, group: NDArray[np.int64], items: int = 6) -> NDArray[np.float64]:
    """[item, town, age, option]."""
    mass = np.zeros((items, 4, 3))
    np.add.at(mass, (rows.item, group[rows.person], rows.option), 1.0)
    return (mass / mass.sum(axis=-1, keepdims=True)).reshape(items, 2, 2, 3)


def test_people_stay_in_a_town_that_the_model_was_told() -> None:
    """The gap between ages against 400 deals within towns by NumPy; deals across them have another null."""
    rng = np.random.default_rng(12)
    rows, truth = two_towns(rng)
    term = replace(human, type=type_of(k.Dist(SCALE), "item", "town", "age"), by=("town", "age"))
    far = reduce("mean", ["item", "town"], metric("js_distance", answer("item", "town"), term))
    gap = arithmetic("-", *(reduce(end, ["age"], far) for end in ("max", "min")))
    tests = [d.Permutation("person", "survey.people", within, 400, "upper") for within in (("town",), ())]
    measures = [replace(measure(f"m{at}", [], gap), test=test) for at, test in enumerate(tests)]
    made = lower(
        audit(axes=("item", "town"), measures=measures), grid({"item": 6, "town": 2, "age": 2}, [3] * 6)
    )
    number = np.broadcast_to(np.array([[6, 30], [6, 30]]), (6, 2, 2)).copy()
    cells = PeopleCells(
        ("item", "town", "age"),
        shares(rows, rows.group),
        number,
        number.astype(float),
        number > 0,
        rows,
    )
    told = answers(("item", "town"), np.broadcast_to(truth, (6, 2, 3)).copy())
    inside, across = made.evaluate(ScoreInputs({"reply": told}, {term: cells})).measures

    def by_numpy(group: NDArray[np.int64]) -> float:
        apart = jensenshannon(truth[:, None, :], shares(rows, group), base=2, axis=-1)
        return float(np.ptp(apart.mean(axis=(0, 1))))

    def dealt(strata: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        group = rows.group.copy()
        for some in strata:
            group[some] = rng.permutation(group[some])
        return group

    for one, strata in (
        (inside, [np.arange(36), np.arange(36, 72)]),
        (across, [np.arange(72)]),
    ):
        null = np.array([by_numpy(dealt(strata)) for _ in range(400)])
        assert abs(one.value - by_numpy(rows.group)) < 1e-6
        assert abs(one.null - null.mean()) < 5 * np.sqrt(2) * null.std() / np.sqrt(400)
        assert abs(one.p_value - np.mean(null >= one.value)) < 5 * np.sqrt(0.5 / 400)
    assert inside.null > 1.5 * across.null
    assert inside.judgement.test == "permutation over person within town, upper tail"


def test_a_person_takes_the_place_of_one_other_in_all_distributions() -> None:
    """One by town and age, one by age alone, which some people have who are of no town asked about."""
    rng = np.random.default_rng(5)
    town, age = rng.integers(-1, 2, 60), rng.integers(-1, 3, 60)
    both = np.where((town >= 0) & (age >= 0), town * 3 + age, -1)
    share = np.full((1, 2, 3, 2), 0.5)
    none = np.zeros(0, dtype=np.int64)
    made = [
        PeopleCells(
            axes, of, None, None, of.sum(axis=-1) > 0, PeopleRows(none, none, none, np.ones(60), g, {})
        )
        for axes, of, g in ((("item", "town", "age"), share, both), (("item", "age"), share[:, 0], age))
    ]
    stratum = dealing_strata(made, ("town",))
    frame = frame_of(audit(axes=("item",)), grid({"item": 1, "town": 2, "age": 3}, [2]))
    blocks = blocks_of(frame, next(iter(frame.grid.options)))
    with jax.enable_x64(True):
        first, second = (
            np.asarray(permuted_groups(jax.random.key(3), row_arrays(frame, blocks, cells, stratum)))
            for cells in made
        )
    inside = both >= 0
    assert (first[~inside] == -1).all() and (second[age < 0] == -1).all()
    assert (first[inside] // 3 == town[inside]).all()
    assert (first[inside] % 3 == second[inside]).all() and (second != age).any()


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
