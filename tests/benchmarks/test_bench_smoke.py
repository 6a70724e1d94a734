"""The benchmarks measure what they say: texts of the stated lengths and sharing, and arms that agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer

from benchmarks import publish
from benchmarks.arms import Absent, Arm
from benchmarks.cases import CASES, QUICK
from benchmarks.checkpoints import RESULTS, ROOT, SHAPES, corpus, train_tokenizer, write_checkpoint
from benchmarks.measure import Measured, difference, fit, measure, ratios
from benchmarks.ours import Ours, load_ours
from benchmarks.peer_past import Prefixes
from benchmarks.peer_transformers import Batches, load_model
from benchmarks.process import Here, Timed
from benchmarks.publish import marks, published
from benchmarks.records import Records, record_of
from benchmarks.report import disagreements
from benchmarks.workloads import NAMES, Workload, trie_tokens, workload

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def text() -> str:
    return corpus()


@pytest.fixture(scope="module")
def tokenizer(text: str) -> Tokenizer:
    return train_tokenizer(text, SHAPES["tiny"].vocab)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("tiny"), SHAPES["tiny"], tokenizer)


def small(name: str, text: str, tokenizer: Tokenizer) -> Workload:
    return workload(name, text, tokenizer, personas=2, questions=2)


@pytest.mark.parametrize(
    ("name", "tokens", "sharing", "prefix"),
    [
        ("W1", 244, 2.9, 0.5),
        ("W2", 488, 5.5, 0.75),
        ("W3", 238, 17.8, 0.5),
        ("W4", 201, 2.6, 0.6),
        ("W5", 377, 30.5, 0.6),
    ],
)
def test_texts_have_the_stated_lengths_and_share_what_is_stated(
    name: str, tokens: int, sharing: float, prefix: float, text: str, tokenizer: Tokenizer
) -> None:
    whole = workload(name, text, tokenizer, personas=4)
    lengths = [len(prompt.ids) for prompt in whole.prompts]
    assert 0.8 * tokens <= min(lengths)
    assert max(lengths) <= 1.2 * tokens
    assert np.mean(lengths) == pytest.approx(tokens, rel=0.05)
    assert whole.tokens / whole.unshared == pytest.approx(sharing, rel=0.12)
    assert whole.prompts[0].shared / np.mean(lengths) == pytest.approx(prefix, abs=0.06)


def test_the_first_personas_share_as_the_whole_does(text: str, tokenizer: Tokenizer) -> None:
    whole = workload("W1", text, tokenizer)
    few = whole.first(200)
    assert len(whole.prompts) == 2000
    assert few.tokens / few.unshared == pytest.approx(whole.tokens / whole.unshared, rel=0.01)


def test_options_are_four_to_ten_and_of_the_stated_tokens(text: str, tokenizer: Tokenizer) -> None:
    letters, worded = (workload(name, text, tokenizer, personas=1) for name in ("W1", "W3"))
    assert {len(ids) for prompt in letters.prompts for ids in prompt.option_ids} == {1}
    assert {len(ids) for prompt in worded.prompts for ids in prompt.option_ids} <= {2, 3, 4, 5}
    for prompt in (*letters.prompts, *worded.prompts):
        assert 4 <= len(prompt.options) <= 10


@pytest.mark.parametrize("name", NAMES)
def test_an_option_has_the_same_ids_alone_and_after_its_prompt(
    name: str, text: str, tokenizer: Tokenizer
) -> None:
    for prompt in small(name, text, tokenizer).prompts:
        for option, ids in zip(prompt.options, prompt.option_ids, strict=True):
            assert tuple(tokenizer.encode(prompt.text + option).ids) == prompt.ids + ids


def test_the_trie_counts_each_shared_prefix_once() -> None:
    sequences = [(1, 2, 3), (1, 2, 4), (1, 2), (5,), (1, 2, 3, 6)]
    prefixes = {one[:end] for one in sequences for end in range(1, len(one) + 1)}
    assert trie_tokens(sequences) == len(prefixes) == 6


def test_a_prefix_is_shared_by_all_its_prompts_and_shorter_than_each(text: str, tokenizer: Tokenizer) -> None:
    whole = small("W5", text, tokenizer)
    assert len({prompt.prefix for prompt in whole.prompts}) == 8
    for prompt in whole.prompts:
        group = [other for other in whole.prompts if other.prefix == prompt.prefix]
        assert {other.ids[: prompt.shared] for other in group} == {prompt.ids[: prompt.shared]}
        assert 200 < prompt.shared < len(prompt.ids)


@pytest.fixture(scope="module")
def peer(checkpoint: Path) -> Batches:
    return Batches(load_model(checkpoint, "float32"), "float32", sizes=(8,))


def answered(arm: Arm, some: Workload) -> Measured:
    arm.prepare(some)
    return Measured(some, rounds=[Timed(arm.run(some), 1.0, 1.0)])


@pytest.mark.parametrize("name", NAMES)
def test_ours_agrees_with_transformers(
    name: str, checkpoint: Path, peer: Batches, text: str, tokenizer: Tokenizer
) -> None:
    some = small(name, text, tokenizer)
    ours = answered(Ours(load_ours(checkpoint, "float32"), "float32"), some)
    found = difference(some.kind, answered(peer, some).answers, ours.answers)
    assert found is not None
    assert found < TOLERANCE
    assert all(one.size > 3 for one in ours.answers)


@pytest.mark.parametrize("name", ["W1", "W3", "W4", "W5"])
def test_shared_prefixes_in_torch_agree_with_unshared_texts(
    name: str, checkpoint: Path, peer: Batches, text: str, tokenizer: Tokenizer
) -> None:
    some = small(name, text, tokenizer)
    shared = answered(Prefixes(load_model(checkpoint, "float32"), "float32"), some)
    found = difference(some.kind, answered(peer, some).answers, shared.answers)
    assert found is not None
    assert found < TOLERANCE


def test_replies_have_the_length_that_is_asked_for(peer: Batches, text: str, tokenizer: Tokenizer) -> None:
    some = small("W4", text, tokenizer)
    assert [len(one) for one in answered(peer, some).answers] == [48] * len(some.prompts)


class Answering:
    """An arm that says what it is told, and counts."""

    def __init__(self, logprobs: list[float] | None) -> None:
        self.logprobs = logprobs
        self.runs = 0

    def prepare(self, workload: Workload) -> dict[str, object]:
        if self.logprobs is None:
            raise Absent("has nothing to say")
        return {}

    def run(self, workload: Workload) -> list[np.ndarray]:
        self.runs += 1
        return [np.array(self.logprobs) for _ in workload.prompts]

    def matrix_rate(self, shape: object) -> float:
        return 1e9


def test_an_arm_that_disagrees_or_is_absent_stands_in_the_tables(
    tmp_path: Path, text: str, tokenizer: Tokenizer
) -> None:
    case = QUICK[0]
    whole = workload(case.workload, text, tokenizer, personas=1, questions=2)
    arms = {
        "ours": Here(Answering([0.0, 0.0])),
        "transformers": Here(Answering([0.0, 0.01])),
        "past": Here(Answering(None)),
        "harness": Here(None, "lm_eval is not installed"),
    }
    found = measure(arms, dict.fromkeys(arms, whole), 0.0, 2)  # type: ignore[arg-type]
    assert {name: len(one.rounds) for name, one in found.items()} == {
        "ours": 2,
        "transformers": 2,
        "past": 0,
        "harness": 0,
    }
    assert set(ratios(found)) == {"transformers"}
    records = Records(tmp_path)
    reference = records.reference(case, "float32", found["transformers"])
    rates = {"ours": 1e9, "transformers": None}
    record = record_of(SHAPES["tiny"], "float32", whole, found, rates, reference)  # type: ignore[arg-type]
    assert disagreements(record) == ["ours"]
    records.write(record)
    page = records.page(QUICK)
    assert "absent: lm_eval is not installed" in page
    assert "absent: has nothing to say" in page
    assert "2.5e-03 ✗" in page


def test_cost_is_fitted_against_unshared_tokens(text: str, tokenizer: Tokenizer) -> None:
    class Linear(Answering):
        def run(self, workload: Workload) -> list[np.ndarray]:
            return []

    class Clock(Here):
        def ask(self, verb: str, about: Workload) -> Timed:  # type: ignore[override]
            return Timed(None, 2.0 + 0.001 * about.unshared, 0.0)

    whole = workload("W1", text, tokenizer, personas=4, questions=2)
    found = fit(Clock(Linear([0.0])), [whole.first(count) for count in (4, 8, 16)], repeats=1)
    assert found.fixed == pytest.approx(2.0)
    assert found.each == pytest.approx(0.001)
    assert found.explained == pytest.approx(1.0)


def test_every_workload_has_a_case_and_every_arm_a_count() -> None:
    assert {case.workload for case in CASES} == set(NAMES) == {case.workload for case in QUICK}
    assert all(set(case.counts) == {"ours", "transformers", "past", "harness"} for case in (*CASES, *QUICK))


def test_tables_are_put_between_the_marks_of_a_page() -> None:
    begin, end = marks("CPU")
    page = f"before\n\n{begin}\n\nold\n\n{end}\n\nafter\n"
    assert published(page, "Machine: m.\n\n## Speed\n", "CPU") == (
        f"before\n\n{begin}\n\nMachine: m.\n\n### Speed\n\n{end}\n\nafter\n"
    )
    with pytest.raises(click.ClickException, match="needs the lines"):
        published(page, "", "GPU")


@pytest.mark.parametrize("name", ["CPU", "GPU"])
def test_the_page_on_performance_has_the_marks(name: str) -> None:
    text = RESULTS.read_text(encoding="utf-8")
    assert [text.count(mark) for mark in marks(name)] == [1, 1]
    opening, closing = marks(name)
    assert "\nMachine: " in text[text.index(opening) : text.index(closing)]


def test_tables_of_a_device_of_which_nothing_is_recorded_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    before = "".join(f"{begin}\n\nold\n\n{end}\n" for begin, end in map(marks, ("CPU", "GPU")))
    page.write_text(before, encoding="utf-8")
    monkeypatch.setattr(publish, "RESULTS", page)
    done = CliRunner().invoke(publish.main, ["--records", str(tmp_path / "records")])
    assert done.exit_code == 0, done.output
    assert page.read_text(encoding="utf-8") == before
    assert done.output.count("stay as they are") == 2


def test_the_command_measures_every_arm_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Also from the cache of compiled programs, and with lm-evaluation-harness where it is not installed."""
    command = [sys.executable, "-m", "benchmarks.run", "--quick", "--only", "W1", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "quick" / "W1-tiny-float32.json").read_text(encoding="utf-8"))
    for name in ("ours", "transformers", "past"):
        assert len(record["arms"][name]["seconds"]) == 1
        assert record["arms"][name]["difference"] < TOLERANCE
    assert record["compile_cached_seconds"] > 0
    assert record["arms"]["harness"]["absent"] or record["arms"]["harness"]["difference"] < TOLERANCE
    assert (tmp_path / "quick" / "table.md").read_text(encoding="utf-8") in done.stdout
