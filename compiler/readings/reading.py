"""What a written reply answers in a cell.

Expects an ask, what its cell offers, and the reply. Ensures that the same reply is always read in the same way, and
that where there is no answer there is a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from cyclspec.compiler.prompts.messages import letters, numbers
from cyclspec.compiler.readings.choices import Offered, is_off_scale, read_option
from cyclspec.compiler.records.fields import Fields
from cyclspec.compiler.records.reading import read_record
from cyclspec.compiler.records.schema import RecordSchema
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.templates import Hole, split

UNREADABLE = "unreadable"
EMPTY = "empty"
OFF_SCALE = "off scale"
_NO_ANSWER = ("refused", "filtered")
_LABELS: Mapping[str, Callable[[int], tuple[str, ...]]] = {"lettered": letters, "numbered": numbers}


Ended = Literal["stop", "length", "refused", "filtered"]
ENDINGS: tuple[Ended, ...] = get_args(Ended)


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says it answered with: the name of a model, and the fingerprint of its system; empty if nothing."""

    model: str = ""
    fingerprint: str = ""


UNSAID = Served()


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A reply that a model wrote: its token ids, their text, and what ended it.

    A stop id or the most tokens; a server may also say that the model refused, or that a filter held its text back.
    Texts of hosted models have no ids.
    """

    token_ids: tuple[int, ...]
    text: str
    ended: Ended
    served: Served = UNSAID


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer: the code of a choice, a text without the white space around it, or fields; else the `reason` of none.

    A record is there if any of its `fields` is, and names the reason of a first one that is not.
    """

    choice: str | None = None
    text: str | None = None
    reason: str = ""
    fields: Fields = ()

    @property
    def whole(self) -> bool:
        """Whether nothing of it is missing."""
        return not self.reason and all(not one.reason for _, one in self.fields)


def read_text(written: WrittenText) -> Reading:
    """The text itself; missing where it is empty, refused or filtered."""
    if written.ended in _NO_ANSWER:
        return Reading(reason=written.ended)
    text = written.text.strip()
    return Reading(text=text) if text else Reading(reason=EMPTY)


def read_choice(
    ask: d.TypedAsk,
    written: WrittenText,
    codes: Sequence[str],
    words: Sequence[str],
    at: Sequence[int],
    prefix: str = "",
) -> Reading:
    """The option that a text names; missing where it names none or several.

    `codes` and `words` are those of the offered options in the order of their scale, `at` says where each stood in the
    prompt. `prefix` is what the turn began with before the text.
    """
    if written.ended in _NO_ANSWER:
        return Reading(reason=written.ended)
    styles = _styles(ask.prompt)
    shown = [names(len(codes)) for style, names in _LABELS.items() if style in styles]
    offered = [
        Offered(code, tuple(names[place] for names in shown), word)
        for code, word, place in zip(codes, words, at, strict=True)
    ]
    found = read_option(written.text, offered, ask.parse, prefix)
    if found is not None:
        return Reading(choice=found)
    return Reading(reason=OFF_SCALE if is_off_scale(written.text, offered) else UNREADABLE)


def read_fields(ask: d.TypedAsk, written: WrittenText, schema: RecordSchema) -> Reading:
    """The fields of a record; the whole is missing where none of them could be read."""
    if written.ended in _NO_ANSWER:
        return Reading(reason=written.ended)
    assert isinstance(ask.prompt.result, k.Record)
    fields = read_record(written.text, schema, dict(ask.prompt.result.fields), dict(ask.prompt.checks))
    lacking = [one.reason for _, one in fields if one.reason]
    return Reading(fields=fields, reason=lacking[0] if len(lacking) == len(fields) else "")


def shown_labels(prompt: d.TypedPrompt, count: int) -> tuple[str, ...]:
    """The labels that a prompt shows beside `count` options, in the order it shows them in."""
    numbered = "numbered" in _styles(prompt)
    return numbers(count) if numbered and "lettered" not in _styles(prompt) else letters(count)


@lru_cache(maxsize=256)
def _styles(prompt: d.TypedPrompt) -> frozenset[str]:
    """How a prompt labels options; by letters where it writes its labels out."""
    parts = (part for message in prompt.messages for part in split(message.template)[0])
    styles = frozenset(part.style for part in parts if isinstance(part, Hole))
    return styles & _LABELS.keys() or frozenset({"lettered"})
