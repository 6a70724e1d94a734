"""Conversations that carry over: which turns a cell sees, how they are cleaned, and what does not depend on what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import Scripted, Stopped, number_of, opened, run
from worlds_on_disk import Said, edit

from cyclspec import pipeline
from cyclspec.compiler.plan.requests import Request
from cyclspec.runtime.store.runs import Run

SPEC = """
cycl 1

axis town  : nominal { mill, harbour }
axis topic : nominal { sea "the sea", trade "trade", luck "luck", work "work", rain "rain" }
scale verdict : ordinal { yes "very much" maybe "so so" no "no" }

prompt liking(town: town, topic: topic, shown: order(verdict)) -> choice(verdict) {
  system "You live at {town}."
  user "Do you like {topic}?\\n{shown|lettered}"
}

panel models { model tiny = demo() }

audit talking {
  seed = 11
  each town  in town
  each topic in topic
  each shown in permutations(verdict, n = 2, keep = identity)
  each run   in 1..3
  each model in models

  ask reply = liking(town, topic, shown) {
    model = model, per = [run], read = sampled(temperature = 0.7, max_tokens = 40), missing = retry(1)
    history = turns(along = topic, last = draw(0..3), clean = [answer, first_sentence])
  }
  measure unread by topic : share = mean over model, town, run, shown of is_missing(reply)
}
"""
TOPICS = ("sea", "trade", "luck", "work", "rain")
WORDS = ("very much", "so so", "no")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "audit.cycl"
    path.write_text(SPEC.lstrip(), encoding="utf-8")
    return path


def reply(request: Request) -> str:
    number = number_of(request)
    if number % 7 == 0:
        return "I would rather not say."
    return f"{'ABC'[number % 3]}. I always did. And number {number} more."


def conversations(found: Run) -> dict[tuple[str, ...], list[dict[str, str]]]:
    asked = {row["request"]: row["messages"] for row in found.requests.to_pylist()}
    rows = found.answers.to_pylist()
    return {_cell(row): asked[row["request"]] for row in rows if row["request"]}


def _cell(row: dict[str, Any]) -> tuple[str, ...]:
    return row["town"], row["topic"], row["shown"], row["run"]


def test_earlier_turns_are_those_of_the_same_conversation_cleaned_and_in_order(
    spec: Path, tmp_path: Path
) -> None:
    found, _ = run(spec, tmp_path / "out", Scripted(say=reply))
    rows = {_cell(row): row for row in found.answers.to_pylist()}
    said = conversations(found)
    assert set(said) == set(rows)
    lengths = set()
    for (town, topic, shown, once), messages in said.items():
        system, *turns, last = messages
        assert system == {"role": "system", "content": f"You live at {town}."}
        order = [line[3:] for line in last["content"].split("\n")[1:]]
        assert sorted(order) == sorted(WORDS)
        earlier = TOPICS[: TOPICS.index(topic)]
        told = [turn["content"] for turn in turns[::2]]
        lengths.add(len(told))
        places = []
        for asked, answered in zip(told, turns[1::2], strict=True):
            at = next(t for t in earlier if said[town, t, shown, once][-1]["content"] == asked)
            places.append(earlier.index(at))
            row = rows[town, at, shown, once]
            assert row["status"] == "answered"
            words = {"yes": "very much", "maybe": "so so", "no": "no"}[row["choice"]]
            own = [line[3:] for line in asked.split("\n")[1:]]
            assert answered["content"] == f"{'ABC'[own.index(words)]}. {words}\nI always did."
        assert places == sorted(set(places))
        answered_before = sum(rows[town, t, shown, once]["status"] == "answered" for t in earlier)
        assert len(told) <= min(3, answered_before)
    assert lengths == {0, 1, 2, 3}


def test_a_fixed_number_is_filled_with_all_that_was_answered(spec: Path, tmp_path: Path) -> None:
    edit(spec, "last = draw(0..3)", "last = 4")
    found, _ = run(spec, tmp_path / "out", Scripted(say=reply))
    rows = {_cell(row): row for row in found.answers.to_pylist()}
    for (town, topic, shown, once), messages in conversations(found).items():
        earlier = TOPICS[: TOPICS.index(topic)]
        answered = sum(rows[town, t, shown, once]["status"] == "answered" for t in earlier)
        assert len(messages) == 2 + 2 * answered


def test_a_number_drawn_for_each_run_is_the_same_in_all_of_its_cells(spec: Path, tmp_path: Path) -> None:
    edit(spec, "draw(0..3)", "draw(0..4, per = run)")
    found, _ = run(spec, tmp_path / "out", Scripted(say=lambda request: "B. Yes."))
    most: dict[str, set[int]] = {}
    for (_, topic, _, once), messages in conversations(found).items():
        turns, earlier = (len(messages) - 2) // 2, TOPICS.index(topic)
        if turns < earlier:
            most.setdefault(once, set()).add(turns)
    assert {len(numbers) for numbers in most.values()} == {1}


def test_without_cleaning_a_turn_is_told_as_it_was_written(spec: Path, tmp_path: Path) -> None:
    edit(spec, ", clean = [answer, first_sentence]", "")
    found, _ = run(spec, tmp_path / "out", Scripted(say=reply))
    texts = {row["text"] for row in found.answers.to_pylist()}
    told = [
        m["content"]
        for messages in conversations(found).values()
        for m in messages
        if m["role"] == "assistant"
    ]
    assert told
    assert set(told) <= texts


def test_what_was_not_answered_is_asked_again_before_the_next_turn(spec: Path, tmp_path: Path) -> None:
    script = Scripted(say=reply)
    run(spec, tmp_path / "out", script)
    places = [[TOPICS.index(_topic(one)) for one in plan.requests] for plan in script.plans if plan.requests]
    assert [place[0] for place in places] == sorted(place[0] for place in places)
    assert all(len(set(place)) == 1 for place in places)
    assert {plan.attempt for plan in script.plans} == {1, 2}
    planned = pipeline.plan(opened(spec))
    (bound,) = [one.requests * one.tries for one in planned.figures]
    assert planned.requests == ()
    assert bound == 2 * 5 * 2 * 3 * 2 >= len(script.asked)


def _topic(request: Request) -> str:
    asked = request.messages[-1].content
    return next(topic for topic in TOPICS if f"like {topic}?" in asked or f"like the {topic}?" in asked)


def test_longest_prompt_and_tokens_stay_below_what_the_plan_bounds(spec: Path, tmp_path: Path) -> None:
    (bound,) = pipeline.plan(opened(spec)).figures
    script = Scripted(say=lambda request: "A. " + "zq " * 40)
    run(spec, tmp_path / "out", script)
    assert max(len(one.token_ids) for one in script.asked) <= bound.longest
    assert sum(len(one.token_ids) for one in script.asked) <= bound.tokens_distinct


def test_order_of_answers_and_where_a_run_was_stopped_change_nothing(spec: Path, tmp_path: Path) -> None:
    whole, _ = run(spec, tmp_path / "one", Scripted(say=reply))
    other, _ = run(spec, tmp_path / "other", Scripted(say=reply, reverse=True))
    assert other.answers == whole.answers
    with pytest.raises(Stopped):
        run(spec, tmp_path / "cut", Scripted(say=reply, limit=31))
    script = Scripted(say=reply)
    resumed, outcome = run(spec, tmp_path / "cut", script)
    assert outcome.reused == 31
    assert resumed.answers == whole.answers


def test_another_town_changes_no_conversation_of_the_others(spec: Path, tmp_path: Path) -> None:
    before = conversations(run(spec, tmp_path / "out", Scripted(say=reply))[0])
    edit(spec, "{ mill, harbour }", "{ fen, mill, harbour }")
    script = Scripted(say=reply)
    found, _ = run(spec, tmp_path / "out", script)
    after = conversations(found)
    assert {cell: said for cell, said in after.items() if cell[0] != "fen"} == before
    assert all("at fen" in one.text for one in script.asked)


def test_a_later_ask_waits_for_all_turns(spec: Path, tmp_path: Path) -> None:
    edit(
        spec,
        "panel models",
        "prompt why(before: choice(verdict), topic: topic) -> text {\n"
        '  user "{before} to {topic}: why?"\n}\n\npanel models',
    )
    edit(
        spec,
        "  measure unread",
        "  ask reason = why(reply, topic) {\n"
        "    model = model, read = text(max_tokens = 9), missing = drop\n  }\n  measure unread",
    )
    script = Scripted(say=reply)
    found, _ = run(spec, tmp_path / "out", script)
    last = max(at for at, one in enumerate(script.asked) if "Do you like" in one.messages[-1].content)
    assert all("why?" in one.messages[-1].content for one in script.asked[last + 1 :])
    reasons = [row for row in found.answers.to_pylist() if row["ask"] == "reason"]
    assert {row["reason"] for row in reasons} == {None, "upstream"}


def test_the_demo_model_holds_a_conversation_twice_alike(spec: Path, tmp_path: Path) -> None:
    edit(spec, "last = draw(0..3)", "last = draw(0..2)")
    edit(spec, "in 1..3", "in 1..1")
    one, _ = run(spec, tmp_path / "one", None)  # type: ignore[arg-type]
    other, _ = run(spec, tmp_path / "other", None)  # type: ignore[arg-type]
    assert one.answers == other.answers
    assert {len(messages) for messages in conversations(one).values()} == {2, 4, 6}


def test_the_plan_bounds_a_conversation(spec: Path, command: Callable[..., Said]) -> None:
    said = command("plan", spec).out
    assert "tiny: 60 cells, at most 60 requests" in said
    assert "in up to 2 tries each" in said


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("draw(0..3)", "draw(0..3, per = towns)", "CY0101"),
        ("draw(0..3)", "draw(3..0)", "CY0201"),
        ("along = topic", "along = model", "CY0209"),
    ],
)
def test_a_history_that_cannot_be_is_refused(
    spec: Path, refused: Callable[..., str], old: str, new: str, code: str
) -> None:
    edit(spec, old, new)
    assert f"error[{code}]" in refused(code, spec)
