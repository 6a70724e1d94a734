"""Ends of intervals, standard errors and design effects, from the values that a measure has under resamples.

Expects draws along the last dimension, NaN where a draw leaves nothing to measure. Ensures that few clusters widen an
interval: quantiles are those of Student's t with as many degrees of freedom as clusters allow, and drawing n of n
clusters, which makes the variance (n - 1) / n of what it should be, is made up for.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Floats = NDArray[np.float64]
Method = Literal["percentile", "t"]

SLAB: Final = 1 << 18
"""Draws that are looked at together: two mebibytes, which stay in the cache of a processor meanwhile."""


class Ends(NamedTuple):
    """Both ends, the standard error and the bias of each cell; NaN where fewer than two draws are left.

    `lost` is the share of the draws that leave nothing to measure.
    """

    low: Floats
    high: Floats
    error: Floats
    bias: Floats
    lost: Floats


class _Moments(NamedTuple):
    """The mean and the standard deviation (n - 1) of the draws that are defined, and how many these are."""

    mean: Floats
    deviation: Floats
    number: NDArray[np.int64]


def ends(
    value: Floats,
    draws: Floats,
    *,
    level: float,
    method: Method,
    freedom: Floats,
    shortfall: Floats,
    corrected: bool,
) -> Ends:
    """The interval of each cell. `freedom` are degrees of freedom; `shortfall` is the factor of the variance.

    `percentile`: quantiles of the draws at Phi(-sqrt(shortfall) t) and its complement, where t is the quantile of
    Student's t (the expanded percentile interval: Hesterberg 2015, "What teachers should know about the bootstrap",
    section 5.3; it is the plain one, Efron and Tibshirani 1993, section 13.3, for many clusters). `t`: the value, plus
    and minus t standard errors.

    Bias is how far the mean of the draws lies above the value. A `corrected` interval is of the value less its bias
    (Efron and Tibshirani 1993, chapter 10): a distance grows with the noise of drawn people, in the draws twice.
    """
    cells, number = value.shape, draws.shape[-1]
    lined = draws.reshape(-1, number)
    values, freedoms, shortfalls = (
        np.broadcast_to(array, cells).ravel() for array in (value, freedom, shortfall)
    )

    size = max(1, SLAB // max(1, number))

    def of(start: int) -> Ends:
        some = slice(start, start + size)
        arrays = (array[some] for array in (values, lined, freedoms, shortfalls))
        return _ends(*arrays, level=level, method=method, corrected=corrected)

    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(of, range(0, max(1, len(lined)), size)))
    return Ends(*(np.concatenate(column).reshape(cells) for column in zip(*parts, strict=True)))


def _ends(
    value: Floats,
    draws: Floats,
    freedom: Floats,
    shortfall: Floats,
    *,
    level: float,
    method: Method,
    corrected: bool,
) -> Ends:
    """The interval of each of some cells, [cell], from [cell, draw]."""
    mean, deviation, number = _moments(draws)
    error, bias, lost = deviation * np.sqrt(shortfall), mean - value, 1.0 - number / draws.shape[-1]
    shift = bias if corrected else np.zeros(value.shape)
    reach = stdtrit(np.maximum(freedom, 1.0), 0.5 + level / 2.0)
    if method == "t":
        return Ends(value - shift - reach * error, value - shift + reach * error, error, bias, lost)
    tail = ndtr(-np.sqrt(shortfall) * reach)
    rising = np.sort(draws, axis=-1)
    low, high = (_quantile(rising, number, share) for share in (tail, 1.0 - tail))
    return Ends(low - 2.0 * shift, high - 2.0 * shift, error, bias, lost)


def standard_error(draws: Floats) -> Floats:
    """The standard deviation of the draws (n - 1) that are defined; NaN below two."""
    return _moments(draws).deviation


def _moments(draws: Floats) -> _Moments:
    """NaN where no draw, and where fewer than two, are defined."""
    known = np.isfinite(draws)
    # In nearly every measure all are, and nothing has to be left out.
    whole = bool(known.all())
    number = np.full(draws.shape[:-1], draws.shape[-1]) if whole else known.sum(axis=-1)
    given = draws if whole else np.where(known, draws, 0.0)
    mean = given.sum(axis=-1) / np.maximum(number, 1)
    apart = given - mean[..., None]
    if not whole:
        apart[~known] = 0.0
    squares = np.einsum("...d,...d->...", apart, apart)
    deviation = np.sqrt(squares / np.maximum(number - 1, 1))
    return _Moments(np.where(number > 0, mean, np.nan), np.where(number > 1, deviation, np.nan), number)


def _quantile(rising: Floats, number: NDArray[np.int64], share: Floats) -> Floats:
    """A quantile along the last dimension, linear between draws; NaN draws stand last and are left out."""
    place = share * np.maximum(number - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(number - 1, 0))
    left, right = (np.take_along_axis(rising, at[..., None], axis=-1)[..., 0] for at in (below, above))
    # A weighted sum keeps equal ends exactly equal where a difference would not.
    share_right = place - below
    return np.where(number >= 2, left * (1.0 - share_right) + right * share_right, np.nan)


def design_effect(error: Floats, draws: Floats, shortfall: Floats) -> Floats:
    """The variance over that of a sample of the same size whose levels are drawn one by one; NaN where that is zero."""
    simple = standard_error(draws) * np.sqrt(shortfall)
    some = simple > 0.0
    return np.where(some, error**2 / np.where(some, simple**2, 1.0), np.nan)
