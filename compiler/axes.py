"""The axes of an audit with their levels, once data is open.

Expects a typed audit and its loaded tables. Ensures that axes have distinct levels in a fixed order and that the
cells which do not exist (holes of a panel or a target) are known before anything is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cyclspec.language.diagnostics import Diagnostic

Attribute = str | float | None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its level names, and per level the attributes that expressions may name (`region`, `theme`)."""

    name: str
    levels: tuple[str, ...]
    attributes: Mapping[str, tuple[Attribute, ...]] = field(default_factory=dict, hash=False)

    def __len__(self) -> int:
        return len(self.levels)


Orders = tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """Which combinations of some axes exist: `cells` is bool, one dimension per name in `axes`."""

    axes: tuple[str, ...]
    cells: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OptionLayout:
    """The options of a scale along its axis, padded to the widest row.

    For a per-item scale the arrays are `[item, option]`; for a declared scale `axis` is None and they are
    `[1, option]`. `exists` marks real options, `missing` the don't-know and refused ones, `value` the optional
    numeric value (NaN where none), `codes` the stable codes per row.
    """

    axis: str | None
    codes: tuple[tuple[str, ...], ...]
    exists: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    value: NDArray[np.float64]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """All axes of an audit, the combinations that exist, and the scales' options by scale name.

    `orders` gives the permutations of an axis of orders, for each level of the axis it depends on (or for one row);
    each is a tuple of positions in the scale. `rows` counts the rows of the tables that were opened. `warnings` tell
    what is there and is less than the audit asks for.
    """

    axes: Mapping[str, Axis]
    presence: tuple[Presence, ...]
    options: Mapping[str, OptionLayout]
    orders: Mapping[str, Orders] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
