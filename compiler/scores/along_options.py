"""Values that have options: one array, or an array for each option.

A compiler stores what a reduction reads: five measures of ten options are a gigabyte that is written and read again.
Where the options of a block are few and its cells are many, each option is therefore a value by itself. What is done
to it, and the sum over all, are then functions of cells like any other, computed in one go.

Expects that all values with options that meet have the same ones, in one of the two forms. Ensures that both forms give
the same up to the order of a sum, which runs in the order of the options where they are apart.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Final

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

from cyclspec.compiler.scores.cells import Array

Apart = tuple[Array, ...]
"""The values of the options, in their order."""

Spread = Array | Apart

MOST_OPTIONS: Final = 11
LEAST_ENTRIES: Final = 1 << 18
"""What is compiled grows with the options that are apart, so it has to pay: by how many values are there."""


def worth_parting(options: int, cells: int) -> bool:
    """Whether so many options of so many cells are better kept apart."""
    few, many = 0 < options <= MOST_OPTIONS, options * cells >= LEAST_ENTRIES
    # Compilers for accelerators store nothing on the way to a sum, and know no calls.
    return few and many and jax.default_backend() == "cpu"


def called(function: Callable[..., Array], *arrays: Array) -> Array:
    """What a function gives, as a function of its own in the compiled program.

    What is done with its result is not mixed into it: a result that is looked up would be computed anew in each place,
    and what that takes stored after all.
    """
    with set_xla_metadata(inlineable="false"):  # type: ignore[no-untyped-call]
        found: Array = jax.jit(function)(*arrays)
    return found


def parted(values: Array) -> Apart:
    """[.., option] as its options."""
    return tuple(
        lax.index_in_dim(values, place, axis=-1, keepdims=False) for place in range(values.shape[-1])
    )


def together(values: Spread) -> Array:
    """Values with options as one array [.., option]."""
    return jnp.stack(values, axis=-1) if isinstance(values, tuple) else values


def each(function: Callable[..., Array], *values: Spread | float) -> Spread:
    """A function of scalars, option by option; what has no options is the same for each of them."""
    options = next((len(value) for value in values if isinstance(value, tuple)), None)
    if options is None:
        return function(*values)
    return tuple(
        function(*(value[place] if isinstance(value, tuple) else value for value in values))
        for place in range(options)
    )


def total(values: Spread) -> Array:
    """The sum over options."""
    return reduce(jnp.add, values) if isinstance(values, tuple) else values.sum(axis=-1)


def lowest(values: Spread) -> Array:
    """The least over options."""
    return reduce(jnp.minimum, values) if isinstance(values, tuple) else values.min(axis=-1)


def highest(values: Spread) -> Array:
    """The greatest over options."""
    return reduce(jnp.maximum, values) if isinstance(values, tuple) else values.max(axis=-1)


def running(values: Spread) -> Spread:
    """What each option and all before it sum up to."""
    if isinstance(values, tuple):
        return tuple(accumulate(values, jnp.add))
    return lax.cumsum(values, axis=values.ndim - 1)
