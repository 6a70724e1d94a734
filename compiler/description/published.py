"""What was published of people: where items were asked, sums that are not one, options that nobody chose.

Expects a loaded table of distributions, which the reader has brought to a sum of one; how far each was from one
it says. Ensures that a row whose sum is off is named by its item and group.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.description.answers import scales_of
from cyclspec.compiler.description.design import Floats, Integers
from cyclspec.compiler.description.facts import OffSum, PublishedFacts, PublishedItem
from cyclspec.compiler.description.layout import PublishedColumn


def published_facts(
    place: PublishedColumn, tables: Mapping[str, LoadedTable], *, least: int
) -> PublishedFacts:
    """The facts of one column of distributions; `least` is how many people one should rest on."""
    table, items = tables[place.table.name], tables[place.items.name]
    found, item = table[place.column.name], table[place.item].values
    scales, keys = scales_of(found, items), items.only("key").codes
    used = ~found.null & (item >= 0)
    axes = {axis: table[axis] for axis in place.axes}
    return PublishedFacts(
        table=place.table.name,
        column=place.column.name,
        items_table=place.items.name,
        axes=place.axes,
        rows=int(np.count_nonzero(used)),
        tolerance=place.table.tolerance,
        levels={axis: _distinct(column.values[used]) for axis, column in axes.items()},
        off=tuple(_off(table, place, item)),
        second=_second(item[used], [column.values[used] for column in axes.values()]),
        least=least,
        small=_small(table, used, least),
        items=tuple(
            _item(key, scale, found, rows, axes)
            for key, scale, rows in zip(keys, scales, _by_item(item, used, len(keys)), strict=True)
        ),
    )


def _by_item(item: Integers, used: NDArray[np.bool_], size: int) -> list[Integers]:
    """The used rows of each item."""
    rows = np.flatnonzero(used)
    rows = rows[np.argsort(item[rows], kind="stable")]
    return np.split(rows, np.searchsorted(item[rows], np.arange(1, size)))


def _small(table: LoadedTable, used: NDArray[np.bool_], least: int) -> int | None:
    """How many distributions rest on fewer people; None where the table does not say on how many."""
    if "n" not in table.columns:
        return None
    n = table["n"]
    return int(np.count_nonzero(used & ~n.null & (n.values < least)))


def _distinct(values: Integers) -> int:
    return len(np.unique(values[values >= 0]))


def _off(table: LoadedTable, place: PublishedColumn, item: Integers) -> list[OffSum]:
    """Rows whose sum is not one, the farthest first."""
    deviations = table.renormalised[place.column.name].deviations
    rows = np.flatnonzero(deviations)
    rows = rows[np.argsort(-np.abs(deviations[rows]), kind="stable")]
    return [
        OffSum(
            row=row + 1,
            item=str(table[place.item].code(row)),
            levels=tuple(str(table[axis].code(row)) for axis in place.axes),
            deviation=float(deviations[row]),
        )
        for row in rows.tolist()
    ]


def _second(item: Integers, levels: list[Integers]) -> int:
    """How many rows are for an item and group that has one already."""
    cells = np.stack([item, *levels], axis=1)
    return len(cells) - len(np.unique(cells, axis=0))


def _item(
    key: str, scale: Scale, found: LoadedColumn, rows: Integers, axes: Mapping[str, LoadedColumn]
) -> PublishedItem:
    shares: Floats = found.values[rows][:, : len(scale.options)]
    flags = np.array([option.missing for option in scale.options], np.bool_)
    chosen: NDArray[np.bool_] = np.any(shares > 0, axis=0)
    return PublishedItem(
        item=key,
        rows=len(rows),
        missing=float(shares[:, flags].sum(axis=1).mean()) if len(rows) and flags.any() else None,
        never=tuple(
            o.code for o, some in zip(scale.options, chosen.tolist(), strict=True) if not (some or o.missing)
        )
        if len(rows)
        else (),
        asked_in={axis: _distinct(column.values[rows]) for axis, column in axes.items()},
    )
