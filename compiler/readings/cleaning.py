"""What later turns of a conversation are told of a reply.

Expects a reply that was read. Ensures that nothing is told which the reply did not say, in words or by naming an
option. Knows no language but the marks that end a sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cyclspec.compiler.records.reading import first_object
from cyclspec.language.types import kinds as k

_SENTENCE = re.compile(r"[.!?…]+[\"'»”’)\]]*(?=\s|$)|[。！？]+[」』”’）]*")
_NUMBERED = re.compile(r"(?:^|[\s(:：])\w{1,2}\.$")


@dataclass(frozen=True, slots=True)
class Named:
    """The option that a reply named: the label it was shown under, and its words."""

    label: str
    words: str


def cleaned(text: str, named: Named | None, clean: Sequence[str]) -> str:
    """A reply as later turns are told it; `clean` says what is kept of it.

    `answer` alone is the option by label and words. `first_sentence` is the reply up to the end of its first sentence.
    Both are the answer, and the first sentence of what is said beside it.
    """
    if not clean:
        return text
    sentence = first_sentence(_beside(text, named) if named and "answer" in clean else text)
    if named is None:
        return sentence if "first_sentence" in clean else text
    answer = f"{named.label}. {named.words}"
    if "answer" not in clean:
        return sentence
    return f"{answer}\n{sentence}".strip() if "first_sentence" in clean else answer


def first_sentence(text: str) -> str:
    """A text up to the mark that ends its first sentence; a label such as `B.` ends none."""
    for found in _SENTENCE.finditer(text):
        if not _NUMBERED.search(text[: found.end()]):
            return text[: found.end()]
    return text


def _beside(text: str, named: Named) -> str:
    """What a reply says beside its answer: without the option at its head, or the line that names it in a field."""
    label, words = re.escape(named.label), re.escape(named.words)
    option = rf"[\W_]*(?:{label}\b[\W_]*(?:{words})?|{words})[.:;,)\]*\s]*"
    field = re.match(rf"[^:：\n]{{1,60}}[:：]{option}(?:\n|$)", text, re.IGNORECASE)
    head = field or re.match(option, text, re.IGNORECASE)
    return text[head.end() :].strip() if head else text


def cleaned_record(text: str, kinds: Mapping[str, k.Kind], clean: Sequence[str]) -> str:
    """A record as later turns are told it: its fields as the reply spelt them, in JSON.

    `answer` alone leaves out texts; `first_sentence` keeps the first sentence of each.
    """
    found = first_object(text, list(kinds)) or {}
    kept = {name: value for name, value in found.items() if name in kinds}
    if tuple(clean) == ("answer",):
        kept = {name: value for name, value in kept.items() if not isinstance(kinds[name], k.Text)}
    if "first_sentence" in clean:
        kept = {n: first_sentence(value) if isinstance(value, str) else value for n, value in kept.items()}
    return json.dumps(kept, ensure_ascii=False)
