"""Which tokens a record allows next, on the device: the automata of a shard as arrays.

Expects automata over the tokens of one model. Ensures that of every row there is a token left to write, and that a
token which does not lead to the end of its record in time has no probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int16, Int32

from cyclspec.compiler.plan.writing import WritingShape
from cyclspec.compiler.records.stepping import NEVER, TokenAutomaton


class Records(NamedTuple):
    """The automata of a shard one above the other, padded with states that nothing leads to."""

    kinds: Int32[Array, "record token"]
    follows: Int16[Array, "record state kind"]
    needs: Int32[Array, "record state"]


def stacked(automata: Sequence[TokenAutomaton], shape: WritingShape, vocabulary: int) -> Records | None:
    """The automata of a shard at the sizes of its shape; None where nothing is constrained."""
    if not shape.automata:
        return None
    kinds = np.zeros((shape.automata, vocabulary), np.int32)
    follows = np.full((shape.automata, shape.states, shape.kinds), -1, np.int16)
    needs = np.full((shape.automata, shape.states), NEVER, np.int32)
    for at, one in enumerate(automata):
        states, width = one.follows.shape
        kinds[at], follows[at, :states, :width], needs[at, :states] = one.kinds, one.follows, one.needs
    return Records(jnp.asarray(kinds), jnp.asarray(follows), jnp.asarray(needs))


def allowed(
    records: Records,
    record: Int32[Array, ""],
    state: Int32[Array, ""],
    room: Int32[Array, ""],
    logits: Float32[Array, " token"],
) -> Float32[Array, " token"]:
    """The scores of one row, minus infinity for what may not follow; `room` counts the tokens it has left."""
    leads = records.follows[record, state]
    in_time = (leads >= 0) & (records.needs[record, jnp.maximum(leads, 0)] < room)
    permitted: Bool[Array, " token"] = in_time[records.kinds[record]]
    return jnp.where(permitted, logits, -jnp.inf)


def following(
    records: Records, record: Int32[Array, " row"], state: Int32[Array, " row"], token: Int32[Array, " row"]
) -> Int32[Array, " row"]:
    """The states of all rows after a token each; the first where a token may not follow, which only idle rows have."""
    leads = records.follows[record, state, records.kinds[record, token]]
    return jnp.maximum(leads, 0).astype(jnp.int32)
