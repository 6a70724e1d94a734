"""Distributions of people's answers: from microdata with weights, or from a table of published distributions.

Expects loaded tables. Ensures that options are matched by code, that missing answers are counted and never read as
zero, and that every cell says how many people it rests on. All sums are in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.codes import find_code, positions_of
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.groups import By, Groups, groups_of
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable, option_positions
from cyclspec.compiler.data.refusals import Refusals, shown

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Pairs of item and person that are ticked off in one byte each; above, they are sorted.
_SEEN = 1 << 30


@dataclass(frozen=True, slots=True)
class HumanCells:
    """Human answers in cells of item and groups.

    - `share` [item, *by, option]: weighted shares, padded with zeros to the widest scale. They sum to one where
      `n > 0`, and are zero elsewhere.
    - `mask` [item, option]: true at options that the item has (and that count: see `missing_counted`).
    - `n` [item, *by]: people in the denominator. `n_eff`: their Kish effective number, (sum w)^2 / sum w^2.
    - `n_missing` [item, *by]: answers that are a missing option or null. `missing_share`: their weighted share of all
      answers, zero where there is none.
    - `weight` [item, *by]: sum of weights in the denominator.

    People of weight zero are not counted. With `missing_counted`, missing options keep their shares and their people
    are in the denominator; null answers never are. `n_known` is false where a published table gives no numbers: `n`
    is then 1 in every cell that is present, and `n_eff` is NaN there.

    `options` are codes in the order of each item's scale. `left_out` counts the people (or rows of a published table)
    that have no level along each axis; `other_items` the answers to items that were not asked for.
    """

    share: Floats
    mask: NDArray[np.bool_]
    n: Integers
    n_eff: Floats
    n_missing: Integers
    missing_share: Floats
    weight: Floats
    items: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    axes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    left_out: tuple[int, ...]
    other_items: int
    missing_counted: bool
    n_known: bool = True


@dataclass(frozen=True, slots=True)
class ItemScales:
    """The items of a request as arrays: which options exist, and which of them are missing."""

    keys: tuple[str, ...]
    scales: tuple[Scale, ...]

    @property
    def width(self) -> int:
        return max((len(scale.options) for scale in self.scales), default=0)

    def flags(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Options that exist and options that are missing, both [item, option]."""
        exists = np.zeros((len(self.keys), self.width), np.bool_)
        missing = np.zeros_like(exists)
        for i, scale in enumerate(self.scales):
            exists[i, : len(scale.options)] = True
            missing[i, : len(scale.options)] = [option.missing for option in scale.options]
        return exists, missing


def distribution_of_people(
    answers: LoadedTable,
    people: LoadedTable,
    *,
    items: Mapping[str, Scale],
    item: str,
    person: str,
    value: str,
    by: Sequence[By] = (),
    weight: str | None = None,
    count_missing: bool,
) -> HumanCells:
    """Weighted distributions of answers in long form, one row for each person and item.

    `item`, `person` and `value` name columns of `answers`; `by` and `weight` columns of `people`. The order of
    `items` is the order of the item axis. Raises `SpecError` (`BadRow`) for a weight that is negative or not finite,
    for an answer that is not an option, and where a person answers an item twice.
    """
    asked = ItemScales(tuple(items), tuple(items.values()))
    groups = groups_of(people, by)
    weights = weights_of(people, weight)
    found = answers_given(answers, people, items=items, item=item, person=person, value=value)
    used = (groups.index[found.person] >= 0) & (weights[found.person] > 0)
    rows = np.flatnonzero(used)
    cell = found.item[rows] * groups.size + groups.index[found.person[rows]]
    tally = _tally(
        cell, found.option[rows], weights[found.person[rows]], asked, groups, count_missing=count_missing
    )
    return _cells(tally, asked, groups, found.others, count_missing=count_missing)


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """Answers of known people to the items of a request: rows of `people`, places of items and options (-1: null).

    `others` counts the answers to other items.
    """

    person: Integers
    item: Integers
    option: Integers
    others: int


def answers_given(
    answers: LoadedTable,
    people: LoadedTable,
    *,
    items: Mapping[str, Scale],
    item: str,
    person: str,
    value: str,
) -> GivenAnswers:
    """The answers of a table in long form.

    Raises `SpecError` (`BadRow`) for an answer that is not an option, and where a person answers an item twice.
    """
    asked = ItemScales(tuple(items), tuple(items.values()))
    item_of = positions_in(answers[item], asked.keys)
    person_of = positions_in(answers[person], people.only("key").codes)
    _refuse_twice(answers, item, item_of, person_of, people.n_rows)
    answer = answers[value]
    option_of = option_positions(item_of, answer.values, asked.scales, answer.codes)
    _refuse_other_options(answers, value, option_of, item_of)
    rows = np.flatnonzero((item_of >= 0) & (person_of >= 0))
    return GivenAnswers(
        person=person_of[rows].astype(np.int64),
        item=item_of[rows].astype(np.int64),
        option=option_of[rows].astype(np.int64),
        others=int(np.count_nonzero(item_of < 0)),
    )


@dataclass(frozen=True, slots=True)
class _Tally:
    """Sums by flat cell: of weights by option, of people, their Kish number, those that are missing."""

    mass: Floats
    n: Integers
    n_eff: Floats
    n_missing: Integers
    missing: Floats
    answered: Floats


