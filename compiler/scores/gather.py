"""From the arrays of the graph to tables of measures and checks.

Expects the fetched outcome of a program. Ensures that withheld cells carry no number, and that an interval stands only
on at least two resampled units.
"""

from __future__ import annotations

import numpy as np

from cyclspec.compiler.scores.arrays import CheckArrays, MeasureArrays, Outcome
from cyclspec.compiler.scores.cells import HOLE, OK
from cyclspec.compiler.scores.checks import withheld
from cyclspec.compiler.scores.program import Program
from cyclspec.compiler.scores.resample import percentiles
from cyclspec.compiler.scores.tables import Bools, CheckCells, Floats, MeasureCells, Scores
from cyclspec.language.types.terms import AnswerTerm, Term
from cyclspec.language.types.typed import TypedCheck, TypedMeasure


def collected(program: Program, outcome: Outcome) -> Scores:
    """The scores of a fetched outcome."""
    checks = tuple(_check(program, check, outcome.checks[check.name]) for check in program.checks)
    measures = (
        _measure(program, measure, outcome.measures[measure.name], checks) for measure in program.measures
    )
    return Scores(tuple(measures), checks)


def _check(program: Program, check: TypedCheck, arrays: CheckArrays) -> CheckCells:
    status = program.frame.taken(np.asarray(arrays.status), check.axes)
    value = program.frame.taken(np.asarray(arrays.value, dtype=np.bool_), check.axes)
    ok = status == OK
    failed = int((ok & ~value).sum())
    missing = int((~ok & (status != HOLE)).sum())
    return CheckCells(check.name, check.axes, ok & value, ok, check.on_fail, check.because, failed, missing)


def _measure(
    program: Program, measure: TypedMeasure, arrays: MeasureArrays, checks: tuple[CheckCells, ...]
) -> MeasureCells:
    frame, by = program.frame, measure.by
    status = frame.taken(np.asarray(arrays.status), by)
    names = withheld(frame, by, tuple(c for c in checks if _concerns(program, c, measure)))
    shown = np.array(np.frompyfunc(lambda held: not held, 1, 1)(names), dtype=np.bool_)
    value = np.asarray(arrays.value, dtype=np.float64)
    lost = frame.taken(np.asarray(arrays.missing, dtype=np.int64), by) * (status != HOLE)[..., None]
    units = frame.taken(np.asarray(arrays.units, dtype=np.int64), by)
    low, high = _interval(program, measure, arrays, (status == OK) & shown & (units >= 2))
    floor = _blank(by, program) if arrays.floor is None else frame.taken(np.asarray(arrays.floor), by)
    return MeasureCells(
        name=measure.name,
        axes=by,
        unit=measure.unit,
        value=np.where((status == OK) & shown, frame.taken(value, by), np.nan),
        low=low,
        high=high,
        floor=np.where(status == OK, floor, np.nan),
        value_unexcluded=np.where(shown, frame.taken(np.asarray(arrays.plain), by), np.nan),
        n_used=frame.taken(np.asarray(arrays.used, dtype=np.int64), by) * (status != HOLE),
        n_missing=lost.sum(axis=-1),
        n_units=units,
        missing={reason: lost[..., at] for at, reason in enumerate(program.setting.reasons)},
        exists=status != HOLE,
        withheld_by=names,
    )


def _concerns(program: Program, found: CheckCells, measure: TypedMeasure) -> bool:
    """Whether a check speaks of what a measure reads: an answer they share, or no answer at all.

    A baseline that no model takes part in is not withheld because a model failed; `stop` stops everything.
    """
    check = next(check for check in program.checks if check.name == found.name)
    asked = _asked(program, check.term)
    return check.on_fail == "stop" or not asked or bool(asked & _asked(program, measure.term))


def _asked(program: Program, term: Term) -> frozenset[str]:
    leaves = program.setting.reach.of(term).leaves
    return frozenset(leaf.ask for leaf in leaves if isinstance(leaf, AnswerTerm))


def _interval(
    program: Program, measure: TypedMeasure, arrays: MeasureArrays, known: Bools
) -> tuple[Floats, Floats]:
    if arrays.draws is None or measure.interval is None:
        return _blank(measure.by, program), _blank(measure.by, program)
    low, high = percentiles(np.asarray(arrays.draws), measure.interval.level)
    ends = (program.frame.taken(end[..., None], measure.by) for end in (low, high))
    first, second = (np.where(known, end, np.nan) for end in ends)
    return first, second


def _blank(by: tuple[str, ...], program: Program) -> Floats:
    return np.full(tuple(len(program.frame.axes[axis]) for axis in by), np.nan)
