"""What a plan has one model do, and what that costs: counts of tokens, waves and programs, memory, operations, bytes.

Expects a plan. Ensures that what is laid out is counted as it will run, and that what is not laid out yet is bounded
from above by its figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, assert_never

from cyclspec.compiler.plan.cost import (
    Cost,
    copied_bytes,
    reading_cost,
    wave_cost,
    weight_bytes,
    writing_cost,
)
from cyclspec.compiler.plan.figures import AskFigures, tokens_beside
from cyclspec.compiler.plan.plan import Plan, PlannedModel
from cyclspec.compiler.plan.reads import Labels, Likeliest, Options, Read, Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.plan.sharing.layout import Shape
from cyclspec.compiler.plan.sharing.shapes import BYTES, grained, wave_bytes
from cyclspec.compiler.plan.tally import prompt_waves
from cyclspec.compiler.plan.writing import WritingShape, WritingShard, cache_bytes, handed_bytes

KEY_BYTES = 64


def workload(plan: Plan, model: PlannedModel) -> dict[str, Any]:
    """The figures of one model."""
    own = [found for found in plan.figures if found.digest == model.asked.digest]
    laid = {ask.name for ask in plan.asks}
    later = [found for found in own if found.ask not in laid]
    mine = [request for request in plan.requests if request.digest == model.asked.digest]
    unlaid = sum(found.tokens_distinct for found in later)
    shared, planned = model.tokens_shared, model.tokens_planned
    cost = model_cost(plan, model, own, later)
    weights = weight_bytes(model.config, plan.numerics)
    at_once = _at_once(plan, model, later)
    copied = copied_bytes(model.config, plan.numerics) * at_once
    working = working_bytes(plan, model, later)
    return {
        "model": model.asked.name,
        "names": list(dict.fromkeys(found.model for found in own)),
        "place": model.asked.checkpoint.place,
        "family": model.config.family,
        "at_most": any(found.at_most for found in own),
        "requests": len(mine) + sum(found.requests for found in later),
        "tokens_naive": sum(found.tokens_naive for found in own),
        "tokens_distinct": distinct_tokens(mine) + unlaid,
        "tokens_shared": shared + unlaid,
        "tokens_planned": planned + unlaid,
        "over_bound": round(planned / shared, 4) if shared else None,
        "output_tokens": sum(found.output_tokens for found in own),
        "programs": model.programs,
        "shards": model.layout.shards + len(model.writing),
        "waves": model.layout.waves + sum(map(prompt_waves, model.writing)),
        "at_once": at_once,
        "weight_bytes": weights,
        "copied_bytes": copied,
        "working_bytes": working,
        "peak_bytes": weights + copied + working,
        "reply_bytes": sum(map(reply_bytes, mine)) + sum(map(_later_reply_bytes, later)),
        "flops": cost.operations,
        "bytes_moved": cost.bytes,
        "plain_text": model.asked.plain,
        "system_folded": any(request.system_folded for request in mine),
    }


def programs(model: PlannedModel) -> Iterator[dict[str, Any]]:
    """The compiled programs of a model: their static sizes, and what goes through each."""
    waves, shards = _scored(model)
    for shape, count in waves.items():
        yield _program(model, "scoring", shape) | {"waves": count, "shards": shards[shape]}
    texts: Counter[WritingShape] = Counter()
    for shard in model.writing:
        for written in (shard.shape, shard.beyond):
            if written is not None:
                texts[written] += len(shard.tasks)
    for written, count in texts.items():
        yield _program(model, "writing", written) | {"written_texts": count}


def _program(model: PlannedModel, kind: str, shape: Shape | WritingShape) -> dict[str, Any]:
    return {"model": model.asked.name, "kind": kind, **asdict(shape)}


def _scored(model: PlannedModel) -> tuple[Counter[Shape], Counter[Shape]]:
    """The waves and the shards of each shape."""
    waves: Counter[Shape] = Counter()
    shards: Counter[Shape] = Counter()
    for part in model.layout.parts:
        for shard, shape in zip(part.shards, part.shapes, strict=True):
            waves[shape] += shard.waves
            shards[shape] += 1
    return waves, shards


def model_cost(
    plan: Plan, model: PlannedModel, own: Sequence[AskFigures], later: Sequence[AskFigures]
) -> Cost:
    """What all waves cost, what is read later at most, and what is written at most."""
    config, numerics = model.config, plan.numerics
    total = Cost()
    for shape, count in _scored(model)[0].items():
        total += wave_cost(config, shape, numerics) * count
    for shard in model.writing:
        total += wave_cost(config, shard.shape.reading, numerics) * prompt_waves(shard)
    for found in later:
        total += reading_cost(
            config,
            numerics,
            tokens=found.tokens_distinct,
            longest=found.longest,
            outputs=found.outputs,
            wave=plan.planner.budget.tokens,
        )
    for found in own:
        total += writing_cost(
            config, numerics, tokens=found.output_tokens, longest=found.longest + most_written(found)
        )
    return total


def working_bytes(plan: Plan, model: PlannedModel, later: Sequence[AskFigures]) -> int:
    """The most memory beside the weights: of waves, or of texts that are being written while prompts are read."""
    config, item = model.config, BYTES[plan.numerics]
    budgets = plan.planner.budget, plan.planner.writing
    scored = model.layout.wave_bytes(config, item) * min(model.at_once, model.layout.shards)
    each = sorted((_writing_bytes(model, shard, item) for shard in model.writing), reverse=True)
    written = sum(each[: model.at_once])
    waiting = [_later_bytes(model, found, item, budgets[0].tokens) for found in later]
    most = budgets[0].at_once
    read = max((min(one * most, budgets[0].bytes) for one, _ in waiting), default=0)
    write = max((min(one * most, budgets[1].bytes) for _, one in waiting), default=0)
    return max(scored, written, read + write)


def _at_once(plan: Plan, model: PlannedModel, later: Sequence[AskFigures]) -> int:
    """How many shards of a model are at work together, at most; of what is not laid out yet, as many as may be."""
    if later:
        return plan.planner.budget.at_once
    return min(model.at_once, max(model.layout.shards, len(model.writing)))


def _writing_bytes(model: PlannedModel, shard: WritingShard, item: int) -> int:
    """Memory of a shard: its cache and logits, a wave of its prompts, and the keys and values that this hands out."""
    config = model.config
    return max(
        cache_bytes(config, shape, item)
        + wave_bytes(config, shape.reading, item)
        + handed_bytes(config, shape, item)
        for shape in (shard.shape, shard.beyond)
        if shape is not None
    )


def _later_bytes(model: PlannedModel, found: AskFigures, item: int, wave: int) -> tuple[int, int]:
    """Memory of a full wave behind the longest text of an ask, and of as many such texts as are written together."""
    config, most = model.config, most_written(found)
    longest = grained(min(found.longest, config.max_positions), 32)
    outputs = min(found.outputs, wave)
    read = wave_bytes(config, Shape(min(wave, grained(found.tokens_distinct, 64)), longest, outputs, 1), item)
    if not most:
        return read, 0
    rows = min(found.requests, 64)
    shape = WritingShape(rows, longest, most, 1, "all", wave, config.max_positions)
    return read, cache_bytes(config, shape, item)


def most_written(found: AskFigures) -> int:
    """The most tokens that one text of an ask may have."""
    return found.output_tokens // max(1, found.requests * found.tries)


def distinct_tokens(requests: Sequence[Request]) -> int:
    """The tokens of requests, each prompt with what is read beside it once."""
    return sum(len(ids) + beside for ids, beside in {(one.token_ids, tokens_beside(one)) for one in requests})


def reply_bytes(request: Request) -> int:
    """What is stored of a reply at most, beside the few bytes that its file needs: the key and what was read."""
    return KEY_BYTES + _kept_bytes(request.read)


def _kept_bytes(read: Read) -> int:
    """A number of four bytes for each label or token; of a written token its id and about as much text."""
    match read:
        case Labels(ids=ids):
            return 4 * len(ids)
        case Options(ids=ids, context=context):
            return 4 * sum(map(len, ids)) * (2 if context else 1)
        case Writing(max_tokens=most):
            return 8 * most
        case Likeliest(count=count):
            return 16 * count
    assert_never(read)


def _later_reply_bytes(found: AskFigures) -> int:
    return KEY_BYTES * found.requests * found.tries + 4 * found.outputs + 8 * found.output_tokens
