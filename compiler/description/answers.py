"""What people answered: shares of options, what is missing and where, and where an item was asked.

Expects loaded tables of items, people and answers in long form. Ensures that of several answers of one person to
one item the first counts, that answers count with the weight of their person, and that people of weight zero are
left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.codes import scale_of_levels
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.groups import groups_of
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable, option_positions
from cyclspec.compiler.data.people import kish, weights_of
from cyclspec.compiler.description.design import Floats, Integers, SampleDesign, sample_design, shares_of
from cyclspec.compiler.description.facts import AnswersFacts, GroupMissing, ItemFacts
from cyclspec.compiler.description.layout import MOST_LEVELS, AnswersColumn, axis_columns

_NONE = Scale(())


@dataclass(frozen=True, slots=True)
class LongRows:
    """Answers in long form, sorted by item, one for each person and item; `option` is -1 where none is given.

    `item` and `person` are rows of their tables, `option` counts into the scale of the item; `second` counts the
    rows that were left out because their person had answered the item, and `first` names the first few of those
    people and items.
    """

    item: Integers
    person: Integers
    option: Integers
    scales: tuple[Scale, ...]
    second: int
    first: tuple[tuple[str, str], ...]

    def of_item(self, item: int) -> slice:
        """Where the rows of one item stand."""
        return slice(*np.searchsorted(self.item, [item, item + 1]).tolist())


def scales_of(found: LoadedColumn, items: LoadedTable) -> tuple[Scale, ...]:
    """The options of each row of `items` that a column of choices or distributions is over; none where it has none."""
    if found.column.levels:
        return (scale_of_levels(found.column.levels, ordered=found.column.ordered),) * items.n_rows
    return tuple(scale or _NONE for scale in items.only("scale", found.column.of).values)


def long_rows(place: AnswersColumn, tables: Mapping[str, LoadedTable]) -> LongRows:
    """The answers of one column. Rows without an item or a person are left out."""
    answers, items, people = (tables[t.name] for t in (place.table, place.items, place.people))
    found = answers[place.column.name]
    scales = scales_of(found, items)
    item, person = answers[place.item].values, answers[place.person].values
    option = option_positions(item, found.values, scales, found.codes)
    rows = np.flatnonzero((item >= 0) & (person >= 0))
    # Stable, so that of two answers the first of the file stands first.
    rows = rows[np.lexsort((person[rows], item[rows]))]
    pair = item[rows].astype(np.int64) * max(people.n_rows, 1) + person[rows]
    again = np.flatnonzero(np.append(False, pair[1:] == pair[:-1]))
    kept = np.delete(rows, again)
    first = tuple(
        (str(answers[place.item].code(r)), str(answers[place.person].code(r))) for r in rows[again[:5]]
    )
    return LongRows(
        item[kept].astype(np.int64),
        person[kept].astype(np.int64),
        option[kept].astype(np.int64),
        scales,
        len(again),
        first,
    )


def answers_facts(place: AnswersColumn, rows: LongRows, tables: Mapping[str, LoadedTable]) -> AnswersFacts:
    """The facts of one column of answers. Raises `SpecError` (`BadRow`) for what is no weight."""
    people, declared = tables[place.people.name], place.people
    weight = weights_of(people, declared.weight)
    design = sample_design(people, declared.strata, declared.cluster)
    axes = [axis for axis in axis_columns(declared) if len(people[axis].codes) <= MOST_LEVELS]
    keys = tables[place.items.name].only("key").codes
    missing = _missing(rows)
    counted = weight[rows.person] > 0
    groups = {axis: groups_of(people, [axis]) for axis in axes}
    asked = {
        axis: _by_level(rows, found.index, len(found.levels[0]), counted, len(keys))
        for axis, found in groups.items()
    }
    lacking = {
        axis: _by_level(rows, found.index, len(found.levels[0]), counted & missing, len(keys))
        for axis, found in groups.items()
    }
    items = tuple(
        _item(key, rows, i, weight, design, {axis: int((asked[axis][i] > 0).sum()) for axis in axes})
        for i, key in enumerate(keys)
    )
    return AnswersFacts(
        table=place.table.name,
        column=place.column.name,
        items_table=place.items.name,
        people=declared.name,
        levels={axis: len(np.unique(g.index[(g.index >= 0) & (weight > 0)])) for axis, g in groups.items()},
        items=items,
        missing=tuple(_groups(keys, {a: g.levels[0] for a, g in groups.items()}, asked, lacking)),
    )


def _missing(rows: LongRows) -> NDArray[np.bool_]:
    """Which rows are missing answers: an empty one, or an option with the flag."""
    width = max((len(scale.options) for scale in rows.scales), default=0)
    flags = np.zeros((len(rows.scales), width + 1), np.bool_)
    for i, scale in enumerate(rows.scales):
        flags[i, : len(scale.options)] = [option.missing for option in scale.options]
    flags[:, width] = True
    found: NDArray[np.bool_] = flags[rows.item, np.where(rows.option < 0, width, rows.option)]
    return found


def _by_level(
    rows: LongRows, level: Integers, size: int, chosen: NDArray[np.bool_], n_items: int
) -> Integers:
    """How many of the chosen rows there are by item and level [item, level]."""
    of_person = level[rows.person]
    kept = chosen & (of_person >= 0)
    flat = rows.item[kept] * size + of_person[kept]
    found: Integers = np.bincount(flat, minlength=n_items * size).reshape(n_items, size)
    return found


def _groups(
    keys: Sequence[str],
    levels: Mapping[str, tuple[str, ...]],
    asked: Mapping[str, Integers],
    lacking: Mapping[str, Integers],
) -> Iterator[GroupMissing]:
    """The groups in which an item was asked."""
    for axis, names in levels.items():
        for i, j in np.argwhere(asked[axis] > 0).tolist():
            yield GroupMissing(keys[i], axis, names[j], int(asked[axis][i, j]), int(lacking[axis][i, j]))


def _item(
    key: str, rows: LongRows, item: int, weight: Floats, design: SampleDesign | None, asked_in: dict[str, int]
) -> ItemFacts:
    part, scale = rows.of_item(item), rows.scales[item]
    person, option = rows.person[part], rows.option[part]
    w = weight[person]
    some = w > 0
    offered = [i for i, known in enumerate(scale.options) if not known.missing]
    # The position of each option among those that are not missing; the last entry is for empty answers.
    table = np.full(len(scale.options) + 1, -1, np.int64)
    table[offered] = np.arange(len(offered))
    chosen = table[option]
    position = np.full(len(weight), -1, np.int64)
    position[person] = chosen
    answered, lacking = some & (chosen >= 0), some & (chosen < 0)
    counts = np.bincount(option[option >= 0], minlength=len(scale.options))
    total = float(w[some].sum())
    return ItemFacts(
        item=key,
        n=int(np.count_nonzero(answered)),
        n_eff=float(kish(np.zeros(int(answered.sum()), np.int64), w[answered], 1)[0]),
        n_missing=int(np.count_nonzero(lacking)),
        n_absent=int(np.count_nonzero(weight > 0)) - int(np.count_nonzero(some)),
        missing=float(np.count_nonzero(lacking) / np.count_nonzero(some)) if some.any() else None,
        missing_weighted=float(w[lacking].sum() / total) if total > 0 else None,
        options=shares_of(position, weight, tuple(scale.options[i].code for i in offered), design),
        missing_options={o.code: int(counts[i]) for i, o in enumerate(scale.options) if o.missing},
        never=tuple(scale.options[i].code for i in offered if counts[i] == 0) if len(person) else (),
        asked_in=asked_in,
    )
