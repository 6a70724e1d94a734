"""The prompts of the demo model's training, read from the quickstart's own specs.

Expects `survey.cycl` and `prompts.cycl` to be well-formed. Ensures that a prompt is worded as an audit would word it:
templates, level labels and option labels come from the files that an audit reads, never from a copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cyclspec.compiler.data.contracts import Scale
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree
from cyclspec.language.syntax.parse import parse

QUICKSTART = Path(__file__).resolve().parents[2] / "specs" / "quickstart"
LETTERS = "ABCDEFGHIJ"
_HOLE = re.compile(r"\{([\w.]+)(?:\|(\w+))?\}")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; the last turn of a prompt with a prefix is the assistant's and is left open."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A demographic axis of the survey: the levels' labels by language, and their attributes."""

    labels: Mapping[str, Mapping[str, str]]
    attributes: Mapping[str, Mapping[str, str]]


def module(name: str) -> tree.Module:
    """The syntax tree of one of the quickstart's specs."""
    path = QUICKSTART / name
    parsed = parse(Source(path.name, path.read_text(encoding="utf-8")))
    if parsed.module is None:
        raise SystemExit(f"{path.name} does not parse: {parsed.diagnostics}")
    return parsed.module


def axes(survey: tree.Module) -> dict[str, Axis]:
    """The axes that a spec declares, by name."""
    declared = [one for one in survey.decls if isinstance(one, tree.VocabularyDecl)]
    return {one.name.name: Axis(_labels(one), _attributes(one)) for one in declared}


def _labels(axis: tree.VocabularyDecl) -> dict[str, dict[str, str]]:
    found = {level.name.name: level.label for level in axis.levels}
    return {
        name: {entry.lang: entry.text for entry in label.entries}
        for name, label in found.items()
        if isinstance(label, tree.I18n)
    }


def _attributes(axis: tree.VocabularyDecl) -> dict[str, dict[str, str]]:
    return {
        level.name.name: {
            field.name.name: field.value.name
            for field in level.attributes
            if isinstance(field.value, tree.Name)
        }
        for level in axis.levels
    }


def templates(prompts: tree.Module, name: str) -> dict[str, tuple[Message, ...]]:
    """The messages of prompt `name` in each of its languages, with their holes."""
    found = next(one for one in prompts.decls if isinstance(one, tree.Prompt) and one.name.name == name)
    by_lang: dict[str, list[Message]] = {}
    for message in found.messages:
        if message.lang is None:
            raise SystemExit(f"a message of {name} has no language")
        role = "assistant" if message.role == "prefix" else message.role
        by_lang.setdefault(message.lang.name, []).append(Message(role, message.template.value))
    return {lang: tuple(messages) for lang, messages in by_lang.items()}


def filled(messages: tuple[Message, ...], holes: Mapping[str, str]) -> list[Message]:
    """The messages with every hole filled; `holes` maps the text between the braces to what stands there."""
    return [
        Message(message.role, _HOLE.sub(lambda hole: holes[hole.group()[1:-1]], message.content))
        for message in messages
    ]


def lettered(scale: Scale, lang: str) -> str:
    """The options that are not missing, one a line as `A. label`."""
    shown = [option.label[lang] for option in scale.options if not option.missing]
    return "\n".join(f"{letter}. {label}" for letter, label in zip(LETTERS, shown, strict=False))
