"""From the arrays of the graph to tables of measures and checks.

Expects the fetched outcome of a program. Ensures that withheld cells carry no number.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cyclspec.compiler.scores.arrays import CheckArrays, MeasureArrays, Outcome
from cyclspec.compiler.scores.cells import Array
from cyclspec.compiler.scores.checks import withheld
from cyclspec.compiler.scores.fields import ask_of
from cyclspec.compiler.scores.judged import judgement, uncertain
from cyclspec.compiler.scores.outside import Outside, outside
from cyclspec.compiler.scores.program import Program
from cyclspec.compiler.scores.reasons import HOLE, OK
from cyclspec.compiler.scores.tables import CheckCells, Floats, MeasureCells, ScoreInputs, Scores
from cyclspec.language.types.terms import AnswerTerm, Term
from cyclspec.language.types.typed import TypedCheck, TypedMeasure


def collected(program: Program, outcome: Outcome, inputs: ScoreInputs) -> Scores:
    """The scores of a fetched outcome; `inputs` say which people answered."""
    checks = tuple(_check(program, check, outcome.checks[check.name]) for check in program.checks)

    @cache
    def beside(asks: frozenset[str], by: tuple[str, ...]) -> Outside:
        return outside(program.frame, (inputs.answers[ask] for ask in sorted(asks)), by)

    measures = (
        _measure(
            program,
            measure,
            outcome.measures[measure.name],
            checks,
            inputs,
            beside(_asked(program, measure.term), measure.by),
        )
        for measure in program.measures
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
    program: Program,
    measure: TypedMeasure,
    arrays: MeasureArrays,
    checks: tuple[CheckCells, ...],
    inputs: ScoreInputs,
    beside: Outside,
) -> MeasureCells:
    frame, by = program.frame, measure.by
    status = frame.taken(np.asarray(arrays.status), by)
    names = withheld(frame, by, tuple(c for c in checks if _concerns(program, c, measure)))
    shown = np.array(np.frompyfunc(lambda held: not held, 1, 1)(names), dtype=np.bool_)
    known = (status == OK) & shown
    value = np.where(known, frame.taken(np.asarray(arrays.value, dtype=np.float64), by), np.nan)
    lost = frame.taken(np.asarray(arrays.missing, dtype=np.int64), by) * (status != HOLE)[..., None]
    found = uncertain(program, measure, arrays, value, inputs)
    floor, *controls = (
        np.where(status == OK, _cells(program, by, array), np.nan)
        for array in (arrays.floor, *arrays.controls)
    )
    bound_low, bound_high = (np.where(shown, end, np.nan) for end in _bounds(program, by, arrays, value))
    return MeasureCells(
        name=measure.name,
        axes=by,
        unit=measure.unit,
        value=value,
        low=found.low,
        high=found.high,
        floor=floor,
        uniform=controls[0],
        others=controls[1],
        shuffled=controls[2],
        equal_n=np.where(shown & (status == OK), _cells(program, by, arrays.equal), np.nan),
        value_unexcluded=np.where(shown, frame.taken(np.asarray(arrays.plain), by), np.nan),
        n_used=frame.taken(np.asarray(arrays.used, dtype=np.int64), by) * (status != HOLE),
        n_missing=lost.sum(axis=-1),
        n_clusters=found.clusters,
        freedom=found.freedom,
        missing={reason: lost[..., at] for at, reason in enumerate(program.setting.reasons)},
        bound_low=bound_low,
        bound_high=bound_high,
        outside=np.where(status == HOLE, np.nan, beside.mean),
        outside_most=np.where(status == HOLE, np.nan, beside.most),
        exists=status != HOLE,
        withheld_by=names,
        error=found.error,
        bias=found.bias,
        deff=found.deff,
        lost=found.lost,
        null=found.null,
        p_value=found.p_value,
        p_adjusted=found.p_adjusted,
        null_lost=found.null_lost,
        unmoved=found.unmoved,
        judgement=judgement(program, measure),
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
    return frozenset(ask_of(leaf.ask) for leaf in leaves if isinstance(leaf, AnswerTerm))


def _bounds(
    program: Program, by: tuple[str, ...], arrays: MeasureArrays, value: Floats
) -> tuple[Floats, Floats]:
    """Both bounds, NaN where none was asked for; a value without an end has an infinite one."""
    if arrays.bounds is None:
        blank = np.full(value.shape, np.nan)
        return blank, blank
    low, high = (_cells(program, by, end) for end in arrays.bounds)
    endless = np.isfinite(value) & (np.isnan(low) | np.isnan(high))
    return np.where(endless, -np.inf, low), np.where(endless, np.inf, high)


def _cells(program: Program, by: tuple[str, ...], array: Array | None) -> Floats:
    """A full-rank array over the axes of a measure; NaN where there is none."""
    return program.frame.taken(
        np.full(program.frame.shape(()), np.nan) if array is None else np.asarray(array), by
    )
