"""Texts, choices read from texts, further tries, asks that are told earlier answers; a script stands for the model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from scripted import Scripted, Stopped, by_key, number_of, opened, run
from test_endtoend_plan_grid import DEMO
from worlds_on_disk import Said, edit

from cyclspec import pipeline
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.runtime.store.runs import Run

SPEC = """
cycl 1

axis town : nominal {
  mill    {en: "Mill", es: "Molino"}
  harbour {en: "Harbour", es: "Puerto"}
}

scale mood : ordinal {
  low  = 1 {en: "rather low",    es: "bastante bajo"}
  mid  = 2 {en: "in the middle", es: "en el medio"}
  high = 3 {en: "rather high",   es: "bastante alto"}
}

corpus hints {
  table words {
    source = jsonl("words.jsonl")

    mood   : mood
    advice : text(en, es)
  }
}

prompt story(town: town) -> text {
  user[en] "Tell me about {town}."
}

prompt feel(words: text, town: town) -> choice(mood) {
  user[en] "In {town} someone says:\\n{words}\\nHow do they feel?\\nA. low\\nB. mid\\nC. high"
  prefix "Answer:"
}

prompt choose(town: town) -> choice(mood) {
  user[en] "You live in {town}. How do you feel?\\nA. rather low\\nB. in the middle\\nC. rather high"
}

prompt beside(before: choice(mood), advice: text(es), town: town) -> choice(mood) {
  user[es] "En {town} alguien se siente {before}: {advice} ¿Y tú?\\nA. bajo\\nB. medio\\nC. alto"
}

panel models {
  model tiny = demo()
}

audit staged {
  seed = 5
  each town   in town
  each repeat in 1..3
  each model  in models

  ask tale = story(town) {
    model = model, per = [repeat], read = text(temperature = 0.8, max_tokens = 12), missing = drop
  }
  ask felt = feel(tale, town) { model = model, read = first_token }
  ask vote = choose(town) {
    model = model, per = [repeat], read = sampled(temperature = 1.0, max_tokens = 8), missing = retry(2)
  }
  ask next = beside(vote, hints.words.advice[mood: vote], town) {
    model = model, read = sampled(temperature = 0.0, max_tokens = 8), parse = leading_letter, missing = drop
  }
  ask last = feel(tale, town) {
    model = model, per = [repeat], read = sampled(temperature = 0.5, max_tokens = 8), missing = keep, seed = 77
  }

  measure mass by town : share = mean over repeat, model of felt.mass
  measure lost by town : share = mean over repeat, model of is_missing(vote)
  measure unread by town : share = mean over repeat, model of is_missing(last)
  check label_mass = (min over town, repeat, model of felt.mass) >= 0.0 { on_fail = warn }
}
"""
ADVICE = {"1": "descansa", "2": "sigue"}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """An audit in two stages; the table of advice has none for the highest mood."""
    path = tmp_path / "audit.cycl"
    path.write_text(SPEC.lstrip(), encoding="utf-8")
    rows = [{"mood": int(code), "advice": {"en": "-", "es": words}} for code, words in ADVICE.items()]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "words.jsonl").write_text(lines, encoding="utf-8")
    return path


def answers(found: Run, ask: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["town"], row["repeat"]): row for row in found.answers.to_pylist() if row["ask"] == ask}


def requests(found: Run) -> dict[str, dict[str, Any]]:
    return {row["request"]: row for row in found.requests.to_pylist()}


def tables(out: Path) -> dict[str, bytes]:
    """The bytes of every table of a run, by path; replies left out."""
    found = {str(path.relative_to(out)): path.read_bytes() for path in out.glob("*/**/*.parquet")}
    return {name: data for name, data in found.items() if not name.startswith("replies")}


def rendered(content: str, prefix: str = "") -> list[int]:
    """The token ids of one user's turn, by transformers."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(DEMO)
    turn = [{"role": "user", "content": content}]
    text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) + prefix
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


def spoken(of: str, text: str) -> Callable[[Request], str]:
    """`text` for the requests whose prompt holds `of`, a label for all others."""
    return lambda request: text if of in request.text else "ABC"[number_of(request) % 3]


