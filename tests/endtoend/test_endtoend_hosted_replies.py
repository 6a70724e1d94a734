"""Files of replies as they really come: in any order, twice, cut, damaged, of another run, hostile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hosted_worlds import Desk, lines, write_hosted, write_lines
from worlds_on_disk import Said, World

import cyclspec

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def first(
    tmp_path_factory: pytest.TempPathFactory, world: World, command: Callable[..., Said]
) -> tuple[Desk, Rows]:
    """A run that waits for its first stage, and the replies to it."""
    folder = tmp_path_factory.mktemp("waiting")
    desk = Desk(command, write_hosted(folder / "spec", world), folder)
    return desk, lines(desk.answered(desk.requests())[0])


@pytest.fixture
def rows(first: tuple[Desk, Rows]) -> Rows:
    copied: Rows = json.loads(json.dumps(first[1]))
    return copied


def stored(desk: Desk) -> dict[str, bytes]:
    folder = desk.out / "replies"
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def choice(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = row["response"]["body"]["choices"][0]
    return found


def scored(rows: Rows) -> dict[str, Any]:
    """The first reply with log-probabilities."""
    return next(row for row in rows if choice(row)["logprobs"])


def spoken(rows: Rows) -> dict[str, Any]:
    return next(row for row in rows if not choice(row)["logprobs"])


def top(row: dict[str, Any]) -> Rows:
    found: Rows = choice(row)["logprobs"]["content"][0]["top_logprobs"]
    return found


REFUSED: list[tuple[str, Callable[[Rows], Any], str]] = [
    ("another run", lambda r: r[3].update(custom_id="0" * 64), "no request of this run"),
    ("a key with control characters", lambda r: r[3].update(custom_id="a\x1b[2Jb\u202e"), "no request of this run"),
    ("a key that is no text", lambda r: r[3].update(custom_id=7), "`custom_id` that is no text"),
    ("no key", lambda r: r[3].pop("custom_id"), "neither `custom_id` nor `key`"),
    ("two choices", lambda r: r[3]["response"]["body"]["choices"].append({}), "has 2 choices where one was asked"),
    ("no choice", lambda r: r[3]["response"]["body"].update(choices=None), "has no choices"),
    ("a body of another kind", lambda r: r[3]["response"].update(body=[1]), "`body` that is no object"),
    ("no text", lambda r: choice(spoken(r))["message"].update(content=["a"]), "`content` that is no text"),
    ("a number that is none", lambda r: top(scored(r))[0].update(logprob="-1"), "a token without a log-probability"),
    ("a truth for a number", lambda r: top(scored(r))[0].update(logprob=True), "a token without a log-probability"),
    ("above zero", lambda r: top(scored(r))[0].update(logprob=0.5), "a log-probability of 0.5"),
    ("more than all", lambda r: [one.update(logprob=-0.1) for one in top(scored(r))], "tokens with a probability of"),
    ("too many tokens", lambda r: top(scored(r)).extend([{"token": "x", "logprob": -99}] * 1001), "no list of tokens"),
    ("no list", lambda r: choice(scored(r))["logprobs"]["content"][0].update(top_logprobs={}), "no list of tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_line_that_does_not_fit_stops_everything(
    change: Callable[[Rows], Any], words: str, first: tuple[Desk, Rows], rows: Rows, tmp_path: Path
) -> None:
    desk = first[0]
    change(rows)
    said = desk.take(write_lines(tmp_path / "replies.jsonl", rows))
    assert said.code == 1
    assert words in said.err
    assert "replies.jsonl, line " in said.err
    assert "error[CY0721]" in said.err
    assert not any(mark in said.err for mark in ("\x1b", "\u202e"))
    assert stored(desk) == {}


RAW: list[tuple[str, bytes, str]] = [
    ("a line that is cut", b'{"custom_id": "abc", "resp', "is not JSON"),
    ("no JSON", b"<html>503</html>\n", "is not JSON"),
    ("a request", b'{"custom_id": "a", "method": "POST", "body": {"model": "m"}}\n', "is a request and not"),
    ("a list", b"[]\n", "is not an object"),
    ("another encoding", '{"key": "é"}\n'.encode("latin-1"), "is not UTF-8"),
    ("zeros", b"\x00" * 64 + b"\n", "is not JSON"),
    ("not a number", b'{"key": "a", "logprobs": {"A": NaN}}\n', "NaN is not a JSON number"),
    ("infinity", b'{"key": "a", "logprobs": {"A": -Infinity}}\n', "is not a JSON number"),
    ("a member twice", b'{"key": "a", "key": "b"}\n', "member `key` is written twice"),
    ("too deep", b'{"key": "a", "text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n", "is n"),
    ("a huge number", b'{"key": "a", "logprobs": {"A": ' + b"9" * 10_000 + b"}}\n", "is not JSON"),
    ("a line of 17 MiB", b'{"key": "' + b"a" * (17 << 20) + b'"}\n', "is longer than"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "words"), [r[1:] for r in RAW], ids=[r[0] for r in RAW])
def test_what_is_no_line_of_replies_is_refused_with_its_place(
    data: bytes, words: str, first: tuple[Desk, Rows], rows: Rows, tmp_path: Path
) -> None:
    desk = first[0]
    path = write_lines(tmp_path / "replies.jsonl", rows)
    path.write_bytes(path.read_bytes() + data)
    said = desk.take(path)
    assert said.code == 1
    assert words in said.err
    assert f"replies.jsonl, line {len(rows) + 1}" in said.err
    assert stored(desk) == {}


def special_files(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / "absent.jsonl", "cannot be opened: No such file"
    yield folder, "is not a plain file"
    os.mkfifo(folder / "pipe")
    yield folder / "pipe", "is not a plain file"
    yield Path("/dev/zero"), "is not a plain file"


def test_only_plain_files_are_read(first: tuple[Desk, Rows], tmp_path: Path) -> None:
    for path, words in special_files(tmp_path):
        said = first[0].take(path)
        assert said.code == 1
        assert words in said.err


def test_many_bad_lines_are_counted_and_not_all_shown(first: tuple[Desk, Rows], tmp_path: Path) -> None:
    said = first[0].take(write_lines(tmp_path / "replies.jsonl", [{"key": str(i)} for i in range(500)]))
    assert said.code == 1
    assert said.err.count("no request of this run") == 20
    assert "480 more lines do not fit" in said.err


def test_two_different_replies_to_one_request_are_both_shown(
    first: tuple[Desk, Rows], rows: Rows, tmp_path: Path
) -> None:
    desk = first[0]
    one = write_lines(tmp_path / "one.jsonl", rows)
    number = rows.index(spoken(rows))
    choice(rows[number])["message"]["content"] = "Something else."
    top(scored(rows))[0]["logprob"] -= 0.125
    said = desk.take(one, write_lines(tmp_path / "two.jsonl", rows))
    assert said.code == 1
    assert said.err.count("two different replies to request") == 2
    assert f'one.jsonl, line {number + 1}: "People here think of' in said.err
    assert 'here: "Something else."' in said.err
    assert f"two.jsonl, line {number + 1}" in said.err
    assert stored(desk) == {}


def test_order_and_repetition_change_no_byte(
    first: tuple[Desk, Rows], rows: Rows, tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    folders = []
    for at, mixed in enumerate((rows, rows[::-1] + rows[:7])):
        desk = Desk(command, first[0].spec, tmp_path / str(at))
        command("requests", desk.spec, "--out", desk.out, "-o", tmp_path / f"b{at}")
        said = desk.take(write_lines(tmp_path / f"{at}.jsonl", mixed))
        assert said.code == 75
        assert ("7 were there already" in said.err) == (at == 1)
        folders.append(stored(desk))
    assert folders[0] == folders[1]
    assert len(folders[0]) == 1


def test_taking_again_changes_nothing_and_a_changed_reply_is_a_conflict(
    first: tuple[Desk, Rows], rows: Rows, tmp_path: Path, command: Callable[..., Said]
) -> None:
    desk = Desk(command, first[0].spec, tmp_path / "run")
    command("requests", desk.spec, "--out", desk.out, "-o", tmp_path / "b")
    half = write_lines(tmp_path / "half.jsonl", rows[: len(rows) // 2])
    assert "10 replies taken" in desk.take(half).err
    before = stored(desk)
    again = desk.take(half)
    assert "0 replies taken" in again.err
    assert "10 were there already" in again.err
    assert stored(desk) == before
    whole = write_lines(tmp_path / "whole.jsonl", rows)
    assert "11 replies taken" in desk.take(whole).err
    choice(spoken(rows))["message"]["content"] = "Other words."
    said = desk.take(write_lines(tmp_path / "other.jsonl", rows))
    assert said.code == 1
    assert 'stored before: "People here think of' in said.err


def test_an_error_beside_a_reply_is_no_conflict(
    first: tuple[Desk, Rows], rows: Rows, tmp_path: Path, command: Callable[..., Said]
) -> None:
    """A batch that expired, and the one that was sent after it."""
    desk = Desk(command, first[0].spec, tmp_path / "run")
    command("requests", desk.spec, "--out", desk.out, "-o", tmp_path / "b")
    expired = [
        {"custom_id": row["custom_id"], "response": None, "error": {"code": "batch_expired"}} for row in rows
    ]
    said = desk.take(write_lines(tmp_path / "errors.jsonl", expired))
    assert "missing 21 error batch_expired" in said.err
    said = desk.take(write_lines(tmp_path / "errors.jsonl", expired), write_lines(tmp_path / "r.jsonl", rows))
    assert "21 replies taken" in said.err
    assert "missing" not in said.err


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": "rate_limit_exceeded"}, "error rate_limit_exceeded"),
        ({"code": None, "type": "server_error"}, "error server_error"),
        ({"code": "=cmd|' /C calc'!A0\x1b[31m"}, "error"),
        ({"message": "no code"}, "error"),
        ("timeout", "error timeout"),
        (["x"], "error"),
    ],
)
def test_an_error_is_told_by_its_code_alone(
    error: Any, reason: str, first: tuple[Desk, Rows], rows: Rows, tmp_path: Path
) -> None:
    said = first[0].take(
        write_lines(tmp_path / "e.jsonl", [{"custom_id": rows[0]["custom_id"], "error": error}])
    )
    assert f"missing 20 absent, 1 {reason}\n" in said.err


def test_a_text_of_half_characters_and_marks_is_kept_and_shown_safely(
    first: tuple[Desk, Rows], rows: Rows, tmp_path: Path, command: Callable[..., Said]
) -> None:
    desk = Desk(command, first[0].spec, tmp_path / "run")
    command("requests", desk.spec, "--out", desk.out, "-o", tmp_path / "b")
    text = 'x\ud800 \x1b[2J <script>alert(1)</script> {item.question} "quoted" \u202e =1+1'
    for row in rows:
        if not choice(row)["logprobs"]:
            choice(row)["message"]["content"] = text
    assert desk.take(write_lines(tmp_path / "r.jsonl", rows)).code == 75
    told = [line["body"]["messages"][-1]["content"].split("\n")[0] for line in lines(desk.requests()[0])]
    assert set(told) == {"You think: " + text.replace("\ud800", "\ufffd")}
    desk.to_the_end()
    answers = cyclspec.open_run(desk.run).answers.to_pylist()
    assert {row["text"] for row in answers if row["ask"] == "thought"} == {text.replace("\ud800", "\ufffd")}
    shown = command("show", desk.run, "answers")
    assert "\x1b[2J" not in shown.out
