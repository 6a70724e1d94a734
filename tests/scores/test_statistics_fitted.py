"""Bradley-Terry against choix and a logistic regression, principal components against scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Iterator

import choix
import jax
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from cyclspec.compiler.scores.statistics.bradley_terry import bradley_terry, stationary, strongly_connected
from cyclspec.compiler.scores.statistics.components import principal_components

Floats = NDArray[np.float64]
RNG = np.random.default_rng(47)


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def played(items: int, games: int, spread: float = 1.0) -> Floats:
    """Wins [winner, loser] of random games between items of random strength."""
    strengths = RNG.normal(scale=spread, size=items)
    wins = np.zeros((items, items))
    for _ in range(games):
        a, b = RNG.choice(items, 2, replace=False)
        ahead = RNG.uniform() < 1 / (1 + math.exp(strengths[b] - strengths[a]))
        wins[(a, b) if ahead else (b, a)] += 1
    return wins


def likelihood_estimate(wins: Floats) -> Floats:
    """Maximum likelihood by Newton steps on the log likelihood, first strength fixed; then mean zero."""
    games = wins + wins.T
    s = np.zeros(len(wins))
    for _ in range(100):
        chance = 1 / (1 + np.exp(s[None, :] - s[:, None]))
        score = (wins - games * chance).sum(axis=1)
        weight = games * chance * (1 - chance)
        curve = np.diag(weight.sum(axis=1)) - weight
        s[1:] += np.linalg.solve(curve[1:, 1:], score[1:])
    return s - s.mean()


def test_strengths_equal_those_of_choix_and_maximise_the_likelihood() -> None:
    compared = 0
    for items, games in ((2, 9), (3, 20), (6, 60), (12, 200), (25, 900)):
        wins = played(items, games)
        if not bool(strongly_connected(wins)):
            continue
        found = np.asarray(bradley_terry(wins))
        data = [
            (int(a), int(b)) for a, b in zip(*np.nonzero(wins), strict=True) for _ in range(int(wins[a, b]))
        ]
        np.testing.assert_allclose(found, choix.ilsr_pairwise(items, data, tol=1e-12), rtol=0, atol=1e-8)
        np.testing.assert_allclose(found, likelihood_estimate(wins), rtol=0, atol=1e-9)
        assert abs(found.mean()) < 1e-12
        compared += 1
    assert compared >= 4


def test_strengths_of_a_chain_of_uneven_matches_reach_the_maximum() -> None:
    """Each item met its neighbours only, and lost one game in a thousand: the slowest shape to converge."""
    wins = np.zeros((8, 8))
    for stronger in range(7):
        wins[stronger, stronger + 1], wins[stronger + 1, stronger] = 999, 1
    found = np.asarray(bradley_terry(wins))
    np.testing.assert_allclose(np.diff(found), -math.log(999), rtol=0, atol=1e-8)


def test_strengths_of_counts_equal_those_of_games_written_out_and_of_any_scale() -> None:
    wins = played(5, 80)
    assert bool(strongly_connected(wins))
    np.testing.assert_allclose(bradley_terry(wins), bradley_terry(wins * 7.0), rtol=0, atol=1e-9)


def test_published_strengths() -> None:
    """Agresti 2002, Categorical Data Analysis, table 10.10: seven baseball teams of 1987.

    The printed estimates are 1.58 1.44 1.29 1.25 1.11 0.68 0 in the order of the table,
    relative to the last team.
    """
    wins = np.array(
        [
            [0, 7, 9, 7, 7, 9, 11],
            [6, 0, 7, 5, 11, 9, 9],
            [4, 6, 0, 7, 7, 8, 12],
            [6, 8, 6, 0, 6, 7, 10],
            [6, 2, 6, 7, 0, 7, 12],
            [4, 4, 5, 6, 6, 0, 6],
            [2, 4, 1, 3, 1, 7, 0],
        ],
        dtype=np.float64,
    )
    found = np.asarray(bradley_terry(wins))
    np.testing.assert_array_equal(np.round(found - found[-1], 2), [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0])


@pytest.mark.parametrize(
    "wins",
    [
        np.array([[0.0, 3.0], [0.0, 0.0]]),
        np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]),
        np.zeros((4, 4)),
        np.zeros((1, 1)),
    ],
    ids=["never lost", "one apart", "never won", "nothing played", "alone"],
)
def test_strengths_are_undefined_where_games_do_not_connect_all_items_both_ways(wins: Floats) -> None:
    assert np.isnan(np.asarray(bradley_terry(wins))).all()


def test_a_ring_connects_all_items() -> None:
    for items in (2, 3, 5, 9, 17):
        ring = np.roll(np.eye(items), 1, axis=1)
        assert bool(strongly_connected(ring))
        np.testing.assert_allclose(bradley_terry(ring), np.zeros(items), rtol=0, atol=1e-9)
        ring[0, 1] = 0.0
        assert not bool(strongly_connected(ring))


def test_the_stationary_distribution_balances_every_state() -> None:
    rates = RNG.uniform(size=(7, 7)) * 10.0 ** RNG.integers(-8, 2, (7, 7))
    np.fill_diagonal(rates, 0.0)
    shares = np.asarray(stationary(rates))
    out = shares * rates.sum(axis=1)
    np.testing.assert_allclose(shares @ rates, out, rtol=1e-12, atol=0)
    assert abs(shares.sum() - 1.0) < 1e-15


@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (30, 12), (3, 2)])
def test_scores_equal_those_of_scikit_learn(shape: tuple[int, int]) -> None:
    values = RNG.normal(size=shape) @ RNG.normal(size=(shape[1], shape[1]))
    number = min(2, shape[0] - 1, shape[1])
    wanted = PCA(n_components=number, svd_solver="full").fit_transform(values)
    found = principal_components(values, np.ones(shape[0], bool), np.ones(shape[1]), number)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)


def test_units_that_lack_a_value_have_no_score_and_move_no_component() -> None:
    values = RNG.normal(size=(8, 5))
    whole = np.array([True, True, False, True, True, True, False, True])
    found = np.asarray(principal_components(values, whole, np.ones(5), 3))
    assert np.isnan(found[~whole]).all()
    wanted = PCA(n_components=3, svd_solver="full").fit_transform(values[whole])
    np.testing.assert_allclose(found[whole], wanted, rtol=0, atol=1e-10)


def test_a_variable_drawn_twice_is_there_twice() -> None:
    values = RNG.normal(size=(8, 5))
    often = np.array([2.0, 0.0, 1.0, 3.0, 1.0])
    written = np.repeat(values, often.astype(np.int64), axis=1)
    wanted = PCA(n_components=2, svd_solver="full").fit_transform(written)
    found = principal_components(values, np.ones(8, bool), often, 2)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)


def test_a_draw_of_variables_turns_no_component_round() -> None:
    """Loadings as large as one another, half of them negative: which is largest differs from draw to draw."""
    place, signs = np.linspace(-1.0, 1.0, 6), np.tile([1.0, -1.0], 10)
    values = np.outer(place, signs) + 0.01 * RNG.normal(size=(6, 20))
    whole = np.ones(6, bool)
    data = principal_components(values, whole, np.ones(20), 1)
    for _ in range(50):
        often = np.bincount(RNG.integers(20, size=20), minlength=20).astype(float)
        drawn = principal_components(values, whole, often, 1, data)
        np.testing.assert_allclose(drawn, data, atol=0.05)


def test_components_that_change_places_are_called_what_the_data_call_them() -> None:
    """Two of nearly one length, whose order and directions noise decides; a unit that a draw lacks has no score."""
    apart = RNG.normal(size=(40, 2))
    first, second = np.linalg.qr(apart - apart.mean(axis=0))[0].T
    loadings = np.linalg.qr(RNG.normal(size=(12, 2)))[0].T
    values = np.outer(first, loadings[0]) + 0.98 * np.outer(second, loadings[1])
    data = np.asarray(principal_components(values, np.ones(40, bool), np.ones(12), 2))
    moved = 0
    for _ in range(40):
        lengths = RNG.uniform(0.9, 1.1, 2)
        noisy = lengths[0] * np.outer(first, loadings[0]) + lengths[1] * np.outer(second, loadings[1])
        noisy += 0.002 * RNG.normal(size=noisy.shape)
        plain = np.asarray(principal_components(noisy, np.ones(40, bool), np.ones(12), 2))
        whole = np.arange(40) != 4
        found = np.asarray(principal_components(noisy, whole, np.ones(12), 2, data))
        assert np.isnan(found[4]).all()
        moved += any(np.corrcoef(plain[:, at], data[:, at])[0, 1] < 0.5 for at in range(2))
        assert all(np.corrcoef(found[whole, at], data[whole, at])[0, 1] > 0.7 for at in range(2))
    assert moved > 5


def test_a_component_that_the_data_do_not_have_has_no_draws() -> None:
    line = np.outer(np.arange(4.0), [1.0, -2.0, 0.5])
    data = principal_components(line, np.ones(4, bool), np.ones(3), 2)
    drawn = line + 0.01 * RNG.normal(size=line.shape)
    found = np.asarray(principal_components(drawn, np.ones(4, bool), np.ones(3), 2, data))
    assert np.isfinite(found[:, 0]).all() and np.isnan(found[:, 1]).all()


def test_components_that_the_units_do_not_have_are_undefined() -> None:
    line = np.outer(np.arange(4.0), [1.0, -2.0, 0.5])
    found = np.asarray(principal_components(line, np.ones(4, bool), np.ones(3), 5))
    assert np.isfinite(found[:, 0]).all() and np.isnan(found[:, 1:]).all()
    # The largest loading is that of the second variable: where it is large, the score is positive.
    assert found[0, 0] > found[3, 0]
    # Centred units have one component fewer than they are, however far from zero they lie.
    for _ in range(20):
        few = 100.0 + RNG.normal(size=(3, 6))
        found = np.asarray(principal_components(few, np.ones(3, bool), np.ones(6), 3))
        assert np.isfinite(found[:, :2]).all() and np.isnan(found[:, 2]).all()
    nothing = principal_components(line, np.zeros(4, bool), np.ones(3), 2)
    assert np.isnan(np.asarray(nothing)).all()
