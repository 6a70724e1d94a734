"""What `plan` says, counted a second time: prefixes as sets, waves as arrays, replies as bytes, and how it reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cyclspec import pipeline
from cyclspec.compiler.plan.cost import RATES, Cost, wave_cost, weight_bytes
from cyclspec.compiler.plan.figures import tokens_beside
from cyclspec.compiler.plan.physical import physical_text
from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.plan.reads import Options, Writing
from cyclspec.compiler.plan.sharing.layout import Shape, waves_of
from cyclspec.compiler.plan.sharing.questions import sequences_of
from cyclspec.compiler.plan.summary import summary
from cyclspec.compiler.plan.tally import prompt_waves
from cyclspec.compiler.plan.workload import KEY_BYTES

ROOT = Path(__file__).parents[2]
TOWNS = ", ".join(f't{n} "a place with the number {n}"' for n in range(20))
SPEC = f"""cycl 1
axis town : nominal {{ {TOWNS} }}
axis hour : nominal {{ early "early in the day" late "late at night" }}
scale mood : nominal {{ low "not at all well" high "rather well" }}
prompt feel(town: town, hour: hour) -> choice(mood) {{
  user "You live in {{town}}.\\nHow do you feel {{hour}}?\\nA. not at all well\\nB. rather well"
  prefix "Answer:"
}}
prompt essay(town: town) -> text {{ user "Write about {{town}}." }}
panel models {{ model first = demo() }}
audit small {{
  each town   in town
  each hour   in hour
  each repeat in 1..3
  each model  in models
  ask told = essay(town) {{
    model = model, per = [repeat], read = text(temperature = 0.7, max_tokens = 12), missing = drop
  }}
  ask reply = feel(town, hour) {{ model = model, read = first_token }}
  ask liked = feel(town, hour) {{ model = model, read = option_likelihood(normalise = by_token) }}
  check label_mass = (min over town, hour of reply.mass) >= 0.5
}}
"""


def planned(path: Path, memory: int = pipeline.DEFAULT_MEMORY) -> Plan:
    context = pipeline.check(path).require()
    return pipeline.plan(
        pipeline.open_data(context, pipeline.choose(context, None)), memory=memory, weights="if here"
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("figures") / "audit.cycl"
    path.write_text(SPEC, encoding="utf-8")
    return planned(path)


@pytest.fixture(scope="module")
def quickstart() -> Plan:
    return planned(ROOT / "specs" / "quickstart.cycl")


def prefixes(texts: list[tuple[int, ...]]) -> int:
    return len({ids[:n] for ids in texts for n in range(1, len(ids) + 1)})


def test_the_bound_is_the_prefixes_of_all_that_is_scored_and_of_all_that_is_written_after(
    small: Plan,
) -> None:
    found = summary(small, None)
    written = [one.token_ids[:-1] for one in small.requests if isinstance(one.read, Writing)]
    scored = [s.ids for one in small.requests if not isinstance(one.read, Writing) for s in sequences_of(one)]
    assert len(written) == 60
    assert found["tokens_shared"] == prefixes(scored) + prefixes(written)
    assert found["requests"] == len(small.requests) == 60 + 2 * 40


def test_distinct_tokens_are_those_of_prompts_with_what_is_read_beside_them(small: Plan) -> None:
    found = summary(small, None)
    prompts = {(one.token_ids, tokens_beside(one)) for one in small.requests}
    assert (
        found["tokens_distinct"] == sum(len(ids) + beside for ids, beside in prompts) == small.tokens_distinct
    )
    assert found["tokens_naive"] == sum(len(one.token_ids) + tokens_beside(one) for one in small.requests)


@pytest.mark.parametrize("name", ["small", "quickstart"])
def test_planned_tokens_are_the_sizes_of_the_arrays_of_all_waves(
    name: str, request: pytest.FixtureRequest
) -> None:
    plan: Plan = request.getfixturevalue(name)
    (model,) = plan.models
    waves = [
        one
        for part in model.layout.parts
        for shard, shape in zip(part.shards, part.shapes, strict=True)
        for one in waves_of(part.walk, shard, shape)
    ]
    prompts = sum(prompt_waves(shard) * shard.shape.wave for shard in model.writing)
    found = summary(plan, None)
    assert found["tokens_planned"] == sum(len(one.tokens) for one in waves) + prompts
    assert found["waves"] == len(waves) + sum(map(prompt_waves, model.writing))
    assert found["models"][0]["over_bound"] == round(found["tokens_planned"] / found["tokens_shared"], 4)
    asked = np.concatenate([one.pairs[one.pairs >= 0] for one in waves])
    assert len(np.unique(asked)) == model.layout.pairs


def test_prompts_of_texts_are_read_in_as_many_waves_as_their_tree_fills(small: Plan) -> None:
    for shard in small.models[0].writing:
        heads = [task.ids[:-1] for task in shard.tasks]
        assert prompt_waves(shard) == -(-prefixes(heads) // shard.shape.wave)


def test_programs_and_their_waves_are_those_of_the_layout(small: Plan) -> None:
    found = summary(small, None)
    (model,) = small.models
    kinds = [one["kind"] for one in found["shapes"]]
    assert found["programs"] == len(kinds)
    assert kinds.count("scoring") == len(model.layout.shapes)
    assert sum(one["waves"] for one in found["shapes"] if one["kind"] == "scoring") == model.layout.waves
    assert sum(one["shards"] for one in found["shapes"] if one["kind"] == "scoring") == sum(
        len(part.shards) for part in model.layout.parts
    )
    assert sum(one["written_texts"] for one in found["shapes"] if one["kind"] == "writing") == 60


def test_operations_and_bytes_are_those_of_every_wave(quickstart: Plan) -> None:
    found = summary(quickstart, None)
    (model,) = quickstart.models
    fields = ("wave", "ancestors", "outputs", "targets", "texts", "most_first")
    costs = [
        (wave_cost(model.config, Shape(*(one[field] for field in fields)), "float32"), one["waves"])
        for one in found["shapes"]
    ]
    assert found["flops"] == sum(cost.operations * waves for cost, waves in costs)
    assert found["bytes_moved"] == sum(cost.bytes * waves for cost, waves in costs)


def test_replies_take_what_their_numbers_and_tokens_take(small: Plan) -> None:
    labels, options, texts = (40 * (KEY_BYTES + 4 * 2), 0, 60 * (KEY_BYTES + 8 * 12))
    for one in small.requests:
        if isinstance(one.read, Options):
            options += KEY_BYTES + 4 * sum(map(len, one.read.ids))
    assert summary(small, None)["reply_bytes"] == labels + options + texts


def test_time_is_the_longer_of_computing_and_moving_at_the_rates_that_are_told() -> None:
    slow, fast = RATES
    assert slow.seconds(Cost(3e11, 0), "float32") == pytest.approx(3e11 / slow.operations["float32"])
    assert slow.seconds(Cost(1, 5 * slow.bytes), "float32") == pytest.approx(5)
    assert fast.seconds(Cost(1e15, 1e9), "bfloat16") < fast.seconds(Cost(1e15, 1e9), "float32")


def test_memory_is_weights_and_what_waves_take_and_never_over_the_limit(small: Plan) -> None:
    (model,) = summary(small, None)["models"]
    assert model["peak_bytes"] == model["weight_bytes"] + model["copied_bytes"] + model["working_bytes"]
    halves = sum(path.stat().st_size for path in (ROOT / "specs" / "demo").glob("*.safetensors"))
    assert model["weight_bytes"] == weight_bytes(small.models[0].config, "float32")
    assert model["weight_bytes"] == pytest.approx(2 * halves, rel=0.01)


def test_a_plan_is_told_one_idea_a_line(small: Plan) -> None:
    lines = physical_text(small).splitlines()
    heads = [line[2:13].strip() for line in lines[1:] if line[2:13].strip()]
    assert heads == [
        "design", "axes", "cells", "requests", "tokens", "writes", "stage 1", "stage 1", "stage 1", "model", "cost",
        "time", "replies", "measures",
    ]  # fmt: skip
    assert max(map(len, lines)) <= 120
    text = "\n".join(lines)
    for words in (
        "asked cell by cell",
        "where shared beginnings are read once",
        "as planned, with padding",
        "times the least possible",
        "up to 12 new",
        "assumed rates",
    ):
        assert words in text
    assert "at most" not in text.split("  writes")[0]
