"""Constrained texts are those of a loop that tries every token of torch's scores against a regular expression."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "records"))
from record_words import EVERYTHING, PIECES, PLAIN, PLAIN_EXPRESSION, Expression, byte_tokens

from cyclspec.compiler.plan.writing import WritingBudget, WritingTask, plan_writing
from cyclspec.compiler.records.schema import NumberShape, RecordSchema
from cyclspec.compiler.records.tokens import token_automaton
from cyclspec.compiler.records.vocabulary import vocabulary_of
from cyclspec.language.diagnostics import InternalError
from cyclspec.runtime.engine.writing import WritingEngine, Written
from cyclspec.runtime.models import Decoder

VOCAB = 307
TOKENS = byte_tokens(PIECES, VOCAB)
VOCABULARY = vocabulary_of(TOKENS)
SHORT = RecordSchema((("n", NumberShape(0, 500, whole=True)),))
SHORT_EXPRESSION = r' ?\{"n": ?([0-9]|[1-9][0-9]|[1-4][0-9]{2}|500)\}'
AUTOMATA = {schema: token_automaton(schema, VOCABULARY, VOCAB) for schema in (PLAIN, SHORT, EVERYTHING)}


def prompts() -> list[tuple[int, ...]]:
    ids = np.random.default_rng(7).integers(3, 300, 40).tolist()
    return [tuple(ids[:at]) for at in (1, 6, 9)] + [tuple(ids[3:20]), tuple(ids[20:33])]


def task(request: str, ids: Sequence[int], schema: RecordSchema, **changes: Any) -> WritingTask:
    made = WritingTask(request, tuple(ids), 0.0, 1.0, 200, (2,), (3, 4), AUTOMATA[schema])
    return replace(made, **changes)


def run(decoder: Decoder, tasks: Sequence[WritingTask], rows: int = 3) -> dict[str, Written]:
    engine = WritingEngine(decoder, model="m")
    found = {}
    for one in engine.run(plan_writing(tasks, decoder.config, WritingBudget(rows=rows))):
        assert isinstance(one, Written)
        found[one.request] = one
    return found


def spelt(found: Written) -> str:
    return b"".join(TOKENS[one] or b"" for one in found.token_ids).decode()


def by_hand(reference: Any, ids: Sequence[int], oracle: Expression) -> list[int]:
    """The likeliest of the tokens after which the expression can still come to its end, until it has."""
    written: list[int] = []
    at = oracle.first
    while not oracle.ends(at):
        whole = np.array([*ids, *written])[None]
        positions = np.arange(whole.shape[1])[None]
        logits = reference.logits(whole, positions, np.ones(whole.shape, bool))[0, -1]
        for one in np.argsort(-logits, kind="stable").tolist():
            token = TOKENS[one]
            goes = oracle.after(at, token.decode()) if token and max(token) < 127 else None
            if goes is not None:
                written, at = [*written, one], goes
                break
    return written


@pytest.mark.parametrize("case", ["llama_grouped", "gemma2", "gpt2"])
def test_greedy_records_agree_with_torch_token_for_token(
    case: str,
    write_checkpoint: Callable[..., None],
    read_back: Callable[..., Any],
    loaded: Callable[..., Decoder],
    tmp_path: Path,
) -> None:
    """Two records among the rows of one shard, more texts than rows, beside a text that nothing constrains."""
    write_checkpoint(tmp_path, case)
    reference, decoder = read_back(tmp_path), loaded(tmp_path)
    oracles = {PLAIN: Expression(PLAIN_EXPRESSION), SHORT: Expression(SHORT_EXPRESSION)}
    asked = [
        (f"{name} {at}", ids, schema)
        for at, ids in enumerate(prompts()[2:])
        for name, schema in (("plain", PLAIN), ("short", SHORT))
    ]
    tasks = [task(*one) for one in asked]
    free = replace(tasks[0], request="free", automaton=None, stop_ids=(), max_tokens=12)
    found = run(decoder, [*tasks, free])
    for name, ids, schema in asked:
        assert found[name] == Written(name, tuple(by_hand(reference, ids, oracles[schema])), "stop")
    assert found["free"].token_ids == tuple(reference.greedy(np.array(free.ids), 12).tolist())


@pytest.mark.parametrize(("temperature", "top_p"), [(0.0, 1.0), (1.0, 1.0), (1.5, 0.6)])
def test_every_record_parses_and_ends_in_the_room_it_has(
    temperature: float, top_p: float, grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    needed = AUTOMATA[EVERYTHING].needed
    tasks = [
        task(
            str(at),
            prompts()[at % 5],
            EVERYTHING,
            max_tokens=needed + 12 * (at % 3),
            temperature=temperature,
            top_p=top_p,
            seed=(5, at),
        )
        for at in range(12)
    ]
    found = run(loaded(grouped.folder), tasks)
    for at in range(12):
        one = found[str(at)]
        assert list(json.loads(spelt(one))) == [name for name, _ in EVERYTHING.fields]
        assert len(one.token_ids) <= tasks[at].max_tokens
        assert one.ended == ("length" if len(one.token_ids) == tasks[at].max_tokens else "stop")


def test_a_drawn_record_does_not_depend_on_order_rows_or_neighbours(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    decoder = loaded(grouped.folder)
    schemas = (PLAIN, SHORT, EVERYTHING)
    tasks = [
        task(str(at), prompts()[at % 5], schemas[at % 3], temperature=1.2, seed=(9, at), max_tokens=160)
        for at in range(18)
    ]
    first = run(decoder, tasks)
    assert len({one.token_ids for one in first.values()}) > 14
    for some, rows in ((random.Random(1).sample(tasks, len(tasks)), 3), (tasks[::2], 3), (tasks, 8)):
        assert run(decoder, some, rows) == {one.request: first[one.request] for one in some}


def test_a_record_that_outgrows_the_short_factors_goes_on_where_it_was(
    write_checkpoint: Callable[..., None],
    read_back: Callable[..., Any],
    loaded: Callable[..., Decoder],
    tmp_path: Path,
) -> None:
    write_checkpoint(tmp_path, "phi3_long")
    reference, decoder = read_back(tmp_path), loaded(tmp_path)
    oracle = Expression(SHORT_EXPRESSION)
    lengths = (9, 12, 15, 16)
    tasks = [task(str(n), tuple(range(20, 20 + n)), SHORT, max_tokens=20) for n in lengths]
    found = run(decoder, tasks)
    for n in lengths:
        assert list(found[str(n)].token_ids) == by_hand(reference, range(20, 20 + n), oracle)


def test_a_task_without_room_for_its_record_is_no_task() -> None:
    with pytest.raises(InternalError, match="room for the"):
        task("a", (4,), PLAIN, max_tokens=5)


def test_records_compile_three_programs_for_each_shape(grouped: Any, loaded: Callable[..., Decoder]) -> None:
    decoder = loaded(grouped.folder)
    tasks = [task(str(at), prompts()[at % 5], (PLAIN, SHORT)[at % 2]) for at in range(9)]
    shards = plan_writing(tasks, decoder.config, WritingBudget(rows=9))
    (shape,) = {shard.shape for shard in shards}
    assert (shape.automata, shape.states & (shape.states - 1)) == (2, 0)
    engine = WritingEngine(decoder, model="m")
    list(engine.run(shards))
    assert engine.compiled_programs == 3


def test_one_plan_gives_the_same_texts_in_any_order_of_its_shards_and_by_any_number_of_workers(
    grouped: Any, loaded: Callable[..., Decoder]
) -> None:
    """Records and free texts; a worker has an engine of its own and takes what shards it gets."""
    decoder = loaded(grouped.folder)
    tasks = [
        task(
            str(at),
            prompts()[at % 5],
            (PLAIN, SHORT)[at % 2],
            temperature=1.1,
            seed=(8, at),
            automaton=AUTOMATA[(PLAIN, SHORT)[at % 2]] if at % 4 else None,
            max_tokens=60,
        )
        for at in range(48)
    ]
    shards = plan_writing(tasks, decoder.config, WritingBudget(rows=2))
    assert len(shards) >= 3

    def texts(workers: Sequence[Sequence[Any]]) -> dict[str, Any]:
        engines = [(WritingEngine(decoder, model="m"), some) for some in workers]
        return {one.request: one for engine, some in engines for one in engine.run(some)}

    first = texts([shards])
    assert len(first) == len(tasks)
    mixed = random.Random(4).sample(shards, len(shards))
    for workers in (
        [shards[::-1]],
        [mixed],
        [mixed[::2], mixed[1::2]],
        [mixed[::3], mixed[1::3], mixed[2::3]],
    ):
        assert texts(workers) == first
