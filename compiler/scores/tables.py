"""What goes into a score graph and what comes out, as NumPy arrays with named axes.

Expects arrays whose dimensions are the named axes in the given order, levels in the order of the grid. Ensures that
every measured cell says how many cells it used and how many were missing, why, and who withheld it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.few_clusters import FEW_CLUSTERS, counted
from cyclspec.compiler.scores.reasons import ABSENT, OK
from cyclspec.language.types.kinds import Unit
from cyclspec.language.types.terms import ColumnTerm, HeadcountTerm, PeopleTerm, PopulationTerm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

HumanTerm = PeopleTerm | ColumnTerm
Headcount = HeadcountTerm | PopulationTerm
"""What is known of people beside their answers: how many they are, and their share of a target."""

RESAMPLING, VERSION_DRIFT = "resampling", "version drift"
"""What dated sessions differ by."""

MOST_LOST: Final = 0.05
"""There is no interval where more than this share of the draws leaves nothing to measure (docs/statistics.md).

The same goes for permutations and their p-value.
"""


@dataclass(frozen=True, slots=True, eq=False)
class AnswerCells:
    """Answers of one ask: `probs` [*axes, option] over the labels, `mass` [*axes] on them, `ok` [*axes] not missing.

    A choice is a one at its option. Texts have `probs` [*axes] of zero: they are there or missing. `mass` is None where
    no probability outside of the labels is known. `n` [*axes] is how many answers were counted for the shares, one for
    a choice; None where the shares are not counted but known. `lost` [*axes] is the status of the answers that are
    missing, by `ANSWER_REASONS`; where it is None they are absent.
    """

    axes: tuple[str, ...]
    probs: NDArray[np.float32]
    mass: NDArray[np.float32] | None
    ok: Bools
    n: Ints | None = None
    lost: NDArray[np.int8] | None = None

    @property
    def status(self) -> NDArray[np.int8]:
        """Zero where there is an answer, else why there is none."""
        lost = np.int8(ABSENT) if self.lost is None else self.lost
        return np.where(self.ok, np.int8(OK), lost).astype(np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class PeopleUnits:
    """How people were drawn: the `unit` [person] of each (-1: of no weight), and the `stratum` [unit], which rises."""

    unit: Ints
    stratum: Ints


@dataclass(frozen=True, slots=True, eq=False)
class PeopleRows:
    """The answers behind shares of people [item, *group, option], and how those people were drawn.

    By answer that counts: its `person`, `item` and `option`. By person: the `weight`, and the `group` in the order of
    the cells (-1: in none). `units` by the name of how they are drawn.
    """

    person: Ints
    item: Ints
    option: Ints
    weight: Floats
    group: Ints
    units: Mapping[str, PeopleUnits]


@dataclass(frozen=True, slots=True, eq=False)
class PeopleCells:
    """Shares of people [*axes, option] with their number `n` and effective number `n_eff` [*axes], where known.

    `n` and `n_eff` count everyone in `share`, those on missing options included. `rows` are kept where some measure
    draws these people again; the first of the axes is then their items.
    """

    axes: tuple[str, ...]
    share: Floats
    n: Ints | None
    n_eff: Floats | None
    ok: Bools
    rows: PeopleRows | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HeadcountCells:
    """A number of people, or their share of a target, in every cell: `value` [*axes], zero where nobody is."""

    axes: tuple[str, ...]
    value: Floats


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """Everything measured or asked, by the name of the ask and by the term that stands for the people."""

    answers: Mapping[str, AnswerCells] = field(hash=False)
    people: Mapping[HumanTerm, PeopleCells] = field(hash=False)
    headcounts: Mapping[Headcount, HeadcountCells] = field(hash=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the uncertainty of a measure was found: what its interval says, what it is of, and what was tested.

    `strata` is the attribute, `item.theme`, whose groups are the cells and that draws could keep and do not. Empty
    and zero where there is no interval, or no test.
    """

    interval: str = ""
    estimand: str = ""
    draws: int = 0
    strata: str = ""
    test: str = ""
    adjust: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MeasureCells:
    """One measure over `axes`; all arrays have one dimension per axis.

    `value`, `low`, `high`, `floor` and `value_unexcluded` are NaN where there is none; `floor` is the expected value
    of the measure for a perfect model; `uniform`, `others` and `shuffled` are its value for a model that gives every
    option the same share, that answers as all other people do, and as some other people do. `equal_n` is the value at
    the smallest number of people and answers, where it was asked for.
    `n_used` and `n_missing` count answers, each once (`counted`), `missing` splits the missing ones by reason ("check
    NAME" for an exclusion), `n_clusters` counts the clusters that are drawn and `freedom` the degrees of freedom that
    they leave (clusters less strata), `bound_low` and `bound_high` are the lowest and highest value that missing
    answers allow, where they were asked for, infinite where there is no end, `outside` and `outside_most` are the
    mean and the largest probability that models gave to anything but the labels, over the answers that the measure
    reads in the cell, `exists` is False for holes of the grid, and `withheld_by` holds per cell the names of the
    checks that withhold it. `error` is the standard error, `bias` how far draws lie above the value, `deff` the
    design effect, `lost` the share of draws that leave nothing to measure, `null` the mean under permuted labels,
    `p_value` and `p_adjusted` what the test gives, `null_lost` the share of permutations that leave nothing to
    measure: NaN where there is none. `unmoved` are cells whose value is the same in every permutation.
    `sessions_differ_by` says whether dated sessions that the measure takes together were answered by the same weights
    ("resampling") or not ("version drift").
    """

    name: str
    axes: tuple[str, ...]
    unit: Unit
    value: Floats
    low: Floats
    high: Floats
    floor: Floats
    uniform: Floats
    others: Floats
    shuffled: Floats
    equal_n: Floats
    value_unexcluded: Floats
    n_used: Ints
    n_missing: Ints
    n_clusters: Ints
    freedom: Ints
    missing: Mapping[str, Ints]
    bound_low: Floats
    bound_high: Floats
    outside: Floats
    outside_most: Floats
    exists: Bools
    withheld_by: NDArray[np.object_]
    error: Floats
    bias: Floats
    deff: Floats
    lost: Floats
    null: Floats
    p_value: Floats
    p_adjusted: Floats
    null_lost: Floats
    unmoved: Bools
    judgement: Judgement
    sessions_differ_by: NDArray[np.object_] | None = None

    @property
    def times_null(self) -> Floats:
        """The value as a multiple of its mean under permuted labels; NaN where there is none, or it is zero."""
        known = np.isfinite(self.null) & (self.null != 0.0)
        found: Floats = np.divide(self.value, self.null, out=np.full(self.value.shape, np.nan), where=known)
        return found

    @property
    def few(self) -> Bools:
        """Cells whose interval rests on fewer clusters than the nominal coverage needs."""
        return np.isfinite(self.low) & (counted(self.n_clusters, self.freedom) < FEW_CLUSTERS)

    @property
    def biased(self) -> Bools:
        """Cells whose bias is not small beside their standard error (Efron and Tibshirani 1993, section 10.3)."""
        return np.isfinite(self.low) & (np.abs(self.bias) > self.error / 4.0)


@dataclass(frozen=True, slots=True, eq=False)
class CheckCells:
    """One check over `axes`: `ok` where it could be evaluated, `passed` where it was and held.

    A cell that could not be evaluated (`n_missing` of them; holes do not count) neither passes nor acts.
    """

    name: str
    axes: tuple[str, ...]
    passed: Bools
    ok: Bools
    on_fail: str
    because: str
    n_failed: int
    n_missing: int

    @property
    def failing(self) -> Bools:
        """Cells that were evaluated and did not hold: the ones that act."""
        return self.ok & ~self.passed


@dataclass(frozen=True, slots=True)
class Scores:
    """The evaluated measures and checks, in the order of the audit."""

    measures: tuple[MeasureCells, ...]
    checks: tuple[CheckCells, ...]

    def measure(self, name: str) -> MeasureCells:
        """The measure of that name; KeyError where there is none."""
        return {measure.name: measure for measure in self.measures}[name]

    def check(self, name: str) -> CheckCells:
        """The check of that name; KeyError where there is none."""
        return {check.name: check for check in self.checks}[name]
