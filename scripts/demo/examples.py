"""Training examples of the demo model: prompts with the answers of the people they are about.

Ensures that every target is a weighted distribution of invented people, and that no example is about a country whose
`training` attribute is not `seen`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from prompting import LETTERS, QUICKSTART, Axis, Message, axes, filled, lettered, module, templates
from targets import Question, questions
from tokenizer import END, rendered
from tokenizers import Tokenizer

from cyclspec.compiler.prompts.tokens import continuation

NO_TOKEN = -1


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt, and the shares its people gave to the letters A, B, .. in order."""

    prompt: str
    item: str
    country: str
    lang: str
    text: str
    prefix: str
    shares: NDArray[np.float64]
    seen: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Token rows padded on the right, and what is to be predicted at the last `tail` places of each.

    `tokens` and `lengths` are [row, token] and [row]; `places` [row, tail] are positions in the row, `next_token`
    [row, tail] the token that follows there or `NO_TOKEN`; `answer` [row] is the place whose next token is a letter,
    with `letters` [row, letter] the tokens of the letters and `shares` [row, letter] how often each was answered.
    """

    tokens: NDArray[np.int32]
    lengths: NDArray[np.int32]
    places: NDArray[np.int32]
    next_token: NDArray[np.int32]
    answer: NDArray[np.int32]
    letters: NDArray[np.int32]
    shares: NDArray[np.float32]


def all_examples() -> list[Example]:
    """Every prompt of the quickstart's three prompt functions, for seen and unseen countries alike."""
    declared, prompts = axes(module("survey.cycl")), module("prompts.cycl")
    survey = questions(QUICKSTART / "data")
    residents = {True: templates(prompts, "as_resident"), False: templates(prompts, "as_resident_choosing")}
    plain = [
        one
        for item in survey
        for one in _asked("resident", item, residents[item.ordered], declared, ("country",))
    ]
    persona = templates(prompts, "as_persona")
    traits = ("country", "age", "gender")
    return plain + [
        one for item in survey if item.ordered for one in _asked("persona", item, persona, declared, traits)
    ]


def _asked(
    prompt: str,
    item: Question,
    worded: dict[str, tuple[Message, ...]],
    declared: dict[str, Axis],
    traits: tuple[str, ...],
) -> Iterator[Example]:
    for group in product(*(declared[trait].labels for trait in traits)):
        seen = declared["country"].attributes[group[0]]["training"] == "seen"
        for lang, messages in worded.items():
            holes = {
                trait: declared[trait].labels[level][lang] for trait, level in zip(traits, group, strict=True)
            }
            holes |= {"item.question": item.text[lang], "item.options|lettered": lettered(item.scale, lang)}
            turns = filled(messages, holes)
            text, prefix = rendered(turns), turns[-1].content
            yield Example(prompt, item.name, group[0], lang, text, prefix, item.shares[group], seen)


class Encoder:
    """Turns examples into batches. Raises `ValueError` where a letter is not one token after a prefix."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._letters: dict[str, list[int]] = {}
        self.end = self._ids(END)[0]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def prompt(self, example: Example) -> list[int]:
        """The tokens of a prompt."""
        return self._ids(example.text)

    def letters(self, example: Example) -> list[int]:
        """The token of every letter, as it would follow this prompt; it must change none before it."""
        if example.prefix not in self._letters:
            self._letters[example.prefix] = [self._letter(example.text, letter) for letter in LETTERS]
        return self._letters[example.prefix]

    def _letter(self, text: str, letter: str) -> int:
        before, after = self._ids(text), self._ids(text + continuation(text) + letter)
        if after[:-1] != before:
            raise ValueError(f"`{letter}` is not one token of its own after {text[-20:]!r}")
        return after[-1]

    def batch(self, examples: Sequence[Example], *, width: int, tail: int, rng: np.random.Generator) -> Batch:
        """A batch in which every prompt is followed by a letter drawn from its shares."""
        rows = len(examples)
        tokens = np.zeros((rows, width), np.int32)
        places = np.zeros((rows, tail), np.int32)
        next_token = np.full((rows, tail), NO_TOKEN, np.int32)
        answer = np.zeros(rows, np.int32)
        letters = np.zeros((rows, len(LETTERS)), np.int32)
        shares = np.zeros((rows, len(LETTERS)), np.float32)
        lengths = np.zeros(rows, np.int32)
        for row, example in enumerate(examples):
            ids = self.prompt(example)
            drawn = rng.choice(len(example.shares), p=example.shares / example.shares.sum())
            letters[row] = self.letters(example)
            whole = [*ids, letters[row, drawn], self.end]
            lengths[row], answer[row] = len(ids) + 1, len(ids) - 1
            tokens[row, : len(ids) + 1] = whole[:-1]
            shares[row, : len(example.shares)] = example.shares
            asked = [*range(len(ids) - 1 - len(self._ids(example.prefix)), len(ids) - 1), len(ids)]
            places[row, : len(asked)] = asked
            next_token[row, : len(asked)] = [whole[place + 1] for place in asked]
        return Batch(tokens, lengths, places, next_token, answer, letters, shares)
