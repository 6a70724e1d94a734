"""P-values: flipped signs of what clusters add to a contrast, permuted labels, and adjustment for many cells.

Expects contributions or values of the null along the last dimension. Ensures that the data themselves are one of the
arrangements, so that no p-value is zero, and that a missing cell has none and is none of the family.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Sums of the same numbers in another order differ by rounding: they count as equal.
_EQUAL = 1e-12


def sign_flip(parts: Floats, draws: int, seed: int) -> Floats:
    """Two-sided p-values of the sums of `parts` [.., cluster], each of which may have had the other sign.

    All 2^n arrangements where there are no more than `draws`, else so many at random and the data (Pitman 1937;
    Phipson and Smyth 2010 for the one that is added). NaN where a part is.
    """
    number = parts.shape[-1]
    exact = number < 63 and 2**number <= draws
    signs = _all_signs(number) if exact else _random_signs(number, draws, seed)
    known = np.asarray(np.isfinite(parts).all(axis=-1))
    kept = np.where(known[..., None], parts, 0.0)
    seen = np.abs(kept.sum(axis=-1))
    slack = _EQUAL * np.abs(kept).sum(axis=-1)
    # In slices, so that no array has both all cells and all draws.
    as_far = np.zeros(seen.shape)
    for some in np.array_split(signs, max(1, signs.shape[0] // 1024)):
        as_far += (np.abs(kept @ some.T) >= (seen - slack)[..., None]).sum(axis=-1)
    share = as_far / len(signs) if exact else (as_far + 1.0) / (len(signs) + 1.0)
    return np.where(known, share, np.nan)


def _all_signs(number: int) -> Floats:
    codes = np.arange(2**number)[:, None] >> np.arange(number)
    found: Floats = 1.0 - 2.0 * (codes & 1).astype(np.float64)
    return found


def _random_signs(number: int, draws: int, seed: int) -> Floats:
    words = -(-number // 64)
    raw = np.random.Philox(key=seed).random_raw(draws * words).reshape(draws, words)
    bits = (raw[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    return 1.0 - 2.0 * bits.reshape(draws, -1)[:, :number].astype(np.float64)


def permutation(value: Floats, null: Floats, tail: Literal["upper", "lower", "both"]) -> Floats:
    """P-values of `value` among the values of the null [.., draw] that are defined, the value itself among them.

    `both` is twice the smaller of the two, at most one. NaN where there is no value or nothing to compare with.
    """
    known = np.isfinite(null)
    slack = _EQUAL * np.maximum(np.abs(value), 1.0)
    number = known.sum(axis=-1) + 1.0
    above = (known & (null >= (value - slack)[..., None])).sum(axis=-1) + 1.0
    below = (known & (null <= (value + slack)[..., None])).sum(axis=-1) + 1.0
    match tail:
        case "upper":
            share = above / number
        case "lower":
            share = below / number
        case "both":
            share = np.minimum(2.0 * np.minimum(above, below) / number, 1.0)
    return np.where(np.isfinite(value) & (number > 1.0), share, np.nan)


def unmoved(value: Floats, null: Floats) -> NDArray[np.bool_]:
    """Whether a value is there and the same in all draws of the null [.., draw]: then they say nothing of it."""
    known = np.isfinite(null) & np.isfinite(value)[..., None]
    slack = _EQUAL * np.maximum(np.abs(value), 1.0)
    far = np.abs(np.where(known, null - value[..., None], np.inf))
    found: NDArray[np.bool_] = np.asarray((far <= slack[..., None]).all(axis=-1))
    return found


def adjusted(p_values: Floats, method: Literal["holm", "bh"]) -> Floats:
    """P-values adjusted for the cells that have one: Holm 1979, or Benjamini and Hochberg 1995."""
    known = np.isfinite(p_values)
    given = p_values[known]
    number = given.size
    order = np.argsort(given, kind="stable")
    rising = given[order]
    if method == "holm":
        changed = np.maximum.accumulate(rising * (number - np.arange(number)))
    else:
        steps = rising * number / np.arange(1, number + 1)
        changed = np.minimum.accumulate(steps[::-1])[::-1]
    result = np.full(p_values.shape, np.nan)
    back = np.empty(number)
    back[order] = np.minimum(changed, 1.0)
    result[known] = back
    return result
