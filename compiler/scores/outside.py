"""How much probability models gave to anything but the labels, beside each cell of a measure.

Expects the answers that a measure reads. Ensures that answers whose mass nobody knows, and missing ones, say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.tables import AnswerCells, Floats


class Outside(NamedTuple):
    """The mean and the largest probability outside of the labels, [*axes of a measure]; NaN where none is known."""

    mean: Floats
    most: Floats


@dataclass(frozen=True, slots=True)
class _Sums:
    total: NDArray[np.float64]
    number: NDArray[np.float64]
    most: NDArray[np.float64]


def outside(frame: Frame, answers: Iterable[AnswerCells], by: tuple[str, ...]) -> Outside:
    """Over the answers of some asks in each cell of a measure that is `by` some axes."""
    shape = tuple(len(frame.axes[axis]) for axis in by)
    total, number, most = np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)
    for cells in answers:
        sums = _summed(frame, cells, by)
        total, number = total + sums.total, number + sums.number
        most = np.maximum(most, sums.most)
    known = number > 0.0
    mean = np.divide(total, number, out=np.full(shape, np.nan), where=known)
    return Outside(mean, np.where(known, most, np.nan))


def _summed(frame: Frame, cells: AnswerCells, by: tuple[str, ...]) -> _Sums:
    if cells.mass is None:
        return _Sums(np.zeros(()), np.zeros(()), np.full((), -np.inf))
    # Joint probabilities of options can add up to a little more than one by rounding.
    lost = np.clip(1.0 - cells.mass.astype(np.float64), 0.0, 1.0)
    lost, there = frame.placed(lost, cells.axes), frame.placed(cells.ok, cells.axes)
    owners = {axis: frame.owner(axis, cells.axes) for axis in by if axis not in cells.axes}
    for axis, owner in owners.items():
        if owner is not None:
            there = there & frame.members(owner, axis)
    gone = tuple(frame.place_of(axis) for axis in cells.axes if axis not in by)
    total = np.where(there, lost, 0.0).sum(axis=gone, keepdims=True)
    number = there.sum(axis=gone, keepdims=True).astype(np.float64)
    most = np.where(there, lost, -np.inf).max(axis=gone, keepdims=True, initial=-np.inf)
    return _Sums(*(frame.taken(part, by) for part in (total, number, most)))
