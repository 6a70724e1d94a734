"""How many draws there are of perfect models, and how much of any draws is held at once."""

from __future__ import annotations

from typing import Final

FLOOR_DRAWS: Final = 200
"""Perfect models per noise floor: the floor's Monte Carlo error is its spread over draws / sqrt(200)."""

FEWEST_DRAWS: Final = 20
MOST_OPTIONS: Final = 1_000_000
"""Shares of people up to which there are all draws; beyond, their number falls as means over cells need fewer."""

MEMORY: Final = 256 * 1024 * 1024
"""Bytes that the draws of one measure may hold at once."""


def floor_draws(options: int) -> int:
    """How many perfect models are drawn beside so many shares of people."""
    return max(FEWEST_DRAWS, min(FLOOR_DRAWS, FLOOR_DRAWS * MOST_OPTIONS // max(1, options)))


def chunk(draws: int, bytes_per_draw: int) -> int:
    """How many draws to evaluate at once: a divisor of `draws` within the memory limit."""
    most = max(1, min(draws, MEMORY // max(1, bytes_per_draw)))
    return next(size for size in range(most, 0, -1) if draws % size == 0)
