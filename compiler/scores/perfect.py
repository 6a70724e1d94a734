"""Perfect models: draws of the truth, of people beside it, and of as many answers as were counted.

Expects shares of people and how many stand behind each. Ensures that a draw is a function of the seed of the audit and
of the levels of its cell, so that another level changes no draw, and neither do blocks of options or of draws.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.blocks import Block
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.tables import AnswerCells, PeopleCells
from cyclspec.compiler.scores.variates import gamma, joined_seed, multinomial, uniform
from cyclspec.compiler.seeds import seed_of

Floats = NDArray[np.float64]
_PEOPLE: Final = 1 << 32
"""The stream of people, beyond those of options."""


# ---- on the host


def cell_seeds(frame: Frame, seed: int, names: tuple[str, ...], axes: tuple[str, ...]) -> Array:
    """A seed for each cell over some axes, uint64 [*full rank], from the names of its levels."""
    total = jnp.full(frame.shape(()), seed_of(seed, *names), jnp.uint64)
    for axis in sorted(axes):
        levels = [seed_of(seed, *names, axis, level) for level in frame.axes[axis].levels]
        total = joined_seed(total, jnp.asarray(frame.placed(np.array(levels, dtype=np.uint64), (axis,))))
    return total


def numbers_of_people(frame: Frame, scale: str, cells: PeopleCells) -> Floats | None:
    """The effective number on the options that count, [*full rank], zero where nobody is; None where nobody knows."""
    if cells.n_eff is None:
        return None
    kept = _kept(frame, scale, frame.placed(cells.share, cells.axes))
    numbers = np.nan_to_num(frame.placed(cells.n_eff, cells.axes)) * kept
    return np.where(frame.placed(cells.ok, cells.axes), numbers, 0.0)


def numbers_of_answers(frame: Frame, scale: str, cells: AnswerCells) -> Floats | None:
    """How many answers were counted on the options that count, [*full rank]; None where none was counted."""
    if cells.n is None:
        return None
    kept = _kept(frame, scale, frame.placed(cells.probs.astype(np.float64), cells.axes))
    numbers = np.rint(frame.placed(cells.n, cells.axes) * kept)
    return np.where(frame.placed(cells.ok, cells.axes), numbers, 0.0)


def _kept(frame: Frame, scale: str, shares: Floats) -> Floats:
    """The share on the options that count."""
    kept: Floats = np.where(frame.scored(scale), np.nan_to_num(shares), 0.0).sum(axis=-1)
    return kept


# ---- inside the graph, for one block of a scale: arrays are [*full rank], with the draw last, and [.., option]


def truths(seeds: Array, draws: Array, shares: Array, numbers: Array, mask: Array) -> Array:
    """Draws of p* ~ Dirichlet(share n_eff + 1/2) over the options in `mask`."""
    here = joined_seed(seeds, draws)[..., None]
    options = jnp.arange(shares.shape[-1], dtype=jnp.uint64)
    drawn = gamma(joined_seed(here, options), shares * numbers[..., None] + 0.5)
    kept = choose(mask, drawn, 0.0)
    return kept / kept.sum(axis=-1, keepdims=True)


def people_beside(seeds: Array, draws: Array, truth: Array, numbers: Array) -> Array:
    """Shares of people drawn from a truth: multinomial(n_eff, p*) / n_eff."""
    return _shares(joined_seed(joined_seed(seeds, draws), jnp.uint64(_PEOPLE)), jnp.round(numbers), truth)


def answers_to(seeds: Array, draws: Array, truth: Array, numbers: Array) -> Array:
    """Shares of as many answers as were counted, each drawn from a truth; zero where none was."""
    return _shares(joined_seed(seeds, draws), numbers, truth)


def _shares(seeds: Array, numbers: Array, truth: Array) -> Array:
    counts = multinomial(seeds, numbers, truth)
    return counts / jnp.maximum(numbers, 1.0)[..., None]


def choices_of(block: Block, axes: tuple[str, ...], seeds: Array, draws: Array, truth: Array) -> Array:
    """One option drawn from each truth, as its place in the layout of the scale."""
    upto = jnp.cumsum(truth, axis=-1)
    there = uniform(joined_seed(seeds, draws), 0)[..., None]
    # Rounding can leave the last sum below one: the last option with a share is as far as a pick goes.
    most = truth.shape[-1] - 1 - jnp.argmax((truth > 0.0)[..., ::-1], axis=-1)
    picked = jnp.minimum((upto < there).sum(axis=-1), most)
    frame = block.frame
    places = frame.placed(block.places, axes) if axes else block.places.reshape(*frame.shape(()), -1)
    wide = jnp.broadcast_to(jnp.asarray(places), (*picked.shape, places.shape[-1]))
    found: Array = jnp.take_along_axis(wide, picked[..., None], axis=-1)[..., 0]
    return found.astype(jnp.int32)
