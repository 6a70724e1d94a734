"""Hosted models, by batch: requests to files, files through a server of this machine, replies back, on to measures."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from batch_server import Batches, chance, letters_of, likeliest, written
from hosted_worlds import AUDIT, Desk, lines, write_hosted, write_lines
from scipy.spatial.distance import jensenshannon
from worlds_on_disk import COUNTRIES, Said, World, write_checkpoint

import cyclspec


@pytest.fixture
def desk(tmp_path: Path, world: World, command: Callable[..., Said]) -> Desk:
    return Desk(command, write_hosted(tmp_path / "spec", world), tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, world: World, command: Callable[..., Said]) -> Desk:
    folder = tmp_path_factory.mktemp("hosted")
    found = Desk(command, write_hosted(folder / "spec", world), folder)
    said = found.to_the_end()
    assert said.code == 0, said.err
    return found


def human(world: World, item: str, country: str) -> np.ndarray:
    frame = world.frame()
    here = frame[(frame["item"] == item) & (frame["country"] == COUNTRIES[country])]
    sums = here.groupby("value")["weight"].sum()
    found = np.array([sums.get(code, 0.0) for code in world.codes(item)])
    return found / found.sum()


def test_a_round_trip_gives_the_measures_that_the_replies_have(done: Desk, world: World) -> None:
    measures = {(r["measure"], r["country"]): r for r in cyclspec.open_run(done.run).measures.to_pylist()}
    asked = {line["custom_id"]: line["body"] for line in done.batches.asked}
    answers = pd.DataFrame(cyclspec.open_run(done.run).answers.to_pylist())
    for country in COUNTRIES:
        here = answers[answers["country"] == country]
        near = []
        for row in here[here["ask"] == "reply"].to_dict("records"):
            shares = likeliest(asked[row["request"]])
            kept = sorted(shares.values(), reverse=True)[:20]
            told = [
                shares[letter] if shares[letter] >= kept[-1] else 0.0
                for letter in letters_of(asked[row["request"]])
            ]
            near.append(1 - jensenshannon(told, human(world, row["item"], country), base=2))
        assert measures["first", country]["value"] == pytest.approx(np.mean(near), abs=1e-6)
        later, lost = [], 0
        for item, part in here[here["ask"] == "pick"].groupby("item"):
            codes = world.codes(str(item))
            tally: Counter[str] = Counter()
            for row in part.to_dict("records"):
                text = written(asked[row["request"]])["message"]["content"]
                assert row["text"] == text
                if text.startswith("It depends"):
                    assert (row["reason"], row["attempts"]) == ("unreadable", 3)
                    lost += 1
                else:
                    tally[codes["ABCDE".index(text[0])]] += 1
            if tally:
                shares = np.array([tally[code] for code in codes]) / tally.total()
                later.append(1 - jensenshannon(shares, human(world, str(item), country), base=2))
        assert measures["later", country]["value"] == pytest.approx(np.mean(later), abs=1e-6)
        assert measures["unread", country]["value"] == pytest.approx(lost / 18)


def test_nothing_is_asked_twice(done: Desk, command: Callable[..., Said]) -> None:
    keys = [line["custom_id"] for line in done.batches.asked]
    assert len(keys) == len(set(keys))
    run = cyclspec.open_run(done.run)
    answers = run.answers.to_pylist()
    assert {row["request"] for row in answers} <= set(keys)
    tried = Counter(row["attempts"] for row in answers if row["ask"] == "pick")
    assert set(tried) == {1, 2, 3}
    said = command("requests", done.spec, "--out", done.out, "-o", done.folder / "more")
    assert (said.code, said.out) == (0, "")
    assert "no request of a hosted model waits" in said.err
    again = command("run", done.spec, "--out", done.out)
    assert again.code == 0
    assert f"0 asked, {len(keys)} reused" in again.err


def test_a_later_stage_tells_what_the_earlier_one_was_answered(done: Desk) -> None:
    bodies = [line["body"] for line in done.batches.asked]
    thoughts = {written(body)["message"]["content"] for body in bodies if not letters_of(body)}
    told = {
        body["messages"][-1]["content"].split("\n")[0].removeprefix("You think: ")
        for body in bodies
        if "You think" in str(body)
    }
    assert told == thoughts
    assert len(thoughts) == 3


def test_a_request_says_everything_that_is_sent(done: Desk) -> None:
    bodies = {line["custom_id"]: line["body"] for line in done.batches.asked}
    kinds = Counter(tuple(sorted(body)) for body in bodies.values())
    assert set(kinds) == {
        ("logprobs", "max_tokens", "messages", "model", "temperature", "top_logprobs", "top_p"),
        ("max_tokens", "messages", "model", "seed", "temperature", "top_p"),
    }
    first = next(body for body in bodies.values() if "logprobs" in body)
    assert (first["max_tokens"], first["temperature"], first["top_logprobs"], first["model"]) == (
        1,
        1.0,
        20,
        "gpt-tiny",
    )
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    seeds = [body["seed"] for body in bodies.values() if "seed" in body]
    assert len(seeds) == len(set(seeds))
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_key_is_a_digest_of_the_model_and_what_it_is_sent(done: Desk) -> None:
    identity = hashlib.sha256(b"hosted\nbatch.example\ngpt-tiny").hexdigest()
    for line in done.batches.asked:
        body = line["body"]
        if "logprobs" in body:
            said = [[message["role"], message["content"]] for message in body["messages"]]
            facts = ["hosted", identity, "likeliest", said, 20]
            assert (
                line["custom_id"]
                == hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()
            )


def test_what_a_server_says_of_itself_is_kept(done: Desk) -> None:
    run = cyclspec.open_run(done.run)
    model = run.plan["environment"]["models"][0]
    assert (model["model"], model["place"]) == ("gpt", "openai:gpt-tiny@batch.example")
    assert (model["served"], model["fingerprints"]) == (["gpt-tiny-2024-07-18"], ["fp_0123456789"])
    rows = run.requests.to_pylist()
    assert {(row["served"], row["fingerprint"]) for row in rows} == {("gpt-tiny-2024-07-18", "fp_0123456789")}
    assert {row["read"] for row in rows} == {"likeliest", "writing"}
    assert {(row["text"], len(row["token_ids"])) for row in rows} == {("", 0)}


def test_the_stages_and_tries_are_told_one_after_the_other(done: Desk) -> None:
    told = [line for said in done.said for line in said.err.splitlines() if line.startswith("stage ")]
    assert [line.split(" waits")[0] for line in told] == ["stage 2", "stage 2, try 2", "stage 2, try 3"]
    assert any("21 replies taken" in said.err for said in done.said)


def test_requests_are_the_same_bytes_and_one_model_a_file(desk: Desk) -> None:
    first, second = desk.requests(), desk.requests("--stage", "1")
    assert [path.name for path in first] == ["gpt.stage-1.001.jsonl"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    manifest = json.loads((first[0].parent / "stage-1.manifest.json").read_text())
    assert (manifest["stage"], manifest["attempt"], manifest["format"], manifest["requests"]) == (
        1,
        1,
        "openai-batch",
        21,
    )
    assert manifest["design"].startswith(desk.run.name)
    data = first[0].read_bytes()
    assert manifest["files"] == [
        {
            "name": first[0].name, "model": "gpt", "place": "openai:gpt-tiny@batch.example", "lines": 21,
            "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
        }
    ]  # fmt: skip


def test_files_are_split_and_those_of_an_earlier_writing_go(desk: Desk) -> None:
    whole = lines(desk.requests()[0])
    into = desk.folder / "split"

    def write(*options: str) -> list[str]:
        said = desk.command("requests", desk.spec, "--out", desk.out, "-o", into, *options)
        assert said.code == 0
        return sorted(path.name for path in into.glob("*.jsonl"))

    names = write("--max-lines", "8")
    assert names == [f"gpt.stage-1.00{at}.jsonl" for at in (1, 2, 3)]
    assert [line for name in names for line in lines(into / name)] == whole
    changed = into / names[2]
    changed.write_text(changed.read_text() + "\n")
    assert write() == [names[0], names[2]]
    assert lines(into / names[0]) == whole
    longest = max(len(json.dumps(line, ensure_ascii=False, separators=(",", ":"))) + 1 for line in whole)
    sizes = [
        (into / name).stat().st_size for name in write("--max-bytes", str(2 * longest)) if name != names[2]
    ]
    assert max(sizes) <= 2 * longest
    assert len(sizes) > 7


def test_another_name_for_the_limit_of_tokens(desk: Desk) -> None:
    bodies = [line["body"] for line in lines(desk.requests("--token-limit", "max_completion_tokens")[0])]
    assert all("max_completion_tokens" in body and "max_tokens" not in body for body in bodies)


def test_a_stage_that_is_not_the_one_is_refused(desk: Desk) -> None:
    said = desk.command("requests", desk.spec, "--out", desk.out, "-o", desk.folder / "x", "--stage", "2")
    assert said.code == 1
    assert "stage 2 needs the answers of stage 1, which are not all there" in said.err
    desk.take(*desk.answered(desk.requests()))
    said = desk.command("requests", desk.spec, "--out", desk.out, "-o", desk.folder / "x", "--stage", "1")
    assert said.code == 1
    assert "stage 1 is answered; stage 2 waits" in said.err
    assert not (desk.folder / "x").exists()


def test_plain_lines_make_the_same_round_trip(desk: Desk, done: Desk) -> None:
    """Replies as `{key, text, logprobs}`; the measures are those of the batches."""
    while True:
        files = desk.requests("--format", "jsonl")
        rows = []
        for line in (line for path in files for line in lines(path)):
            body = {**line, "logprobs": "top_logprobs" in line}
            row: dict[str, Any] = {"key": line["key"], "model": "m", "finish_reason": "stop"}
            if "top_logprobs" in line:
                kept = sorted(likeliest(line).items(), key=lambda pair: -pair[1])[:20]
                row["logprobs"] = {token: math.log(share) for token, share in kept}
            else:
                row["text"] = written(body)["message"]["content"]
            rows.append(row)
        said = desk.take(write_lines(desk.folder / "plain.jsonl", rows))
        if said.code != 75:
            break
    assert said.code == 0
    ours, theirs = (cyclspec.open_run(one.run).measures.to_pylist() for one in (desk, done))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["value"] == pytest.approx(other["value"], abs=1e-9)
        assert {**mine, "value": 0, "floor": 0, "value_unexcluded": 0} == {
            **other,
            "value": 0,
            "floor": 0,
            "value_unexcluded": 0,
        }


def test_errors_are_asked_again_and_counted_by_their_code(desk: Desk) -> None:
    desk.batches = Batches(fails=lambda key: int(key[:4], 16) % 3 == 0)
    files = desk.requests()
    failing = [line["custom_id"] for line in lines(files[0]) if int(line["custom_id"][:4], 16) % 3 == 0]
    assert failing
    said = desk.take(*desk.answered(files))
    assert said.code == 75
    assert f"gpt: {21 - len(failing)} replies taken" in said.err
    assert f"gpt: missing {len(failing)} error rate_limit_exceeded" in said.err
    assert f"stage 1 waits for {len(failing)} repl" in said.err
    rest = [line["custom_id"] for line in lines(desk.requests()[0])]
    assert sorted(rest) == sorted(failing)
    desk.batches = Batches()
    assert "stage 2 waits" in desk.take(*desk.answered(desk.requests())).err


def test_a_run_goes_on_without_what_does_not_come(desk: Desk) -> None:
    files = desk.requests()
    desk.batches = Batches(fails=lambda key: int(key[:4], 16) % 3 == 0)
    replies = desk.answered(files)
    kept = lines(replies[0])
    write_lines(replies[0], kept[1:])
    said = desk.take(*replies, options=("--give-up",))
    assert "missing 1 absent, " in said.err
    assert "stage 2 waits" in said.err
    desk.batches = Batches()
    assert desk.to_the_end().code == 0
    reasons = Counter(
        row["reason"] for row in cyclspec.open_run(desk.run).answers.to_pylist() if row["ask"] != "pick"
    )
    failed = sum(int(line["custom_id"][:4], 16) % 3 == 0 for line in lines(files[0]))
    assert (reasons["error rate_limit_exceeded"], reasons["not answered"]) == (failed, 1)
    late = desk.take(write_lines(desk.folder / "late.jsonl", kept[:1]))
    assert late.code in (0, 75)
    if late.code == 0:
        assert "not answered" not in {
            row["reason"] for row in cyclspec.open_run(desk.run).answers.to_pylist()
        }


def test_a_local_model_answers_first_and_the_run_waits_for_the_other(
    tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    audit = AUDIT.replace(
        'model gpt = openai("gpt-tiny", host = "batch.example")',
        'model gpt = openai("gpt-tiny", host = "batch.example")\n  model here = local("tiny")',
    )
    audit = audit.replace("audit hosted {", "param times : count = 2\n\naudit hosted {")
    audit = audit.replace("1..3", "1..times")
    second = audit[audit.index("audit hosted {") :].replace("audit hosted", "audit again")
    desk = Desk(command, write_hosted(tmp_path / "spec", world, audit + second), tmp_path)
    write_checkpoint(desk.spec.parent / "tiny")
    told = ("--audit", "hosted", "-p", "times=3")
    said = command("requests", desk.spec, *told, "--out", desk.out, "-o", tmp_path / "b")
    assert "stage 1 waits for 21 replies of here, which is run here" in said.err
    said = command("run", desk.spec, *told, "--out", desk.out)
    assert said.code == 75
    assert "stage 1 waits for 21 replies of hosted model gpt" in said.err
    assert "21 asked, 0 reused" in said.err
    assert f"cyclspec requests {os.path.relpath(desk.spec)} --audit hosted -p times=3 --out" in said.err
    assert not (desk.run / "answers.parquet").exists()
    while (said := desk.take(*desk.answered(desk.requests(*told)))).code == 75:
        said = command("run", desk.spec, *told, "--out", desk.out)
        if said.code == 0:
            break
    assert said.code == 0, said.err
    models = {row["model"] for row in cyclspec.open_run(desk.run).answers.to_pylist()}
    assert models == {"gpt", "here"}


def test_refused_and_filtered_replies_are_answers_that_say_so(desk: Desk) -> None:
    def say(body: Any) -> dict[str, Any]:
        choice = (
            written(body)
            if not body.get("logprobs")
            else {"index": 0, "finish_reason": "stop", "logprobs": None}
        )
        fate = chance(json.dumps(body["messages"]), "fate")
        if body.get("logprobs"):
            return {**choice, "message": {"role": "assistant", "content": None, "refusal": "I cannot."}}
        if fate < 0.4:
            return {
                **choice,
                "message": {"role": "assistant", "content": "Some", "refusal": None},
                "finish_reason": "content_filter",
            }
        return {**choice, "finish_reason": "length"}

    desk.batches = Batches(say=say)
    said = desk.take(*desk.answered(desk.requests()))
    assert "18 refused" in said.err
    assert "cut off at the most tokens" in said.err
    desk.to_the_end()
    rows = cyclspec.open_run(desk.run).answers.to_pylist()
    assert {(row["status"], row["reason"]) for row in rows if row["ask"] == "reply"} == {
        ("missing", "refused")
    }
    assert {row["text"] for row in rows if row["ask"] == "reply"} == {"I cannot."}
    assert {row["reason"] for row in rows if row["ask"] == "thought"} <= {None, "filtered"}


def test_replies_without_log_probabilities_are_no_answers(desk: Desk) -> None:
    def say(body: Any) -> dict[str, Any]:
        return {**written(body), "logprobs": None}

    desk.batches = Batches(say=say)
    said = desk.take(*desk.answered(desk.requests()))
    assert "gpt: 3 replies taken" in said.err
    assert "gpt: missing 18 no logprobs" in said.err


def test_a_plan_needs_no_tokenizer_and_says_what_it_estimates(desk: Desk) -> None:
    said = desk.command("plan", desk.spec)
    assert said.code == 0
    assert "gpt: openai:gpt-tiny@batch.example (hosted, asked by batch)" in said.out
    assert "one for four bytes: it has no tokenizer here" in said.out
    facts = json.loads(desk.command("plan", desk.spec, "--format", "json").out)
    hosted = facts["hosted"][0]
    bodies = [line["body"] for line in lines(desk.requests()[0])]
    first = sum(len(message["content"]) for body in bodies for message in body["messages"])
    assert (facts["requests"], facts["tokens_naive"], facts["models"]) == (21 + 54, 0, [])
    assert hosted["requests"] == 75
    assert hosted["characters"] > first
    assert hosted["output_tokens"] == 3 * 40 + 54 * 16 * 3
    shown = desk.command("explain", desk.spec, "--prompt", "item=q000").out
    assert "hosted at openai:gpt-tiny@batch.example" in shown


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("first_token(labels = letters)", "option_likelihood", "tells no likelihood of whole options"),
        (
            'openai("gpt-tiny", host = "batch.example")',
            'recorded("gpt")',
            "is nowhere: its answers are recorded",
        ),
        ("model gpt = openai", "factor tuning : nominal { base, chat } model gpt = openai", None),
    ],
)
def test_what_a_hosted_model_cannot_do_is_refused_by_name(
    old: str, new: str, words: str | None, tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    audit = AUDIT.replace(old, new)
    if words is None:
        audit, words = (
            audit.replace('"batch.example")', '"batch.example") { tuning = base }'),
            "is a base model by its tuning",
        )
    said = command("plan", write_hosted(tmp_path, world, audit))
    assert said.code == 1
    assert words in said.err


def test_a_prefix_goes_into_the_turn_of_the_user_and_is_told_of(
    tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    audit = AUDIT.replace('Reply with a letter."\n', 'Reply with a letter."\n  prefix "Answer:"\n')
    desk = Desk(command, write_hosted(tmp_path / "spec", world, audit), tmp_path)
    first = next(line["body"] for line in lines(desk.requests()[0]) if "logprobs" in line["body"])
    assert first["messages"][-1]["content"].endswith("Reply with a letter.\nAnswer:")
    assert "warning[CY0720]" in desk.said[0].err
    assert "hosted model `gpt`" in desk.said[0].err


def test_a_place_on_the_command_line_hosts_a_model(
    tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    audit = AUDIT.replace('openai("gpt-tiny", host = "batch.example")', 'hf("Owner/model")')
    spec = write_hosted(tmp_path / "spec", world, audit)
    said = command(
        "requests", spec, "--model", "gpt=openai:other-9", "--out", tmp_path / "out", "-o", tmp_path / "b"
    )
    assert said.code == 0
    assert {line["body"]["model"] for line in lines(tmp_path / "b" / "gpt.stage-1.001.jsonl")} == {"other-9"}
    assert "openai:other-9" in said.out
