"""Bradley-Terry strengths by iterative Luce spectral ranking (I-LSR), which gives the maximum likelihood estimate.

Expects how often each item won against each other. Ensures strengths on the log scale with mean zero, and NaN where
the comparisons do not connect all items both ways: then no finite estimate exists.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import lax
from jaxtyping import Bool, Float

from cyclspec.compiler.scores.arithmetic import NAN
from cyclspec.compiler.scores.cells import Array, choose

Wins = Float[Array, "winner loser"]
Strengths = Float[Array, "item"]
Shares = Float[Array, "item"]

CLOSE: Final = 1e-11
"""Largest change of a log strength in the last step."""

MOST_STEPS: Final = 2000
"""Steps after which strengths that still move are undefined."""


def strongly_connected(wins: Wins) -> Bool[Array, ""]:
    """Whether every item has won against every other, directly or through further items."""
    items = wins.shape[0]
    reach = (wins > 0.0) | jnp.eye(items, dtype=bool)
    for _ in range(max(1, (items - 1).bit_length())):
        reach = (reach.astype(jnp.float64) @ reach.astype(jnp.float64)) > 0.0
    return reach.all()


def bradley_terry(wins: Wins) -> Strengths:
    """Log strengths s with P(i beats j) = 1 / (1 + exp(s_j - s_i)).

    Each step takes the stationary distribution of a Markov chain that moves from a loser to its winner at the rate
    wins / (sum of both strengths); its fixed point maximises the likelihood. Maystre and Grossglauser 2015, Fast and
    Accurate Inference of Plackett-Luce Models; Bradley and Terry 1952.
    """
    items = wins.shape[0]
    if items < 2:
        return jnp.full((items,), NAN)
    connected = strongly_connected(wins)
    # Where there is no estimate the steps run on comparisons that have one, since they run anyway.
    some = choose(connected, wins, 1.0) * (1.0 - jnp.eye(items))

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        strengths, _, number = state
        shares = jnp.exp(strengths - strengths.max())
        rates = some.T / (shares[:, None] + shares[None, :])
        fresh = jnp.log(stationary(rates))
        fresh = fresh - fresh.mean()
        return fresh, jnp.abs(fresh - strengths).max(), number + 1

    def moving(state: tuple[Array, Array, Array]) -> Array:
        return (state[1] > CLOSE) & (state[2] < MOST_STEPS)

    start = (jnp.zeros(items), jnp.asarray(jnp.inf), jnp.asarray(0))
    strengths, moved, _ = lax.while_loop(moving, step, start)
    return choose(connected & (moved <= CLOSE), strengths, NAN)


def stationary(rates: Float[Array, "item item"]) -> Shares:
    """The stationary distribution of a chain with these rates from row to column; the diagonal is not read.

    Eliminates states from the last to the first without a subtraction, so that small shares keep their digits.
    Grassmann, Taksar and Heyman 1985, Regenerative Analysis and Steady State Distributions for Markov Chains.
    """
    items = rates.shape[0]
    places = jnp.arange(items)

    def eliminate(at: Array, left: Array) -> Array:
        state = items - 1 - at
        before = places < state
        out = choose(before, left[state], 0.0).sum()
        into = choose(before, left[:, state], 0.0) / out
        moved = left + into[:, None] * choose(before, left[state], 0.0)[None, :]
        return moved.at[:, state].set(choose(before, into, left[:, state]))

    left: Array = lax.fori_loop(0, items - 1, eliminate, rates)

    def back(state: Array, shares: Array) -> Array:
        return shares.at[state].set((choose(places < state, left[:, state] * shares, 0.0)).sum())

    shares: Array = lax.fori_loop(1, items, back, jnp.zeros(items).at[0].set(1.0))
    return shares / shares.sum()
