"""Lines of reply files, from outside: one JSON object a line, in the format of a batch's output or a plain one.

Expects any file at all. Ensures that it is a plain file of lines of bounded size, that what is read of a line has the
types that it should have, and that what is wrong with a line is said with its place. Keys and texts are not believed
here, only read.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from cyclspec.language import strict_json
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import FileUnreadable

MOST_LINE = 16 << 20
MOST_FILE = 8 << 30
MOST_TOKENS = 1000
_EXCESS = 0.01
_HALF = re.compile("[\ud800-\udfff]")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class Damaged(Exception):
    """What is wrong with a line."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, from one."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says of one request: an error, or a text or a refusal with how it ended, and the likeliest tokens.

    `tokens` pair texts with log-probabilities in falling order, the token that was written last where it is not among
    them; None where none are given.
    """

    key: str
    error: str = ""
    text: str | None = None
    refusal: str | None = None
    finish: str = ""
    tokens: tuple[tuple[str, float], ...] | None = None
    model: str = ""
    fingerprint: str = ""


def reply_lines(path: Path) -> Iterator[tuple[Place, Line | Damaged]]:
    """The lines of a file, each with its place. `SpecError` where it is no plain file, or larger than it may be."""
    with _opened(path) as handle:
        number = 0
        while data := handle.readline(MOST_LINE + 1):
            number += 1
            place = Place(path.name, number)
            if len(data) > MOST_LINE:
                yield place, Damaged(f"is longer than {MOST_LINE:,} bytes")
                return
            if not data.strip():
                continue
            try:
                yield place, _line(_object(data, first=number == 1))
            except Damaged as damage:
                yield place, damage


def _opened(path: Path) -> BinaryIO:
    try:
        # O_NONBLOCK: opening a fifo must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its path is not valid"
        _refuse(path, f"cannot be opened: {reason}")
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_FILE:
        os.close(descriptor)
        _refuse(
            path, "is not a plain file" if found.st_size <= MOST_FILE else f"has over {MOST_FILE:,} bytes"
        )
    return os.fdopen(descriptor, "rb")


def _refuse(path: Path, problem: str) -> NoReturn:
    raise SpecError([FileUnreadable(file=path.name, problem=problem, place=str(path))])


def _object(data: bytes, *, first: bool) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig" if first else "utf-8")
        found = strict_json.loads(text)
    except UnicodeDecodeError:
        raise Damaged("is not UTF-8") from None
    except RecursionError:
        raise Damaged("is nested too deeply") from None
    except ValueError as error:
        raise Damaged(f"is not JSON: {str(error)[:80]}") from None
    if not isinstance(found, dict):
        raise Damaged("is not an object")
    return found


def _line(found: dict[str, Any]) -> Line:
    if "custom_id" in found:
        return _batch(found)
    if "key" in found:
        return _plain(found)
    raise Damaged("has neither `custom_id` nor `key`")


def _batch(found: dict[str, Any]) -> Line:
    """A line of a batch's output or of its errors."""
    key = _text(found, "custom_id") or ""
    if "body" in found and "response" not in found and "error" not in found:
        raise Damaged("is a request and not the reply to one")
    response = _part(found, "response")
    body = _part(response, "body")
    error = _error(found.get("error")) or _error(body.get("error"))
    status = response.get("status_code", 200 if body else None)
    if not error and status != 200:
        error = (
            f"http {status}" if isinstance(status, int) and not isinstance(status, bool) else "no response"
        )
    if error:
        return Line(key, error=error)
    choices = body.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        count = len(choices) if isinstance(choices, list) else "no"
        raise Damaged(f"has {count} choices where one was asked for")
    choice = choices[0]
    message = _part(choice, "message")
    return Line(
        key,
        text=_text(message, "content"),
        refusal=_text(message, "refusal"),
        finish=_text(choice, "finish_reason") or "",
        tokens=_first_tokens(_part(choice, "logprobs")),
        model=_name(body, "model"),
        fingerprint=_name(body, "system_fingerprint"),
    )


def _plain(found: dict[str, Any]) -> Line:
    """A line `{key, text, logprobs?, finish_reason?, refusal?, error?, model?, fingerprint?}`."""
    key = _text(found, "key") or ""
    error = _error(found.get("error"))
    if error:
        return Line(key, error=error)
    given = found.get("logprobs")
    return Line(
        key,
        text=_text(found, "text"),
        refusal=_text(found, "refusal"),
        finish=_text(found, "finish_reason") or "",
        tokens=None if given is None else _tokens(_pairs(given)),
        model=_name(found, "model"),
        fingerprint=_name(found, "fingerprint"),
    )


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object; empty where there is none."""
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Damaged(f"has a `{name}` that is no object")
    return value


def _text(found: dict[str, Any], name: str) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Damaged(f"has a `{name}` that is no text")
    # Half a character is what a cut text can end with; tables cannot hold it.
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", value)


def _name(found: dict[str, Any], name: str) -> str:
    value = _text(found, name) or ""
    return value if len(value) <= 200 and value.isprintable() else ""


def _error(value: Any) -> str:
    """The code of an error, or its type; empty where there is none."""
    match value:
        case None:
            return ""
        case str():
            return value if _CODE.fullmatch(value) else "error"
        case {"code": str(code)} if _CODE.fullmatch(code):
            return code
        case {"type": str(code)} if _CODE.fullmatch(code):
            return code
    return "error"


def _first_tokens(logprobs: dict[str, Any]) -> tuple[tuple[str, float], ...] | None:
    """The likeliest tokens at the first place of a reply."""
    content = logprobs.get("content") or logprobs.get("refusal")
    if not isinstance(content, list) or not content:
        return None
    first = content[0]
    if not isinstance(first, dict) or not isinstance(first.get("top_logprobs"), list):
        raise Damaged("has log-probabilities that are no list of tokens")
    likeliest = _pairs(first["top_logprobs"])
    written = _pairs([first])[0]
    return _tokens(likeliest, None if written[0] in dict(likeliest) else written)


def _pairs(given: Any) -> list[tuple[str, float]]:
    entries = list(given.items()) if isinstance(given, dict) else given
    if not isinstance(entries, list) or len(entries) > MOST_TOKENS:
        raise Damaged("has log-probabilities that are no list of tokens")
    return [_pair(entry) for entry in entries]


def _pair(entry: Any) -> tuple[str, float]:
    match entry:
        case {"token": str(token), "logprob": int() | float() as number} if not isinstance(number, bool):
            pass
        case (str(token), int() | float() as number) if not isinstance(number, bool):
            pass
        case _:
            raise Damaged("has a token without a log-probability")
    if not math.isfinite(number) or number > _EXCESS:
        raise Damaged(f"has a log-probability of {number:g}")
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", token), min(float(number), 0.0)


def _tokens(
    pairs: list[tuple[str, float]], written: tuple[str, float] | None = None
) -> tuple[tuple[str, float], ...]:
    falling = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    found = (*falling, *(() if written is None else (written,)))
    total = math.fsum(math.exp(number) for _, number in found)
    if total > 1.0 + _EXCESS:
        raise Damaged(f"has tokens with a probability of {total:.6g} together")
    return found
