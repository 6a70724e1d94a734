"""What goes into the traced function of an audit and what it returns: tuples of arrays in full rank.

Expects one dimension an axis, in the order of the frame and of size one where an array does not vary along it. Ensures
that these are plain trees of arrays, as `jax.jit` takes them.
"""

from __future__ import annotations

from typing import NamedTuple

from cyclspec.compiler.scores.cells import Array


class LeafArrays(NamedTuple):
    """One leaf: `value` [*full rank, option], one array a block of its scale, or [*full rank]; `ok` [*full rank]."""

    value: tuple[Array, ...]
    ok: Array


class PerfectArrays(NamedTuple):
    """Draws of one people term, [draw, *full rank, option] each: perfect answers, and people beside them.

    One array a block of its scale. `answers` holds perfect answers that are counted, by leaf: as many of them as the
    leaf has in each cell, as shares block by block, or as one array [draw, *full rank] of options that were chosen.
    """

    truth: tuple[Array, ...]
    people: tuple[Array, ...]
    answers: dict[int, tuple[Array, ...]]


class Tensors(NamedTuple):
    """All inputs: leaves in the order of the program, counts by measure and axis, perfect models by people leaf."""

    leaves: tuple[LeafArrays, ...]
    counts: dict[str, dict[str, Array]]
    perfect: dict[int, PerfectArrays]


class MeasureArrays(NamedTuple):
    """One measure in full rank; `plain` is its value without exclusions, `draws` varies by draw."""

    value: Array
    status: Array
    used: Array
    missing: Array
    units: Array
    plain: Array
    draws: Array | None
    floor: Array | None


class CheckArrays(NamedTuple):
    """One check in full rank."""

    value: Array
    status: Array


class Outcome(NamedTuple):
    """What the traced function returns, by name."""

    measures: dict[str, MeasureArrays]
    checks: dict[str, CheckArrays]
