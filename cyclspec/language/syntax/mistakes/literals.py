"""What a literal says of itself: the type that it is of, the name that a label could have."""

from __future__ import annotations

import regex as re

_TYPES = (
    (re.compile(r"\d+$"), "count"),
    (re.compile(r"\d+\.\d+$"), "real"),
    (re.compile(r"\d+(?:\.\d+)?%$"), "share"),
    (re.compile(r'"[^"]*"$'), "text"),
    (re.compile(r"(?:true|false)$"), "bool"),
    (re.compile(r"\d{4}-\d\d-\d\d$"), "date"),
    (re.compile(r"\d+(?:\.\d+)?B$"), "parameters"),
    (re.compile(r"\d+(?:\.\d+)?(?:ms|s|min|h|d|w|y)$"), "duration"),
)


def type_of(value: str) -> str:
    """The type that a literal is of, or nothing where it is not plain."""
    listed = re.fullmatch(r"\[([^\[\],]+)(?:,[^\[\]]*)?\]", value)
    inner = type_of(listed[1].strip()) if listed else ""
    if inner:
        return f"list({inner})"
    return next((name for pattern, name in _TYPES if pattern.match(value)), "")


def slug(label: str) -> str:
    """A name made of a label: `Very bad` as `very_bad`."""
    word = re.sub(r"\W+", "_", label.lower()).strip("_")
    return word if word[:1].isalpha() else f"level_{word}".rstrip("_")
