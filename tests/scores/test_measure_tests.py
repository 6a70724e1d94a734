"""Tests of measures inside the graph: signs of what clusters add, labels permuted within items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from score_terms import answer, answers, arithmetic, audit, call, grid, measure, metric, pick, real, reduce
from statsmodels.stats.multitest import multipletests

from cyclspec.compiler.axes import Grid, Presence
from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.types import typed as d
from cyclspec.runtime.store.tables import measures_table

Floats = NDArray[np.float64]
AXES = ("model", "country", "item")
mass = answer(*AXES, field="mass")
CONTRAST = reduce("mean", ["item"], arithmetic("-", pick(mass, model="model1"), pick(mass, model="model0")))


def values(countries: int = 2, items: int = 11) -> Floats:
    drawn = (
        np.random.default_rng(6).uniform(size=(2, countries, items)) + np.array([0.0, 0.15])[:, None, None]
    )
    return drawn.astype(np.float32).astype(np.float64)


def scored(
    of: Floats, *measures: d.TypedMeasure, ok: NDArray[np.bool_] | None = None, place: Grid | None = None
) -> tuple[MeasureCells, ...]:
    there = np.ones(of.shape, dtype=np.bool_) if ok is None else ok
    cells = answers(AXES, np.full((*of.shape, 2), 0.5), mass=of, ok=there)
    place = place or grid(dict(zip(AXES, of.shape, strict=True)), [2] * of.shape[2])
    return (
        lower(audit(axes=AXES, measures=measures, seed=3), place)
        .evaluate(ScoreInputs({"reply": cells}, {}))
        .measures
    )


def flipped(
    *drawn: d.Drawn, adjust: Any = None, term: Any = CONTRAST, by: Any = ("country",)
) -> d.TypedMeasure:
    return replace(measure("m", by, term, adjust=adjust), test=d.SignFlip(drawn, 10_000))


def by_scipy(differences: Floats) -> float:
    return float(
        stats.permutation_test(
            (differences, np.zeros_like(differences)),
            lambda x, y, axis: np.abs(np.mean(x - y, axis=axis)),
            permutation_type="samples",
            alternative="greater",
            vectorized=True,
            n_resamples=np.inf,
        ).pvalue
    )


def test_signs_of_a_contrast_are_flipped_item_by_item() -> None:
    of = values()
    (found,) = scored(of, flipped(d.Drawn("item"), adjust="holm"))
    wanted = [by_scipy(of[1, country] - of[0, country]) for country in range(2)]
    np.testing.assert_allclose(found.p_value, wanted, rtol=0, atol=1e-12)
    adjusted = multipletests(wanted, method="holm")[1]
    np.testing.assert_allclose(found.p_adjusted, adjusted, rtol=0, atol=1e-12)


def test_signs_of_clusters_are_flipped_together() -> None:
    of = values()
    themes = tuple("aabbccddeef")
    place = grid({"model": 2, "country": 2, "item": 11}, [2] * 11, attributes={"item": {"theme": themes}})
    (found,) = scored(of, flipped(d.Drawn("item", cluster="theme")), place=place)
    for country in range(2):
        sums = [
            sum((of[1, country] - of[0, country])[[at for at in range(11) if themes[at] == theme]])
            for theme in dict.fromkeys(themes)
        ]
        assert abs(found.p_value[country] - by_scipy(np.array(sums))) < 1e-12


def test_by_several_axes_the_largest_p_value_counts() -> None:
    of = values(countries=5)
    term = reduce("mean", ["item", "country"], CONTRAST.of)
    one, two, both = (
        scored(of, flipped(*drawn, term=term, by=()))[0].p_value
        for drawn in (
            (d.Drawn("item"),),
            (d.Drawn("country"),),
            (d.Drawn("item"), d.Drawn("country")),
        )
    )
    difference = of[1] - of[0]
    assert abs(one - by_scipy(difference.mean(axis=0))) < 1e-12
    assert abs(two - by_scipy(difference.mean(axis=1))) < 1e-12
    assert both == max(one, two)


def test_missing_answers_leave_their_items_out_of_the_signs() -> None:
    of = values(countries=1)
    ok = np.ones(of.shape, dtype=np.bool_)
    ok[0, 0, [2, 7]] = False
    (found,) = scored(of, flipped(d.Drawn("item")), ok=ok)
    kept = [at for at in range(11) if at not in (2, 7)]
    assert abs(found.p_value[0] - by_scipy((of[1, 0] - of[0, 0])[kept])) < 1e-12


def gap(draws: int = 4000, tail: Any = "upper", within: tuple[str, ...] = ("item",)) -> d.TypedMeasure:
    by_country = reduce("mean", ["item", "model"], mass)
    term = arithmetic("-", *(reduce(name, ["country"], by_country) for name in ("max", "min")))
    return replace(measure("gap", [], term), test=d.Permutation("country", None, within, draws, tail))


def test_the_null_of_a_gap_of_two_is_that_of_flipped_signs() -> None:
    """With two countries, labels permuted within items are signs flipped: 5 standard errors of 4,000 draws."""
    of = values()
    (found,) = scored(of, gap())
    wanted = by_scipy(of.mean(axis=0)[1] - of.mean(axis=0)[0])
    assert abs(found.p_value - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / 4000)


def test_the_null_of_a_gap_is_its_mean_over_permuted_labels() -> None:
    """Six countries, against 4,000 permutations by NumPy: within 5 standard errors of the difference of the means."""
    of = values(countries=6)
    (found,) = scored(of, gap())
    rng, means = np.random.default_rng(5), of.mean(axis=0)
    null = [np.ptp(rng.permuted(means, axis=0).mean(axis=1)) for _ in range(4000)]
    assert abs(found.null - np.mean(null)) < 5 * np.sqrt(2) * np.std(null) / np.sqrt(4000)
    assert abs(found.p_value - np.mean(null >= found.value)) < 5 * np.sqrt(0.5 / 4000)


def test_labels_that_are_not_within_items_are_permuted_for_all_alike() -> None:
    """Whole countries change their names: the null of one of four is the mean of all four, as far as draws tell."""
    of = values(countries=4)
    term = pick(reduce("mean", ["item", "model"], mass), country="country0")
    test = d.Permutation("country", None, (), 2000, "both")
    (found,) = scored(of, replace(measure("one", [], term), test=test))
    means = of.mean(axis=(0, 2))
    assert abs(found.value - means[0]) < 1e-12
    assert abs(found.null - means.mean()) < 5 * means.std() / np.sqrt(2000)


def test_a_value_that_no_permutation_changes_is_said_to_be_one() -> None:
    """Answers that are all alike: the p-value is 1, and the cell is marked. Others are not."""
    same = np.broadcast_to(np.linspace(0.25, 0.75, 11), (2, 3, 11)).copy()
    (found,) = scored(same, gap(draws=50))
    assert found.p_value == 1.0 and found.unmoved
    (other,) = scored(values(countries=3), gap(draws=50))
    assert not other.unmoved


@pytest.mark.parametrize(("share", "given"), [(0.02, True), (0.2, False)])
def test_a_p_value_stands_on_nearly_all_of_its_permutations(share: float, *, given: bool) -> None:
    """A logarithm that a known share of the permutations leaves undefined, and zero where it is defined."""
    of = values(countries=3)
    of[:, 0] += 0.25
    rng, means = np.random.default_rng(5), of.mean(axis=0)
    null = [np.ptp(rng.permuted(means, axis=0).mean(axis=1)) for _ in range(4000)]
    least = float(np.quantile(null, share))
    tested = gap(draws=400)
    short = arithmetic("*", real(0.0), call("log", arithmetic("-", tested.term, real(least))))
    (found,) = scored(of, replace(tested, term=short))
    # Five standard errors of both numbers of permutations.
    assert abs(found.null_lost - share) < 5 * np.sqrt(share * (1 - share) * (1 / 400 + 1 / 4000))
    assert np.isfinite(found.p_value) == np.isfinite(found.null) == given
    # Those that are left all have its value, which says nothing of the others.
    assert found.value == 0.0 and not found.unmoved
    (row,) = measures_table([found], grid(dict(zip(AXES, of.shape, strict=True)), [2] * 11), {}).to_pylist()
    ending = "they are left out" if given else "there is no p-value"
    assert row["warning"] == f"{found.null_lost:.2%} of the permutations leave nothing to measure: {ending}"


def test_cells_that_do_not_exist_take_no_label() -> None:
    of = values(countries=3)
    cells = np.ones((3, 11), dtype=np.bool_)
    cells[2, 4:] = False
    place = grid(
        dict(zip(AXES, of.shape, strict=True)), [2] * 11, presence=[Presence(("country", "item"), cells)]
    )
    (found,) = scored(of, gap(), place=place)
    rng, null, means = np.random.default_rng(7), [], of.mean(axis=0)
    for _ in range(4000):
        dealt = np.where(cells, means, np.nan)
        for item in range(11):
            here = np.flatnonzero(cells[:, item])
            dealt[here, item] = rng.permutation(means[here, item])
        null.append(np.ptp(np.nanmean(dealt, axis=1)))
    assert abs(found.null - np.mean(null)) < 5 * np.sqrt(2) * np.std(null) / np.sqrt(4000)


def test_holes_that_hang_on_no_label_are_holes_of_every_label() -> None:
    """Items with one to three phrasings, each dealt out by itself: against 2,000 permutations by NumPy."""
    axes, rng = ("country", "item", "phrasing"), np.random.default_rng(9)
    there = np.arange(3) < np.array([3, 1, 2, 3])[:, None]
    of = rng.uniform(size=(3, 4, 3)) + np.array([0.0, 0.1, 0.4])[:, None, None]
    of = np.where(there, of / 2, np.nan).astype(np.float32).astype(np.float64)
    by_country = reduce("mean", ["item", "phrasing"], answer(*axes, field="mass"))
    term = arithmetic("-", *(reduce(end, ["country"], by_country) for end in ("max", "min")))
    test = d.Permutation("country", None, ("item", "phrasing"), 2000, "upper")
    place = grid(dict(zip(axes, of.shape, strict=True)), [2] * 4, presence=[Presence(axes[1:], there)])
    ok = np.broadcast_to(there, of.shape)
    cells = answers(axes, np.full((*of.shape, 2), 0.5), mass=np.where(there, of, 0.0), ok=ok)
    made = lower(audit(axes=axes, measures=[replace(measure("gap", [], term), test=test)], seed=3), place)
    (found,) = made.evaluate(ScoreInputs({"reply": cells}, {})).measures
    flat = of[:, there]
    null = [np.ptp(rng.permuted(flat, axis=0).mean(axis=1)) for _ in range(2000)]
    assert abs(found.value - np.ptp(flat.mean(axis=1))) < 1e-12
    assert abs(found.null - np.mean(null)) < 5 * np.sqrt(2) * np.std(null) / np.sqrt(2000)
    assert abs(found.p_value - np.mean(null >= found.value)) < 5 * np.sqrt(0.5 / 2000)


@pytest.mark.parametrize("options", [[3] * 11, [2, 3, 4, 2, 3, 4, 2, 3, 4, 5, 5]])
def test_distributions_are_permuted_block_by_block(options: list[int]) -> None:
    """Whole distributions change places within their item: the mean over countries stays what it was."""
    rng = np.random.default_rng(8)
    probs = np.zeros((2, 3, 11, max(options)))
    for item, number in enumerate(options):
        probs[:, :, item, :number] = rng.dirichlet(np.ones(number), size=(2, 3))
    shape = {"model": 2, "country": 3, "item": 11}
    reply = answer(*AXES)
    far = metric("entropy", reply)
    by_country = reduce("mean", ["model", "item"], far)
    each = [pick(by_country, country=f"country{at}") for at in range(3)]
    mean = replace(
        measure("mean", [], arithmetic("+", arithmetic("+", each[0], each[1]), each[2])),
        test=d.Permutation("country", None, ("item",), 50, "both"),
    )
    one = replace(
        measure("one", [], reduce("mean", ["model", "item"], pick(far, country="country0"))),
        test=d.Permutation("country", None, ("item",), 2000, "both"),
    )
    cells = answers(AXES, probs)
    graph = lower(audit(axes=AXES, measures=[mean, one], seed=3), grid(shape, options))
    found = graph.evaluate(ScoreInputs({"reply": cells}, {})).measures
    assert abs(found[0].null - found[0].value) < 1e-12
    assert abs(found[1].null - found[0].value / 3) < 0.02
    assert found[1].p_value > 0.001
