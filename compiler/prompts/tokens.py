"""Text to token ids, and option labels to the ids whose probability counts for them.

Expects a checkpoint's tokenizer files; no weights. Ensures at most one beginning-of-sequence token (checked on the
ids), that a label is one token in the exact context in which it would be answered, and that no token counts for two
labels: what the reader `first_token` stands on (error CY0704 otherwise).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, Literal, cast

from cyclspec.compiler.checkpoints.checkpoint import Checkpoint
from cyclspec.compiler.prompts.chat import ChatFormat
from cyclspec.compiler.prompts.messages import letters, numbers
from cyclspec.compiler.prompts.pieces import pieces_of
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused, LabelTokens, PromptRefused
from cyclspec.language.spans import Span
from cyclspec.language.types.typed import FirstToken

_TAIL = 64
_SAMPLE = '{"a bc": ["d\\n é", "二 \U0001f642"], "e": 0.25}'
_OPENING = "([{\"'«“‘（【「『<"


@dataclass(frozen=True, slots=True)
class TokenizedPrompt:
    """One text as ids."""

    text: str
    ids: tuple[int, ...]


class Tokenizer:
    """One model's tokenizer, loaded by transformers from local files, never with remote code."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        # transformers warns on import that it found no torch, which this package never needs.
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        from transformers import AutoTokenizer

        self.model = checkpoint.name
        try:
            loaded = AutoTokenizer.from_pretrained(
                str(checkpoint.folder), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:
            problem = f"has no usable tokenizer: {str(error).splitlines()[0][:200]}"
            raise SpecError([CheckpointRefused(model=checkpoint.name, problem=problem)]) from error
        self._tokenizer: Any = loaded
        self._labels: dict[tuple[str, str], tuple[int, ...] | None] = {}

    @cached_property
    def chat_template(self) -> str | None:
        template = self._tokenizer.chat_template
        if isinstance(template, dict):
            template = template.get("default")
        return cast("str | None", template)

    def chat_format(self, *, plain: bool) -> ChatFormat:
        """How conversations become text for this model; `plain` for a base model."""
        special = {k: str(v) for k, v in self._tokenizer.special_tokens_map.items() if isinstance(v, str)}
        return ChatFormat(self.model, None if plain else self.chat_template, special)

    def _encode(self, texts: Sequence[str], *, special: bool) -> list[list[int]]:
        encoded = self._tokenizer(list(texts), add_special_tokens=special)["input_ids"]
        return [list(map(int, ids)) for ids in encoded]

    def encode(self, texts: Sequence[str], *, prompt: str, plain: bool) -> tuple[TokenizedPrompt, ...]:
        """The ids of many texts in one call; a base model's text gets the special tokens its tokenizer adds."""
        ends = self._tokenizer.eos_token_id
        found: list[TokenizedPrompt] = []
        for text, ids in zip(texts, self._encode(texts, special=plain), strict=True):
            kept = ids[:-1] if plain and len(ids) > 1 and ids[-1] == ends else ids
            self._check(prompt, kept)
            found.append(TokenizedPrompt(text, tuple(kept)))
        return tuple(found)

    @property
    def end_id(self) -> int | None:
        """The token that ends a text."""
        return cast("int | None", self._tokenizer.eos_token_id)

    @cached_property
    def special_texts(self) -> dict[int, str]:
        """The special tokens by id, as a text would spell them."""
        added = self._tokenizer.added_tokens_decoder.items()
        return {int(i): str(token.content) for i, token in added if token.special}

    def special_ids(self, text: str) -> tuple[int, ...]:
        """The special tokens that a text begins with."""
        return tuple(takewhile(self.special_texts.__contains__, self._encode([text], special=False)[0]))

    def text(self, ids: Sequence[int]) -> str:
        """What ids stand for, special tokens left out; what is no whole character is a replacement character."""
        return str(
            self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )

    def parts(self, texts: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """The ids of texts that stand within another, without the special tokens that a whole text would get."""
        return tuple(tuple(ids) for ids in self._encode(texts, special=False))

    def last_special(self, text: str) -> int:
        """Where the last special token of a text begins; 0 where there is none.

        Special tokens are found before anything else is, so that no token reaches across one.
        """
        return max([0, *(text.rfind(token) for token in self._hard)])

    @cached_property
    def _hard(self) -> tuple[str, ...]:
        added = self._tokenizer.added_tokens_decoder.values()
        return tuple(token.content for token in added if token.special and not token.normalized)

    @property
    def start(self) -> int | None:
        """What a text without a prompt follows: the token that begins a sequence, else the one that ends it."""
        begins, ends = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        found = begins if begins is not None else ends
        return None if found is None else int(found)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """What each token alone stands for: its text, or its name in the vocabulary where it is no whole character."""
        texts = [str(self._tokenizer.decode([i])) for i in ids]
        named = [str(name) for name in self._tokenizer.convert_ids_to_tokens(list(ids))]
        whole = [text and "\N{REPLACEMENT CHARACTER}" not in text for text in texts]
        return tuple(t if ok else name for t, name, ok in zip(texts, named, whole, strict=True))

    def token_bytes(self) -> tuple[bytes | None, ...]:
        """What every id stands for within a text, None for special tokens.

        Raises `SpecError` where tokens are no pieces of a text whose bytes can be told.
        """
        found = pieces_of(self._tokenizer)
        if found is None or not self._spells(found):
            problem = "has a tokenizer whose tokens are not known as bytes, so that its replies cannot be constrained"
            helps = ("write `decoding = free` in the reader `json`",)
            raise SpecError([CheckpointRefused(model=self.model, problem=problem, helps=helps)])
        return found

    def _spells(self, found: Sequence[bytes | None]) -> bool:
        """Whether the bytes of tokens put together are the text that they were made of."""
        ids = self._encode([_SAMPLE], special=False)[0]
        spelt = [found[one] if one < len(found) else None for one in ids]
        return (
            b"".join(one or b"" for one in spelt).strip()
            == _SAMPLE.encode()
            == self.text(ids).strip().encode()
        )

    def _check(self, prompt: str, ids: list[int]) -> None:
        begin = self._tokenizer.bos_token_id
        if not ids:
            raise SpecError([PromptRefused(prompt=prompt, problem=f"is empty for `{self.model}`")])
        if begin is not None and ids[:2] == [begin, begin]:
            problem = f"begins with two beginning-of-sequence tokens for `{self.model}`"
            raise SpecError([PromptRefused(prompt=prompt, problem=problem)])

    def label_ids(
        self, text: str, count: int, reader: FirstToken, at: Span | None
    ) -> tuple[tuple[int, ...], ...]:
        """For each of `count` options the ids that count for its label after `text`."""
        labels = letters(count) if reader.labels == "letters" else numbers(count)
        found = [self._ids_of(text, label, reader.variants) for label in labels]
        self._audit(text, labels, found, at)
        return tuple(ids for ids in found if ids is not None)

    def _audit(
        self, text: str, labels: Sequence[str], found: Sequence[tuple[int, ...] | None], at: Span | None
    ) -> None:
        for label, ids in zip(labels, found, strict=True):
            if ids is None:
                tail = text[-16:] if "<" not in text[-24:] else text[text.rindex("<") :]
                shown = (tail + continuation(text) + label).split("\n")[-1]
                note = f"`{shown}` is more than one token for {self.model}"
                raise SpecError(
                    [
                        LabelTokens(
                            span=at, problem="single tokens", label=note, helps=_other_labels(labels, label)
                        )
                    ]
                )
        owner: dict[int, str] = {}
        for label, ids in zip(labels, found, strict=True):
            for token in ids or ():
                if owner.setdefault(token, label) != label:
                    note = f"`{owner[token]}` and `{label}` share a token for {self.model}"
                    raise SpecError([LabelTokens(span=at, problem="distinct tokens", label=note)])

    def _ids_of(self, text: str, label: str, variants: Literal["exact", "union"]) -> tuple[int, ...] | None:
        natural = self._one_id(text, continuation(text) + label)
        if variants == "exact":
            return natural
        forms = [self._one_id(text, label), self._one_id(text, " " + label)]
        ids = tuple(dict.fromkeys(i for form in forms if form is not None for i in form))
        return ids or None

    def _one_id(self, text: str, label: str) -> tuple[int, ...] | None:
        """The single id that `label` gets after `text`, or None where it is several or changes what is before."""
        key = (text[-_TAIL:], label)
        if key not in self._labels:
            before, after = self._encode([text, text + label], special=False)
            single = len(after) == len(before) + 1 and after[:-1] == before
            self._labels[key] = (after[-1],) if single else None
        return self._labels[key]


def _other_labels(labels: Sequence[str], label: str) -> tuple[str, ...]:
    """What to write where `label` is the first that is more than one token."""
    before = labels.index(label)
    other = "numbers" if labels[0] == "A" else "letters"
    if before > 1:
        fewer = f"keep to items with fewer options: `where size(item.options) <= {before}`"
        return (f"write `labels = {other}` in the reader", f"or {fewer}") if other == "letters" else (fewer,)
    return (
        f"try `variants = union` or `labels = {other}` in the reader, or a prefix that ends in a line break",
    )


def continuation(text: str) -> str:
    """What stands between a prompt and the label that answers it: a space after a word or a mark that takes one."""
    last = text[-1:]
    if not last or last.isspace() or last in _OPENING or ord(last) >= 0x2E80 or last == ">":
        return ""
    return " "
