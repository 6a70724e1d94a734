"""How sure a measure is: intervals, standard errors, design effects and p-values of its cells, and what they are of.

Expects the fetched draws of a measure and its values, NaN where there is none. Ensures that an interval stands only
on clusters enough for its method and on nearly all of its draws, that few clusters widen it, and that p-values are
adjusted for the cells of one measure. A p-value of a permutation stands on nearly all of its draws, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cyclspec.compiler.scores.arrays import MeasureArrays
from cyclspec.compiler.scores.clusters import alone, clusters_of, name_of, strata_name
from cyclspec.compiler.scores.few_clusters import supported
from cyclspec.compiler.scores.intervals import design_effect, ends
from cyclspec.compiler.scores.people_draws import counted_units
from cyclspec.compiler.scores.program import Program
from cyclspec.compiler.scores.significance import adjusted, permutation, sign_flip, unmoved
from cyclspec.compiler.scores.tables import MOST_LOST, Bools, Floats, Ints, Judgement, ScoreInputs
from cyclspec.compiler.seeds import seed_of
from cyclspec.language.types.terms import PeopleTerm
from cyclspec.language.types.typed import (
    Drawn,
    Permutation,
    SampleSource,
    SignFlip,
    TableSource,
    TypedMeasure,
    VocabularySource,
)


class Uncertain(NamedTuple):
    """Arrays over the axes of a measure; NaN where there is none, zero clusters and no freedom where nothing is drawn.

    `lost` and `null_lost` are the shares of the draws, and of the permutations, that leave nothing to measure;
    `unmoved` are cells that no permutation changes.
    """

    low: Floats
    high: Floats
    error: Floats
    bias: Floats
    deff: Floats
    clusters: Ints
    freedom: Ints
    lost: Floats
    null: Floats
    p_value: Floats
    p_adjusted: Floats
    null_lost: Floats
    unmoved: Bools


class Tested(NamedTuple):
    """What a test says of each cell: the mean under permuted labels and the p-value, NaN where there is none.

    `lost` is the share of the permutations that leave nothing to measure, `unmoved` where none changes the value.
    """

    null: Floats
    p_value: Floats
    lost: Floats
    unmoved: Bools


class Width(NamedTuple):
    """What makes an interval wide: how many clusters, their degrees of freedom, the factor that the variance lacks."""

    clusters: Ints
    freedom: Floats
    shortfall: Floats


def uncertain(
    program: Program, measure: TypedMeasure, arrays: MeasureArrays, value: Floats, inputs: ScoreInputs
) -> Uncertain:
    """The uncertainty of each cell of a measure."""
    blank, none = np.full(value.shape, np.nan), np.zeros(value.shape, dtype=np.int64)
    low, high, error, bias, deff, lost = (blank,) * 6
    clusters, freedom = none, none
    interval, drawn = measure.interval, arrays.drawn
    if interval is not None and drawn.bootstrap is not None:
        width = _width(program, measure, arrays, inputs, interval.drawings)
        draws = _cells(program, measure, drawn.bootstrap)
        clusters, freedom = width.clusters, width.freedom.astype(np.int64)
        found = ends(
            value,
            draws,
            level=interval.level,
            method=interval.method,
            freedom=width.freedom,
            shortfall=width.shortfall,
            corrected=any(one.people is not None for one in interval.drawings),
        )
        lost = found.lost
        known = np.isfinite(value) & (freedom >= 1) & (lost <= MOST_LOST)
        error, bias = (np.where(known, part, np.nan) for part in (found.error, found.bias))
        known &= supported(interval.method, clusters, freedom)
        low, high = (np.where(known, part, np.nan) for part in (found.low, found.high))
        if drawn.simple is not None:
            simple = _width(program, measure, arrays, inputs, alone(interval.drawings))
            deff = design_effect(error, _cells(program, measure, drawn.simple), simple.shortfall)
    test = _tested(program, measure, arrays, value)
    return Uncertain(
        low,
        high,
        error,
        bias,
        deff,
        clusters,
        freedom,
        lost,
        null=test.null,
        p_value=test.p_value,
        p_adjusted=blank if measure.adjust is None else adjusted(test.p_value, measure.adjust),
        null_lost=test.lost,
        unmoved=test.unmoved,
    )


def _cells(program: Program, measure: TypedMeasure, array: object) -> Floats:
    """[*full rank], which varies by draw, as [*axes of the measure, draw]."""
    return program.frame.taken(np.expand_dims(np.asarray(array, dtype=np.float64), -2), measure.by)


def _width(
    program: Program,
    measure: TypedMeasure,
    arrays: MeasureArrays,
    inputs: ScoreInputs,
    drawings: tuple[Drawn, ...],
) -> Width:
    """What is drawn with the fewest degrees of freedom decides."""
    drawn = {one.axis for one in drawings}
    # What is drawn anew in levels that are drawn themselves adds no cluster that is independent of the others.
    outer = [one for one in drawings if drawn.isdisjoint(one.within)]
    widths = [_one_width(program, measure, arrays, inputs, one) for one in outer]
    freedom = np.stack([width.freedom for width in widths])
    least = freedom.argmin(axis=0)[None]
    parts = (np.stack([width[at] for width in widths]) for at in range(3))
    clusters, freedom, shortfall = (np.take_along_axis(part, least, axis=0)[0] for part in parts)
    return Width(clusters, freedom, shortfall)


def _one_width(
    program: Program, measure: TypedMeasure, arrays: MeasureArrays, inputs: ScoreInputs, drawn: Drawn
) -> Width:
    if drawn.people is not None:
        clusters, strata = _people_units(program, measure, inputs, drawn)
        return Width(clusters, (clusters - strata).astype(np.float64), np.ones(clusters.shape))
    if drawn.within:
        return _within_width(program, measure, drawn)

    def counted(name: str) -> Ints:
        return program.frame.taken(np.asarray(arrays.units[name], dtype=np.int64), measure.by)

    clusters = counted(name_of(drawn))
    strata = np.ones_like(clusters) if drawn.strata is None else counted(strata_name(drawn))
    freedom = (clusters - strata).astype(np.float64)
    lacking = clusters / np.maximum(clusters - 1.0, 1.0)
    one = len(clusters_of(program.frame, drawn).strata) == 1
    return Width(clusters, freedom, lacking if one else np.ones(clusters.shape))


def _within_width(program: Program, measure: TypedMeasure, drawn: Drawn) -> Width:
    """Levels of an axis that is drawn within levels of others, which are its strata."""
    frame, by = program.frame, measure.by
    axes = frozenset((*drawn.within, drawn.axis))
    holes, at = frame.holes(axes), frame.place_of(drawn.axis)
    exists = np.ones(frame.shape(axes), np.bool_) if holes is None else ~holes
    there = np.moveaxis(exists, at, -1) @ clusters_of(frame, drawn).members.T > 0.0
    number = np.expand_dims(there.sum(axis=-1), at)
    gone = tuple(frame.place_of(axis) for axis in drawn.within if axis not in by)
    clusters = frame.taken(number.sum(axis=gone, keepdims=True), by)
    strata = frame.taken((number > 0).sum(axis=gone, keepdims=True), by)
    return Width(clusters, (clusters - strata).astype(np.float64), np.ones(clusters.shape))


def _people_units(
    program: Program, measure: TypedMeasure, inputs: ScoreInputs, drawn: Drawn
) -> tuple[Ints, Ints]:
    """Units, and strata of them, behind each cell: of the people leaf that has the fewest there."""
    frame, by = program.frame, measure.by
    found = []
    for leaf in program.setting.reach.of(measure.term).leaves:
        if isinstance(leaf, PeopleTerm) and leaf.people == drawn.people:
            axes = tuple(axis for axis in inputs.people[leaf].axes if axis in by)
            counts = counted_units(inputs.people[leaf], name_of(drawn), axes)
            found.append([frame.taken(frame.placed(part, axes), by) for part in counts])
    fewest = np.stack([units for units, _ in found]).argmin(axis=0)[None]
    units, strata = (
        np.take_along_axis(np.stack([pair[at] for pair in found]), fewest, axis=0)[0] for at in (0, 1)
    )
    return units, strata


def _tested(program: Program, measure: TypedMeasure, arrays: MeasureArrays, value: Floats) -> Tested:
    blank, test = np.full(value.shape, np.nan), measure.test
    untested = Tested(blank, blank, blank, np.zeros(value.shape, np.bool_))
    match test:
        case None:
            return untested
        case SignFlip():
            seed = program.audit.seed
            each = [
                sign_flip(
                    _cells(program, measure, arrays.drawn.parts[one.axis]),
                    test.draws,
                    seed_of(seed, "sign flip", measure.name, one.axis),
                )
                for one in test.drawn
            ]
            # A contrast is there when it is there by every axis: the largest p-value decides.
            largest = np.where(np.isfinite(value), np.max(np.stack(each), axis=0), np.nan)
            return untested._replace(p_value=largest)
        case Permutation():
            null = _cells(program, measure, arrays.drawn.null)
            number = np.isfinite(null).sum(axis=-1)
            mean = np.where(np.isfinite(null), null, 0.0).sum(axis=-1) / np.maximum(number, 1)
            lost = 1.0 - number / null.shape[-1]
            known = np.isfinite(value) & (lost <= MOST_LOST)
            found = permutation(value, null, test.tail)
            shown, p_value = (np.where(known, part, np.nan) for part in (mean, found))
            return Tested(shown, p_value, lost, unmoved(value, null))


def judgement(program: Program, measure: TypedMeasure) -> Judgement:
    """What the interval and the test of a measure are, in words."""
    interval, test, adjust = measure.interval, _test_words(measure), measure.adjust or ""
    if interval is None:
        return Judgement(test=test, adjust=adjust)
    return Judgement(
        interval=f"{interval.method} {100.0 * interval.level:g}%",
        estimand=_estimand(program, measure, interval.drawings),
        draws=interval.draws,
        strata=_strata(program, measure, interval.drawings),
        test=test,
        adjust=adjust,
    )


def _strata(program: Program, measure: TypedMeasure, drawn: tuple[Drawn, ...]) -> str:
    """The attribute that a measure is by, of an axis that is drawn without regard to it; empty where there is none.

    Two attributes, or clusters that lie in several of its groups, cannot be kept whole by strata.
    """
    frame = program.frame
    plain = [one for one in drawn if one.people is None and one.strata is None and not one.within]
    groups = [(one, name) for one in plain for name in measure.by if frame.owner(name, (one.axis,))]
    if len(groups) != 1:
        return ""
    ((one, name),) = groups
    if name not in _own_attributes(program, one.axis):
        return ""
    whole = len(clusters_of(frame, one)) == len(clusters_of(frame, replace(one, strata=name)))
    return f"{one.axis}.{name}" if whole else ""


def _own_attributes(program: Program, axis: str) -> tuple[str, ...]:
    """What `strata` may name of an axis that an audit goes through: neither factors nor attributes of attributes."""
    source = next((each.source for each in program.audit.eaches if axis in each.names), None)
    match source:
        case TableSource(table=table) | SampleSource(table=table):
            return tuple(column.name for column in program.audit.tables[table].columns)
        case VocabularySource(vocabulary=vocabulary):
            return vocabulary.attributes
        case _:
            return ()


def _estimand(program: Program, measure: TypedMeasure, drawn: tuple[Drawn, ...]) -> str:
    """What would be another one in a repetition of the audit, and what would be the same."""
    names = [one.axis for one in drawn]
    reduced = program.setting.reach.of(measure.term).reduced
    same = sorted((reduced | set(measure.by)) - set(names))
    other = ", ".join(one.words for one in drawn)
    return f"another {other}" + (f"; the same {', '.join(same)}" if same else "")


def _test_words(measure: TypedMeasure) -> str:
    match measure.test:
        case None:
            return ""
        case SignFlip(drawn=drawn):
            return "sign flip over " + ", ".join(one.words for one in drawn)
        case Permutation(over=over, within=within) as test:
            inside = f" within {', '.join(within)}" if within else ""
            return f"permutation over {over}{inside}, {test.tails}"
