"""Human cells from a table of published distributions, one row for each item and group.

Expects a loaded table with a dist column. Ensures that a cell without a row is missing (n = 0), never a zero share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.codes import find_code, positions_of
from cyclspec.compiler.data.contracts import Column, Scale
from cyclspec.compiler.data.groups import groups_of
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.data.people import Floats, HumanCells, Integers, ItemScales, positions_in, ratio
from cyclspec.compiler.data.refusals import Refusals


def distribution_of_table(
    table: LoadedTable,
    *,
    items: Mapping[str, Scale],
    item: str,
    value: str,
    by: Sequence[str] = (),
    n: str | None = None,
    count_missing: bool,
) -> HumanCells:
    """The cells of `table`, where `value` is a dist column and `n` a column with the number of people of each row.

    A column of counts says both: it takes no `n`.
    `n_eff` is the number of people in the denominator; without `n` it is NaN, `n` is 1 and `n_known` false.
    `n_missing` is the share of missing options times the number of people, rounded. Raises `SpecError` (`BadRow`)
    where a cell has two rows, or a number of people is negative, not finite or absent.
    """
    asked, groups = ItemScales(tuple(items), tuple(items.values())), groups_of(table, by)
    exists, missing = asked.flags()
    item_of = positions_in(table[item], asked.keys)
    counted = table[value].column.kind == "counts"
    numbers = table[value].values.sum(axis=1) if counted else _numbers(table, n)
    rows = np.flatnonzero((item_of >= 0) & (groups.index >= 0) & ~table[value].null)
    cell = item_of[rows].astype(np.int64) * groups.size + groups.index[rows]
    _refuse_twice(table, table[value].column, rows, cell)
    mass = np.zeros((len(asked.keys) * groups.size, asked.width))
    placed = _by_code(table, table[value], rows, item_of, asked)
    mass[cell] = ratio(placed, numbers[rows][:, None]) if counted else placed
    people = np.zeros(len(mass))
    people[cell] = numbers[rows]
    mask = exists if count_missing else exists & ~missing
    flat_mask, flat_missing = (np.repeat(flags, groups.size, axis=0) for flags in (mask, missing))
    kept = np.where(flat_mask, mass, 0.0)
    effective = people * kept.sum(axis=1)
    known = counted or n is not None
    counts = np.rint(effective).astype(np.int64) if known else (effective > 0).astype(np.int64)
    present = counts > 0
    missing_share = np.where(flat_missing, mass, 0.0).sum(axis=1)
    n_missing = np.rint(people * missing_share).astype(np.int64) if known else np.zeros_like(counts)
    shape = (len(asked.keys), *groups.shape)
    share = np.where(present[:, None], ratio(kept, kept.sum(axis=1)[:, None]), 0.0)
    return HumanCells(
        share=share.reshape(*shape, asked.width),
        mask=mask,
        n=counts.reshape(shape),
        n_eff=np.where(present, effective if known else np.nan, 0.0).reshape(shape),
        n_missing=n_missing.reshape(shape),
        missing_share=missing_share.reshape(shape),
        weight=np.where(present, effective, 0.0).reshape(shape),
        items=asked.keys,
        options=tuple(scale.codes for scale in asked.scales),
        axes=groups.axes,
        levels=groups.levels,
        left_out=groups.left_out,
        other_items=int(np.count_nonzero(item_of < 0)),
        missing_counted=count_missing,
        n_known=known,
    )


def _numbers(table: LoadedTable, n: str | None) -> Floats:
    if n is None:
        return np.ones(table.n_rows)
    found = table[n]
    numbers: Floats = np.where(found.null, np.nan, found.values).astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    refusals = Refusals(table.table.path)
    refusals.bad_rows(bad, found.column, lambda row: f"{numbers[row]:g} is not a number of people")
    refusals.raise_if_any()
    return numbers


def _refuse_twice(table: LoadedTable, column: Column, rows: NDArray[np.intp], cell: Integers) -> None:
    order = np.argsort(cell, kind="stable")
    again = np.sort(rows[order[1:][cell[order[1:]] == cell[order[:-1]]]])
    refusals = Refusals(table.table.path)
    refusals.bad_rows(again, column, lambda _row: "a second distribution of the same item and group")
    refusals.raise_if_any()


def _by_code(
    table: LoadedTable,
    found: LoadedColumn,
    rows: NDArray[np.intp],
    item_of: NDArray[np.int32],
    asked: ItemScales,
) -> Floats:
    """The shares of `rows`, each in the order of the options that were asked for."""
    placed = np.zeros((len(rows), asked.width))
    refusals = Refusals(table.table.path)
    positions = [positions_of(scale.codes) for scale in asked.scales]
    for i, row in enumerate(rows.tolist()):
        for code, share in zip(found.options[row], found.values[row].tolist(), strict=False):
            at = find_code(positions[int(item_of[row])], code)
            if at >= 0:
                placed[i, at] += share
            elif share > 0:
                refusals.bad_row(
                    row + 1, found.column, f"a share for `{code[:60]}`, which is not an option of its item"
                )
    refusals.raise_if_any()
    return placed
