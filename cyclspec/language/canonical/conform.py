"""Whether JSON conforms to the schema, and what is wrong with it where.

Expects data from JSON, nested no deeper than `decode` lets through. Understands the part of JSON Schema that `schema`
uses. Ensures that every flaw is told with its path and none follows from another: what has the wrong type or tag is
not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cyclspec.language.canonical.schema import Schema, schema

_WORDS = {str: "text", bool: "a truth", int: "a number", float: "a number", list: "a list", dict: "an object"}
_TYPES = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}


class Flaw(NamedTuple):
    """One thing that is wrong, and the JSON path of its place."""

    path: str
    problem: str


def _said(value: Any) -> str:
    """A value in words short enough for a sentence."""
    text = f"`{value}`" if isinstance(value, str | int | float) else _WORDS.get(type(value), "null")
    return text if len(text) <= 60 else text[:57] + "..`"


def _resolved(part: Schema, whole: Schema) -> Schema:
    while "$ref" in part:
        part = whole["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part


def _plain_flaw(data: Any, part: Schema) -> str | None:
    """What is wrong with a value whatever is inside of it."""
    wanted = _TYPES.get(part.get("type", ""))
    if wanted is not None and (
        not isinstance(data, wanted) or isinstance(data, bool) is not (wanted is bool)
    ):
        return f"{_WORDS[wanted]} is expected here, not {_WORDS.get(type(data), 'null')}"
    if "const" in part and (data != part["const"] or type(data) is not type(part["const"])):
        return f"{_said(part['const'])} is expected here, not {_said(data)}"
    if "enum" in part and data not in part["enum"]:
        return f"{_said(data)} is none of {', '.join(part['enum'])}"
    if "pattern" in part and isinstance(data, str) and not re.search(part["pattern"], data):
        return f"{_said(data)} is not written as it must be here"
    if isinstance(data, list) and len(data) < part.get("minItems", 0):
        return f"a list of {part['minItems']} or more is expected here, or none at all"
    return None


def _member_flaws(data: Mapping[str, Any], part: Schema, path: str) -> Iterator[Flaw]:
    known = part.get("properties", {})
    for name in part.get("required", ()):
        if name not in data:
            yield Flaw(path, f"the member `{name}` is missing")
    if part.get("additionalProperties") is False:
        for name in data:
            if name not in known:
                yield Flaw(f"{path}.{name}", f"{_said(name)} is not a member of this object")


def _holds(data: Any, part: Schema) -> bool:
    """Whether the condition of an `if` holds; it looks at one member at most."""
    if not isinstance(data, dict):
        return True
    told = part.get("properties", {})
    return all(name in data for name in part["required"]) and all(
        data[name] == rule["const"] for name, rule in told.items()
    )


def _inner(data: Any, part: Schema, path: str) -> Iterator[tuple[Any, Schema, str]]:
    """What is to be looked at next: members, items, and the branches that apply."""
    for branch in (*part.get("allOf", ()), *([part] if "if" in part else ())):
        chosen = branch.get("then") if _holds(data, branch["if"]) else branch.get("else")
        if chosen is not None:
            yield data, chosen, path
    if isinstance(data, dict):
        known = part.get("properties", {})
        yield from ((value, known[name], f"{path}.{name}") for name, value in data.items() if name in known)
    if isinstance(data, list) and "items" in part:
        yield from ((value, part["items"], f"{path}[{index}]") for index, value in enumerate(data))


def flaws(data: Any, limit: int = 20) -> list[Flaw]:
    """What is wrong with a document, in its order; at most `limit` flaws."""
    whole = schema()
    found: list[Flaw] = []
    stack: list[tuple[Any, Schema, str]] = [(data, whole, "$")]
    while stack and len(found) < limit:
        value, part, path = stack.pop()
        part = _resolved(part, whole)
        problem = _plain_flaw(value, part)
        if problem is not None:
            found.append(Flaw(path, problem))
            continue
        if isinstance(value, dict):
            found.extend(_member_flaws(value, part, path))
        stack.extend(reversed(list(_inner(value, part, path))))
    return found[:limit]
