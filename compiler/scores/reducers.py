"""The reducers of the language: each an estimate from a sample, with what it accepts.

Expects a `Sample`. Ensures that an estimate is defined only where enough cells are there. A reducer is added here as
one function and one row of `REDUCERS`: refusals, resampling, noise floors, and counts of what is missing follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import jax.numpy as jnp
from jax import lax

from cyclspec.compiler.scores.arithmetic import divide, sqrt
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.sample import Estimate, Sample
from cyclspec.language.diagnostics import InternalError


@dataclass(frozen=True, slots=True)
class Reducer:
    """How a reducer is computed and what it takes.

    `linear` ones are functions of `Sample.total` alone, so that their draws are matrix products and no array has both
    draws and cells. `weighted` ones take weights, `distributions` and `truths` say what else than numbers they reduce.
    """

    estimate: Callable[[Sample], Estimate]
    linear: bool = False
    weighted: bool = False
    distributions: bool = False
    truths: bool = False


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


def _spread(sample: Sample) -> Estimate:
    """Sample standard deviation (n - 1), around a centre that no resample moves, for precision."""
    number = sample.number
    centred = (sample.values - sample.centre(sample.values)) * sample.here
    first, second = sample.total(centred), sample.total(centred * centred)
    squares = jnp.maximum(second - divide(first * first, number), 0.0)
    return Estimate(sqrt(divide(squares, number - 1.0)), number > 1.0)


def _slope(sample: Sample) -> Estimate:
    """Weighted least-squares slope of the values on what they are set against."""
    if sample.against is None:
        raise InternalError("score", "a slope against nothing")
    weights, mass, total = sample.weighed, sample.mass, sample.total
    x = sample.against - sample.centre(sample.against)
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


def _mode(sample: Sample) -> Estimate:
    """The most frequent value; a tie between different values is undefined."""
    rising, times = _rising(sample)
    upto = jnp.cumsum(times, axis=-1)
    fresh = jnp.concatenate(
        [jnp.ones_like(rising[..., :1], bool), rising[..., 1:] != rising[..., :-1]], axis=-1
    )
    before = lax.cummax(choose(fresh, upto - times, 0.0), axis=upto.ndim - 1)
    last = jnp.concatenate([fresh[..., 1:], jnp.ones_like(fresh[..., :1])], axis=-1)
    tally = choose(last, upto - before, 0.0)
    most = tally.max(axis=-1, keepdims=True)
    best = jnp.take_along_axis(rising, jnp.argmax(tally, axis=-1)[..., None], -1)
    alone = (most[..., 0] > 0.0) & ((tally == most).sum(axis=-1) == 1)
    return Estimate(sample.put_back(choose(alone, best[..., 0], 0.0)), sample.put_back(alone))


REDUCERS: Final[Mapping[str, Reducer]] = {
    "mean": Reducer(_mean, linear=True, weighted=True, distributions=True, truths=True),
    "share": Reducer(_mean, linear=True, weighted=True, truths=True),
    "sum": Reducer(_sum, linear=True, weighted=True),
    "sd": Reducer(_spread, linear=True),
    "slope": Reducer(_slope, linear=True, weighted=True),
    "min": Reducer(_lowest),
    "max": Reducer(_highest),
    "median": Reducer(_median),
    "mode": Reducer(_mode),
}
