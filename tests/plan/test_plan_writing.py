"""The shards of texts to write depend on the tasks alone, are few in shape, and fit their memory."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclspec.compiler.checkpoints import decoder_config
from cyclspec.compiler.checkpoints.architecture import LongRope
from cyclspec.compiler.plan.sharing.shapes import NoRoom
from cyclspec.compiler.plan.writing import (
    ROUNDS,
    WritingBudget,
    WritingTask,
    cache_bytes,
    heads_walk,
    plan_writing,
    prompt_heads,
    turning_limit,
)
from cyclspec.language.diagnostics import InternalError

LLAMA = decoder_config(
    "m",
    {
        "model_type": "llama",
        "vocab_size": 300,
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 4096,
    },
)
assert LLAMA.rope is not None
LONG = replace(LLAMA, rope=replace(LLAMA.rope, scaling=LongRope((1.0,) * 6, (2.0,) * 6, 40, 1.0)))
TASK = WritingTask("a", (5, 6, 7), 0.0, 1.0, 4, (), (0, 0))

_tasks = st.lists(
    st.builds(
        WritingTask,
        st.uuids().map(str),
        st.lists(st.integers(0, 3), min_size=1, max_size=90).map(tuple),
        st.sampled_from([0.0, 0.5]),
        st.sampled_from([0.5, 1.0]),
        st.integers(1, 60),
        st.lists(st.integers(0, 9), max_size=3).map(tuple),
        st.just((1, 2)),
    ),
    max_size=40,
    unique_by=lambda task: task.request,
)


@settings(max_examples=60, deadline=None)
@given(_tasks, st.integers(1, 9), st.sampled_from([LLAMA, LONG]), st.randoms())
def test_every_task_is_in_one_shard_that_holds_it_whatever_the_order(
    tasks: list[WritingTask], rows: int, config: Any, shuffler: random.Random
) -> None:
    budget = WritingBudget(rows=rows)
    shards = plan_writing(tasks, config, budget)
    assert plan_writing(shuffler.sample(tasks, len(tasks)), config, budget) == shards
    placed = [task for shard in shards for task in shard.tasks]
    assert sorted(task.request for task in placed) == sorted(task.request for task in tasks)
    limit = turning_limit(config)
    for shard in shards:
        shape = shard.shape
        assert 1 <= shape.rows <= rows
        assert len(shard.tasks) <= ROUNDS * rows
        assert list(shard.tasks) == sorted(shard.tasks, key=lambda task: (task.ids, task.request))
        for task in shard.tasks:
            reach = len(task.ids) + task.max_tokens - 1
            assert task.choice == shape.choice
            assert len(task.ids) - 1 <= shape.prompt
            assert len(task.stop_ids) <= shape.stops
            assert (shape.longest == limit) == (len(task.ids) <= limit)
            assert min(task.max_tokens, shape.longest - len(task.ids) + 1) <= shape.new
            assert (shard.beyond is not None) == (len(task.ids) <= limit < reach)
            if shard.beyond is not None:
                assert shard.beyond.prompt >= limit
                assert shard.beyond.new >= reach - limit
                assert shard.beyond.longest == config.max_positions


def test_alike_tasks_are_few_programs_and_shards_of_equal_size() -> None:
    tasks = [replace(TASK, request=str(i), ids=(1,) * (150 + i % 30) + (i,)) for i in range(600)]
    shards = plan_writing(tasks, LLAMA, WritingBudget(rows=32))
    assert len({shard.shape for shard in shards}) == 1
    assert [len(shard.tasks) for shard in shards] == [200, 200, 200]
    assert shards[0].shape.rows == 32
    assert shards[0].shape.prompt == 192


def test_one_long_prompt_among_many_does_not_widen_the_cache_of_all() -> None:
    small = [replace(TASK, request=str(i), ids=(1, 2, i), max_tokens=400) for i in range(2000)]
    long = replace(TASK, request="long", ids=(1,) * 3000, max_tokens=400)
    shards = plan_writing([*small, long], LLAMA, WritingBudget())
    assert {shard.shape.prompt for shard in shards} == {32, 3008}
    assert [len(shard.tasks) for shard in shards if shard.shape.prompt == 3008] == [1]


def test_the_rows_of_a_shard_are_as_many_as_fit_the_memory_that_it_may_take() -> None:
    tasks = [replace(TASK, request=str(i), ids=(1,) * 90 + (i,)) for i in range(512)]
    rows = []
    for limit in (2_000_000, 4_000_000, 8_000_000):
        (shape,) = {shard.shape for shard in plan_writing(tasks, LLAMA, WritingBudget(bytes=limit))}
        assert (
            cache_bytes(LLAMA, shape, 4) <= limit < cache_bytes(LLAMA, replace(shape, rows=shape.rows + 8), 4)
        )
        rows.append(shape.rows)
    assert rows == sorted(set(rows))
    with pytest.raises(NoRoom):
        plan_writing(tasks, LLAMA, WritingBudget(bytes=100_000))


def test_what_prompts_share_is_computed_once() -> None:
    prompts = [(1, 2, 3, 4, 9), (1, 2, 3, 5), (1, 2, 3, 4, 8), (7,)]
    heads = prompt_heads(prompts)
    assert heads == ((1, 2, 3), (1, 2, 3, 4))
    assert heads_walk(heads).tokens.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"ids": ()}, "a prompt"),
        ({"max_tokens": 0}, "room for a token"),
        ({"temperature": -0.1}, "a temperature"),
        ({"temperature": float("nan")}, "a temperature"),
        ({"top_p": 0.0}, "a top_p"),
        ({"top_p": 1.1}, "a top_p"),
        ({"seed": (0, 2**32)}, "a seed"),
    ],
)
def test_a_task_that_cannot_be_written_is_an_internal_error(change: dict[str, Any], what: str) -> None:
    with pytest.raises(InternalError, match=what):
        replace(TASK, **change)
