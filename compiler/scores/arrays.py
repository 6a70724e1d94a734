"""What goes into the traced function of an audit and what it returns: tuples of arrays in full rank.

Expects one dimension an axis, in the order of the frame and of size one where an array does not vary along it. Ensures
that these are plain trees of arrays, as `jax.jit` takes them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
from numpy.typing import NDArray

from cyclspec.compiler.scores.cells import Array


def lent(array: NDArray[Any]) -> Array:
    """An array of the host for one run: not copied where the device can read it. Nothing may write to it meanwhile."""
    placed: Array = jax.device_put(array, may_alias=True)
    return placed


class LeafArrays(NamedTuple):
    """One leaf: `value` [*full rank, option], one array a block of its scale, or [*full rank].

    `status` int8 [*full rank] is zero where there is a value, and says else why there is none.
    """

    value: tuple[Array, ...]
    status: Array


class CountedArrays(NamedTuple):
    """How many stand behind each cell of a leaf, float [*full rank], and the seed of each, uint64 [*full rank]."""

    numbers: Array
    seeds: Array


class PerfectArrays(NamedTuple):
    """What perfect models are drawn from: the people of one leaf, and by leaf the answers that were counted."""

    people: CountedArrays
    answers: dict[int, CountedArrays]


class UnitArrays(NamedTuple):
    """How units are drawn: of each pick the first unit and the size of its stratum; of each unit what a pick counts.

    `always` is one for the only unit of a stratum, which is not drawn.
    """

    first: Array
    size: Array
    counts: Array
    always: Array
    unit: Array


class RowArrays(NamedTuple):
    """The answers of one leaf: `person`, and the place `base` in a table [item, group, option], the group left out.

    `weight` and `group` [person]; `inside` are the people who have a group, in the order of the `stratum` [inside] that
    they are dealt out within. `slot` says where each place of that table stands among the values of all blocks of the
    scale; one beyond them for an option that does not count. `width` is the length of the table along its options.
    """

    person: Array
    base: Array
    weight: Array
    group: Array
    inside: Array
    stratum: Array
    slot: Array
    width: Array


class Redrawn(NamedTuple):
    """All that the draws of one measure need.

    `counts` by axis, how often each level is drawn: [draw, level] or [draw, *full rank]; `simple` with levels drawn one
    by one. `keys` [draw, 2] of what is drawn inside the graph. `parts` by axis, the levels of each cluster: [cluster,
    level]. `units` say how people are drawn, `rows` by people leaf what they answered, and `tables` [unit, slot] the
    same by unit where that is small.
    """

    counts: dict[str, Array]
    simple: dict[str, Array]
    keys: dict[str, Array]
    parts: dict[str, Array]
    units: dict[str, UnitArrays]
    rows: dict[int, RowArrays]
    tables: dict[str, Array]


class Tensors(NamedTuple):
    """All inputs: leaves in the order of the program, draws by measure, perfect models by people leaf.

    `sizes` says by leaf how many stand behind each cell, infinitely many where shares are known and not counted; it is
    empty where nothing is compared at equal sizes.
    """

    leaves: tuple[LeafArrays, ...]
    redrawn: dict[str, Redrawn]
    perfect: dict[int, PerfectArrays]
    sizes: dict[int, CountedArrays]


class DrawnArrays(NamedTuple):
    """One measure under draws, [*full rank]; in `parts` by axis the draw is a cluster, and the value what it adds."""

    bootstrap: Array | None
    simple: Array | None
    parts: dict[str, Array]
    null: Array | None


class ControlArrays(NamedTuple):
    """One measure for answers that no model gave, [*full rank]; None where it has none.

    `uniform` is the same share on every option, `others` the mean of all other people, and `shuffled` other people.
    """

    uniform: Array | None
    others: Array | None
    shuffled: Array | None


class MeasureArrays(NamedTuple):
    """One measure in full rank; `plain` is its value without exclusions, `units` by name how many clusters it has.

    `bounds` are the lowest and highest value that missing answers allow.
    """

    value: Array
    status: Array
    used: Array
    missing: Array
    units: dict[str, Array]
    plain: Array
    drawn: DrawnArrays
    floor: Array | None
    controls: ControlArrays
    equal: Array | None
    bounds: tuple[Array, Array] | None


class CheckArrays(NamedTuple):
    """One check in full rank."""

    value: Array
    status: Array


class Outcome(NamedTuple):
    """What the traced function returns, by name."""

    measures: dict[str, MeasureArrays]
    checks: dict[str, CheckArrays]
