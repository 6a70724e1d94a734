"""Statistics of one kept cell at a time: kernels of `statistics` over the cells of a sample.

Expects a `Sample` whose arguments are those of the reducer. Ensures that a resample enters as how often a cell counts,
so that each estimate equals that of the cells written out as often as they were drawn. A unit that is drawn twice is
two units; a rater that is drawn twice rates twice, and agrees with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import jax
import jax.numpy as jnp

from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.sample import Estimate, Sample, grouped, over_cells
from cyclspec.compiler.scores.statistics import agreement, comparisons, components, correlation, location
from cyclspec.compiler.scores.statistics import bradley_terry as strengths
from cyclspec.compiler.scores.statistics import krippendorff as reliability


def defined(value: Array) -> Estimate:
    """An estimate that is undefined where it is NaN."""
    there = jnp.isfinite(value)
    return Estimate(choose(there, value, 0.0), there)


def _scalar(sample: Sample, kernel: Callable[..., Array], *arrays: Array) -> Estimate:
    return defined(sample.put_back(sample.each(kernel, *arrays)))


def quantile(sample: Sample) -> Estimate:
    """Linear between neighbours."""
    kernel = partial(location.quantile, at=sample.told.numbers["at"])
    return _scalar(sample, kernel, sample.values, sample.often)


def mode(sample: Sample) -> Estimate:
    """The value with the most weight; undefined where another one has as much."""

    def one(values: Array, weights: Array) -> Array:
        found = location.mode(values, weights)
        return choose(found.tied, jnp.nan, found.value)

    often = sample.often if sample.weights is None else sample.often * sample.weights
    return _scalar(sample, one, sample.values, often)


def pearson(sample: Sample) -> Estimate:
    """The linear correlation."""
    return _scalar(sample, correlation.pearson, sample.values, sample.beside["against"], sample.often)


def spearman(sample: Sample) -> Estimate:
    """The correlation of ranks."""
    return _scalar(sample, correlation.spearman, sample.values, sample.beside["against"], sample.often)


def kendall(sample: Sample) -> Estimate:
    """Tau-b."""
    return _scalar(sample, correlation.kendall, sample.values, sample.beside["against"], sample.often)


def pair_agreement(sample: Sample) -> Estimate:
    """The share of pairs of values that are equal: of all pairs, or of those within levels or between them."""
    within, between = (sample.told.places.get(name, ()) for name in ("within", "between"))
    if within or between:
        return _pairs_apart(sample, within, between)

    def one(values: Array, often: Array) -> Array:
        counts = agreement.tally(values.astype(jnp.int32), often, sample.told.options)
        return agreement.pair_agreement(counts)

    return _scalar(sample, one, sample.values, sample.often)


def _pairs_apart(sample: Sample, within: tuple[int, ...], between: tuple[int, ...]) -> Estimate:
    rest = tuple(at for at in sample.places if at not in (*within, *between))

    def one(values: Array, here: Array, times: Array, levels: Array, often: Array) -> Array:
        codes, counted = values.astype(jnp.int32), here * often
        tally = jax.vmap(jax.vmap(partial(agreement.tally, options=sample.told.options)))
        return agreement.pair_agreement_apart(tally(codes, counted), times, levels, apart=bool(between))

    arrays = (grouped(array, within, between, rest) for array in (sample.values, sample.here))
    shared = tuple(sample.drawn(places) for places in (within, between, rest))
    return defined(sample.put_back(over_cells(one, *arrays, inner=3, shared=shared)))


def pair_disagreement(sample: Sample) -> Estimate:
    """The share of pairs of values that differ."""
    equal = pair_agreement(sample)
    return Estimate(1.0 - equal.value, equal.defined)


def cohen_kappa(sample: Sample) -> Estimate:
    """Cohen's kappa of the two levels of the raters' dimension. A draw that lacks one of the two raters has none."""
    (raters,) = sample.told.places["raters"]
    units = tuple(at for at in sample.places if at != raters)
    weights = cast(agreement.Weights, sample.told.words["weights"])

    def one(ratings: Array, here: Array, often: Array, times: Array) -> Array:
        first, second = ratings.astype(jnp.int32).T
        counted = here[:, 0] * here[:, 1] * often
        kappa = agreement.cohen_kappa(first, second, counted, sample.told.options, weights)
        return choose((times == 1.0).all(), kappa, jnp.nan)

    arrays = (grouped(array, units, (raters,)) for array in (sample.values, sample.here))
    shared = (sample.drawn(units), sample.drawn((raters,)))
    return defined(sample.put_back(over_cells(one, *arrays, inner=2, shared=shared)))


def krippendorff(sample: Sample) -> Estimate:
    """Krippendorff's alpha."""
    units, raters = sample.told.places["units"], sample.told.places["raters"]
    level = cast(reliability.Level, sample.told.words["level"])

    def one(ratings: Array, here: Array, drawn: Array, times: Array) -> Array:
        return reliability.alpha(ratings, here * times, drawn, level)

    arrays = (grouped(array, units, raters) for array in (sample.values, sample.here))
    shared = (sample.drawn(units), sample.drawn(raters))
    return defined(sample.put_back(over_cells(one, *arrays, inner=2, shared=shared)))


