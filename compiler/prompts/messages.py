"""Templates to messages: what is said to a model in one cell.

Expects a checked prompt and the value of every parameter. Ensures that every hole is filled in one language and that
all text is in Unicode normal form C before it is tokenised.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cyclspec.compiler.data.contracts import Option
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.templates import Hole, Part, Style, split


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of one request, and the words that the model's own turn begins with."""

    messages: tuple[Message, ...]
    prefix: str


@dataclass(frozen=True, slots=True)
class RowValue:
    """A row of a table: column values by name, as they are shown."""

    columns: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class LevelValue:
    """A level of an axis, with the levels of its attributes."""

    level: k.Level
    attributes: Mapping[str, k.Level]


Shown = str | int | float | Mapping[str, str] | Sequence["Shown | Option"] | RowValue | LevelValue


@cache
def letters(count: int) -> tuple[str, ...]:
    """The labels A, B, C, ... of `count` options; past Z they go on as AA, AB."""
    first = [chr(65 + i) for i in range(26)]
    return tuple((first + [a + b for a in first for b in first])[:count])


def numbers(count: int) -> tuple[str, ...]:
    """The labels 1, 2, 3, ... of `count` options."""
    return tuple(str(i + 1) for i in range(count))


@cache
def _parts(template: str) -> tuple[Part, ...]:
    return split(template)[0]


class NoWording(Exception):
    """A text that is shown does not exist in the language of its prompt: `lang`, while it exists in `known`."""

    def __init__(self, lang: str | None, known: Iterable[str]) -> None:
        self.lang = lang
        self.known = tuple(sorted(known))
        super().__init__(f"no {lang} text among {self.known}")


def _in_language(text: str | Mapping[str, str], lang: str | None) -> str:
    """A text in one language. Only a prompt without a language takes a text in the one language that it has."""
    if isinstance(text, str):
        return text
    found = text.get(lang or "", text.get(""))
    if found is None and lang is None and len(text) == 1:
        found = next(iter(text.values()))
    if found is None:
        raise NoWording(lang, text)
    return found


def _entry(item: Shown | Option, lang: str | None) -> str:
    return _in_language(item.label, lang) if isinstance(item, Option) else _show(item, (), "plain", lang)


def _label(level: k.Level, lang: str | None) -> str:
    text = level.text(lang)
    if text is None:
        raise NoWording(lang, level.label)
    return text


def _many(items: Sequence[Shown | Option], style: Style, lang: str | None) -> str:
    words = [_entry(item, lang) for item in items]
    match style:
        case "lettered":
            return "\n".join(
                f"{label}. {word}" for label, word in zip(letters(len(words)), words, strict=True)
            )
        case "numbered":
            return "\n".join(
                f"{label}. {word}" for label, word in zip(numbers(len(words)), words, strict=True)
            )
        case "bulleted":
            return "\n".join(f"- {word}" for word in words)
    return ", ".join(words)


def _show(value: Shown, path: tuple[str, ...], style: Style, lang: str | None) -> str:
    match value:
        case RowValue(columns=columns):
            return _show(columns[path[0]], path[1:], style, lang)
        case LevelValue(level=level, attributes=attributes):
            shown = attributes[path[0]] if path else level
            text = _label(shown, lang)
        case bool() | int() if style != "percent":
            return str(int(value))
        case bool() | int() | float():
            return f"{100 * value:g}%" if style == "percent" else f"{value:g}"
        case str() | Mapping():
            text = _in_language(value, lang)
        case _:
            return _many(value, style, lang)
    return text.lower() if style == "lower" else text


def _fill(template: str, values: Mapping[str, Shown], lang: str | None) -> str:
    filled = (
        _show(values[part.path[0]], part.path[1:], part.style, lang) if isinstance(part, Hole) else part
        for part in _parts(template)
    )
    return unicodedata.normalize("NFC", "".join(filled))


def language_of(prompt: d.TypedPrompt, values: Mapping[str, Shown]) -> str | None:
    """The language of a cell: the prompt's `lang` argument, else the one language of its messages."""
    for name, kind in prompt.formals:
        if isinstance(kind, k.Lang):
            return str(values[name])
    tags = {message.lang for message in prompt.messages if message.lang is not None}
    return tags.pop() if len(tags) == 1 else None


def holes(prompt: d.TypedPrompt, lang: str | None) -> Counter[str]:
    """How often each formal is shown in the messages of one language."""
    chosen = (message for message in prompt.messages if message.lang in (lang, None))
    return Counter(
        part.path[0] for message in chosen for part in _parts(message.template) if isinstance(part, Hole)
    )


def prefix_end(prompt: d.TypedPrompt, lang: str | None) -> str:
    """What the prefix of a prompt ends with, whatever is shown in its holes; empty where it ends with a hole."""
    parts = [
        part
        for message in prompt.messages
        if message.role == "prefix" and message.lang in (lang, None)
        for part in _parts(message.template)
    ]
    return parts[-1] if parts and isinstance(parts[-1], str) else ""


def converse(prompt: d.TypedPrompt, values: Mapping[str, Shown]) -> Conversation:
    """The conversation of one cell."""
    lang = language_of(prompt, values)
    chosen = [m for m in prompt.messages if m.lang in (lang, None)]
    turns = [(m.role, _fill(m.template, values, lang)) for m in chosen]
    prefix = "".join(text for role, text in turns if role == "prefix")
    messages = tuple(Message(role, text) for role, text in turns if role != "prefix")
    return Conversation(messages, prefix)
