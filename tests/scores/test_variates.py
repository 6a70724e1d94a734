"""Random variates of the graph against the distributions of SciPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from cyclspec.compiler.scores.variates import binomial, gamma, joined_seed, multinomial, uniform

DRAWS = 200_000


@pytest.fixture(autouse=True)
def in_float64():
    with jax.enable_x64(True):
        yield


def seeds(of: int = 12345) -> jax.Array:
    return joined_seed(jnp.uint64(of), jnp.arange(DRAWS, dtype=jnp.uint64))


def test_uniform_numbers_are_uniform_in_every_stream_and_streams_are_independent() -> None:
    streams = np.stack([np.asarray(uniform(seeds(), stream)) for stream in range(4)])
    for one in streams:
        assert stats.kstest(one, "uniform").pvalue > 1e-3
    apart = np.corrcoef(streams) - np.eye(4)
    assert np.abs(apart).max() < 4 / np.sqrt(DRAWS)


@pytest.mark.parametrize("alpha", [0.5, 0.7, 1.0, 1.5, 4.0, 60.0, 1500.5])
def test_gamma_variates_are_gamma(alpha: float) -> None:
    drawn = np.asarray(gamma(seeds(7), jnp.full(DRAWS, alpha)))
    assert stats.kstest(drawn, stats.gamma(alpha).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("number", "share"),
    [(1, 0.3), (5, 0.5), (40, 0.1), (30, 0.9), (25, 0.4), (600, 0.02), (1500, 0.31), (900, 0.99)],
)
def test_binomial_variates_are_binomial(number: int, share: float) -> None:
    """On a grid of uniform numbers, so that only the method differs, not the luck: within 3e-4 in total variation."""
    grid = (jnp.arange(1_000_000) + 0.5) / 1_000_000
    counts = np.asarray(binomial(grid, jnp.full(grid.shape, float(number)), jnp.full(grid.shape, share)))
    assert counts.min() >= 0 and counts.max() <= number
    found = np.bincount(counts.astype(int), minlength=number + 1) / grid.size
    wanted = stats.binom.pmf(np.arange(number + 1), number, share)
    assert np.abs(found - wanted).sum() / 2 < 3e-4
    assert counts.mean() == pytest.approx(number * share, rel=5e-5)
    assert counts.var() == pytest.approx(number * share * (1 - share), rel=2e-4)


def test_multinomial_counts_add_up_and_have_the_moments_of_their_shares() -> None:
    shares = np.array([0.5, 0.0, 0.2, 0.25, 0.05, 0.0])
    for number in (1, 7, 300):
        counts = np.asarray(multinomial(seeds(3), jnp.full(DRAWS, number), jnp.asarray(shares)))
        np.testing.assert_array_equal(counts.sum(axis=1), number)
        assert (counts[:, shares == 0.0] == 0).all()
        error = np.sqrt(number * shares * (1 - shares) / DRAWS)
        assert (np.abs(counts.mean(axis=0) - number * shares) <= 5 * error).all()
        wanted = stats.multinomial(number, shares).cov()
        np.testing.assert_allclose(np.cov(counts.T), wanted, atol=0.02 * number)


def test_a_variate_does_not_depend_on_how_many_are_drawn_at_once() -> None:
    shares = jnp.asarray([0.2, 0.3, 0.5])
    together = multinomial(seeds(), jnp.full(DRAWS, 50), shares)
    for some in (slice(0, 1), slice(100, 107)):
        alone = multinomial(seeds()[some], jnp.full(DRAWS, 50)[some], shares)
        np.testing.assert_array_equal(together[some], alone)
        np.testing.assert_array_equal(
            gamma(seeds(), jnp.full(DRAWS, 0.7))[some], gamma(seeds()[some], jnp.asarray(0.7))
        )
