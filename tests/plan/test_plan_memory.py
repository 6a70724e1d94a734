"""The memory that tokens at work may take: plans stay under it, and what fits in no way is refused by name."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.compiler.checkpoints.architecture import DecoderConfig, Rope, Unscaled
from cyclspec.compiler.plan.memory import option_text, size_text
from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.plan.sharing.plan import lay_out
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence
from cyclspec.compiler.plan.sharing.shapes import Budget, NoRoom
from cyclspec.compiler.plan.summary import summary
from cyclspec.language.diagnostics import SpecError

QUICKSTART = Path(__file__).parents[2] / "specs" / "quickstart.cycl"
MIB = 2**20
CONFIG = DecoderConfig(
    family="llama",
    vocab_size=32000,
    hidden_size=384,
    intermediate_size=1024,
    layers=12,
    heads=6,
    kv_heads=2,
    head_dim=64,
    rope=Rope(10000.0, Unscaled()),
    norm_eps=1e-5,
    qkv_bias=False,
    output_bias=False,
    mlp_bias=False,
    tied=True,
    windows=(None,) * 12,
    max_positions=4096,
)
SPEC = """cycl 1
axis town : nominal { mill "a mill", harbour "a harbour" }
prompt essay(town: town) -> text { user "Write about {town}." }
prompt judged(words: text) -> choice(mood) { user "Is this glad?\\nA. glad\\nB. sad\\n{words}" prefix "Answer:" }
scale mood : nominal { glad "glad" sad "sad" }
panel models { model first = demo() }
audit small {
  each town   in town
  each repeat in 1..40
  each model  in models
  ask told = essay(town) {
    model = model, per = [repeat], read = text(temperature = 0.5, max_tokens = 60), missing = drop
  }
  ask felt = judged(told) { model = model, read = first_token }
  measure gone by model : share = mean over town, repeat of is_missing(told)
}
"""


def planned(path: Path, memory: int) -> Plan:
    context = pipeline.check(path).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    return pipeline.plan(opened, memory=memory, weights="if here")


def grid(personas: int, questions: int) -> list[tuple[str, tuple[Sequence, ...]]]:
    """Long personas, questions of different lengths after each."""
    return [
        (
            f"{p} {q}",
            (Sequence((*range(20), 1000 + p, *range(300), 2000 + q, *range(q % 60)), (Probe(321, (1, 2)),)),),
        )
        for p in range(personas)
        for q in range(questions)
    ]


@pytest.mark.parametrize("size", [(2, 3), (10, 40), (60, 60)], ids=str)
@pytest.mark.parametrize("limit", [24, 32, 64, 256])
def test_a_grid_of_any_size_stays_under_its_memory(size: tuple[int, int], limit: int) -> None:
    found = lay_out(grid(*size), CONFIG, Budget(limit * MIB))
    assert 0 < found.wave_bytes(CONFIG, 4) <= limit * MIB


def test_more_memory_never_needs_more_waves() -> None:
    waves = [lay_out(grid(10, 40), CONFIG, Budget(limit * MIB)).waves for limit in (24, 32, 64, 1024)]
    assert waves == sorted(waves, reverse=True)
    assert waves[0] > waves[-1]


def test_numbers_of_two_bytes_take_less() -> None:
    for limit in (24, 40):
        wide, narrow = (lay_out(grid(10, 40), CONFIG, Budget(limit * MIB, item=item)) for item in (4, 2))
        assert narrow.wave_bytes(CONFIG, 2) <= limit * MIB
        assert narrow.waves <= wide.waves


def test_where_the_smallest_wave_does_not_fit_nothing_is_laid_out() -> None:
    with pytest.raises(NoRoom) as refused:
        lay_out(grid(2, 3), CONFIG, Budget(MIB))
    needed = refused.value.needed
    assert lay_out(grid(2, 3), CONFIG, Budget(needed)).wave_bytes(CONFIG, 4) <= needed
    with pytest.raises(NoRoom):
        lay_out(grid(2, 3), CONFIG, Budget(needed - 1))


@pytest.mark.parametrize("memory", [2 * MIB, 3 * MIB, 20 * MIB, 1024 * MIB])
def test_a_plan_stays_under_its_memory(memory: int, tmp_path: Path) -> None:
    (tmp_path / "audit.cycl").write_text(SPEC, encoding="utf-8")
    for path in (QUICKSTART, tmp_path / "audit.cycl"):
        facts = summary(planned(path, memory), None)
        assert facts["memory_limit"] == memory
        assert all(0 < model["working_bytes"] <= memory for model in facts["models"])


def test_shards_are_computed_one_after_the_other_where_memory_is_too_little_for_more(tmp_path: Path) -> None:
    path = tmp_path / "audit.cycl"
    path.write_text(SPEC, encoding="utf-8")
    at_once = [planned(path, memory).models[0].at_once for memory in (2 * MIB, 1024 * MIB)]
    assert at_once == [1, 2]


def test_more_memory_never_means_smaller_waves_or_fewer_rows(tmp_path: Path) -> None:
    """Also where two shards at once begin to fit."""
    (tmp_path / "audit.cycl").write_text(SPEC, encoding="utf-8")
    limits = [MIB * at // 2 for at in (6, 10, 20, 40, 56, 58, 60, 62, 64, 80, 200, 2000)]
    scoring = [planned(QUICKSTART, limit).models[0] for limit in limits]
    waves = [model.layout.waves for model in scoring]
    rows = [planned(tmp_path / "audit.cycl", at).models[0].writing[0].shape.rows for at in limits]
    assert waves == sorted(waves, reverse=True)
    assert rows == sorted(rows)
    assert {model.at_once for model in scoring} == {1, 2}


def test_shards_at_once_share_what_tokens_at_work_may_take() -> None:
    for limit in (48, 64):
        alone, beside = (lay_out(grid(60, 60), CONFIG, Budget(limit * MIB, at_once=n)) for n in (1, 2))
        assert 2 * beside.wave_bytes(CONFIG, 4) <= limit * MIB
        assert beside.waves >= alone.waves


def test_fewer_texts_are_written_together_where_memory_is_small(tmp_path: Path) -> None:
    path = tmp_path / "audit.cycl"
    path.write_text(SPEC, encoding="utf-8")
    rows = [
        max(s.shape.rows for s in planned(path, memory).models[0].writing) for memory in (2 * MIB, 1024 * MIB)
    ]
    assert rows[0] < rows[1] <= 64


@pytest.mark.parametrize("command", ["plan", "run"])
def test_too_little_memory_is_refused_with_the_model_and_what_it_needs(command: str, tmp_path: Path) -> None:
    said = CliRunner().invoke(
        group, [command, str(QUICKSTART), "--memory", "100KiB", "--out", str(tmp_path / "out")]
    )
    error = said.exception
    assert isinstance(error, SpecError)
    (told,) = error.diagnostics
    assert told.code == "CY0715"
    assert told.message == "100 KiB of memory are too little for model `tiny`"
    assert told.span is not None
    assert not (tmp_path / "out").exists()
    enough = told.helps[0].split("`")[1].split()[1]
    again = CliRunner().invoke(
        group, ["plan", str(QUICKSTART), "--memory", enough, "--out", str(tmp_path / "out")]
    )
    assert again.exit_code == 0, again.exception


def test_what_a_later_stage_may_need_is_refused_before_the_first(tmp_path: Path) -> None:
    long = SPEC.replace("max_tokens = 60", "max_tokens = 440")
    alone = long.replace("  ask felt = judged(told) { model = model, read = first_token }\n", "")
    assert SPEC != long != alone
    (tmp_path / "audit.cycl").write_text(long, encoding="utf-8")
    with pytest.raises(SpecError, match="CY0715"):
        planned(tmp_path / "audit.cycl", 4 * MIB)
    for fits in (SPEC, alone):
        (tmp_path / "audit.cycl").write_text(fits, encoding="utf-8")
        planned(tmp_path / "audit.cycl", 4 * MIB)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1GiB", 2**30),
        ("512 mib", 2**29),
        ("1.5GiB", 3 * 2**29),
        ("4096", 4096),
        ("2GB", 2 * 10**9),
        ("1KiB", 1024),
    ],
)
def test_a_size_is_written_as_people_write_it(text: str, size: int) -> None:
    from cyclspec.cli.options import memory

    taken: list[int] = []

    @click.command()
    @memory
    def told(memory: int) -> None:
        taken.append(memory)

    assert CliRunner().invoke(told, ["--memory", text]).exit_code == 0
    assert CliRunner().invoke(told, []).exit_code == 0
    assert taken == [size, pipeline.DEFAULT_MEMORY]


@pytest.mark.parametrize("text", ["", "much", "-1GiB", "0", "1e9", "3x", "GiB", "1GiB2", "9" * 30, "1..5GiB"])
def test_what_is_no_size_is_a_usage_error(text: str) -> None:
    said = CliRunner().invoke(group, ["plan", str(QUICKSTART), "--memory", text])
    assert said.exit_code == 2
    assert "512MiB" in said.output


@pytest.mark.parametrize(
    ("count", "shown", "typed"),
    [
        (5, "5 B", "0.1KiB"),
        (1024, "1 KiB", "1KiB"),
        (1500, "1.5 KiB", "1.5KiB"),
        (3 * 2**29, "1.5 GiB", "1.5GiB"),
    ],
)
def test_a_number_of_bytes_is_shown_and_typed(count: int, shown: str, typed: str) -> None:
    assert (size_text(count), option_text(count)) == (shown, typed)
