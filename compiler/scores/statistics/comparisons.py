"""What comparisons of pairs say without a model: who wins how often, and whether majorities go round in circles.

Expects how often each item won against each other. Ensures NaN where nothing was compared.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Float

from cyclspec.compiler.scores.arithmetic import divide
from cyclspec.compiler.scores.cells import Array

Wins = Float[Array, "winner loser"]
Shares = Float[Array, "item"]


def win_share(wins: Wins) -> Shares:
    """The share of its comparisons that each item wins; NaN where it has none."""
    won, lost = wins.sum(axis=1), wins.sum(axis=0)
    return divide(won, won + lost)


def nontransitive_triples(wins: Wins) -> Float[Array, ""]:
    """The share of triples whose three majorities form a circle, of the triples that have three majorities.

    A pair that was never compared, or that both won as often, has no majority. Kendall and Babington Smith 1940, On
    the Method of Paired Comparisons.
    """
    beats = (wins > wins.T).astype(jnp.float64)
    decided = beats + beats.T
    # A circle is walked once from each of its three items, a triple once from each and in both directions.
    circles = jnp.trace(beats @ beats @ beats) / 3.0
    triples = jnp.trace(decided @ decided @ decided) / 6.0
    return divide(circles, triples)
