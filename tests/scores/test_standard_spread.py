"""Spread ratios without sampling variance: against NumPy, and against the truth that samples were drawn from."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from score_terms import (
    SCALE,
    SPAN,
    arithmetic,
    audit,
    call,
    grid,
    measure,
    metric,
    people,
    people_cells,
    real,
    reduce,
    type_of,
)

from cyclspec.compiler.scores import Graph, ScoreInputs, lower
from cyclspec.compiler.scores.tables import HeadcountCells
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

Floats = NDArray[np.float64]
ITEMS, COUNTRIES, OPTIONS, DRAWN = 400, 12, 5, 10
PEOPLE = np.linspace(25, 80, COUNTRIES).round()
"""How many people answer in each country; the model answers ten times."""

counted = h.HeadcountTerm(
    type=type_of(k.Number(), "item", "country"),
    span=SPAN,
    table="survey.answers",
    column="value",
    people="survey.people",
    person="person",
    by=("country",),
    weight="weight",
    scale=SCALE,
    number="n_eff",
)
human = counted.shares
reply = people("item", "country", column="simulated")
"""Shares without an ask: what is simulated here needs no noise floor."""


def mean(term: h.Term) -> h.Term:
    return reduce("mean", sorted(term.type.axes), term)


def between(of: h.Term) -> h.Term:
    """The mean over items of the variance of mean positions between countries."""
    position = call("number", metric("mean_position", of))
    return mean(reduce("var", ["country"], position))


def left_of(of: h.Term, number: h.Term) -> h.Term:
    """The variance that is left of countries with more than one answer on both sides, item by item."""
    known = metric("several", real(DRAWN), counted)
    position = arithmetic("*", known, call("number", metric("mean_position", of)))
    noise = arithmetic("*", known, metric("position_error", of, number))
    spread, error = reduce("var", ["country"], position), reduce("mean", ["country"], noise)
    return mean(metric("variance_beyond_noise", spread, error))


@cache
def graph(items: int = ITEMS) -> Graph:
    noise = [
        mean(metric("position_error", reply, real(DRAWN))),
        mean(metric("position_error", human, counted)),
    ]
    within = [
        mean(metric("position_variance_of_all", reply, real(DRAWN))),
        mean(metric("position_variance_of_all", human, counted)),
    ]
    naive = [mean(metric("position_variance", reply)), mean(metric("position_variance", human))]
    zero = real(0.0)
    terms = {
        "between": metric("spread_ratio", between(reply), noise[0], between(human), noise[1]),
        "between_naive": metric("spread_ratio", between(reply), zero, between(human), zero),
        "within": metric("variance_ratio", within[0], zero, within[1], zero),
        "within_naive": metric("variance_ratio", naive[0], zero, naive[1], zero),
        "left_model": metric("variance_beyond_noise", between(reply), noise[0]),
        "left_people": metric("variance_beyond_noise", between(human), noise[1]),
        "nothing": metric("is_noise", between(reply), noise[0]),
        "several_model": left_of(reply, real(DRAWN)),
        "several_people": left_of(human, counted),
    }
    measures = [measure(name, [], term) for name, term in terms.items()]
    place = grid({"item": items, "country": COUNTRIES}, [OPTIONS] * items)
    return lower(audit(axes=["item", "country"], measures=measures), place)


def scored(model: Floats, persons: Floats, number: Floats = PEOPLE) -> dict[str, float]:
    numbers, axes = np.broadcast_to(number, persons.shape[:2]), ("item", "country")
    cells = {human: people_cells(axes, persons), reply: people_cells(axes, model)}
    inputs = ScoreInputs({}, cells, {counted: HeadcountCells(axes, numbers)})
    return {one.name: float(one.value) for one in graph(len(persons)).evaluate(inputs).measures}


def drawn(rng: np.random.Generator, position: Floats, number: Floats) -> Floats:
    """Shares of so many answers, each binomial on the places of the scale around a mean position."""
    places = np.arange(OPTIONS)
    ways = np.array([1, 4, 6, 4, 1])
    chance = ways * position[..., None] ** places * (1 - position[..., None]) ** (OPTIONS - 1 - places)
    counts = rng.multinomial(number.astype(int), chance / chance.sum(axis=-1, keepdims=True))
    return counts / number[..., None]


def world(rng: np.random.Generator, ratio: float, apart: float = 0.12) -> tuple[Floats, Floats, float]:
    """Shares of a model whose countries lie `ratio` times as far apart as people do, theirs, and the ratio within."""
    centre = rng.uniform(0.4, 0.6, (ITEMS, 1))
    shift = rng.uniform(-apart, apart, (ITEMS, COUNTRIES)) * np.sqrt(3)
    shift -= shift.mean(axis=1, keepdims=True)
    theirs, ours = centre + shift, centre + ratio * shift
    model = drawn(rng, ours, np.full(ours.shape, float(DRAWN)))
    persons = drawn(rng, theirs, np.broadcast_to(PEOPLE, theirs.shape))
    # A binomial position of four steps has the variance p (1 - p) / 4.
    return model, persons, float((ours * (1 - ours)).mean() / (theirs * (1 - theirs)).mean())


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_the_true_ratio_is_found_and_the_plain_one_is_not_it(ratio: float) -> None:
    """Twelve simulated audits of 400 questions. Plain ratios are .63, .79 and 1.14."""
    found = [
        (scored(model, persons), true)
        for model, persons, true in (world(np.random.default_rng(seed), ratio) for seed in range(12))
    ]
    # Ratios of zero are clipped: what is compared is the variance that is left, which is right on average.
    left = np.array([one["left_model"] / one["left_people"] for one, _ in found])
    error = left.std(ddof=1) / np.sqrt(len(left))
    assert abs(left.mean() - ratio**2) < 4 * error and error < 0.02
    plain = np.array([one["between_naive"] for one, _ in found])
    assert (plain > ratio + 0.1).all()
    if ratio:
        assert abs(np.mean([one["between"] for one, _ in found]) - ratio) < 0.03
    within = np.array([one["within"] / true for one, true in found])
    assert abs(within.mean() - 1.0) < 4 * within.std(ddof=1) / np.sqrt(len(within)) < 0.01
    assert np.mean([one["within_naive"] / true for one, true in found]) < 0.95


def test_the_formulas_are_those_of_numpy() -> None:
    rng = np.random.default_rng(5)
    model, persons = (
        rng.dirichlet(np.ones(OPTIONS), (3, COUNTRIES)).astype(np.float32).astype(float) for _ in range(2)
    )
    model, persons = (one / one.sum(axis=-1, keepdims=True) for one in (model, persons))
    found, at = scored(model, persons), np.linspace(0, 1, OPTIONS)
    sides = {}
    for name, shares, n in (("model", model, DRAWN), ("people", persons, PEOPLE)):
        position = shares @ at
        variance = np.array([[np.cov(at, aweights=p, ddof=0) for p in item] for item in shares])
        sides[name] = (
            position.var(axis=1, ddof=1).mean(),
            (variance / (n - 1)).mean(),
            (variance * n / (n - 1)).mean(),
            variance.mean(),
        )
    (a, noise_a, all_a, plain_a), (b, noise_b, all_b, plain_b) = sides["model"], sides["people"]
    wanted = {
        "between": np.sqrt(max(a - noise_a, 0) / (b - noise_b)),
        "between_naive": np.sqrt(a / b),
        "within": all_a / all_b,
        "within_naive": plain_a / plain_b,
        "left_model": a - noise_a,
        "left_people": b - noise_b,
        "nothing": float(a <= noise_a),
        "several_model": a - noise_a,
        "several_people": b - noise_b,
    }
    assert found == pytest.approx(wanted, rel=1e-6)


def test_what_is_all_noise_is_said_and_is_no_ratio() -> None:
    """Countries of one truth: what is left is below zero as often as not. Of a model the ratio is 0, of people none."""
    same = np.broadcast_to([0.1, 0.2, 0.4, 0.2, 0.1], (3, COUNTRIES, OPTIONS))
    other = same.copy()
    other[:, ::2] = same[:, ::2] + [0.2, 0.2, 0.0, -0.2, -0.1]
    other = np.maximum(other, 0) / np.maximum(other, 0).sum(axis=-1, keepdims=True)
    flat = scored(same, other)
    assert flat["left_model"] < 0 and flat["nothing"] == 1.0 and flat["between"] == 0.0
    nobody = scored(other, same)
    assert nobody["left_people"] < 0 and nobody["nothing"] == 0.0 and np.isnan(nobody["between"])


def test_a_country_of_one_person_leaves_variance_and_noise_of_both_sides() -> None:
    """Half of the countries have one person: no truth differs, so nothing may be left. Apart, means keep the noise."""
    rng = np.random.default_rng(2)
    number = np.where(np.arange(COUNTRIES) % 2, 1.0, PEOPLE)
    even = np.full((ITEMS, COUNTRIES), 0.5)
    model = drawn(rng, even, np.full(even.shape, float(DRAWN)))
    persons = drawn(rng, even, np.broadcast_to(number, even.shape))
    found, at = scored(model, persons, number), np.linspace(0, 1, OPTIONS)
    for side, shares, n in (("model", model, np.full(COUNTRIES, DRAWN)), ("people", persons, number)):
        kept, n = shares[:, number > 1], n[number > 1]
        position = kept @ at
        variance = (kept * (at - position[..., None]) ** 2).sum(axis=-1)
        left = position.var(axis=1, ddof=1) - (variance / (n - 1)).mean(axis=1)
        assert found[f"several_{side}"] == pytest.approx(left.mean(), abs=1e-7)
        assert abs(left.mean()) < 4 * left.std(ddof=1) / np.sqrt(ITEMS)
    # The variance of a position of one person is 1/16, and six of twelve countries have it.
    assert found["left_people"] > 0.02


def test_an_item_with_one_country_left_is_no_noise_without_variance() -> None:
    """Of three items one has a single country with several people: both means are of the other two."""
    rng = np.random.default_rng(4)
    persons = rng.dirichlet(np.ones(OPTIONS), (3, COUNTRIES))
    number = np.broadcast_to(PEOPLE, (3, COUNTRIES)).copy()
    number[0, 1:] = 1.0
    model = rng.dirichlet(np.ones(OPTIONS), (3, COUNTRIES))
    whole, without = scored(model, persons, number), scored(model[1:], persons[1:], number[1:])
    for side in ("several_model", "several_people"):
        assert whole[side] == pytest.approx(without[side], rel=1e-9)
