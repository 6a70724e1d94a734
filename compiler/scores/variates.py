"""Random numbers inside the graph: gamma and multinomial variates that are functions of a seed and of counters.

Expects uint64 seeds of cells and numbers of draws. Ensures that a variate is a function of its seed, its draw and its
option alone, so that how many draws are computed at once changes nothing.
"""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
from jax import lax

from cyclspec.compiler.scores.cells import Array, choose

_GOLDEN: Final = 0x9E3779B97F4A7C15
_OTHER: Final = 0xD1342543DE82EF95
_TRIES: Final = 3
"""Proposals for a gamma variate: each is refused in at most 3 % of cases, all of them in 3e-5."""
_SMALL: Final = 10.0
"""Expected counts below which binomial variates are found by adding up probabilities."""


def mixed(words: Array) -> Array:
    """uint64 words, well mixed: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    words = (words ^ (words >> jnp.uint64(30))) * jnp.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> jnp.uint64(27))) * jnp.uint64(0x94D049BB133111EB)
    found: Array = words ^ (words >> jnp.uint64(31))
    return found


def joined_seed(seeds: Array, others: Array) -> Array:
    """One seed for each pair of two, broadcast."""
    return mixed(seeds * jnp.uint64(_GOLDEN) + others)


def uniform(seeds: Array, stream: Array | int) -> Array:
    """Numbers strictly between zero and one, 53 bits each, of one stream of each seed."""
    words = mixed(seeds + jnp.asarray(stream, jnp.uint64) * jnp.uint64(_OTHER))
    found: Array = ((words >> jnp.uint64(11)).astype(jnp.float64) + 0.5) * 2.0**-53
    return found


def normal(uniforms: Array) -> Array:
    """Standard normal quantiles."""
    found: Array = jnp.sqrt(2.0) * lax.erf_inv(2.0 * uniforms - 1.0)
    return found


def gamma(seeds: Array, alpha: Array) -> Array:
    """Gamma variates of shape `alpha` of at least one half (Marsaglia and Tsang 2000)."""
    low = alpha < 1.5
    raised = choose(low, alpha + 1.0, alpha)
    middle = raised - 1.0 / 3.0
    scale = 1.0 / jnp.sqrt(9.0 * middle)
    found, done = middle, jnp.zeros(jnp.broadcast_shapes(seeds.shape, alpha.shape), bool)
    for attempt in range(_TRIES):
        z = normal(uniform(seeds, 2 * attempt))
        cube = (1.0 + scale * z) ** 3
        safe = choose(cube > 0.0, cube, 1.0)
        bound = 0.5 * z * z + middle * (1.0 - safe + jnp.log(safe))
        taken = ~done & (cube > 0.0) & (jnp.log(uniform(seeds, 2 * attempt + 1)) < bound)
        found, done = choose(taken, middle * safe, found), done | taken
    small = uniform(seeds, 2 * _TRIES) ** (1.0 / choose(low, alpha, 1.0))
    return found * choose(low, small, 1.0)


def binomial(uniforms: Array, number: Array, share: Array) -> Array:
    """Binomial variates from one uniform number each.

    Where the rarer outcome is expected fewer than ten times, by its distribution function. Else by the Cornish-Fisher
    quantile of third order for a rounded variate: within 3e-4 of it in total variation, its mean and variance within
    5e-5 of theirs.
    """
    rare = jnp.minimum(share, 1.0 - share)
    expected = number * rare
    small = expected < _SMALL
    counts = choose(small, _counted(uniforms, number, rare, small), _rounded(uniforms, number, rare))
    return choose(share > 0.5, number - counts, counts)


def _counted(uniforms: Array, number: Array, rare: Array, wanted: Array) -> Array:
    """How many probabilities, from zero successes on, add up to less than a uniform number."""
    none = jnp.exp(number * jnp.log1p(-rare))
    odds = rare / (1.0 - rare)
    left = choose(wanted, uniforms - none, -1.0)
    state = (left, jnp.broadcast_to(none, left.shape), jnp.zeros_like(left), jnp.zeros(()))

    def more(state: tuple[Array, Array, Array, Array]) -> Array:
        left, _, counts, _ = state
        return ((left >= 0.0) & (counts < number)).any()

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        left, probability, counts, at = state
        going = (left >= 0.0) & (counts < number)
        probability = probability * odds * jnp.maximum(number - at, 0.0) / (at + 1.0)
        # Where what is left is rounding, no further probability changes it: the count stands.
        ended = going & (probability < 1e-18) & (at > number * rare)
        left = choose(going, choose(ended, -1.0, left - probability), left)
        return left, probability, counts + going, at + 1.0

    counts: Array = lax.while_loop(more, step, state)[2]
    return counts


def _rounded(uniforms: Array, number: Array, rare: Array) -> Array:
    """The rounded quantile of a smooth variate, whose variance is a twelfth less (Sheppard's correction)."""
    variance = jnp.maximum(number * rare * (1.0 - rare), 1.0)
    smooth = variance - 1.0 / 12.0
    skew = variance * (1.0 - 2.0 * rare) / smooth**1.5
    excess = (variance * (1.0 - 6.0 * rare * (1.0 - rare)) + 1.0 / 120.0) / smooth**2
    z = normal(uniforms)
    bent = z + skew * (z * z - 1.0) / 6.0 + excess * (z**3 - 3.0 * z) / 24.0
    bent = bent - skew**2 * (2.0 * z**3 - 5.0 * z) / 36.0
    return jnp.clip(jnp.round(number * rare + jnp.sqrt(smooth) * bent), 0.0, number)


def multinomial(seeds: Array, number: Array, shares: Array) -> Array:
    """Counts [.., option] of `number` [..] draws from `shares` [.., option], which sum to one; `seeds` are [..].

    Option by option, each binomial among what is left (Davis 1993).
    """
    width = shares.shape[-1]
    shape = jnp.broadcast_shapes(seeds.shape, number.shape, shares.shape[:-1])
    first = (jnp.broadcast_to(number.astype(jnp.float64), shape), jnp.ones(shape))

    def option(state: tuple[Array, Array], given: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        left, mass = state
        share, stream = given
        part = jnp.clip(choose(mass > 1e-15, share / jnp.maximum(mass, 1e-15), 1.0), 0.0, 1.0)
        counts = choose(share > 0.0, binomial(uniform(seeds, stream), left, part), 0.0)
        return (left - counts, jnp.maximum(mass - share, 0.0)), counts

    streams = jnp.arange(width - 1, dtype=jnp.uint64)
    each = jnp.moveaxis(jnp.broadcast_to(shares, (*shape, width)), -1, 0)
    # What the options before leave is on the last one, and belongs on the last that has a share.
    (left, _), counts = lax.scan(option, first, (each[:-1], streams))
    every = jnp.concatenate([jnp.moveaxis(counts, 0, -1), left[..., None]], axis=-1)
    return _moved_to_a_share(every, jnp.broadcast_to(shares, every.shape))


def _moved_to_a_share(counts: Array, shares: Array) -> Array:
    """Counts with those of the last option on the last one that has a share."""
    width = shares.shape[-1]
    last = width - 1 - jnp.argmax((shares > 0.0)[..., ::-1], axis=-1)
    kept = choose(jnp.arange(width) == width - 1, 0.0, counts)
    return kept + jax.nn.one_hot(last, width, dtype=counts.dtype) * counts[..., -1:]
