"""Rows of a table drawn by counter: stratified, weighted, without replacement.

Expects an opened table and the rows that may be drawn. Ensures that the draw depends on the names of audit seed, axis
and rows alone: a row more in one stratum changes who is first in no other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import column_values
from cyclspec.compiler.seeds import fraction
from cyclspec.language.types import typed as d

Stratum = tuple[str, ...]


def allocate(sizes: Mapping[Stratum, float], held: Mapping[Stratum, int], n: int) -> dict[Stratum, int]:
    """How many of `n` each stratum gives: in proportion to `sizes`, by largest remainder, at most what it holds.

    What a stratum cannot give goes to the others in the same way. Ties go by the name of the stratum.
    """
    found = dict.fromkeys(sizes, 0)
    left = min(n, sum(held.values()))
    while left:
        able = {name: sizes[name] for name in sizes if found[name] < held[name]}
        total = sum(able.values())
        quotas = {name: left * size / total for name, size in able.items()}
        given = {name: min(math.floor(quota), held[name] - found[name]) for name, quota in quotas.items()}
        rest = left - sum(math.floor(quota) for quota in quotas.values())
        for name in sorted(quotas, key=lambda s: (math.floor(quotas[s]) - quotas[s], s))[:rest]:
            given[name] = min(given[name] + 1, held[name] - found[name])
        for name, count in given.items():
            found[name] += count
        left -= sum(given.values())
    return found


def _keys(
    audit_seed: int, axis: str, codes: Sequence[str], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A key a row; the rows with the largest keys are a weighted sample without replacement.

    Efraimidis and Spirakis (2006, "Weighted random sampling with a reservoir", section 3): u^(1/w), here in logarithms.
    """
    drawn = np.log([fraction(audit_seed, axis, code) for code in codes])
    found: NDArray[np.float64] = drawn / weights
    return found


def _weights(source: d.SampleSource, table: LoadedTable, rows: Sequence[int]) -> NDArray[np.float64]:
    """The weight of each row; zero where it has none, so that it is not drawn."""
    if source.weight is None:
        return np.ones(len(rows))
    values = column_values(table[source.weight])
    return np.array([values[row] or 0.0 for row in rows], dtype=np.float64)


def sampled_rows(
    audit_seed: int, axis: str, source: d.SampleSource, table: LoadedTable, rows: Sequence[int]
) -> list[int]:
    """The rows that are drawn of `rows`, in the order of the file; all that can be drawn where they are too few."""
    weights = _weights(source, table, rows)
    able = [at for at in range(len(rows)) if weights[at] > 0]
    if not able:
        return []
    codes = table.only("key").codes
    columns = [column_values(table[name]) for name in source.strata]
    strata: dict[Stratum, list[int]] = {}
    for at in able:
        strata.setdefault(tuple(str(column[rows[at]]) for column in columns), []).append(at)
    keys = _keys(audit_seed, axis, [codes[rows[at]] for at in able], weights[able])
    key_of = dict(zip(able, keys.tolist(), strict=True))
    share = allocate(
        {name: float(weights[members].sum()) for name, members in strata.items()},
        {name: len(members) for name, members in strata.items()},
        source.n,
    )
    chosen: list[int] = []
    for name, members in strata.items():
        best = sorted(members, key=lambda at: (-key_of[at], codes[rows[at]]))
        chosen.extend(rows[at] for at in best[: share[name]])
    return sorted(chosen)
