"""The people of a run as a table: whose answers the models were compared with, and how many they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.scores.tables import HumanTerm, PeopleCells
from cyclspec.language.types import kinds as k
from cyclspec.language.types.typed import TypedAudit
from cyclspec.runtime.store.tables import LEVEL, level_fields, metadata, table_of


def _names(audit: TypedAudit, people: Mapping[HumanTerm, PeopleCells]) -> dict[HumanTerm, str]:
    """A distribution is called as the `let` that is nothing else, or as it is written."""
    lets = {let.term: let.name for let in audit.lets}
    return {term: lets.get(term, " ".join(term.span.text.split())) for term in people}


def _rows(
    name: str, term: HumanTerm, cells: PeopleCells, grid: Grid, *, count_missing: bool
) -> Iterator[dict[str, Any]]:
    assert isinstance(term.type.kind, k.Dist)
    options = grid.options[k.scale_name(term.type.kind.scale)]
    counted = options.exists if count_missing else options.exists & ~options.missing
    levels = [grid.axes[axis].levels for axis in cells.axes]
    for index in product(*(range(n) for n in cells.ok.shape)):
        row = index[cells.axes.index(options.axis)] if options.axis is not None else 0
        kept = np.flatnonzero(counted[row])
        yield {
            "people": name,
            **{axis: names[i] for axis, names, i in zip(cells.axes, levels, index, strict=True)},
            "codes": [options.codes[row][i] for i in kept],
            "shares": cells.share[index][kept].tolist() if cells.ok[index] else None,
            "n": None if cells.n is None else int(cells.n[index]),
            "n_eff": None if cells.n_eff is None else float(cells.n_eff[index]),
        }


def people_table(
    audit: TypedAudit, grid: Grid, people: Mapping[HumanTerm, PeopleCells], definition: Mapping[str, Any]
) -> pa.Table:
    """One row a cell: shares by option code, people in the denominator, their effective number (Kish).

    `shares` is null in a cell with nobody in it; `n` and `n_eff` are null where nobody knows them.
    """
    used = {axis for cells in people.values() for axis in cells.axes}
    schema = pa.schema(
        [
            pa.field("people", LEVEL, nullable=False),
            *level_fields([axis for axis in grid.axes if axis in used]),
            pa.field("codes", pa.list_(pa.string())),
            pa.field("shares", pa.list_(pa.float64())),
            pa.field("n", pa.int64()),
            pa.field("n_eff", pa.float64()),
        ],
        metadata=metadata("people", definition),
    )
    names = _names(audit, people)
    rows = [
        row
        for term, cells in people.items()
        for row in _rows(names[term], term, cells, grid, count_missing=audit.count_missing)
    ]
    return table_of(rows, schema)