def _tally(
    cell: Integers,
    option: Integers,
    weight: Floats,
    asked: ItemScales,
    groups: Groups,
    *,
    count_missing: bool,
) -> _Tally:
    size, width = len(asked.keys) * groups.size, asked.width
    _, flags = asked.flags()
    null = option < 0
    missing = null | flags[cell // max(groups.size, 1), option] if width else null
    counted = ~null if count_missing else ~missing
    inside = np.flatnonzero(counted)
    flat = cell[inside] * width + option[inside]
    mass = sums(flat, weight[inside], size * width)
    return _Tally(
        mass=mass.reshape(size, width),
        n=np.bincount(cell[inside], minlength=size).astype(np.int64),
        n_eff=kish(cell[inside], weight[inside], size),
        n_missing=np.bincount(cell[missing], minlength=size).astype(np.int64),
        missing=sums(cell[missing], weight[missing], size),
        answered=sums(cell, weight, size),
    )


def _cells(
    tally: _Tally, asked: ItemScales, groups: Groups, other: int, *, count_missing: bool
) -> HumanCells:
    exists, missing = asked.flags()
    shape = (len(asked.keys), *groups.shape)
    total = tally.mass.sum(axis=1)
    return HumanCells(
        share=ratio(tally.mass, total[:, None]).reshape(*shape, asked.width),
        mask=exists if count_missing else exists & ~missing,
        n=tally.n.reshape(shape),
        n_eff=tally.n_eff.reshape(shape),
        n_missing=tally.n_missing.reshape(shape),
        missing_share=ratio(tally.missing, tally.answered).reshape(shape),
        weight=total.reshape(shape),
        items=asked.keys,
        options=tuple(scale.codes for scale in asked.scales),
        axes=groups.axes,
        levels=groups.levels,
        left_out=groups.left_out,
        other_items=other,
        missing_counted=count_missing,
    )


def sums(index: Integers, weight: Floats, size: int) -> Floats:
    """Sums of weights by index; an empty input gives floats too."""
    return np.bincount(index, weight, size).astype(np.float64, copy=False)


def kish(cell: Integers, weight: Floats, size: int) -> Floats:
    """(sum w)^2 / sum w^2 by cell (Kish 1965, section 11.7); zero for an empty cell."""
    # The number is free of scale; near one, squares neither overflow nor vanish.
    scaled = weight / weight.max(initial=np.finfo(np.float64).tiny)
    return ratio(sums(cell, scaled, size) ** 2, sums(cell, scaled**2, size))


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Zero where the denominator is zero."""
    some = denominator > 0
    found: Floats = np.where(some, numerator, 0.0) / np.where(some, denominator, 1.0)
    return found


def weights_of(people: LoadedTable, weight: str | None) -> Floats:
    """The weight of each person, one without a weight column. Raises `SpecError` (`BadRow`) for what is no weight."""
    if weight is None:
        return np.ones(people.n_rows)
    found = people[weight]
    weights: Floats = np.where(found.null, np.nan, found.values).astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    refusals = Refusals(people.table.path)
    refusals.bad_rows(bad, found.column, lambda row: _weight_problem(float(weights[row])))
    refusals.raise_if_any()
    return weights


def _weight_problem(weight: float) -> str:
    if np.isnan(weight):
        return "a person has no weight"
    return f"a weight of {weight:g}: weights are finite and not negative"


def positions_in(column: LoadedColumn, keys: Sequence[str]) -> NDArray[np.int32]:
    """Where each row's code stands in `keys`, -1 where it does not."""
    at = positions_of(keys)
    table = np.array([*(find_code(at, code) for code in column.codes), -1], np.int32)
    found: NDArray[np.int32] = table[column.values]
    return found


def _refuse_twice(
    answers: LoadedTable, item: str, item_of: NDArray[np.int32], person_of: NDArray[np.int32], n_people: int
) -> None:
    rows = np.flatnonzero((item_of >= 0) & (person_of >= 0))
    pair = item_of[rows].astype(np.int64) * max(n_people, 1) + person_of[rows]
    size = n_people * (int(item_of.max(initial=0)) + 1)
    if size <= _SEEN:
        seen = np.zeros(size, np.bool_)
        seen[pair] = True
        if np.count_nonzero(seen) == len(pair):
            return
    order = np.argsort(pair, kind="stable")
    again = order[1:][pair[order[1:]] == pair[order[:-1]]]
    refusals = Refusals(answers.table.path)
    problem = "a second answer of the same person to the same item"
    refusals.bad_rows(np.sort(rows[again]), answers[item].column, lambda _row: problem)
    refusals.raise_if_any()


def _refuse_other_options(
    answers: LoadedTable, value: str, option_of: NDArray[np.int32], item_of: NDArray[np.int32]
) -> None:
    found = answers[value]
    bad = np.flatnonzero((option_of < 0) & (found.values >= 0) & (item_of >= 0))
    refusals = Refusals(answers.table.path)
    refusals.bad_rows(bad, found.column, lambda row: f"{shown(found.code(row))} is not an option of its item")
    refusals.raise_if_any()
