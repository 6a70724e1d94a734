"""Stored answers back to arrays: what the scores read, whether a run has just answered or long ago.

Expects an answers table and the grid of its design. Ensures that shares stand at the positions of their codes in the
full scale, that a choice is all of its option, that cells without a row do not exist, and that missing answers are
not ok.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cyclspec.compiler.axes import Grid, OptionLayout
from cyclspec.compiler.readings.missing import kind_of_missing
from cyclspec.compiler.scores.reasons import ABSENT, ANSWER_REASONS
from cyclspec.compiler.scores.tables import AnswerCells
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.runtime.store.fields import field_rows


def answer_cells(answers: pa.Table, audit: d.TypedAudit, grid: Grid) -> dict[str, AnswerCells]:
    """The answers of every ask as arrays along its axes, in the order of the grid.

    The audit is as it is scored: `day.mood` is the ask of a field.
    """
    return {ask.name: _ask(field_rows(answers, ask), ask, grid) for ask in audit.asks}


def _index(column: pa.ChunkedArray, levels: tuple[str, ...]) -> np.ndarray:
    position = pc.index_in(column.cast(pa.string()), pa.array(levels, pa.string()))
    if position.null_count:
        raise InternalError("read answers", "the answers have a level that the grid does not have")
    found: np.ndarray = position.to_numpy()
    return found


def _ask(answers: pa.Table, ask: d.TypedAsk, grid: Grid) -> AnswerCells:
    axes = tuple(axis for axis in grid.axes if axis in ask.axes)
    rows = answers.filter(pc.equal(answers["ask"].cast(pa.string()), ask.name))
    shape = tuple(len(grid.axes[axis]) for axis in axes)
    indices = [_index(rows[axis], grid.axes[axis].levels) for axis in axes]
    at = np.stack(indices, axis=1) if indices else np.zeros((len(rows), 0), dtype=np.int64)
    ok = np.zeros(shape, dtype=np.bool_)
    answered = rows["status"].cast(pa.string()).to_numpy(zero_copy_only=False) == "answered"
    ok[tuple(at[answered].T)] = True
    lost = _lost(rows, at, shape)
    nothing = np.zeros(shape, dtype=np.float32)
    if isinstance(ask.type.kind, k.Number):
        numbers = _numbers(rows, "number", at, answered, shape)
        return AnswerCells(
            axes, nothing, nothing if numbers is None else numbers.astype(np.float32), ok, lost=lost
        )
    if not isinstance(ask.type.kind, k.Dist | k.Choice):
        return AnswerCells(axes, nothing, None, ok, lost=lost)
    options = grid.options[k.scale_name(ask.type.kind.scale)]
    probs = np.zeros((*shape, options.exists.shape[1]), dtype=np.float32)
    scale_rows = (
        at[:, axes.index(options.axis)] if options.axis is not None else np.zeros(len(rows), np.int64)
    )
    positions = _Positions(options)
    if isinstance(ask.type.kind, k.Choice):
        chosen = rows["choice"].to_pylist()
        for row in np.flatnonzero(answered).tolist():
            (place,) = positions.of(int(scale_rows[row]), (chosen[row],))
            probs[(*at[row].tolist(), place)] = 1.0
        return AnswerCells(axes, probs, None, ok, np.where(ok, 1, 0), lost)
    columns = rows.select(["codes", "probs"]).to_pydict()
    for row in np.flatnonzero(answered).tolist():
        cell = tuple(at[row].tolist())
        where = positions.of(int(scale_rows[row]), tuple(columns["codes"][row]))
        probs[cell][list(where)] = columns["probs"][row]
    mass, n = (_numbers(rows, name, at, answered, shape) for name in ("mass", "n"))
    # Where nothing was answered, nobody can tell whether there would have been a mass.
    mass = nothing if mass is None and not answered.any() else mass
    counted = None if n is None else n.astype(np.int64)
    return AnswerCells(axes, probs, None if mass is None else mass.astype(np.float32), ok, counted, lost)


def _lost(rows: pa.Table, at: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Why each answer is missing, by `ANSWER_REASONS`."""
    found = np.full(shape, ABSENT, dtype=np.int8)
    reasons = rows["reason"].cast(pa.string()).to_pylist()
    codes = {word: ANSWER_REASONS.index(kind_of_missing(word)) + 1 for word in {*reasons} if word}
    status = np.array([codes.get(word, ABSENT) for word in reasons], dtype=np.int8)
    found[tuple(at.T)] = status
    return found


def _numbers(
    rows: pa.Table, name: str, at: np.ndarray, answered: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray | None:
    """A column of numbers along the axes, zero where there is no answer; None where no answer has one."""
    if name not in rows.column_names or rows[name].null_count == len(rows):
        return None
    values = rows[name].cast(pa.float64()).fill_null(0.0).to_numpy()
    found = np.zeros(shape, dtype=np.float64)
    found[tuple(at[answered].T)] = values[answered]
    return found


class _Positions:
    """Positions of offered codes in the scale of a row, found once for each distinct offer."""

    def __init__(self, options: OptionLayout) -> None:
        self._options = options
        self._known: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {}

    def of(self, row: int, codes: tuple[str, ...]) -> tuple[int, ...]:
        key = (row, codes)
        if key not in self._known:
            scale = self._options.codes[row]
            self._known[key] = tuple(scale.index(code) for code in codes)
        return self._known[key]