def bradley_terry(sample: Sample) -> Estimate:
    """Strengths of the items."""
    return _of_items(sample, strengths.bradley_terry)


def win_share(sample: Sample) -> Estimate:
    """The share of its comparisons that each item wins."""
    return _of_items(sample, comparisons.win_share)


def nontransitive_triples(sample: Sample) -> Estimate:
    """The share of triples of items whose majorities form a circle."""
    found = _compared(sample, comparisons.nontransitive_triples, int(sample.told.numbers["items"]))
    return defined(sample.put_back(found))


def _of_items(sample: Sample, kernel: Callable[[Array], Array]) -> Estimate:
    assert sample.told.adds is not None
    at, items = sample.told.adds
    kept = [place for place in range(sample.here.ndim) if place not in sample.places]
    return defined(_added(sample, _compared(sample, kernel, items), kept, at))


def _compared(sample: Sample, kernel: Callable[[Array], Array], items: int) -> Array:
    """`kernel` of how often each item won against each other: the first option chosen is a win of `first`."""

    def one(choices: Array, first: Array, second: Array, often: Array) -> Array:
        pairs = choose(choices == 0.0, first * items + second, second * items + first).astype(jnp.int32)
        wins = agreement.tally(pairs, often * (first != second), items * items)
        return kernel(wins.reshape(items, items))

    sides = (sample.beside["first"], sample.beside["second"])
    return sample.each(one, sample.values, *sides, sample.often)


def principal_components(sample: Sample) -> Estimate:
    """Scores of the units, which are kept; a unit that lacks a variable which any unit has is left out."""
    assert sample.told.adds is not None
    at, size = sample.told.adds
    number = int(sample.told.numbers["n"])
    (units,) = sample.told.places["units"]

    def one(values: Array, here: Array, *more: Array) -> Array:
        *like, often = more
        known = here.any(axis=0)
        whole = (here >= known).all(axis=1)
        there = choose(here > 0.0, values, 0.0)
        data = like[0][:, :number] if like else None
        scores = components.principal_components(there, whole, often * known, number, data)
        return jnp.pad(scores, ((0, 0), (0, size - number)), constant_values=jnp.nan)

    arrays = [grouped(array, (units,), sample.places) for array in (sample.values, sample.here)]
    if sample.like is not None:
        like = _lined_up(sample, sample.like, units, at)
        arrays.append(jnp.broadcast_to(like, (*arrays[0].shape[:-3], *like.shape[-3:])))
    found = over_cells(one, *arrays, inner=2, shared=(sample.drawn(sample.places),))
    others = [place for place in range(sample.here.ndim) if place not in (units, *sample.places)]
    return defined(_added(sample, found, [*others, units], at))


def _lined_up(sample: Sample, result: Array, units: int, at: int) -> Array:
    """A result with an added dimension, lined up as what it is of: [.., draw, unit, added]."""
    wide = jnp.expand_dims(jnp.moveaxis(result, at, -1), at)
    last = jnp.moveaxis(wide, units, -2)
    return jnp.squeeze(last, axis=tuple(place - (place > units) for place in sample.places))


def _added(sample: Sample, found: Array, kept: list[int], at: int) -> Array:
    """A result [*kept, added] in full rank; the dimension that is added had size one before, if it was kept."""
    if at not in kept:
        return sample.in_rank(found, [*kept, at])
    slim = jnp.squeeze(found, axis=kept.index(at))
    return sample.in_rank(slim, [*(place for place in kept if place != at), at])
