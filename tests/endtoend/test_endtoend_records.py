"""Records: fields that are read, told and measured, further tries, judges, and the demo model under constraint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from scripted import Scripted, number_of, opened, run
from worlds_on_disk import Said, edit

from cyclspec import pipeline
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.runtime.store.runs import Run

SPEC = """
cycl 1

axis town : nominal { mill, harbour }
axis aspect : nominal {
  role "speaks as the person asked for"
  task "does what it was asked to do"
}
scale often : ordinal { never "not at all" sometimes "now and then" always "every day" }
axis nature : nominal { quiet "a quiet one", loud "a loud one" }

prompt diary(town: town) -> record {
  worries : list(text) where size(worries) in 1..3
  mood    : share
  own     : share where own + mood == 1
  nature  : choice(nature)
  fine    : bool
} {
  user "You live at {town}. What worries you today?"
}

prompt after(worries: list(text), mood: share, nature: choice(nature), town: town) -> record {
  stress : count where stress in 0..100
  answer : choice(often)
  said   : text
} {
  user "At {town}, mood {mood|percent}, {nature}:\\n{worries|bulleted}\\nHow often do you walk?"
}

prompt judged(said: text, aspect: aspect) -> record { holds : bool } {
  user "Someone said: {said}\\nIs it so that this {aspect}?"
}

panel models { model tiny = demo() }
panel judges { model judge = demo() }

