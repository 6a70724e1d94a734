"""What goes into a score graph and what comes out, as NumPy arrays with named axes.

Expects arrays whose dimensions are the named axes in the given order, levels in the order of the grid. Ensures that
every measured cell says how many cells it used and how many were missing, why, and who withheld it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cyclspec.language.types.kinds import Unit
from cyclspec.language.types.terms import ColumnTerm, PeopleTerm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

HumanTerm = PeopleTerm | ColumnTerm


@dataclass(frozen=True, slots=True, eq=False)
class AnswerCells:
    """Answers of one ask: `probs` [*axes, option] over the labels, `mass` [*axes] on them, `ok` [*axes] not missing.

    A choice is a one at its option. Texts have `probs` [*axes] of zero: they are there or missing.
    """

    axes: tuple[str, ...]
    probs: NDArray[np.float32]
    mass: NDArray[np.float32]
    ok: Bools


@dataclass(frozen=True, slots=True, eq=False)
class PeopleCells:
    """Shares of people [*axes, option] with their number `n` and effective number `n_eff` [*axes], where known.

    `n` and `n_eff` count everyone in `share`, those on missing options included.
    """

    axes: tuple[str, ...]
    share: Floats
    n: Ints | None
    n_eff: Floats | None
    ok: Bools


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """Everything measured or asked, by the name of the ask and by the term that stands for the people."""

    answers: Mapping[str, AnswerCells] = field(hash=False)
    people: Mapping[HumanTerm, PeopleCells] = field(hash=False)


@dataclass(frozen=True, slots=True, eq=False)
class MeasureCells:
    """One measure over `axes`; all arrays have one dimension per axis.

    `value`, `low`, `high`, `floor` and `value_unexcluded` are NaN where there is none; `floor` is the expected value
    of the measure for a perfect model. `n_used` and `n_missing` count the cells below the measure's reductions,
    `missing` splits the missing ones by reason ("check NAME" for an exclusion), `n_units` counts the resampled units,
    `exists` is False for holes of the grid, and `withheld_by` holds per cell the names of the checks that withhold it.
    """

    name: str
    axes: tuple[str, ...]
    unit: Unit
    value: Floats
    low: Floats
    high: Floats
    floor: Floats
    value_unexcluded: Floats
    n_used: Ints
    n_missing: Ints
    n_units: Ints
    missing: Mapping[str, Ints]
    exists: Bools
    withheld_by: NDArray[np.object_]


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
