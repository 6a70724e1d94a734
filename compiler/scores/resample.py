"""Perfect models, drawn outside the graph, and how much of any draws is held at once.

Expects arrays in full rank. Ensures that every draw is a function of the audit's seed and of the levels of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.tables import AnswerCells, PeopleCells
from cyclspec.compiler.seeds import generator

FLOOR_DRAWS: Final = 200
"""Perfect models per noise floor: the floor's Monte Carlo error is its spread over draws / sqrt(200)."""

MEMORY: Final = 256 * 1024 * 1024
"""Bytes that the draws of one resampled measure may hold at once."""

ANSWERS_MEMORY: Final = 2**31
"""Bytes that the perfect answers of one ask may take; where they would take more there is no noise floor."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PerfectModels:
    """What a perfect model answers and what the people it is compared with say.

    `truth` and `people` are [draw, *full rank, option], each a distribution over the options that count.
    """

    truth: Floats
    people: Floats


def perfect_models(frame: Frame, seed: int, scale: str, cells: PeopleCells) -> PerfectModels | None:
    """Draws of p* ~ Dirichlet(share n_eff + 1/2) and of people ~ multinomial(n_eff, p*) / n_eff, cell by cell.

    n_eff is what is left of it on the options that count, rounded for the multinomial. Cells without people or with
    an n_eff below one half stay zero. None where n_eff is not known.
    """
    if cells.n_eff is None:
        return None
    share = frame.placed(cells.share, cells.axes)
    mask = np.broadcast_to(frame.scored(scale), share.shape) if share.size else frame.scored(scale)
    kept = np.where(mask, np.nan_to_num(share), 0.0)
    n_eff = np.nan_to_num(frame.placed(cells.n_eff, cells.axes)) * kept.sum(axis=-1)
    usable = frame.placed(cells.ok, cells.axes) & (np.rint(n_eff) >= 1.0)
    total = kept.sum(axis=-1, keepdims=True)
    shares = np.divide(kept, total, out=np.zeros_like(kept), where=total > 0.0)
    truth = np.zeros((FLOOR_DRAWS, *share.shape))
    people = np.zeros_like(truth)
    for place in zip(*np.nonzero(usable), strict=True):
        names = [part for axis in sorted(cells.axes) for part in (axis, _level(frame, axis, place))]
        here = (slice(None), *place)
        truth[here], people[here] = _one_cell(
            generator(seed, "noise floor", *names), shares[place], mask[place], float(n_eff[place])
        )
    return PerfectModels(truth, people)


def perfect_answers(
    frame: Frame, seed: int, ask: str, scale: str, answer: AnswerCells, truth: Floats
) -> NDArray[np.float32] | None:
    """Shares of perfect answers, as many as the ask has in each cell: multinomial(n, p*) / n.

    [draw, *full rank, option], for draws `truth` of p*. Zero where a cell has no answers that count; None where they
    would not fit in memory.
    """
    assert answer.n is not None
    probs = frame.placed(answer.probs.astype(np.float64), answer.axes)
    mask = np.broadcast_to(frame.scored(scale), probs.shape)
    n = np.rint(frame.placed(answer.n, answer.axes) * np.where(mask, probs, 0.0).sum(axis=-1))
    n = np.where(frame.placed(answer.ok, answer.axes), n, 0.0).astype(np.int64)
    if FLOOR_DRAWS * probs.size * 4 > ANSWERS_MEMORY:
        return None
    found = np.zeros((FLOOR_DRAWS, *probs.shape), dtype=np.float32)
    wide = np.broadcast_to(truth, found.shape)
    for place in zip(*np.nonzero(n), strict=True):
        here = (slice(None), *place)
        names = [part for axis in sorted(answer.axes) for part in (axis, _level(frame, axis, place))]
        draw = generator(seed, "noise floor", "answers", ask, *names)
        if wide[here].any():
            number = int(n[place])
            found[here] = draw.multinomial(number, wide[here]) / number
    return found


def _level(frame: Frame, axis: str, place: tuple[np.int64, ...]) -> str:
    return frame.axes[axis].levels[int(place[frame.place_of(axis)])]


def _one_cell(
    draw: np.random.Generator, share: Floats, mask: NDArray[np.bool_], n_eff: float
) -> tuple[Floats, Floats]:
    """Draws of one cell, [draw, option] each: the perfect answer and the people."""
    alpha = share[mask] * n_eff + 0.5
    gammas = draw.standard_gamma(alpha, size=(FLOOR_DRAWS, alpha.size))
    number = round(n_eff)
    truth, people = np.zeros((2, FLOOR_DRAWS, mask.size))
    truth[:, mask] = gammas / gammas.sum(axis=1, keepdims=True)
    people[:, mask] = draw.multinomial(number, truth[:, mask]) / number
    return truth, people


def chunk(draws: int, bytes_per_draw: int) -> int:
    """How many draws to evaluate at once: a divisor of `draws` within the memory limit."""
    most = max(1, min(draws, MEMORY // max(1, bytes_per_draw)))
    return next(size for size in range(most, 0, -1) if draws % size == 0)
