"""The noise floor against an independent simulation of perfect models."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import jensenshannon
from score_terms import (
    SCALE,
    SPAN,
    answer,
    answers,
    arithmetic,
    audit,
    call,
    distributions,
    grid,
    measure,
    metric,
    people,
    people_cells,
    real,
    reduce,
)

from cyclspec.compiler.scores import ScoreInputs, Scores, lower
from cyclspec.compiler.scores.resample import FLOOR_DRAWS
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

OPTIONS = (5, 3, 4, 5, 2, 5)
MISSING = {0: 1}
SIZES = {"model": 2, "country": 3, "item": 6}
reply, human = answer("model", "country", "item"), people("country", "item")
SCALE_TERM = h.AttributeTerm(type=k.Type(k.ScaleValue(SCALE)), span=SPAN, axis="item", attribute="options")


def scored(
    n: float, *measures: d.TypedMeasure, countries: tuple[int, ...] = (0, 1, 2), seed: int = 7
) -> Scores:
    """Scores of random answers; people differ by country, with effective number `n` in every cell."""
    rng = np.random.default_rng(5)
    exists = np.arange(5) < np.array(OPTIONS)[:, None]
    share = distributions(rng, (3, 6), exists, 1)[list(countries)]
    probs = distributions(rng, (2, 3, 6), exists, 2)[:, list(countries)]
    cells = people_cells(["country", "item"], share, n_eff=np.full(share.shape[:2], n))
    world = grid({**SIZES, "country": 3}, OPTIONS, missing=MISSING)
    levels = world.axes["country"]
    picked = type(levels)("country", tuple(levels.levels[at] for at in countries))
    spec = audit(axes=("model", "country", "item"), measures=measures, seed=seed)
    graph = lower(spec, type(world)({**world.axes, "country": picked}, (), world.options))
    return graph.evaluate(
        ScoreInputs({"reply": answers(("model", "country", "item"), probs)}, {human: cells})
    )


def alignment() -> h.Term:
    distance = metric("js_distance", reply, human)
    return arithmetic("-", real(1.0), reduce("mean", ["item", "country"], distance))


def simulated(n: float, draws: int) -> np.ndarray:
    """1 minus the mean distance between p* and multinomial people, by a loop of its own."""
    rng = np.random.default_rng(99)
    exists = np.arange(5) < np.array(OPTIONS)[:, None]
    share = distributions(np.random.default_rng(5), (3, 6), exists, 1)
    values = np.zeros(draws)
    for draw in range(draws):
        distances = []
        for country, item in np.ndindex(3, 6):
            kept = share[country, item, : OPTIONS[item] - MISSING.get(item, 0)]
            left = n * kept.sum()
            truth = rng.dirichlet(kept / kept.sum() * left + 0.5)
            number = round(left)
            if number:
                distances.append(jensenshannon(truth, rng.multinomial(number, truth) / number, base=2))
        values[draw] = 1.0 - np.mean(distances)
    return values


def test_the_floor_of_alignment_is_that_of_a_simulated_perfect_model() -> None:
    """Within five standard errors of the difference of the two Monte Carlo means."""
    for n in (10.0, 60.0):
        cells = scored(n, measure("alignment", ["model"], alignment())).measures[0]
        wanted = simulated(n, 300)
        error = wanted.std() * np.sqrt(1 / 300 + 1 / FLOOR_DRAWS)
        assert cells.floor.shape == (2,) and cells.floor[0] == cells.floor[1]
        assert abs(cells.floor[0] - wanted.mean()) < 5 * error
        assert cells.value[0] < cells.floor[0] < 1.0


def test_the_floor_is_the_same_every_time_and_moves_with_the_seed() -> None:
    spec = measure("alignment", ["model"], alignment())
    first, again = (scored(20.0, spec).measures[0].floor for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert scored(20.0, spec, seed=8).measures[0].floor[0] != first[0]


def test_removing_a_country_leaves_the_floor_of_the_others() -> None:
    spec = measure(
        "distance", ["country"], reduce("mean", ["model", "item"], metric("js_distance", reply, human))
    )
    everyone = scored(20.0, spec).measures[0].floor
    some = scored(20.0, spec, countries=(2, 0)).measures[0].floor
    np.testing.assert_allclose(some, everyone[[2, 0]], rtol=0, atol=1e-14)


def test_a_gain_over_a_baseline_and_a_measure_without_answers() -> None:
    flat = call("uniform", SCALE_TERM, kind=k.Dist(SCALE))
    gain = arithmetic("-", metric("tv", flat, human), metric("tv", reply, human))
    plain = metric("tv", flat, human)
    found = scored(
        40.0,
        measure("gain", ["model"], reduce("mean", ["item", "country"], gain)),
        measure("plain", ["country"], reduce("mean", ["item"], plain)),
    )
    assert np.isfinite(found.measure("gain").floor).all()
    assert (found.measure("gain").floor > found.measure("gain").value).all()
    assert np.isnan(found.measure("plain").floor).all()


def test_there_is_no_floor_without_effective_numbers() -> None:
    world = grid({"item": 1, "country": 1, "model": 1}, [3])
    spec = audit(axes=("model", "country", "item"), measures=[measure("alignment", ["model"], alignment())])
    probs = np.array([[[[0.2, 0.3, 0.5]]]])
    cells = people_cells(["country", "item"], probs[0])
    found = lower(spec, world).evaluate(
        ScoreInputs({"reply": answers(("model", "country", "item"), probs)}, {human: cells})
    )
    assert np.isnan(found.measures[0].floor).all() and np.isfinite(found.measures[0].value).all()
