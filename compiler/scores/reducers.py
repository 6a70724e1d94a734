"""The reducers of the language: each an estimate from a sample, with what it accepts.

Expects a `Sample`. Ensures that an estimate is defined only where enough cells are there. A reducer is added here as
one function and one row of `REDUCERS`: refusals, resampling, noise floors, and counts of what is missing follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import jax.numpy as jnp

from cyclspec.compiler.scores import estimates
from cyclspec.compiler.scores.arithmetic import divide, sqrt
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.options import Comparison
from cyclspec.compiler.scores.reasons import NOT_CONNECTED, REASONS, TIE, UNDEFINED
from cyclspec.compiler.scores.sample import Estimate, Sample


@dataclass(frozen=True, slots=True)
class Reducer:
    """How a reducer is computed and what it takes.

    `linear` ones are functions of `Sample.total` alone, so that their draws are matrix products and no array has both
    draws and cells. `weighted` ones take weights, `distributions` says whether they reduce those, and `anything` that
    they look at no value. `comparison` is what they ask of options. What they give is of the operand's own kind where
    they `keep` it; where they are undefined, the `reason` says why. `copies` is how many arrays as large as the operand
    one draw of them holds. Draws of what is `matched` are told of the point estimate, since its parts have no names.
    """

    estimate: Callable[[Sample], Estimate]
    linear: bool = False
    weighted: bool = False
    distributions: bool = False
    anything: bool = False
    keeps: bool = False
    comparison: Comparison = "equal"
    reason: str = REASONS[UNDEFINED - 1]
    copies: int = 1
    matched: bool = False


def _mean(sample: Sample) -> Estimate:
    mass = sample.mass
    under = mass[..., None] if sample.wide else mass
    return Estimate(divide(sample.total(_scaled(sample)), under), mass > 0.0)


def _sum(sample: Sample) -> Estimate:
    return Estimate(sample.total(_scaled(sample)), sample.number > 0.0)


def _scaled(sample: Sample) -> Array:
    """Values times their weights."""
    if sample.weights is None:
        return sample.values
    return sample.values * (sample.weights[..., None] if sample.wide else sample.weights)


def _variance(sample: Sample) -> Estimate:
    """Sample variance (n - 1), around a centre that no resample moves, for precision."""
    number = sample.number
    centred = (sample.values - sample.centre(sample.values)) * sample.here
    first, second = sample.total(centred), sample.total(centred * centred)
    squares = jnp.maximum(second - divide(first * first, number), 0.0)
    return Estimate(divide(squares, number - 1.0), number > 1.0)


def _spread(sample: Sample) -> Estimate:
    """Sample standard deviation."""
    variance = _variance(sample)
    return Estimate(sqrt(variance.value), variance.defined)


def _slope(sample: Sample) -> Estimate:
    """Weighted least-squares slope of the values on what they are set against."""
    weights, mass, total = sample.weighed, sample.mass, sample.total
    x = sample.beside["against"] - sample.centre(sample.beside["against"])
    y = sample.values - sample.centre(sample.values)
    mean_x, mean_y = divide(total(x * weights), mass), divide(total(y * weights), mass)
    across = total(x * y * weights) - mass * mean_x * mean_y
    squares = total(x * x * weights)
    along = squares - mass * mean_x * mean_x
    defined = (mass > 0.0) & (along > 1e-12 * squares)
    return Estimate(divide(across, choose(defined, along, 0.0)), defined)


def _lowest(sample: Sample) -> Estimate:
    there = sample.often > 0.0
    defined = there.any(axis=sample.places, keepdims=True)
    lowest = choose(there, sample.values, jnp.inf).min(axis=sample.places, keepdims=True)
    return Estimate(choose(defined, lowest, 0.0), defined)


def _highest(sample: Sample) -> Estimate:
    there = sample.often > 0.0
    defined = there.any(axis=sample.places, keepdims=True)
    highest = choose(there, sample.values, -jnp.inf).max(axis=sample.places, keepdims=True)
    return Estimate(choose(defined, highest, 0.0), defined)


def _rising(sample: Sample) -> tuple[Array, Array]:
    """Values in rising order with the missing last, and how often each counts: both [.., reduced]."""
    lined = sample.lined_up(choose(sample.here > 0.0, sample.values, jnp.inf))
    order = jnp.argsort(lined, axis=-1)
    often = jnp.take_along_axis(sample.lined_up(sample.often), order, -1)
    return jnp.take_along_axis(lined, order, -1), often


def _median(sample: Sample) -> Estimate:
    """The middle of the values with repeats: the mean of the two middle ones for an even number."""
    rising, times = _rising(sample)
    upto = jnp.cumsum(times, axis=-1)
    half = upto[..., -1:] / 2.0
    lower = jnp.argmax(upto >= half, axis=-1, keepdims=True)
    upper = jnp.argmax(upto > half, axis=-1, keepdims=True)
    both = jnp.take_along_axis(rising, lower, -1) + jnp.take_along_axis(rising, upper, -1)
    return Estimate(sample.put_back(both[..., 0] / 2.0), sample.put_back(half[..., 0] > 0.0))


def _count(sample: Sample) -> Estimate:
    """How many values are there: none is a number too."""
    number = sample.number
    return Estimate(number, jnp.ones_like(number, bool))


def _effective_count(sample: Sample) -> Estimate:
    """Kish's effective number of the values that are there: none is a number too."""
    mass = sample.mass
    number = divide(mass * mass, sample.total(sample.weighed * sample.weighed))
    return Estimate(choose(mass > 0.0, number, 0.0), jnp.ones_like(mass, bool))


REDUCERS: Final[Mapping[str, Reducer]] = {
    "mean": Reducer(_mean, linear=True, weighted=True, distributions=True),
    "share": Reducer(_mean, linear=True, weighted=True),
    "sum": Reducer(_sum, linear=True, weighted=True),
    "count": Reducer(_count, linear=True, anything=True),
    "effective_count": Reducer(_effective_count, linear=True, weighted=True, anything=True),
    "sd": Reducer(_spread, linear=True),
    "var": Reducer(_variance, linear=True),
    "slope": Reducer(_slope, linear=True, weighted=True),
    "min": Reducer(_lowest, keeps=True),
    "max": Reducer(_highest, keeps=True),
    "median": Reducer(_median),
    "quantile": Reducer(estimates.quantile, copies=3),
    "mode": Reducer(estimates.mode, weighted=True, keeps=True, reason=TIE, copies=6),
    "pearson": Reducer(estimates.pearson, copies=4),
    "spearman": Reducer(estimates.spearman, comparison="order", copies=8),
    "kendall": Reducer(estimates.kendall, comparison="order", copies=5),
    "pair_agreement": Reducer(estimates.pair_agreement, comparison="equal"),
    "pair_disagreement": Reducer(estimates.pair_disagreement, comparison="equal"),
    "cohen_kappa": Reducer(estimates.cohen_kappa, comparison="equal", copies=3),
    "krippendorff": Reducer(estimates.krippendorff, comparison="equal", copies=8),
    "bradley_terry": Reducer(estimates.bradley_terry, comparison="order", reason=NOT_CONNECTED),
    "win_share": Reducer(estimates.win_share, comparison="order"),
    "nontransitive_triples": Reducer(estimates.nontransitive_triples, comparison="order"),
    "principal_components": Reducer(estimates.principal_components, matched=True),
}