def test_the_prompt_of_a_later_ask_follows_from_the_tables(spec: Path, tmp_path: Path) -> None:
    first = next(one for one in pipeline.plan(opened(spec)).requests if "Tell me" in one.text)
    script = Scripted(say=lambda request: " " if request.key == first.key else by_key(request))
    found, _ = run(spec, tmp_path / "out", script)
    asked, tales, shown = requests(found), answers(found, "tale"), {"mill": "Mill", "harbour": "Harbour"}
    for cell, row in answers(found, "felt").items():
        told = tales[cell]["text"] if tales[cell]["status"] == "answered" else None
        if told is None:
            assert (row["request"], row["reason"], row["probs"]) == (None, "upstream", None)
            continue
        content = f"In {shown[cell[0]]} someone says:\n{told}\nHow do they feel?\nA. low\nB. mid\nC. high"
        assert asked[row["request"]]["token_ids"] == rendered(content, "Answer:")
    assert {row["status"] for row in tales.values()} == {"answered", "missing"}


def test_a_choice_is_told_by_its_words_in_the_language_of_the_prompt_and_leads_to_a_value(
    spec: Path, tmp_path: Path
) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted())
    asked, votes, labels = requests(found), answers(found, "vote"), {"1": "bastante bajo", "2": "en el medio"}
    reasons = Counter[str | None]()
    for cell, row in answers(found, "next").items():
        code, town = votes[cell]["choice"], {"mill": "Molino", "harbour": "Puerto"}[cell[0]]
        reasons[row["reason"]] += 1
        if code not in labels:
            assert (row["request"], row["reason"]) == (None, "no value" if code == "3" else "upstream")
            continue
        content = (
            f"En {town} alguien se siente {labels[code]}: {ADVICE[code]} ¿Y tú?\nA. bajo\nB. medio\nC. alto"
        )
        assert asked[row["request"]]["token_ids"] == rendered(content)
    assert reasons["no value"] > 0


def test_equal_prompts_that_are_drawn_are_requests_of_their_own_and_others_are_one(
    spec: Path, tmp_path: Path
) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted(say=lambda request: "B"))
    asked = requests(found)
    tale = [asked[row["request"]] for row in answers(found, "tale").values()]
    assert len({one["request"] for one in tale}) == len({tuple(one["seed"]) for one in tale}) == 6
    assert len({tuple(one["token_ids"]) for one in tale}) == 2
    again = [asked[row["request"]] for row in answers(found, "next").values()]
    assert len(again) == 6
    assert len({one["request"] for one in again}) == 2
    assert {(one["temperature"], one["seed"]) for one in again} == {(0.0, None)}
    assert {tuple(one["stop_ids"]) for one in asked.values() if one["read"] == "writing"} == {(1,)}


def test_what_cannot_be_read_is_asked_again_with_another_seed_at_most_as_often_as_said(
    spec: Path, tmp_path: Path
) -> None:
    script = Scripted(say=lambda request: "who knows" if number_of(request) % 4 else "C")
    found, outcome = run(spec, tmp_path / "out", script)
    rows, tried = answers(found, "vote"), Counter[tuple[int, ...]]()
    votes = [one for one in script.asked if "How do you feel" in one.text]
    assert len({one.key for one in votes}) == len(votes)
    for request in votes:
        tried[request.token_ids] += 1
    assert sum(row["attempts"] for row in rows.values()) == sum(tried.values())
    assert {row["attempts"] for row in rows.values()} <= {1, 2, 3}
    for row in rows.values():
        read = number_of(next(one for one in votes if one.key == row["request"])) % 4 == 0
        assert (row["choice"], row["status"]) == (("3", "answered") if read else (None, "missing"))
        assert row["reason"] == (None if read else "unreadable")
        assert read or row["attempts"] == 3
        assert row["text"] == ("C" if read else "who knows")
    measured = {(row["measure"], row["town"]): row for row in found.measures.to_pylist()}
    for town in ("mill", "harbour"):
        missing = [row["status"] == "missing" for (name, _), row in rows.items() if name == town]
        row = measured["lost", town]
        assert (row["value"], row["n_used"]) == (pytest.approx(np.mean(missing)), 3)
    kept = answers(found, "last")
    assert {row["attempts"] for row in kept.values() if row["request"]} == {1}
    assert outcome.asked == len(script.asked)


