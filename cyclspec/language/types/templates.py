"""Templates: text with holes and no logic.

A hole is `{name}`, `{name.path}` or `{name.path|style}`; `{{` and `}}` are literal braces. Splitting is pure text work,
shared by the checker and by rendering, so that what is checked is what is rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

import regex as re

from cyclspec.language.syntax.alphabet import NAME

Style = Literal["plain", "lettered", "numbered", "bulleted", "inline", "percent", "lower"]
STYLES: tuple[str, ...] = tuple(style for style in get_args(Style) if style != "plain")
_PARTS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_OTHER = re.compile(rf"^\s*({NAME}(?:\.{NAME})*)\s*(?:[:|!]\s*(\w*)[^{{}}]*)$")
_HOLE = re.compile(rf"^\s*({NAME}(?:\.{NAME})*)\s*(?:\|\s*(\w+)\s*)?$")


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole: the dotted path, the style, and the hole as written."""

    path: tuple[str, ...]
    style: Style
    text: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """A piece of a template that cannot be read, and why; `mended` is what was probably meant."""

    text: str
    problem: str
    mended: str = ""


Part = str | Hole


def _mended(hole: str) -> str:
    """A hole with the style of another language: `{name:lower}`, `{name|lower()}`, `{name | upper | trim}`."""
    found = _OTHER.match(hole)
    if found is None:
        return ""
    style = f"|{found[2]}" if found[2] in STYLES else ""
    return "{" + found[1] + style + "}"


def split(template: str) -> tuple[tuple[Part, ...], tuple[Flaw, ...]]:
    """The parts of a template in order, and what in it cannot be read."""
    parts: list[Part] = []
    flaws: list[Flaw] = []
    position = 0
    for match in _PARTS.finditer(template):
        parts.append(template[position : match.start()])
        position = match.end()
        found = match.group()
        if found in ("{{", "}}"):
            parts.append(found[0])
            continue
        if match[1] is None:
            flaws.append(
                Flaw(found, f"a single `{found}`; a literal brace is written twice: `{found}{found}`")
            )
            continue
        hole = _HOLE.match(match[1])
        if hole is None:
            problem = "a hole is written `{name}`, `{name.path}` or `{name.path|style}`"
            flaws.append(Flaw(found, problem, _mended(match[1])))
            continue
        parts.append(Hole(tuple(hole[1].split(".")), cast(Style, hole[2] or "plain"), found))
    parts.append(template[position:])
    return tuple(part for part in parts if part != ""), tuple(flaws)
