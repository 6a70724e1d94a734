"""Options to the tokens that they add to a prompt: what the reader `option_likelihood` stands on.

Expects tokenised prompts and the texts of their options. Ensures one context a prompt, which all of its options follow;
that prompt and option are tokenised as one text; and that every option is a token or more and no two are the same
tokens (error CY0713 otherwise).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, assert_never

from cyclspec.compiler.prompts.tokens import TokenizedPrompt, Tokenizer, continuation
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import OptionTokens, PromptRefused
from cyclspec.language.spans import Span

Boundary = Literal["joint", "harness"]
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Followed:
    """A prompt with what may follow it: the ids of its context, and those that each option adds to them.

    `byte_counts` are the lengths of the options' own texts in UTF-8, without the space that may stand before them.
    """

    context: Ids
    ids: tuple[Ids, ...]
    byte_counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A context and what stands between it and an option.

    `tail` is what must be tokenised together with an option, after the tokens `kept`: the text from its last special
    token on, across which nothing is joined, or the whole text where `kept` is empty.
    """

    ids: Ids
    kept: Ids
    tail: str
    between: str


@dataclass(frozen=True, slots=True)
class OptionTokenizer:
    """Tokenises the options of one prompt of a spec for one model. `prompt` and `at` are for messages."""

    tokenizer: Tokenizer
    prompt: str
    plain: bool
    boundary: Boundary
    at: Span | None

    def follow(
        self, prompts: Sequence[TokenizedPrompt], options: Sequence[Sequence[str]]
    ) -> tuple[Followed, ...]:
        """For each prompt the tokens of its options, in the order offered.

        Raises:
            SpecError: an option adds no token, two add the same ones, or nothing is left of the prompt.
        """
        words = [tuple(unicodedata.normalize("NFC", word) for word in offered) for offered in options]
        cuts = self._cuts(prompts)
        joined = [
            [(not cut.kept, cut.tail + cut.between + word) for word in offered]
            for cut, offered in zip(cuts, words, strict=True)
        ]
        ids = self._encoded(text for texts in joined for text in texts)
        return tuple(
            self._followed(cut, offered, [cut.kept + ids[text] for text in texts])
            for cut, offered, texts in zip(cuts, words, joined, strict=True)
        )

    def _cuts(self, prompts: Sequence[TokenizedPrompt]) -> list[_Cut]:
        texts = [self._kept(prompt.text) for prompt in prompts]
        shorter = self._encoded(
            (True, text) for text, one in zip(texts, prompts, strict=True) if text != one.text
        )
        ids = [shorter.get((True, text), one.ids) for text, one in zip(texts, prompts, strict=True)]
        tails = [text[self.tokenizer.last_special(text) :] for text in texts]
        alone = self._encoded((False, tail) for tail in tails)
        found: list[_Cut] = []
        for prompt, text, tail, before in zip(prompts, texts, tails, ids, strict=True):
            kept = _before(before, alone[False, tail]) if tail != text else ()
            between = prompt.text[len(text) :] + continuation(prompt.text)
            found.append(_Cut(before, kept, tail if kept else text, between))
        return found

    def _kept(self, text: str) -> str:
        """The text of the context."""
        match self.boundary:
            case "joint":
                return text
            case "harness":
                return text.rstrip()
        assert_never(self.boundary)

    def _encoded(self, texts: Iterable[tuple[bool, str]]) -> dict[tuple[bool, str], Ids]:
        """The ids of each distinct text, given as whether it is a whole one and the text."""
        asked = list(dict.fromkeys(texts))
        wholes = [text for whole, text in asked if whole]
        tails = [text for whole, text in asked if not whole]
        encoded = self.tokenizer.encode(wholes, prompt=self.prompt, plain=self.plain) if wholes else ()
        found = {(True, text): one.ids for text, one in zip(wholes, encoded, strict=True)}
        parts = self.tokenizer.parts(tails) if tails else ()
        return found | {(False, text): ids for text, ids in zip(tails, parts, strict=True)}

    def _followed(self, cut: _Cut, offered: Sequence[str], wholes: Sequence[Ids]) -> Followed:
        shared = self._shared(cut.ids, wholes)
        found = Followed(
            context=cut.ids[:shared],
            ids=tuple(whole[shared:] for whole in wholes),
            byte_counts=tuple(len(word.encode()) for word in offered),
        )
        if not shared:
            problem = f"has no token for `{self.tokenizer.model}` that stays as it is before an option"
            raise SpecError([PromptRefused(span=self.at, prompt=self.prompt, problem=problem)])
        self._audit(offered, found.ids)
        return found

    def _shared(self, context: Ids, wholes: Sequence[Ids]) -> int:
        """How many tokens of a context its options follow."""
        match self.boundary:
            case "joint":
                return min((_alike(context, whole) for whole in wholes), default=len(context))
            case "harness":
                return len(context)
        assert_never(self.boundary)

    def _audit(self, offered: Sequence[str], ids: Sequence[Ids]) -> None:
        model = self.tokenizer.model
        for word, tokens in zip(offered, ids, strict=True):
            if not tokens:
                told = f"`{word}` adds no token to the prompt for {model}"
                raise SpecError([OptionTokens(span=self.at, problem="has no token of its own", label=told)])
        for (one, first), (other, second) in combinations(zip(offered, ids, strict=True), 2):
            if first == second:
                told = f"`{one}` and `{other}` are the same tokens for {model}"
                raise SpecError([OptionTokens(span=self.at, problem="has the tokens of another", label=told)])


def beginnings(offered: Sequence[str], ids: Sequence[Ids]) -> Iterator[tuple[str, str]]:
    """The pairs of options of which the first is, token for token, how the second begins."""
    told = list(zip(offered, ids, strict=True))
    for one, first in told:
        for other, second in told:
            if len(first) < len(second) and second[: len(first)] == first:
                yield one, other


def _before(ids: Ids, tail: Ids) -> Ids:
    """The ids before a tail; none where they do not end in it."""
    return ids[: len(ids) - len(tail)] if tail and ids[-len(tail) :] == tail else ()


def _alike(one: Ids, other: Ids) -> int:
    """How many ids two sequences begin with together."""
    if other[: len(one)] == one:
        return len(one)
    return next(at for at, (a, b) in enumerate(zip(one, (*other, -1), strict=False)) if a != b)
