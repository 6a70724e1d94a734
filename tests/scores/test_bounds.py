"""Sensitivity bounds against every way to fill missing answers in, tried one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

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
    compare,
    distributions,
    grid,
    measure,
    metric,
    people,
    people_cells,
    pick,
    real,
    reduce,
    type_of,
)

from cyclspec.compiler.scores import AnswerCells, ScoreInputs, Scores, lower
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.runtime.store.tables import measures_table

OPTIONS = (4, 3, 2)
ITEMS, REPEATS = 3, 5
AXES = ("item", "repeat")
reply, human = choice(*AXES), people("item")
WORLD = grid({"item": ITEMS, "repeat": REPEATS}, OPTIONS)
EXISTS = np.arange(4) < np.array(OPTIONS)[:, None]
SHARE = distributions(np.random.default_rng(3), (ITEMS,), EXISTS, 0)
CHOSEN = np.array([[0, 1, 3, 3, 0], [2, 2, 0, 0, 0], [1, 0, 0, 0, 0]])
THERE = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], dtype=bool)


def simulated() -> h.Term:
    return h.ReduceTerm(
        type=type_of(k.Dist(SCALE), "item"),
        span=SPAN,
        reducer="share",
        direction="over",
        axes=("repeat",),
        of=reply,
        weight=None,
        by=(),
        args=(),
    )


def bounded(name: str, by: list[str], term: h.Term) -> d.TypedMeasure:
    return replace(measure(name, by, term), bounds="worst_case")


def scored(*measures: d.TypedMeasure) -> Scores:
    spec = audit(axes=AXES, measures=measures)
    ask = replace(spec.asks[0], type=reply.type)
    probs = np.eye(4)[CHOSEN] * THERE[..., None]
    cells = AnswerCells(AXES, probs.astype(np.float32), None, THERE, THERE.astype(np.int64))
    inputs = ScoreInputs({"reply": cells}, {human: people_cells(["item"], SHARE)})
    return lower(replace(spec, asks=(ask,)), WORLD).evaluate(inputs)


def fillings(item: int) -> list[np.ndarray]:
    """The shares of every way to fill the missing answers of one item in."""
    fixed = np.bincount(CHOSEN[item][THERE[item]], minlength=OPTIONS[item])
    lost = int((~THERE[item]).sum())
    every = product(range(OPTIONS[item]), repeat=lost)
    return [(fixed + np.bincount(np.array(one, int), minlength=OPTIONS[item])) / REPEATS for one in every]


def tried(distance: str, item: int) -> list[float]:
    share = SHARE[item, : OPTIONS[item]]
    steps = np.arange(OPTIONS[item]) / (OPTIONS[item] - 1)
    of = {
        "js_distance": lambda q: jensenshannon(q, share, base=2),
        "tv": lambda q: np.abs(q - share).sum() / 2,
        "emd_norm": lambda q: np.abs(np.cumsum(q - share))[:-1].sum() / (OPTIONS[item] - 1),
        "mean_position": lambda q: q @ steps,
    }[distance]
    return [float(of(q)) for q in fillings(item)]


@pytest.mark.parametrize("name", ["js_distance", "tv", "emd_norm"])
def test_a_distance_is_bounded_by_the_best_and_the_worst_filling(name: str) -> None:
    term = metric(name, simulated(), human)
    fit = arithmetic("-", real(1.0), reduce("mean", ["item"], term))
    found = scored(bounded("each", ["item"], term), bounded("fit", [], fit))
    every = [tried(name, item) for item in range(ITEMS)]
    np.testing.assert_allclose(found.measure("each").bound_low, [min(one) for one in every], atol=1e-7)
    np.testing.assert_allclose(found.measure("each").bound_high, [max(one) for one in every], atol=1e-7)
    low, high = (1.0 - np.mean([end(one) for one in every]) for end in (max, min))
    np.testing.assert_allclose(found.measure("fit").bound_low, low, atol=1e-7)
    np.testing.assert_allclose(found.measure("fit").bound_high, high, atol=1e-7)
    inside = found.measure("fit").value
    assert found.measure("fit").bound_low <= inside <= found.measure("fit").bound_high


def test_a_difference_and_its_size_are_bounded_by_their_ends() -> None:
    gap = arithmetic("-", metric("mean_position", simulated()), metric("mean_position", human))
    size = h.CallTerm(type=gap.type, span=SPAN, function="abs", args=(gap,))
    found = scored(bounded("gap", ["item"], gap), bounded("size", ["item"], size))
    for item in range(ITEMS):
        steps = np.arange(OPTIONS[item]) / (OPTIONS[item] - 1)
        gaps = np.array(tried("mean_position", item)) - SHARE[item, : OPTIONS[item]] @ steps
        assert found.measure("gap").bound_low[item] == pytest.approx(gaps.min(), abs=1e-7)
        assert found.measure("gap").bound_high[item] == pytest.approx(gaps.max(), abs=1e-7)
        assert found.measure("size").bound_high[item] == pytest.approx(np.abs(gaps).max(), abs=1e-7)
        # The size of a gap may be lowest between two fillings: the bound is what an interval of gaps gives.
        reached = 0.0 if gaps.min() < 0 < gaps.max() else np.abs(gaps).min()
        assert found.measure("size").bound_low[item] == pytest.approx(reached, abs=1e-7)


def test_shares_and_agreement_are_bounded_by_none_and_all_of_the_missing() -> None:
    same = compare("==", pick(reply, repeat="repeat0"), pick(reply, repeat="repeat2"))
    apart = compare("!=", pick(reply, repeat="repeat0"), pick(reply, repeat="repeat2"))
    low_position = compare("<=", metric("mean_position", simulated()), real(0.25))
    found = scored(
        bounded("picked", ["item"], pick(simulated(), option="o0")),
        bounded("same", [], reduce("mean", ["item"], same)),
        bounded("apart", [], reduce("mean", ["item"], apart)),
        bounded("low", [], reduce("mean", ["item"], low_position)),
    )
    sure = (THERE & (CHOSEN == 0)).sum(axis=1) / REPEATS
    lost = (~THERE).sum(axis=1) / REPEATS
    np.testing.assert_allclose(found.measure("picked").bound_low, sure, atol=1e-12)
    np.testing.assert_allclose(found.measure("picked").bound_high, sure + lost, atol=1e-12)
    # Of three items one agrees, one does not, and the last has but its first answer.
    agreeing = CHOSEN[:2, 0] == CHOSEN[:2, 2]
    for name, known in (("same", agreeing), ("apart", ~agreeing)):
        assert found.measure(name).bound_low == pytest.approx(known.sum() / 3)
        assert found.measure(name).bound_high == pytest.approx((known.sum() + 1) / 3)
    every = [np.array(tried("mean_position", item)) <= 0.25 for item in range(ITEMS)]
    assert found.measure("low").bound_low == pytest.approx(np.mean([one.all() for one in every]))
    assert found.measure("low").bound_high == pytest.approx(np.mean([one.any() for one in every]))


def test_a_missing_distribution_can_be_that_of_people_or_all_on_one_option() -> None:
    asked = answer("item")
    spec = audit(axes=("item",), measures=[bounded("fit", ["item"], metric("tv", asked, human))])
    probs = np.where(EXISTS, 1 / np.array(OPTIONS)[:, None], 0.0)
    cells = answers(("item",), probs, ok=np.array([True, False, False]))
    found = lower(spec, grid({"item": ITEMS}, OPTIONS)).evaluate(
        ScoreInputs({"reply": cells}, {human: people_cells(["item"], SHARE)})
    )
    fit = found.measures[0]
    assert fit.bound_low[0] == fit.bound_high[0] == pytest.approx(fit.value[0])
    assert np.isnan(fit.value[1:]).all()
    np.testing.assert_allclose(fit.bound_low[1:], 0.0, atol=2**-7)
    np.testing.assert_allclose(fit.bound_high[1:], 1.0 - np.where(EXISTS, SHARE, 1.0).min(axis=1)[1:])


def test_what_has_no_direction_is_refused_by_its_name() -> None:
    spread = reduce("sd", ["item"], metric("mean_position", simulated()))
    both = metric("tv", simulated(), simulated())
    for term, by, name in ((spread, [], "`sd over`"), (both, ["item"], "metric `tv` of several answers")):
        with pytest.raises(SpecError) as caught:
            scored(bounded("odd", by, term))
        assert name in str(caught.value.diagnostics[0])


def test_without_the_word_there_are_no_bounds() -> None:
    plain = scored(measure("fit", ["item"], metric("tv", simulated(), human))).measures[0]
    assert np.isnan(plain.bound_low).all() and np.isfinite(plain.value).all()


def test_a_filling_without_a_value_leaves_no_bounds_and_the_row_says_so() -> None:
    """A `kl` of people from a model that may have nothing on an option has no end, and neither has a possible tie."""
    same = reduce("mean", ["item"], metric("same_mode", simulated(), human))
    found = scored(
        bounded("reversed", ["item"], metric("kl", human, simulated())),
        bounded("nothing", [], arithmetic("*", real(0.0), same)),
        bounded("picked", ["item"], pick(simulated(), option="o0")),
    )
    rows = measures_table(found.measures, WORLD, {}).to_pylist()
    assert len(rows) == 7 and found.measure("nothing").value == 0.0
    for row in rows:
        bounds = (row["bound_low"], row["bound_high"])
        if row["measure"] == "picked":
            assert None not in bounds and row["warning"] is None
        else:
            assert bounds == (None, None)
            assert row["warning"] == "no bound: some ways to fill missing answers in leave it undefined"
