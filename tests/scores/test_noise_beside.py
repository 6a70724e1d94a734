"""What stands beside a distance: the floor of readers that count, controls, equal sizes; against loops of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from score_terms import (
    SCALE,
    SPAN,
    answer,
    answers,
    arithmetic,
    audit,
    choice,
    distributions,
    grid,
    measure,
    metric,
    people,
    people_cells,
    real,
    reduce,
    type_of,
)

from cyclspec.compiler.scores import AnswerCells, ScoreInputs, lower, resample
from cyclspec.compiler.seeds import other_level
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

AXES = ("country", "item")
reply, human = answer(*AXES), people(*AXES)


def alignment(answered: h.Term = reply, over: tuple[str, ...] = AXES) -> h.Term:
    return arithmetic("-", real(1.0), reduce("mean", over, metric("js_distance", answered, human)))


def run(
    share: np.ndarray,
    n_eff: np.ndarray,
    measures: list[d.TypedMeasure],
    probs: np.ndarray | None = None,
    counted: np.ndarray | None = None,
) -> Any:
    """Scores of shares [country, item, option] with so many people, and answers that are `counted` or known."""
    countries, items, width = share.shape
    world = grid({"country": countries, "item": items}, [width] * items)
    given = answers(AXES, share if probs is None else probs)
    cells = AnswerCells(AXES, given.probs, given.mass, given.ok, counted)
    spec = audit(axes=AXES, measures=measures)
    return lower(spec, world).evaluate(
        ScoreInputs({"reply": cells}, {human: people_cells(AXES, share, n_eff=n_eff)})
    )


def mean_closeness(
    rng: np.random.Generator, share: np.ndarray, n_people: float, n_answers: int, draws: int
) -> np.ndarray:
    """1 - JS distance of counted answers and people, both drawn from p* ~ Dirichlet(share n + 1/2), by a loop."""
    found = np.zeros(draws)
    flat = share.reshape(-1, share.shape[-1])
    for draw in range(draws):
        distances = []
        for one in flat:
            truth = rng.dirichlet(one * n_people + 0.5)
            asked = rng.multinomial(n_answers, truth) / n_answers
            distances.append(
                jensenshannon(asked, rng.multinomial(round(n_people), truth) / round(n_people), base=2)
            )
        found[draw] = 1.0 - np.nanmean(distances)
    return found


@pytest.mark.parametrize(("people_n", "answers_n"), [(200.0, 10), (60.0, 30)])
def test_the_floor_of_counted_answers_has_the_noise_of_both_sides(people_n: float, answers_n: int) -> None:
    """Within five standard errors of the difference of two Monte Carlo means."""
    share = distributions(np.random.default_rng(2), (3, 8), np.ones((8, 5), bool), 1)
    n = np.full(share.shape[:2], people_n)
    counted = np.full(share.shape[:2], answers_n)
    cells = run(share, n, [measure("fit", [], alignment())], counted=counted).measures[0]
    wanted = mean_closeness(np.random.default_rng(4), share, people_n, answers_n, 200)
    error = wanted.std() * np.sqrt(2 / 200)
    assert abs(cells.floor - wanted.mean()) < 5 * error


def test_the_ceiling_of_a_closeness_is_one_minus_the_floor_of_its_distance() -> None:
    """One column holds both, since a measure is one of the two; the controls of both stand in the same row."""
    rng = np.random.default_rng(5)
    share, probs = (distributions(rng, (3, 8), np.ones((8, 5), bool), 1) for _ in range(2))
    far = reduce("mean", AXES, metric("js_distance", reply, human))
    both = [measure("far", [], far), measure("fit", [], alignment())]
    distance, closeness = run(share, np.full((3, 8), 80.0), both, probs).measures
    for name in ("value", "floor", "uniform", "others", "shuffled"):
        one, other = getattr(distance, name), getattr(closeness, name)
        assert np.isfinite(one) and other == pytest.approx(1.0 - one, abs=1e-12)
    assert distance.floor < min(distance.uniform, distance.others, distance.shuffled)


def test_few_labels_have_the_ceiling_of_a_simulation() -> None:
    """Two options and five labels each, 800 items: the error of either mean is 4e-4."""
    rng = np.random.default_rng(1)
    share = rng.multinomial(5, [0.4, 0.6], size=(1, 800)) / 5
    cells = run(share, np.full((1, 800), 5.0), [measure("fit", [], alignment())]).measures[0]
    gammas = rng.standard_gamma(np.broadcast_to(share * 5 + 0.5, (200, 1, 800, 2)))
    truth = gammas / gammas.sum(axis=-1, keepdims=True)
    wanted = 1 - jensenshannon(truth, rng.multinomial(5, truth) / 5, base=2, axis=-1).mean()
    assert abs(cells.floor - wanted) < 2e-3


def test_the_floor_of_choices_is_that_of_as_many_choices() -> None:
    repeats = 10
    asked = choice("country", "item", "repeat")
    said = h.ReduceTerm(
        type=type_of(k.Dist(SCALE), *AXES), span=SPAN, reducer="share", direction="over",
        axes=("repeat",), of=asked, weight=None, by=(), args=(),
    )  # fmt: skip
    share = distributions(np.random.default_rng(2), (3, 8), np.ones((8, 5), bool), 1)
    spec = audit(axes=asked.type.axes, measures=[measure("fit", [], alignment(said))])
    spec = replace(spec, asks=(replace(spec.asks[0], type=asked.type, axes=asked.type.axes),))
    world = grid({"country": 3, "item": 8, "repeat": repeats}, [5] * 8)
    chosen = np.zeros((3, 8, repeats, 5), dtype=np.float32)
    chosen[..., 0] = 1.0
    there = np.ones(chosen.shape[:-1], bool)
    cells = AnswerCells((*AXES, "repeat"), chosen, None, there, there.astype(np.int64))
    known = people_cells(AXES, share, n_eff=np.full((3, 8), 200.0))
    found = lower(spec, world).evaluate(ScoreInputs({"reply": cells}, {human: known})).measures[0]
    wanted = mean_closeness(np.random.default_rng(4), share, 200.0, repeats, 200)
    assert abs(found.floor - wanted.mean()) < 5 * wanted.std() * np.sqrt(2 / 200)


@pytest.mark.parametrize(("n", "closeness"), [(10, 0.73), (30, 0.85), (1500, 0.98)])
def test_a_perfect_model_with_few_draws_is_as_close_as_was_found(n: int, closeness: float) -> None:
    """Section 9, point 1 of the methods: 1 - JS distance in bits over five options, beside people who are known."""
    share = np.random.default_rng(8).dirichlet(np.ones(5), size=(1, 400))
    cells = run(
        share, np.full((1, 400), 1e7), [measure("fit", [], alignment())], counted=np.full((1, 400), n)
    ).measures[0]
    assert cells.floor == pytest.approx(closeness, abs=0.01)


def test_floors_do_not_depend_on_how_many_draws_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    share = distributions(np.random.default_rng(2), (3, 8), np.ones((8, 5), bool), 1)
    n, counted = np.full((3, 8), 70.0), np.full((3, 8), 9)
    spec = replace(measure("fit", ["country"], alignment(over=("item",))), sizes="equal")
    together = run(share, n, [spec], counted=counted).measures[0]
    monkeypatch.setattr(resample, "MEMORY", 20_000)
    parts = run(share, n, [spec], counted=counted).measures[0]
    np.testing.assert_allclose(parts.floor, together.floor, rtol=0, atol=1e-13)
    np.testing.assert_allclose(parts.equal_n, together.equal_n, rtol=0, atol=1e-13)


def test_controls_are_the_measure_with_other_answers() -> None:
    rng = np.random.default_rng(3)
    share = distributions(rng, (4, 6), np.ones((6, 4), bool), 1)
    probs = distributions(rng, (4, 6), np.ones((6, 4), bool), 1)
    cells = run(
        share, np.full((4, 6), 90.0), [measure("fit", ["country"], alignment(over=("item",)))], probs
    ).measures[0]
    names = tuple(f"country{at}" for at in range(4))
    others = [names.index(str(other_level(7, "human_shuffled", "country", name, names))) for name in names]

    def by_country(given: Callable[[int], np.ndarray]) -> list[float]:
        return [1 - np.mean(jensenshannon(given(at), share[at], base=2, axis=-1)) for at in range(4)]

    np.testing.assert_allclose(cells.uniform, by_country(lambda _: np.full((6, 4), 0.25)), atol=1e-7)
    mean = by_country(lambda at: np.delete(share, at, axis=0).mean(axis=0))
    np.testing.assert_allclose(cells.others, mean, atol=1e-7)
    np.testing.assert_allclose(cells.shuffled, by_country(lambda at: share[others[at]]), atol=1e-7)


def test_what_nobody_has_a_number_of_has_nothing_beside_it() -> None:
    share = distributions(np.random.default_rng(2), (3, 8), np.ones((8, 5), bool), 1)
    world = grid({"country": 3, "item": 8}, [5] * 8)
    spec = audit(axes=AXES, measures=[replace(measure("fit", [], alignment()), sizes="equal")])
    found = lower(spec, world).evaluate(
        ScoreInputs({"reply": answers(AXES, share)}, {human: people_cells(AXES, share)})
    )
    beside = (
        getattr(found.measures[0], name) for name in ("floor", "uniform", "others", "shuffled", "equal_n")
    )
    assert all(np.isnan(one) for one in beside)


def test_groups_of_one_truth_are_equally_near_at_equal_sizes() -> None:
    """Groups of 40 and 600 people with one truth: the raw gap is noise, the gap at equal sizes is none.

    The mean over 20 audits, within four standard errors of zero; each with a model that is off the truth.
    """
    sizes = np.array([40, 150, 600])
    spec = replace(measure("fit", ["country"], alignment(over=("item",))), sizes="equal")
    graph = lower(audit(axes=AXES, measures=[spec]), grid({"country": 3, "item": 30}, [5] * 30))
    raw, equal = np.zeros((2, 20, 3))
    for at in range(20):
        rng = np.random.default_rng(at)
        truth = rng.dirichlet(np.ones(5), size=30)
        share = np.stack([[rng.multinomial(n, one) / n for one in truth] for n in sizes])
        off = 0.7 * truth + 0.3 * rng.dirichlet(np.ones(5), size=30)
        n_eff = np.repeat(sizes[:, None], 30, axis=1).astype(float)
        inputs = ScoreInputs(
            {"reply": answers(AXES, np.stack([off] * 3))}, {human: people_cells(AXES, share, n_eff=n_eff)}
        )
        found = graph.evaluate(inputs).measures[0]
        raw[at], equal[at] = found.value, found.equal_n
    gap, fair = raw[:, 2] - raw[:, 0], equal[:, 2] - equal[:, 0]
    assert gap.mean() > 0.03
    assert abs(fair.mean()) < 4 * fair.std() / np.sqrt(20)
    assert abs(fair.mean()) < 0.006
    np.testing.assert_allclose(raw[:, 0], equal[:, 0], atol=1e-12)