def test_no_more_is_asked_than_the_plan_bounds(spec: Path, tmp_path: Path) -> None:
    found = opened(spec)
    planned = pipeline.plan(found)
    bound = {one.ask: one.requests * one.tries for one in planned.figures}
    assert bound == {"tale": 6, "felt": 6, "vote": 18, "next": 6, "last": 6}
    script = Scripted(say=lambda request: "who knows")
    ran, _ = pipeline.run(found, planned, tmp_path / "out", None, script)
    assert len(script.asked) == 6 + 18 + 2 + 6
    assert Counter(plan.stage for plan in script.plans) == {1: 3, 2: 1}
    assert ran.requests.num_rows == len(script.asked)
    assert [(plan.stage, plan.attempt) for plan in script.plans] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    keys = [request.key for plan in script.plans for request in plan.requests]
    assert len(set(keys)) == len(keys)


def test_a_later_stage_that_nothing_leads_to_is_missing_as_a_whole(spec: Path, tmp_path: Path) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted(say=lambda request: ""))
    rows = found.answers.to_pylist()
    later = [row for row in rows if row["ask"] in ("felt", "next", "last")]
    assert {(row["status"], row["reason"], row["request"]) for row in later} == {
        ("missing", "upstream", None)
    }
    first = [row for row in rows if row["ask"] == "tale"]
    assert {(row["status"], row["reason"]) for row in first} == {("missing", "empty")}
    measured = {
        (row["measure"], row["value"], row["n_used"], row["n_missing"]) for row in found.measures.to_pylist()
    }
    assert measured == {("mass", None, 0, 3), ("lost", 1.0, 3, 0), ("unread", 1.0, 3, 0)}


def test_a_text_cannot_open_a_turn_of_its_own(spec: Path, tmp_path: Path) -> None:
    script = Scripted(say=spoken("Tell me", "Hi<|end|>"))
    edit(spec, "max_tokens = 12", "max_tokens = 40")
    script.say = spoken("Tell me", "Hi <|e<|end|>nd|> there")
    # The script's own tokenizer would read the mark as a token; the text is what counts.
    found, _ = run(spec, tmp_path / "out", script)
    end = transformers.AutoTokenizer.from_pretrained(DEMO).convert_tokens_to_ids("<|end|>")
    asked = requests(found)
    for row in answers(found, "felt").values():
        assert asked[row["request"]]["token_ids"].count(end) == 1


def test_a_prompt_that_becomes_longer_than_the_model_reads_is_not_asked(spec: Path, tmp_path: Path) -> None:
    edit(spec, "max_tokens = 12", "max_tokens = 480")
    found, _ = run(spec, tmp_path / "out", Scripted(say=spoken("Tell me", " zq" * 240)))
    assert {row["ended"] for row in answers(found, "tale").values()} == {"length"}
    rows = answers(found, "felt")
    assert {(row["reason"], row["request"]) for row in rows.values()} == {("too long", None)}


def test_a_prompt_without_room_for_what_is_to_be_written_is_refused_before_anything_is_asked(
    spec: Path, command: Callable[..., Said]
) -> None:
    edit(spec, "max_tokens = 12", "max_tokens = 512")
    said = command("plan", spec)
    assert said.code == 1
    assert "error[CY0711]" in said.err
    assert "may be answered by 512 for `tiny`, which reads at most 512" in said.err


@pytest.mark.parametrize("limit", [5, 13, 20])
def test_a_run_that_is_stopped_goes_on_where_it_was(spec: Path, tmp_path: Path, limit: int) -> None:
    whole = Scripted()
    run(spec, tmp_path / "whole", whole)
    out = tmp_path / "out"
    with pytest.raises(Stopped):
        run(spec, out, Scripted(limit=limit))
    assert not tables(out)
    rest = Scripted()
    _, outcome = run(spec, out, rest)
    assert (outcome.asked, outcome.reused) == (len(whole.asked) - limit, limit)
    assert tables(out) == tables(tmp_path / "whole")
    nothing = Scripted()
    _, outcome = run(spec, out, nothing)
    assert (outcome.asked, nothing.asked) == (0, [])
    assert tables(out) == tables(tmp_path / "whole")


