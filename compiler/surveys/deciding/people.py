"""Respondents: their keys, their weights, and how they were drawn.

Expects the roles of columns. Ensures distinct keys, a weight for everyone that is a number from zero on, and that
whatever is odd is noted: rows that stand twice, keys that stand twice, weights that are absent, zero or far from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.coded import Coded
from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.surveys.corpus import PeopleColumn
from cyclspec.compiler.surveys.deciding.missing import MissingCodes
from cyclspec.compiler.surveys.notes import Notes, Topic, first_of
from cyclspec.compiler.surveys.refusals import refuse_column
from cyclspec.compiler.surveys.survey import SurveyFile, Variable

_FAR = (0.8, 1.25)
_SHOWN = 5

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Respondents:
    """The rows that are kept, in the order of the file, and their keys."""

    rows: Rows
    keys: tuple[str, ...]


def respondents_of(survey: SurveyFile, column: str, within: Sequence[str], notes: Notes) -> Respondents:
    """Everyone, but for rows that repeat another in every column under the same identifier.

    An identifier is one within the columns `within`, whose codes begin the key.
    """
    repeated = _repeated(survey)
    person = survey.variable(column) if column else None
    if person is None:
        if len(repeated):
            notes.open(
                Topic.PEOPLE,
                f"rows that repeat another in every column: {len(repeated):,} ({_listed(repeated)}); nothing says "
                "whether they are the same people, and they are kept",
                settle="--id NAME",
            )
        rows = np.arange(survey.n_rows)
        return Respondents(rows, tuple(f"r{row + 1}" for row in rows.tolist()))
    if len(repeated):
        notes.decided(
            Topic.PEOPLE,
            "duplicate respondents: rows that repeat another in every column are left out: "
            f"{len(repeated):,} ({_listed(repeated)})",
            column,
        )
    rows = np.setdiff1d(np.arange(survey.n_rows), repeated)
    outer = [found for name in within if (found := survey.variable(name)) is not None]
    outer = [found for found in outer if len(found.values.codes) > 1]
    if outer:
        listed = " and ".join(found.name for found in outer)
        notes.decided(Topic.PEOPLE, f"an identifier counts within {listed}, which begins the key", column)
    return Respondents(rows, _keys(_joined(person, outer), rows, notes))


def _joined(person: Variable, outer: Sequence[Variable]) -> Variable:
    """The identifier with the codes that it counts within before it: `1972.17`."""
    for found in reversed(outer):
        width = len(person.values.codes)
        here, own = found.values.index.astype(np.int64), person.values.index
        used, moved = np.unique(here * width + own, return_inverse=True)
        codes = [
            f"{found.values.codes[at // width]}.{person.values.codes[at % width]}" for at in used.tolist()
        ]
        index = np.where((here < 0) | (own < 0), -1, moved).astype(np.int32)
        person = Variable(person.name, Coded(tuple(codes), index))
    return person


def _repeated(survey: SurveyFile) -> Rows:
    """Rows, from zero, that are equal to an earlier one in every column."""
    if not survey.variables or survey.n_rows < 2:
        return np.empty(0, np.int64)
    groups = np.zeros(survey.n_rows, np.int64)
    for variable in survey.variables:
        width = len(variable.values.codes) + 1
        _, groups = np.unique(groups * width + variable.values.index + 1, return_inverse=True)
    _, first = np.unique(groups, return_index=True)
    return np.setdiff1d(np.arange(survey.n_rows), first)


def _listed(rows: Sequence[int] | Rows) -> str:
    return first_of([f"{int(row) + 1:,}" for row in rows], _SHOWN)


def _keys(person: Variable, rows: Rows, notes: Notes) -> tuple[str, ...]:
    codes, index = person.values.codes, person.values.index[rows]
    seen: dict[str, int] = {}
    taken = set(codes)
    keys: list[str] = []
    again: list[int] = []
    nameless: list[int] = []
    for row, at in zip(rows.tolist(), index.tolist(), strict=True):
        key = codes[at] if at >= 0 else f"r{row + 1}"
        if at < 0:
            nameless.append(row)
        number = seen.get(key, 0) + 1
        seen[key] = number
        if number > 1:
            again.append(row)
            while f"{key}#{number}" in taken:
                number += 1
            key = f"{key}#{number}"
        taken.add(key)
        keys.append(key)
    if again:
        notes.open(
            Topic.PEOPLE,
            "duplicate respondents: rows with the identifier of an earlier row and other answers: "
            f"{len(again):,} ({_listed(again)}); they are kept as people of their own, named `ID#2`",
            person.name,
            "--id NAME",
        )
    if nameless:
        notes.open(
            Topic.PEOPLE,
            f"rows without an identifier are named by their row: {len(nameless):,} ({_listed(nameless)})",
            person.name,
        )
    return tuple(keys)


def weights_of(
    survey: SurveyFile, variable: Variable, missing: MissingCodes, rows: Rows, notes: Notes
) -> NDArray[np.float64]:
    """The weight of every kept row; who has none weighs zero. Raises `SpecError` for a negative weight or a text."""
    words = [code for code in variable.values.codes if code not in missing and number_of(code) is None]
    if words:
        helps = (
            "if its numbers have a decimal comma: `--decimal ,`",
            "or name another weight: `--weight NAME`",
        )
        refuse_column(survey.path, variable.name, f"text (such as `{words[0][:40]}`)", "a weight", *helps)
    numbers = numbers_of(variable, missing)[rows]
    present = ~np.isnan(numbers)
    if not present.any():
        refuse_column(survey.path, variable.name, "no number", "a weight", "name another: `--weight NAME`")
    if (numbers[present] < 0).any():
        count = int((numbers[present] < 0).sum())
        refuse_column(
            *(survey.path, variable.name, f"{count:,} negative numbers", "a weight"),
            f"if they are missing codes, say so: `--missing {variable.name}=CODES`",
            "or name another weight: `--weight NAME`",
        )
    gone = int(np.count_nonzero(~present))
    if gone:
        notes.open(
            Topic.WEIGHTS,
            f"people without a weight get zero, and count in no weighted share: {gone:,}",
            variable.name,
        )
    weights: NDArray[np.float64] = np.where(present, numbers, 0.0)
    if not (weights > 0).any():
        refuse_column(
            survey.path, variable.name, "zero everywhere", "a weight", "name another: `--weight NAME`"
        )
    _say_weights(variable.name, weights, notes)
    return weights


def numbers_of(variable: Variable, missing: MissingCodes) -> NDArray[np.float64]:
    """The numbers of a column, NaN where it is missing."""
    numbers = variable.numbers().copy()
    gone = [at for at, code in enumerate(variable.values.codes) if code in missing]
    numbers[np.isin(variable.values.index, gone)] = np.nan
    return numbers


def _say_weights(name: str, weights: NDArray[np.float64], notes: Notes) -> None:
    positive = weights[weights > 0]
    mean = float(positive.mean())
    effective = float(positive.sum() ** 2 / (positive**2).sum())
    zeros = int(np.count_nonzero(weights == 0))
    text = (
        f"weights of {len(positive):,} people: mean {mean:.4g}, from {positive.min():.4g} to {positive.max():.4g}; "
        f"effective number {effective:,.0f}, design effect of weighting {len(positive) / effective:.3g}"
    )
    notes.found(Topic.WEIGHTS, text, name)
    if zeros:
        notes.found(Topic.WEIGHTS, f"people of weight zero, who count in no weighted share: {zeros:,}", name)
    if not _FAR[0] <= mean <= _FAR[1]:
        notes.open(
            Topic.WEIGHTS,
            f"the weights are far from mean 1 (mean {mean:.4g}): shares and effective numbers within one survey do not "
            "depend on it, totals over several surveys or countries do",
            name,
        )


def codes_column(name: str, variable: Variable, missing: MissingCodes, rows: Rows, doc: str) -> PeopleColumn:
    """Strata or clusters as an open vocabulary."""
    gone = [at for at, code in enumerate(variable.values.codes) if code in missing]
    index = np.where(np.isin(variable.values.index, gone), -1, variable.values.index)[rows].astype(np.int32)
    return PeopleColumn(
        name, "open", Coded(variable.values.codes, index), optional=bool((index < 0).any()), doc=(doc,)
    )
