"""Written texts are those of torch token for token, whatever the batch, the order and the neighbours."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from cyclspec.compiler.plan.writing import (
    WritingBudget,
    WritingTask,
    handed_bytes,
    plan_writing,
    turning_limit,
)
from cyclspec.language.diagnostics import SpecError
from cyclspec.runtime.engine.decode import STEPS
from cyclspec.runtime.engine.prefill import memory_of_wave
from cyclspec.runtime.engine.scoring import Missing
from cyclspec.runtime.engine.writing import WritingEngine, Written
from cyclspec.runtime.models import Decoder

VOCAB = 307
FEW_ROWS = WritingBudget(rows=3)


def _prompts(longest: int) -> list[tuple[int, ...]]:
    """Prompts that share beginnings; one is a single token, one the beginning of another."""
    ids = np.random.default_rng(7).integers(3, 300, 40).tolist()
    heads = [(*ids[:6], *ids[end : end + 3]) for end in (10, 20)]
    found = [*heads, tuple(ids[:6]), tuple(ids[20:21]), (*heads[0], *ids[30:37])]
    return [prompt[:longest] for prompt in found]


def _task(request: str, ids: Sequence[int], count: int, **changes: Any) -> WritingTask:
    return replace(WritingTask(request, tuple(ids), 0.0, 1.0, count, (), (3, 4)), **changes)


def _run(
    decoder: Decoder, tasks: Sequence[WritingTask], budget: WritingBudget = FEW_ROWS
) -> dict[str, Written | Missing]:
    engine = WritingEngine(decoder, model="m")
    return {one.request: one for one in engine.run(plan_writing(tasks, decoder.config, budget))}


def _tokens(outcome: Written | Missing) -> list[int]:
    assert isinstance(outcome, Written)
    return list(outcome.token_ids)


def test_greedy_texts_agree_with_torch_token_for_token(family: Any, loaded: Callable[..., Decoder]) -> None:
    """64 tokens where the model has room, with more texts than rows."""
    decoder = loaded(family.folder)
    count = min(64, decoder.config.max_positions - 20)
    prompts = _prompts(20)
    tasks = [_task(str(at), ids, count) for at, ids in enumerate(prompts)]
    found = _run(decoder, tasks)
    for at, ids in enumerate(prompts):
        expected = family.greedy(np.array(ids), count).tolist()
        assert found[str(at)] == Written(str(at), tuple(expected), "length")


def test_a_text_that_outgrows_the_short_factors_goes_on_as_in_torch(
    write_checkpoint: Callable[..., None],
    read_back: Callable[..., Any],
    loaded: Callable[..., Decoder],
    tmp_path: Any,
) -> None:
    write_checkpoint(tmp_path, "phi3_long")
    reference, decoder = read_back(tmp_path), loaded(tmp_path)
    limit = turning_limit(decoder.config)
    assert limit == 16
    prompts = [tuple(range(20, 20 + length)) for length in (2, 15, 16, 17, 20)]
    tasks = [_task(str(at), ids, 30) for at, ids in enumerate(prompts)]
    shards = plan_writing(tasks, decoder.config, FEW_ROWS)
    assert {shard.shape.longest for shard in shards} == {16, 64}
    found = _run(decoder, tasks)
    for at, ids in enumerate(prompts):
        assert _tokens(found[str(at)]) == reference.greedy(np.array(ids), 30).tolist()


def _drawn_tasks(count: int, **changes: Any) -> list[WritingTask]:
    prompts = _prompts(20)
    return [
        _task(str(at), prompts[at % len(prompts)], 5 + at % 4, temperature=0.7, seed=(9, at), **changes)
        for at in range(count)
    ]


def test_what_is_drawn_does_not_depend_on_order_rows_or_neighbours(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    decoder = loaded(grouped.folder)
    tasks = [replace(task, top_p=0.8 if at % 2 else 1.0) for at, task in enumerate(_drawn_tasks(18))]
    engine = WritingEngine(decoder, model="m")

    def run(some: Sequence[WritingTask], rows: int) -> dict[str, Written | Missing]:
        shards = plan_writing(some, decoder.config, WritingBudget(rows=rows))
        return {one.request: one for one in engine.run(shards)}

    first = run(tasks, 3)
    assert len({str(_tokens(one)) for one in first.values()}) > 10
    for some, rows in ((random.Random(1).sample(tasks, len(tasks)), 3), (tasks[::3], 3), (tasks, 8)):
        assert run(some, rows) == {task.request: first[task.request] for task in some}


@pytest.mark.parametrize("at_once", [2, 3])
def test_shards_beside_each_other_write_the_same_texts(
    at_once: int, grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    decoder = loaded(grouped.folder)
    shards = plan_writing(_drawn_tasks(60), decoder.config, FEW_ROWS)
    assert len(shards) > 2
    engine = WritingEngine(decoder, model="m")
    alone = {one.request: one for one in engine.run(shards)}
    compiled = engine.compiled_programs
    beside = list(engine.run(shards, at_once=at_once))
    assert {one.request: one for one in beside} == alone
    assert len(beside) == len(alone) == 60
    assert engine.compiled_programs == compiled


def test_a_shard_can_be_stopped_after_every_program(grouped: Any, loaded: Callable[..., Decoder]) -> None:
    """Long before its first text ends: prompts are put in place, and then some tokens are written at a time."""
    decoder = loaded(grouped.folder)
    (shard,) = plan_writing([_task("a", (4, 5), 50)], decoder.config, FEW_ROWS)
    *silent, last = WritingEngine(decoder, model="m")._outcomes(shard)
    assert last is None
    assert sum(one is None for one in silent) >= 50 // STEPS
    assert [one.request for one in silent if one is not None] == ["a"]


def test_what_a_wave_of_prompts_hands_out_is_what_a_plan_counts(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    config = loaded(grouped.folder).config
    (shard,) = plan_writing([_task("a", (4, 5), 50)], config, FEW_ROWS)
    for dtype, item in ((jnp.float32, 4), (jnp.bfloat16, 2)):
        handed = memory_of_wave(config, shard.shape, jnp.dtype(dtype))
        assert handed_bytes(config, shard.shape, item) == sum(one.nbytes for one in handed)


def test_programs_are_compiled_once_where_shards_begin_together(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    decoder = loaded(grouped.folder)
    shards = plan_writing(_drawn_tasks(12), decoder.config, FEW_ROWS)
    (_,) = {shard.shape for shard in shards}
    engine = WritingEngine(decoder, model="m")
    assert len(list(engine.run(shards, at_once=2))) == 12
    assert engine.compiled_programs == 3


def test_the_longer_of_two_texts_with_one_seed_begins_with_the_shorter(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    ids = _prompts(20)[0]
    tasks = [_task(str(n), ids, n, temperature=1.0, seed=(5, 6)) for n in (4, 21)]
    found = _run(loaded(grouped.folder), tasks)
    assert _tokens(found["21"])[:4] == _tokens(found["4"])


def test_a_stop_ends_a_text_and_is_no_part_of_it(grouped: Any, loaded: Callable[..., Decoder]) -> None:
    decoder, prompts = loaded(grouped.folder), _prompts(20)
    free = {at: grouped.greedy(np.array(ids), 24).tolist() for at, ids in enumerate(prompts)}
    tasks, expected = [], {}
    for at, ids in enumerate(prompts):
        stop = free[at][5 * at]
        text = free[at][: free[at].index(stop)]
        tasks.append(_task(str(at), ids, 24, stop_ids=(301, stop)))
        expected[str(at)] = Written(str(at), tuple(text), "stop")
    assert {len(one.token_ids) for one in expected.values()} > {0}
    assert _run(decoder, tasks) == expected


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (2.5, 0.7)])
def test_first_tokens_are_drawn_with_the_probabilities_of_torch(
    temperature: float, top_p: float, grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    """4000 draws; tokens expected less than 8 times are counted together."""
    import torch
    from transformers import TemperatureLogitsWarper, TopPLogitsWarper

    ids, count = np.array(_prompts(20)[3]), 4000
    positions = np.arange(len(ids))
    logits = grouped.logits(ids[None], positions[None], np.ones((1, len(ids)), bool))[:, -1]
    scores = TemperatureLogitsWarper(temperature)(None, torch.tensor(logits))
    probs = torch.softmax(TopPLogitsWarper(top_p)(None, scores), -1)[0].numpy().astype(float)
    decoder = loaded(grouped.folder)
    tasks = [
        _task(str(at), ids.tolist(), 1, temperature=temperature, top_p=top_p, seed=(at, 77))
        for at in range(count)
    ]
    drawn = Counter(_tokens(one)[0] for one in _run(decoder, tasks, WritingBudget(rows=64)).values())
    assert all(probs[token] > 0 for token in drawn)
    often = probs * count >= 8
    assert 2 < often.sum() < len(probs)
    seen = np.array([drawn[token] for token in range(len(probs))])
    observed = np.append(seen[often], seen[~often].sum())
    expected = np.append(probs[often], probs[~often].sum()) * count
    kept = expected > 0
    assert chisquare(observed[kept], expected[kept] * (observed.sum() / expected.sum())).pvalue > 1e-3


def test_bfloat16_writes_the_likeliest_tokens_of_its_own_forward_pass(
    grouped: Any, loaded: Callable[..., Decoder], decoder_logits: Callable[..., np.ndarray]
) -> None:
    """Nearly: keys in the cache and keys computed anew are rounded alike, sums are not added up alike."""
    decoder = loaded(grouped.folder, "bfloat16")
    prompts = _prompts(20)
    found = _run(decoder, [_task(str(at), ids, 24) for at, ids in enumerate(prompts)])
    for at, ids in enumerate(prompts):
        written = _tokens(found[str(at)])
        whole = np.array([*ids, *written, *[0] * 20], np.int32)[None, :40]
        positions = np.arange(40, dtype=np.int32)[None]
        logits = decoder_logits(decoder, whole, positions, np.ones(whole.shape, bool))[0, len(ids) - 1 :][:24]
        chosen = logits[np.arange(24), written]
        np.testing.assert_allclose(chosen, logits.max(axis=1), rtol=0, atol=0.05)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_text_without_finite_scores_is_missing_and_the_others_are_not(
    bad: float, grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    decoder, prompts = loaded(grouped.folder), _prompts(20)
    good = [_task(str(at), ids, 12) for at, ids in enumerate(prompts)]
    expected = _run(decoder, good)
    used = {token for one in expected.values() for token in _tokens(one)} | {t for p in prompts for t in p}
    token = next(one for one in range(VOCAB) if one not in used)
    decoder.embedding[...] = jnp.asarray(decoder.embedding[...]).at[token].set(bad)
    ids = prompts[0]
    wrong = [_task(f"wrong {at}", (*ids[:at], token, *ids[at + 1 :]), 12) for at in (2, len(ids) - 1)]
    missing = {task.request: Missing(task.request, "not_finite") for task in wrong}
    assert _run(decoder, [*good, *wrong]) == expected | missing


def test_each_shape_is_compiled_once_and_nothing_else_is(
    grouped: Any, loaded: Callable[..., Decoder], compilations: list[str]
) -> None:
    decoder = loaded(grouped.folder)
    tasks = [
        *_drawn_tasks(9),
        *(replace(t, request=f"g{t.request}", temperature=0.0) for t in _drawn_tasks(4)),
    ]
    shards = plan_writing(tasks, decoder.config, FEW_ROWS)
    engine = WritingEngine(decoder, model="m")
    compilations.clear()
    engine.compile(shards)
    assert len({shard.shape for shard in shards}) == 2
    assert engine.compiled_programs == 4
    compiled = len(compilations)
    assert compiled <= 4, "jax may know the program that fills rows from an earlier test"
    first = list(engine.run(shards))
    assert list(engine.run(shards)) == first
    assert len(compilations) == compiled


def test_the_cache_is_written_in_place(grouped: Any, loaded: Callable[..., Decoder]) -> None:
    """Beside it stands nothing that grows with it."""
    decoder = loaded(grouped.folder)
    engine = WritingEngine(decoder, model="m")

    def memory(max_tokens: int) -> list[Any]:
        tasks = [replace(task, max_tokens=max_tokens) for task in _drawn_tasks(9)]
        shard, *_ = plan_writing(tasks, decoder.config, FEW_ROWS)
        engine.compile([shard])
        programs = engine._programs(shard.shape)
        return [program.memory_analysis() for program in (programs.fill, programs.decode)]

    for small, large in zip(memory(8), memory(200), strict=True):
        assert small.alias_size_in_bytes >= 2 * 3 * 3 * 2 * 12 * (32 + 8) * 4
        more = large.alias_size_in_bytes - small.alias_size_in_bytes
        assert more == 2 * 3 * 3 * 2 * 12 * (200 - 8) * 4
        assert large.temp_size_in_bytes - small.temp_size_in_bytes <= 0.05 * more


def test_an_id_outside_the_vocabulary_and_a_text_without_room_are_refused(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    decoder = loaded(grouped.folder)
    with pytest.raises(SpecError, match="gave the token id 307"):
        _run(decoder, [_task("a", (4, 307), 3)])
    with pytest.raises(SpecError, match="has 256 positions; a prompt has 250 tokens and 7 to follow"):
        _run(decoder, [_task("a", (4,) * 250, 7)])
    assert len(_tokens(_run(decoder, [_task("a", (4,) * 250, 6)])["a"])) == 6