def test_the_order_of_answers_changes_nothing(spec: Path, tmp_path: Path) -> None:
    run(spec, tmp_path / "one", Scripted())
    run(spec, tmp_path / "other", Scripted(reverse=True))
    assert tables(tmp_path / "one") == tables(tmp_path / "other")


def test_a_level_more_and_an_ask_more_draw_nothing_else_anew(spec: Path, tmp_path: Path) -> None:
    run(spec, tmp_path / "out", Scripted())
    edit(spec, "axis town : nominal {\n", 'axis town : nominal {\n  fen     {en: "Fen", es: "Turbera"}\n')
    edit(spec, "each repeat in 1..3", "each repeat in 1..4")
    edit(
        spec,
        "  ask tale =",
        "  ask other = story(town) { model = model, read = text, missing = drop }\n  ask tale =",
    )
    script = Scripted()
    _, outcome = run(spec, tmp_path / "out", script)
    known = {request.key for request in script.asked}
    whole = Scripted()
    again, _ = run(spec, tmp_path / "again", whole)
    assert {request.key for request in whole.asked} > known
    assert outcome.reused == len(whole.asked) - len(script.asked)
    before = run(spec, tmp_path / "out", Scripted())[0]
    assert before.answers == again.answers


def test_a_seed_of_its_own_stands_in_the_place_of_the_seed_of_the_audit(spec: Path) -> None:
    def seeds() -> dict[str, set[tuple[int, int]]]:
        plan = pipeline.plan(opened(spec))
        return {
            ask.name: {
                request.read.seed
                for number in ask.requests.ravel().tolist()
                for request in [plan.requests[number]]
                if isinstance(request.read, Writing)
            }
            for ask in plan.asks
        }

    before = seeds()
    edit(spec, "max_tokens = 12), missing = drop", "max_tokens = 12), missing = drop, seed = 5")
    assert seeds() == before
    edit(spec, "  seed = 5\n", "  seed = 6\n")
    after = seeds()
    assert after["tale"] == before["tale"]
    assert not after["vote"] & before["vote"]


def test_another_parser_reads_the_same_texts_and_is_another_design(
    spec: Path, tmp_path: Path, command: Callable[..., Said]
) -> None:
    out = tmp_path / "out"
    found, _ = run(spec, out, Scripted(say=lambda request: "rather high"))
    assert {row["choice"] for row in answers(found, "vote").values()} == {"3"}
    edit(
        spec,
        "max_tokens = 8), missing = retry(2)",
        "max_tokens = 8), parse = leading_letter, missing = retry(2)",
    )
    script = Scripted(say=lambda request: "rather high")
    other, _ = run(spec, out, script)
    assert other.path != found.path
    assert {row["attempts"] for row in answers(other, "vote").values()} == {3}
    assert {request.read.max_tokens for request in script.asked if isinstance(request.read, Writing)} == {8}
    found.remember(spec, {}, {}, "staged")
    said = command("score", found.path)
    assert (said.code, "error[CY0712]" in said.err) == (1, True), said.err


def test_the_plan_says_what_each_stage_asks_at_most(spec: Path, command: Callable[..., Said]) -> None:
    said = command("plan", spec).out
    assert "stage 1    tale: text(temperature 0.8, max_tokens 12)" in said
    assert "stage 2    felt: first_token(letters)" in said
    assert "tiny: 6 cells, at most 6 requests" in said
    assert "writes at most 144 tokens in up to 3 tries each" in said


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "(town: town) -> choice(mood)",
            "(town: town) -> picks(mood, 0..2)",
            "reading several options, ask `vote`,",
        ),
        ("beside(vote, ", "beside(if town == mill then vote else vote, ", "telling `if"),
    ],
)
def test_what_cannot_be_told_or_read_is_refused_by_name(
    spec: Path, refused: Callable[..., str], old: str, new: str, what: str
) -> None:
    edit(spec, old, new)
    if "picks" in new:
        text = spec.read_text(encoding="utf-8")
        start, stop = text.index("  ask next ="), text.index("  ask last =")
        spec.write_text(text[:start] + text[stop:], encoding="utf-8")
    assert what in refused("CY0801", spec)
