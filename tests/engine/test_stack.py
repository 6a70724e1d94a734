"""What all layers have, stacked and apart: the same values in the same memory, and the same texts from both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cyclspec.compiler.plan.writing import WritingBudget, WritingTask, plan_writing
from cyclspec.runtime.engine import writing
from cyclspec.runtime.models import Decoder
from cyclspec.runtime.models.decoder import stack
from cyclspec.runtime.models.decoder.stack import (
    Apart,
    empty,
    is_apart,
    like,
    of_layers,
    part_of,
    taken_apart,
)

LAYERS, SIZE = 3, (8, 16)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_what_is_taken_apart_stays_where_it_is(dtype: Any) -> None:
    stacked = jax.random.normal(jax.random.key(0), (LAYERS, *SIZE)).astype(dtype)
    apart = taken_apart({"weight": stacked})["weight"]
    first, step = stacked.unsafe_buffer_pointer(), stacked.nbytes // LAYERS
    assert [one.unsafe_buffer_pointer() for one in apart.layers] == [
        first + at * step for at in range(LAYERS)
    ]
    for at in range(LAYERS):
        np.testing.assert_array_equal(part_of(apart, at), part_of(stacked, at))
        np.testing.assert_array_equal(part_of(apart, at), stacked[at])


def test_trees_keep_their_form() -> None:
    stacked = {"key": jnp.arange(6.0).reshape(3, 2)}
    apart = of_layers([part_of(stacked, at) for at in range(3)])
    assert is_apart(apart) and not is_apart(stacked)
    np.testing.assert_array_equal(jnp.stack(apart["key"].layers), stacked["key"])
    assert isinstance(like(apart["key"], stacked["key"]), Apart)
    assert like(stacked["key"], stacked["key"]) is stacked["key"]


def test_texts_are_the_same_with_layers_stacked_as_on_an_accelerator(
    grouped: Any, loaded: Callable[..., Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = loaded(grouped.folder)
    tasks = [
        WritingTask(str(at), tuple(range(3 + at, 9 + 2 * at)), 0.7, 1.0, 12, (), (at, 1)) for at in range(5)
    ]
    shards = plan_writing(tasks, decoder.config, WritingBudget(rows=3))
    apart = list(writing.WritingEngine(decoder, model="m").run(shards))
    for module in (stack, writing):
        monkeypatch.setattr(module, "steps_read_apart", lambda: False)
    assert isinstance(empty(2, (1,), jnp.float32), jax.Array)
    assert list(writing.WritingEngine(decoder, model="m").run(shards)) == apart
