"""Bootstrap intervals against a plain loop with the same counts, and against theory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from score_terms import (
    answer,
    answers,
    arithmetic,
    attribute,
    audit,
    grid,
    measure,
    pick,
    reduce,
    tails,
)

from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower, resample
from cyclspec.compiler.seeds import resampling_counts, seed_of
from cyclspec.language.types import typed as d

Floats = NDArray[np.float64]
AXES = ("model", "country", "item")
DRAWS, LEVEL = 60, 0.9
mass = answer(*AXES, field="mass")


def data(shape: tuple[int, int, int], missing: float = 0.2) -> tuple[Floats, NDArray[np.bool_]]:
    rng = np.random.default_rng(21)
    return rng.uniform(0.1, 1.0, shape).astype(np.float32).astype(np.float64), rng.uniform(
        size=shape
    ) >= missing


def scored(values: Floats, ok: NDArray[np.bool_], *measures: d.TypedMeasure) -> tuple[MeasureCells, ...]:
    sizes = dict(zip(AXES, values.shape, strict=True))
    attributes = {"item": {"size": tuple(float(at) for at in range(values.shape[2]))}}
    world = grid(sizes, [2] * values.shape[2], attributes=attributes)
    cells = answers(AXES, np.full((*values.shape, 2), 0.5), mass=values, ok=ok)
    spec = audit(axes=AXES, measures=measures, seed=3)
    return lower(spec, world).evaluate(ScoreInputs({"reply": cells}, {})).measures


def repeated(
    values: Floats, ok: NDArray[np.bool_], counts: list[NDArray[np.int64]], axes: tuple[int, ...]
) -> Floats:
    """The values of one resample, each level as often as it was drawn, without the missing ones."""
    kept = np.where(ok, values, np.nan)
    for axis, number in zip(axes, counts, strict=True):
        kept = np.repeat(kept, number, axis=axis)
    return kept[np.isfinite(kept)]


def loop(
    name: str, over: tuple[str, ...], values: Floats, ok: NDArray[np.bool_], of: Callable[[Floats], float]
) -> Floats:
    """The interval of one cell [country, item] by a loop over resamples."""
    sizes = {"country": 0, "item": 1}
    drawn = [
        resampling_counts(seed_of(3, "bootstrap", name, axis), DRAWS, values.shape[sizes[axis]]).astype(
            np.int64
        )
        for axis in over
    ]
    places = tuple(sizes[axis] for axis in over)
    results = [of(repeated(values, ok, [number[at] for number in drawn], places)) for at in range(DRAWS)]
    return np.quantile(results, tails(min(values.shape[sizes[axis]] for axis in over), LEVEL))


REDUCERS: dict[str, Callable[[Floats], float]] = {
    "mean": lambda x: float(np.mean(x)),
    "sum": lambda x: float(np.sum(x)),
    "min": lambda x: float(np.min(x)),
    "max": lambda x: float(np.max(x)),
    "sd": lambda x: float(np.std(x, ddof=1)),
    "median": lambda x: float(np.median(x)),
}


@pytest.mark.parametrize("over", [("item",), ("item", "country")])
def test_an_interval_equals_that_of_a_loop_over_the_same_resamples(over: tuple[str, ...]) -> None:
    values, ok = data((2, 4, 9))
    interval = d.Interval(over, DRAWS, LEVEL)
    measures = [
        measure(name, ["model"], reduce(name, ["country", "item"], mass), interval) for name in REDUCERS
    ]
    for cells in scored(values, ok, *measures):
        for model in range(2):
            low, high = loop(cells.name, over, values[model], ok[model], REDUCERS[cells.name])
            np.testing.assert_allclose(cells.low[model], low, rtol=0, atol=1e-10)
            np.testing.assert_allclose(cells.high[model], high, rtol=0, atol=1e-10)
            assert cells.n_clusters[model] == (9 if over == ("item",) else 4)


def test_resampled_differences_are_paired_and_slopes_are_refitted() -> None:
    values, ok = data((2, 1, 12))
    interval = d.Interval(("item",), DRAWS, LEVEL)
    paired = arithmetic(
        "-", *(reduce("mean", ["country", "item"], pick(mass, model=level)) for level in ("model1", "model0"))
    )
    slope = reduce("slope", ["country", "item"], mass, against=attribute("item", "size"))
    found = scored(
        values, ok, measure("paired", [], paired, interval), measure("slope", ["model"], slope, interval)
    )
    counts = resampling_counts(seed_of(3, "bootstrap", "paired", "item"), DRAWS, 12)
    means = [[np.average(values[m, 0], weights=row * ok[m, 0]) for row in counts] for m in range(2)]
    wanted = np.quantile(np.array(means[1]) - np.array(means[0]), tails(int(found[0].n_clusters), LEVEL))
    np.testing.assert_allclose([found[0].low, found[0].high], wanted, rtol=0, atol=1e-10)
    counts = resampling_counts(seed_of(3, "bootstrap", "slope", "item"), DRAWS, 12)
    for model in range(2):
        roots = [np.sqrt(row * ok[model, 0]) for row in counts]
        fits = [np.polyfit(np.arange(12), values[model, 0], 1, w=root)[0] for root in roots]
        np.testing.assert_allclose(
            found[1].low[model],
            np.quantile(fits, tails(int(found[1].n_clusters[model]), LEVEL)[0]),
            rtol=0,
            atol=1e-10,
        )


def test_draws_in_chunks_equal_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values, ok = data((2, 4, 9))
    term = reduce("median", ["country", "item"], mass)
    spec = measure("m", ["model"], term, d.Interval(("item",), DRAWS, LEVEL))
    whole = scored(values, ok, spec)[0]
    monkeypatch.setattr(resample, "MEMORY", 8 * 72 * 13)
    assert resample.chunk(DRAWS, 8 * 72) == 12
    parts = scored(values, ok, spec)[0]
    np.testing.assert_array_equal(whole.low, parts.low)
    np.testing.assert_array_equal(whole.high, parts.high)


def test_one_unit_has_no_interval() -> None:
    values, ok = data((2, 1, 5))
    ok[0] = False
    ok[0, 0, 2] = True
    ok[1] = True
    term = reduce("mean", ["country", "item"], mass)
    cells = scored(values, ok, measure("m", ["model"], term, d.Interval(("item",), DRAWS, LEVEL)))[0]
    assert cells.n_clusters.tolist() == [1, 5]
    assert np.isfinite(cells.value).all()
    assert (
        np.isnan(cells.low[0]) and np.isnan(cells.high[0]) and cells.low[1] < cells.value[1] < cells.high[1]
    )


def test_the_width_of_an_interval_of_a_mean_follows_the_standard_error() -> None:
    """400 items, 2,000 draws: the half-width is 1.96 standard errors within 8 % (3 Monte Carlo errors)."""
    values, ok = data((1, 1, 400), missing=0.0)
    term = reduce("mean", ["country", "item"], mass)
    cells = scored(values, ok, measure("m", ["model"], term, d.Interval(("item",), 2000, 0.95)))[0]
    error = values.std() / np.sqrt(400)
    assert abs((cells.high[0] - cells.low[0]) / 2 / (1.96 * error) - 1.0) < 0.08
    assert abs(cells.value[0] - values.mean()) < 1e-12


def test_counts_depend_on_names_and_are_uniform() -> None:
    counts = resampling_counts(seed_of(1, "bootstrap", "m", "item"), 4000, 25)
    assert (counts.sum(axis=1) == 25).all()
    assert abs(counts.mean(axis=0) - 1.0).max() < 5 * np.sqrt((1 - 1 / 25) / 4000)
    assert abs(counts.var() - (1 - 1 / 25)) < 0.02
    assert not np.array_equal(counts, resampling_counts(seed_of(1, "bootstrap", "n", "item"), 4000, 25))