audit staged {
  seed = 5
  each town   in town
  each repeat in 1..4
  each aspect in aspect
  each model  in models
  each judge  in judges

  ask day = diary(town) {
    model = model, per = [repeat], read = json(temperature = 0.8, max_tokens = 200), missing = retry(2)
  }
  ask reply = after(day.worries, day.mood, day.nature, town) {
    model = model, read = json(temperature = 0, max_tokens = 80), missing = drop
  }
  ask verdict = judged(reply.said, aspect) {
    model = judge, read = json(temperature = 0, max_tokens = 20), missing = drop
  }

  let walks = share over repeat, model of reply.answer

  measure mood by town    : share = mean over repeat, model of day.mood
  measure stress by town  : count = mean over repeat, model of reply.stress
  measure daily by town   : share = walks[option: always]
  measure lost by town    : share = mean over repeat, model of is_missing(day.worries)
  measure none by town    : share = mean over repeat, model of is_missing(day)
  measure fails by aspect : share = mean over town, repeat, model, judge of not verdict.holds
}
"""
GOOD = {
    "worries": ["rain", "the <|end|> price"],
    "mood": 0.3,
    "own": 0.7,
    "nature": "a quiet one",
    "fine": True,
}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "audit.cycl"
    path.write_text(SPEC.lstrip(), encoding="utf-8")
    return path


def answers(found: Run, ask: str) -> list[dict[str, Any]]:
    return [row for row in found.answers.to_pylist() if row["ask"] == ask]


def fields(row: dict[str, Any]) -> dict[str, Any]:
    return {one["field"]: one["reason"] or json.loads(one["value"]) for one in row["fields"]}


def measured(found: Run) -> dict[tuple[str, str], float | None]:
    rows = found.measures.to_pylist()
    return {(row["measure"], row["town"] or row["aspect"]): row["value"] for row in rows}


def reply(request: Request) -> str:
    """A diary whose first try lacks half of what was asked, a reply, a verdict; each hangs on the request alone."""
    number = number_of(request)
    if "worries you" in request.text:
        made: dict[str, Any] = GOOD | {"nature": ["a quiet one", "loud"][number // 2 % 2]}
        if number % 2 == 0:
            made |= {"mood": 2, "worries": []}
        # The script's own tokenizer would read the mark as a token; the text is what counts.
        return f"Well: {json.dumps(made)} That is all.".replace("<|end|>", "<|e<|end|>nd|>")
    if "How often" in request.text:
        return json.dumps(
            {"stress": number % 101, "answer": ["not at all", "always"][number % 2], "said": "I walk."}
        )
    return json.dumps({"holds": number % 3 == 0})


def test_fields_are_read_told_and_measured(spec: Path, tmp_path: Path) -> None:
    script = Scripted(say=reply)
    found, _ = run(spec, tmp_path / "out", script)
    days, replies, verdicts = (answers(found, ask) for ask in ("day", "reply", "verdict"))
    asked = {row["request"]: row for row in found.requests.to_pylist()}
    told = {(row["town"], row["repeat"]): row for row in replies}
    for row in days:
        read, after = fields(row), told[row["town"], row["repeat"]]
        if read["mood"] == "off scale":
            assert (row["attempts"], row["status"]) == (3, "answered")
            assert (after["status"], after["reason"], read["own"]) == ("missing", "upstream", "condition")
            continue
        assert read == GOOD | {"nature": read["nature"]}
        assert row["text"].startswith("Well: {")
        said = asked[after["request"]]["messages"][0]["content"]
        words = {"quiet": "a quiet one", "loud": "a loud one"}[read["nature"]]
        assert said == f"At {row['town']}, mood 30%, {words}:\n- rain\n- the   price\nHow often do you walk?"
    kept = [(row["town"], fields(row)) for row in replies if row["status"] == "answered"]
    verdict_of = {row["aspect"]: [] for row in verdicts}
    for row in verdicts:
        if row["status"] == "answered":
            verdict_of[row["aspect"]].append(not fields(row)["holds"])
    expected: dict[tuple[str, str], float] = {("fails", a): float(np.mean(v)) for a, v in verdict_of.items()}
    for town in ("mill", "harbour"):
        own = [fields(row) for row in days if row["town"] == town]
        there = [read for at, read in kept if at == town]
        expected |= {
            ("mood", town): float(np.mean([read["mood"] for read in own if read["mood"] != "off scale"])),
            ("stress", town): float(np.mean([read["stress"] for read in there])),
            ("daily", town): float(np.mean([read["answer"] == "always" for read in there])),
            ("lost", town): float(np.mean([read["worries"] == "off scale" for read in own])),
            ("none", town): 0.0,
        }
    assert measured(found) == {at: pytest.approx(value, abs=1e-6) for at, value in expected.items()}
    assert len({row["attempts"] for row in days}) > 1
    assert {row["judge"] for row in verdicts} == {"judge"}


def test_a_record_is_asked_again_while_any_field_is_missing_with_another_seed(
    spec: Path, tmp_path: Path
) -> None:
    script = Scripted(
        say=lambda request: '{"mood": 0.5}' if "worries you" in request.text else reply(request)
    )
    found, outcome = run(spec, tmp_path / "out", script)
    days = answers(found, "day")
    assert {row["attempts"] for row in days} == {3}
    diaries = [one.read for one in script.asked if "worries you" in one.text]
    assert len({read.seed for read in diaries if isinstance(read, Writing)}) == len(diaries) == 3 * len(days)
    assert fields(days[0]) == {
        "worries": "no member", "mood": 0.5, "own": "no member", "nature": "no member", "fine": "no member"
    }  # fmt: skip
    assert outcome.asked == len(script.asked)
    assert measured(found)["mood", "mill"] == pytest.approx(0.5)


def test_what_is_no_json_is_missing_as_a_whole_and_so_is_what_follows(spec: Path, tmp_path: Path) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted(say=lambda request: "I would rather not say"))
    rows = found.answers.to_pylist()
    assert {(row["ask"], row["status"], row["reason"]) for row in rows} == {
        ("day", "missing", "no JSON"), ("reply", "missing", "upstream"), ("verdict", "missing", "upstream")
    }  # fmt: skip
    assert {row["text"] for row in answers(found, "day")} == {"I would rather not say"}
    values = measured(found)
    assert (values["none", "mill"], values["lost", "mill"], values["mood", "mill"]) == (1.0, 1.0, None)


def test_the_demo_model_writes_nothing_but_records(spec: Path, tmp_path: Path) -> None:
    found, outcome = run(spec, tmp_path / "out", None)  # type: ignore[arg-type]
    replies = [row for row in found.answers.to_pylist() if row["request"] is not None]
    for row in replies:
        json.loads(row["text"])
        reasons = {one["field"]: one["reason"] for one in row["fields"] if one["reason"]}
        # A sum over two fields is more than a pattern can hold.
        assert set(reasons.items()) <= {("own", "condition")}
    assert {row["status"] for row in replies} == {"answered"}
    assert {row["attempts"] for row in answers(found, "reply")} == {1}
    again, repeated = run(spec, tmp_path / "out", None)  # type: ignore[arg-type]
    assert (repeated.asked, repeated.reused) == (0, outcome.asked)
    assert again.answers == found.answers
    other, _ = run(spec, tmp_path / "other", None)  # type: ignore[arg-type]
    assert other.answers == found.answers


def test_constrained_and_free_replies_are_requests_of_their_own(spec: Path) -> None:
    keys = {request.key for request in pipeline.plan(opened(spec)).requests}
    edit(
        spec,
        "json(temperature = 0.8, max_tokens = 200)",
        "json(temperature = 0.8, max_tokens = 200, decoding = free)",
    )
    free = {request.key for request in pipeline.plan(opened(spec)).requests}
    assert len(free) == len(keys) == 8
    assert not keys & free


def test_the_requests_of_a_run_say_what_their_replies_may_be(spec: Path, tmp_path: Path) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted(say=reply))
    schemas = {row["record"] for row in found.requests.to_pylist()}
    properties = [set(json.loads(schema)["properties"]) for schema in schemas]
    assert {"stress", "answer", "said"} in properties
    assert len(properties) == 3


def test_options_that_a_prompt_letters_are_spelt_by_their_letters(spec: Path, tmp_path: Path) -> None:
    edit(
        spec,
        "nature: choice(nature), town: town) -> record",
        "nature: choice(nature), town: town, o: order(often)) -> record",
    )
    edit(spec, "How often do you walk?", "How often do you walk?\\n{o|lettered}")
    edit(spec, "day.nature, town) {", "day.nature, town, order) {")
    edit(
        spec,
        "  each aspect in aspect\n",
        "  each aspect in aspect\n  each order in permutations(often, n = 3, keep = identity)\n",
    )
    text = spec.read_text(encoding="utf-8")
    for old, new in (
        ("repeat, model of reply", "repeat, model, order of reply"),
        ("town, repeat, model, judge", "town, repeat, model, judge, order"),
    ):
        text = text.replace(old, new)
    spec.write_text(text, encoding="utf-8")

    def said(request: Request) -> str:
        made = {"stress": 3, "answer": "B", "said": "x"}
        return json.dumps(made) if "How often" in request.text else reply(request)

    found, _ = run(spec, tmp_path / "out", Scripted(say=said))
    asked = {row["request"]: row for row in found.requests.to_pylist()}
    codes = {"not at all": "never", "now and then": "sometimes", "every day": "always"}
    seen = set()
    for row in answers(found, "reply"):
        if row["request"] is not None:
            second = asked[row["request"]]["messages"][0]["content"].split("B. ")[1].split("\n")[0]
            assert fields(row)["answer"] == codes[second]
            seen.add(second)
            assert json.loads(asked[row["request"]]["record"])["properties"]["answer"]["enum"] == [
                "A",
                "B",
                "C",
            ]
    assert len(seen) > 1


def test_a_hosted_model_is_sent_the_schema(spec: Path, tmp_path: Path, command: Callable[..., Said]) -> None:
    edit(spec, "panel models { model tiny = demo() }", 'panel models { model tiny = openai("gpt") }')
    out = tmp_path / "out"
    command("run", spec, "--out", out)
    said = command("requests", spec, "--out", out, "-o", tmp_path / "sent")
    lines = [
        line for path in sorted((tmp_path / "sent").glob("*.jsonl")) for line in path.read_text().splitlines()
    ]
    assert lines, said.err
    form = json.loads(lines[0])["body"]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["required"] == ["worries", "mood", "own", "nature", "fine"]


def test_answers_keep_their_fields_in_the_file(spec: Path, tmp_path: Path) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted(say=reply))
    table = pq.read_table(found.path / "answers.parquet")
    row = next(row for row in table.to_pylist() if row["ask"] == "reply" and row["fields"])
    assert [one["field"] for one in row["fields"]] == ["stress", "answer", "said"]
