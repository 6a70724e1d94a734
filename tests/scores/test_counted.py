"""How many answers stand behind a value: each once, however often and by whatever reduction it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from score_terms import (
    answer,
    answers,
    arithmetic,
    attribute,
    audit,
    grid,
    measure,
    people,
    people_cells,
    pick,
    reduce,
)

from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.types import terms as h

SIZES = {"model": 2, "country": 4, "item": 5, "group": 3}
AXES = ("model", "country", "item")
RNG = np.random.default_rng(5)
OK = RNG.uniform(size=(2, 4, 5)) > 0.2
OK[0, :, 3] = False
OTHER = RNG.uniform(size=(2, 4, 5)) > 0.2
PROBS = np.full((2, 4, 5, 2), 0.5)
ATTRIBUTES: Any = {
    "item": {"theme": ("a", "b", "a", "a", "b")},
    "group": {"weight": (1.0, 2.0, 3.0)},
}
mass = answer(*AXES, field="mass")
second = replace(mass, ask="second")


def scored(by: tuple[str, ...], term: h.Term) -> MeasureCells:
    spec = audit(axes=AXES, measures=[measure("it", by, term)])
    again = replace(spec.asks[0], name="second")
    spec = replace(spec, asks=(*spec.asks, again))
    given = {"reply": answers(AXES, PROBS, ok=OK), "second": answers(AXES, PROBS, ok=OTHER)}
    human = people("item", "group")
    shares = people_cells(("item", "group"), np.full((5, 3, 2), 0.5))
    world = grid(SIZES, [2] * 5, attributes=ATTRIBUTES)
    return lower(spec, world).evaluate(ScoreInputs(given, {human: shares})).measure("it")


def mean(over: Sequence[str], of: h.Term, **more: Any) -> h.Term:
    return reduce("mean", over, of, **more)


def counts(cells: MeasureCells) -> tuple[list[int], list[int]]:
    return cells.n_used.tolist(), cells.n_missing.tolist()


PER_MODEL = (OK.sum(axis=(1, 2)).tolist(), (~OK).sum(axis=(1, 2)).tolist())


def test_an_answer_beside_the_mean_of_all_counts_once() -> None:
    apart = arithmetic("-", mass, mean(["country"], mass))
    assert counts(scored(("model",), mean(["item", "country"], apart))) == PER_MODEL


def test_residuals_of_two_means_count_each_answer_once() -> None:
    rows, columns = mean(["country"], mass), mean(["item"], mass)
    apart = arithmetic("-", arithmetic("-", mass, rows), columns)
    assert counts(scored(("model",), mean(["item", "country"], apart))) == PER_MODEL


def test_an_answer_that_is_read_for_every_group_counts_once() -> None:
    weighed = arithmetic("*", mass, attribute("group", "weight"))
    nearest = reduce("min", ["group"], weighed)
    assert counts(scored(("model",), mean(["country", "item"], nearest))) == PER_MODEL
    assert counts(scored(("model",), mean(["group", "item", "country"], weighed))) == PER_MODEL
    inner = mean(["group"], arithmetic("*", mean(["country"], mass), attribute("group", "weight")))
    assert counts(scored(("model",), mean(["item"], inner))) == PER_MODEL


def test_groups_made_of_an_attribute_add_up() -> None:
    themes = mean(["item"], mass, by=["theme"])
    assert counts(scored(("model",), mean(["theme", "country"], themes))) == PER_MODEL


def test_answers_of_two_levels_add_up_and_pairs_are_counted_as_pairs() -> None:
    left, right = pick(mass, model="model0"), pick(mass, model="model1")
    summarised = arithmetic("-", mean(["item", "country"], left), mean(["item", "country"], right))
    assert counts(scored((), summarised)) == (int(OK.sum()), int((~OK).sum()))
    both = OK[0] & OK[1]
    pairs = mean(["item", "country"], arithmetic("-", left, right))
    assert counts(scored((), pairs)) == (int(both.sum()), int((~both).sum()))


def test_answers_of_two_asks_add_up_and_pairs_are_counted_as_pairs() -> None:
    summarised = arithmetic("-", mean(["item", "country"], mass), mean(["item", "country"], second))
    assert counts(scored(("model",), summarised)) == (
        (OK.sum(axis=(1, 2)) + OTHER.sum(axis=(1, 2))).tolist(),
        ((~OK).sum(axis=(1, 2)) + (~OTHER).sum(axis=(1, 2))).tolist(),
    )
    both = (OK & OTHER).sum(axis=(1, 2))
    pairs = mean(["item", "country"], arithmetic("-", mass, second))
    assert counts(scored(("model",), pairs)) == (both.tolist(), (20 - both).tolist())


def test_a_value_at_its_own_level_beside_the_mean_of_all_rests_on_all() -> None:
    cells = scored(
        ("country", "model"), arithmetic("-", mean(["item"], mass), mean(["item", "country"], mass))
    )
    there = OK.any(axis=2).T
    wanted = np.where(there, OK.sum(axis=(1, 2))[None], 0)
    assert cells.n_used.tolist() == wanted.tolist()


def test_people_are_counted_where_there_is_no_answer() -> None:
    share = pick(people("item", "group"), option="first")
    assert counts(scored((), mean(["item", "group"], share))) == (15, 0)
    both = arithmetic("-", mass, share)
    assert counts(scored(("model",), mean(["group", "item", "country"], both))) == PER_MODEL
