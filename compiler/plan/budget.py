"""How many cells an audit has, counted before anything is expanded.

Expects a grid. Ensures that a plan over its budget is refused with the factors that make it so, and that holes are
counted out wherever that is cheap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid, Presence
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import OverBudget
from cyclspec.language.types import typed as d

MOST_COUNTED = 1 << 23


def thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def ordered_axes(audit: d.TypedAudit, axes: frozenset[str]) -> tuple[str, ...]:
    """Some axes in the order in which the audit binds them."""
    return tuple(name for each in audit.eaches for name in each.names if name in axes)


def present_cells(grid: Grid, axes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which combinations of `axes` exist; a hole over more axes counts where no combination of the others does."""
    present = np.ones([len(grid.axes[axis]) for axis in axes], dtype=np.bool_)
    for holes in grid.presence:
        shared = [axis for axis in holes.axes if axis in axes]
        if not shared:
            continue
        others = tuple(i for i, axis in enumerate(holes.axes) if axis not in axes)
        cells = holes.cells.any(axis=others)
        cells = np.transpose(cells, np.argsort([axes.index(axis) for axis in shared]))
        shape = [len(grid.axes[axis]) if axis in shared else 1 for axis in axes]
        present &= cells.reshape(shape)
    return present


def first_cell(grid: Grid, axes: tuple[str, ...], fixed: Mapping[str, int]) -> tuple[int, ...] | None:
    """The first combination of `axes` that exists, with some positions fixed; None where there is none.

    Looks along one axis at a time, so that a grid of any size has its first cell at once.
    """
    holes = [_projected(one, axes) for one in grid.presence]
    tied = [(names, cells) for names, cells in holes if names]
    if not all(cells[tuple(fixed.get(name, slice(None)) for name in names)].any() for names, cells in tied):
        return None
    found = _search(grid, axes, tied, fixed)
    return None if found is None else tuple(found[axis] for axis in axes)


Projected = tuple[tuple[str, ...], NDArray[np.bool_]]


def _projected(holes: Presence, axes: tuple[str, ...]) -> Projected:
    """Which combinations of those of its axes that are among `axes` exist for any level of its others."""
    others = tuple(at for at, axis in enumerate(holes.axes) if axis not in axes)
    return tuple(axis for axis in holes.axes if axis in axes), np.asarray(holes.cells.any(axis=others))


def _search(
    grid: Grid, axes: tuple[str, ...], tied: Sequence[Projected], chosen: Mapping[str, int]
) -> Mapping[str, int] | None:
    axis = next((axis for axis in axes if axis not in chosen), None)
    if axis is None:
        return chosen
    levels = np.ones(len(grid.axes[axis]), dtype=np.bool_)
    for names, cells in tied:
        if axis in names:
            left = [name for name in names if name not in chosen]
            rest = cells[tuple(chosen.get(name, slice(None)) for name in names)]
            levels &= rest.any(axis=tuple(at for at, name in enumerate(left) if name != axis))
    found = (_search(grid, axes, tied, {**chosen, axis: int(level)}) for level in np.flatnonzero(levels))
    return next((one for one in found if one is not None), None)


def count_cells(grid: Grid, axes: tuple[str, ...]) -> int:
    """The number of cells over `axes`, without holes; with them where they are too many to look at each."""
    # Axes that no hole touches are multiplied in, not expanded.
    tied = {axis for holes in grid.presence if any(a in axes for a in holes.axes) for axis in holes.axes}
    inner = tuple(axis for axis in axes if axis in tied)
    free = math.prod(len(grid.axes[axis]) for axis in axes if axis not in tied)
    expanded = math.prod(len(grid.axes[axis]) for axis in inner)
    return free * (expanded if expanded > MOST_COUNTED else int(present_cells(grid, inner).sum()))


def _asked(ask: d.TypedAsk) -> bool:
    return not isinstance(ask.reader, d.Recorded)


def check_budget(audit: d.TypedAudit, grid: Grid, limit: int) -> int:
    """The cells of all asks, each with all its tries. Raises `SpecError` (CY0705) above `limit`."""
    counts = {
        ask.name: count_cells(grid, ordered_axes(audit, ask.axes)) * (1 + ask.retries)
        for ask in audit.asks
        if _asked(ask)
    }
    total = sum(counts.values())
    if total <= limit:
        return total
    factors = [
        f"{ask.name}: "
        + " x ".join(f"{a} {len(grid.axes[a])}" for a in ordered_axes(audit, ask.axes))
        + (f" x tries {1 + ask.retries}" if ask.retries else "")
        for ask in audit.asks
        if _asked(ask)
    ]
    raise SpecError(
        [
            OverBudget(
                span=audit.span,
                requests=thousands(total),
                limit=thousands(limit),
                notes=tuple(factors),
                helps=(f"ask less, or raise the limit with `--max-requests {total}`",),
            )
        ]
    )
