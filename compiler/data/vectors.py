"""Reads columns that hold a number for every option: how many answers it got, or its log-probability.

Expects the scale column and the ref column of the row to be read already. Ensures that numbers are matched by code (a
plain list by the declared order, and then in its exact length), that counts are whole and log-probabilities no more
than a distribution has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.cells import CellProblem
from cyclspec.compiler.data.collect import Collector
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.loaded import LoadedColumn
from cyclspec.compiler.data.options import row_scales
from cyclspec.compiler.data.refusals import refuse_file
from cyclspec.compiler.data.shares import Noun, numbers_by_option
from cyclspec.compiler.data.typed import Context, refuse_missing

Floats = NDArray[np.float64]

COUNT = Noun("count", "counts", "count")
LOGPROB = Noun("log-probability", "log-probabilities", "logprob")
# Probabilities may exceed one together by what rounding to three decimals does to some twenty options.
_EXCESS = 0.01
_MOST_COUNTED = 2.0**53


def vector_column(collector: Collector, context: Context) -> LoadedColumn:
    """Counts or log-probabilities by option, padded to the widest scale."""
    column, scales = collector.column, row_scales(collector.column, context)
    width = max((len(scale.options) for scale in scales.scales if scale is not None), default=0)
    if width * context.n_rows * 8 > context.budget.bytes:
        refuse_file(context.table.path, f"holds more than {context.budget.bytes:,} bytes once decoded")
    values = np.full((context.n_rows, width), 0.0 if column.kind == "counts" else -np.inf)
    null = np.array([cell is None for cell in collector.cells], np.bool_)
    refuse_missing(column, null, context)
    read = counts_cell if column.kind == "counts" else logprobs_cell
    for row in np.flatnonzero(~null & (scales.item >= 0)).tolist():
        scale = scales.of_row(row)
        try:
            if scale is None:
                raise CellProblem(f"the row{scales.name(row)} has no options")
            found = read(collector.cells[row], scale, textual=collector.textual)
        except CellProblem as problem:
            context.refusals.bad_row(row + 1, column, problem.problem, problem.helps)
            continue
        values[row, : len(found)] = found
    codes = [() if scale is None else scale.codes for scale in scales.scales]
    options = tuple(codes[i] if i >= 0 else () for i in scales.item.tolist())
    return LoadedColumn(column, values, null, options=options)


def counts_cell(cell: Any, scale: Scale, *, textual: bool) -> Floats:
    """How many answers each option got; an option that is not named got none. Raises `CellProblem`."""
    found = numbers_by_option(cell, scale.codes, COUNT, textual=textual).numbers
    for code, number in zip(scale.codes, found.tolist(), strict=True):
        if not 0 <= number < _MOST_COUNTED or number % 1:
            raise CellProblem(f"the count of option `{code[:60]}` is {number:g}")
    return found


def logprobs_cell(cell: Any, scale: Scale, *, textual: bool) -> Floats:
    """The log-probability of each option in nats. Raises `CellProblem`.

    Options flagged missing may be left out: a model is not always offered them.
    """
    numbers, given = numbers_by_option(cell, scale.codes, LOGPROB, textual=textual)
    found: Floats = np.where(given, numbers, -np.inf)
    _refuse_unnamed(scale, given.tolist())
    for code, number in zip(scale.codes, found.tolist(), strict=True):
        # NaN fails the comparison too.
        if not number <= _EXCESS:
            helps = ("logarithms of probabilities are not above zero; declare shares as `dist(..)`",)
            raise CellProblem(f"the log-probability of option `{code[:60]}` is {number:g}", helps)
    total = float(np.exp(found).sum())
    if total > 1.0 + _EXCESS:
        raise CellProblem(f"the options have a probability of {total:.6g} together")
    if total == 0.0:
        raise CellProblem("no option has any probability")
    return found


def _refuse_unnamed(scale: Scale, given: Sequence[bool]) -> None:
    for option, named in zip(scale.options, given, strict=True):
        if not named and not option.missing:
            raise CellProblem(f"no log-probability for option `{option.code[:60]}`")
