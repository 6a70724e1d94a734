"""Axes that depend on another: the entries of a list, the orders of a scale; and dated waves.

Expects the axes that they depend on. Ensures levels `1`, `2`, .. up to the longest list or the most orders, with a
`Presence` over parent and child where not every parent has them all (language.md, rule A5).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from cyclspec.compiler.axes import Axis, Orders, Presence
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import child_lists
from cyclspec.compiler.seeds import orders
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import OverBudget
from cyclspec.language.types import typed as d

Made = tuple[Axis, tuple[Presence, ...]]
MOST_ORDERS = 5040


def counted_axis(name: str, count: int) -> Axis:
    """The levels `1` to `count`, with their numbers as `value`."""
    numbers = range(1, count + 1)
    return Axis(name, tuple(map(str, numbers)), {"value": tuple(map(float, numbers))})


def _ragged(name: str, parent: Axis, counts: Sequence[int]) -> Made:
    axis = counted_axis(name, max(counts, default=0))
    cells = np.arange(len(axis))[None, :] < np.asarray(counts, dtype=np.int64)[:, None]
    return axis, () if cells.all() else (Presence((parent.name, name), cells),)


def child_axis(
    each: d.TypedEach, source: d.ChildSource, parent: Axis, tables: Mapping[str, LoadedTable]
) -> Made:
    """The positions in a list column of the parent's rows."""
    return _ragged(each.names[0], parent, [len(entries) for entries in child_lists(parent, source, tables)])


def scale_orders(
    audit_seed: int, each: d.TypedEach, source: d.PermutationsSource, scales: Mapping[str, Scale]
) -> Orders:
    """The orders of each scale, by the level of the parent that brings it; missing options keep their places.

    Drawn from the names of audit seed, axis and level, so that another item changes no order. All orders of a scale
    are refused where they are more than `MOST_ORDERS`.
    """
    found = []
    for level, scale in scales.items():
        moved = [at for at, option in enumerate(scale.options) if not option.missing]
        if source.n is None and math.factorial(len(moved)) > MOST_ORDERS:
            raise SpecError([_too_many(each, level, len(moved))])
        count = MOST_ORDERS if source.n is None else source.n
        names = (each.names[0], level)
        drawn = orders(audit_seed, names, len(moved), count, keep_identity=source.keep_identity)
        found.append(tuple(_placed(len(scale.options), moved, order) for order in drawn))
    return tuple(found)


def _placed(size: int, moved: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """An order of the moved positions among all positions."""
    found = list(range(size))
    for at, chosen in zip(moved, order, strict=True):
        found[at] = moved[chosen]
    return tuple(found)


def order_axis(each: d.TypedEach, parent: Axis | None, found: Orders) -> Made:
    """The axis of some orders; an item with fewer leaves holes."""
    counts = [len(row) for row in found]
    if parent is None:
        return counted_axis(each.names[0], counts[0]), ()
    return _ragged(each.names[0], parent, counts)


def _too_many(each: d.TypedEach, level: str, options: int) -> OverBudget:
    total = f"{math.factorial(options):,}".replace(",", " ")
    return OverBudget(
        span=each.span,
        requests=total,
        limit=f"{MOST_ORDERS:,}".replace(",", " "),
        label=f"{total} orders of {options} options; the limit is {MOST_ORDERS}",
        notes=(f"`{level}` has {options} options",) if level else (),
        helps=("draw some of them: `permutations(.., n = 24, keep = identity)`",),
    )
