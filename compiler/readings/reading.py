"""What a written reply answers in a cell.

Expects an ask, what its cell offers, and the reply. Ensures that the same reply is always read in the same way, and
that where there is no answer there is a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cyclspec.compiler.prompts.messages import letters, numbers
from cyclspec.compiler.readings.choices import Offered, read_option
from cyclspec.language.types import typed as d
from cyclspec.language.types.templates import Hole, split

UNREADABLE = "unreadable"
EMPTY = "empty"
_LABELS: Mapping[str, Callable[[int], tuple[str, ...]]] = {"lettered": letters, "numbered": numbers}


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A reply that a model wrote: its token ids, their text, and whether a stop id or the most tokens ended it."""

    token_ids: tuple[int, ...]
    text: str
    ended: Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer: the code of a choice, or a text without the white space around it; else the `reason` of none."""

    choice: str | None = None
    text: str | None = None
    reason: str = ""


def read_text(written: WrittenText) -> Reading:
    """The text itself; missing where it is empty."""
    text = written.text.strip()
    return Reading(text=text) if text else Reading(reason=EMPTY)


def read_choice(
    ask: d.TypedAsk, written: WrittenText, codes: Sequence[str], words: Sequence[str], at: Sequence[int]
) -> Reading:
    """The option that a text names; missing where it names none or several.

    `codes` and `words` are those of the offered options in the order of their scale, `at` says where each stood in the
    prompt.
    """
    styles = _styles(ask.prompt)
    shown = [names(len(codes)) for style, names in _LABELS.items() if style in styles]
    offered = [
        Offered(code, tuple(names[place] for names in shown), word)
        for code, word, place in zip(codes, words, at, strict=True)
    ]
    found = read_option(written.text, offered, ask.parse)
    return Reading(choice=found) if found is not None else Reading(reason=UNREADABLE)


@lru_cache(maxsize=256)
def _styles(prompt: d.TypedPrompt) -> frozenset[str]:
    """How a prompt labels options; by letters where it writes its labels out."""
    parts = (part for message in prompt.messages for part in split(message.template)[0])
    styles = frozenset(part.style for part in parts if isinstance(part, Hole))
    return styles & _LABELS.keys() or frozenset({"lettered"})
