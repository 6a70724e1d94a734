"""The five workloads: what is asked, and how much of it texts share.

Expects a corpus and its tokenizer. Ensures texts whose ids are those of the whole text (never of its pieces), in the
order persona, question, order of options, so that the first n prompts are those of the first personas.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from tokenizers import Tokenizer

from benchmarks.checkpoints import LABELS
from benchmarks.texts import Prose

Kind = Literal["letters", "options", "writing"]
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt as text: `prefix` names the persona (and language) whose words it begins with."""

    prefix: str
    text: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text, its options as they continue it, and the same as ids; `shared` counts the tokens of its prefix."""

    prefix: str
    text: str
    ids: Ids
    options: tuple[str, ...]
    option_ids: tuple[Ids, ...]
    shared: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Prompts that are read in one way; `new_tokens` is the length of replies where they are written."""

    name: str
    title: str
    kind: Kind
    prompts: tuple[Prompt, ...]
    new_tokens: int = 0

    def first(self, count: int) -> Workload:
        return replace(self, prompts=self.prompts[:count])

    @property
    def digest(self) -> str:
        """What tells these texts from those of another state of the corpus."""
        ids = [(prompt.ids, prompt.option_ids) for prompt in self.prompts]
        return hashlib.sha256(repr(ids).encode()).hexdigest()[:12]

    @property
    def sequences(self) -> tuple[Ids, ...]:
        """What a model must read: each prompt with each option but its last token, each once."""
        found = (p.ids + option[:-1] for p in self.prompts for option in (p.option_ids or ((0,),)))
        return tuple(dict.fromkeys(found))

    @property
    def tokens(self) -> int:
        """The tokens of the texts without any sharing; one-token options share the text before them."""
        return sum(map(len, self.sequences))

    @property
    def unshared(self) -> int:
        """The tokens of the prefix trie: no method that is exact can compute fewer."""
        return trie_tokens(self.sequences)


def trie_tokens(sequences: Iterable[Ids]) -> int:
    """The nodes of the prefix trie of some sequences."""
    ordered = sorted(sequences)
    return sum(map(len, ordered)) - sum(_shared(one, other) for one, other in pairwise(ordered))


def _shared(one: Ids, other: Ids) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def workload(
    name: str, corpus: str, tokenizer: Tokenizer, *, personas: int = 40, questions: int = 25
) -> Workload:
    """The workload of that name, of the stated size."""
    kind, title, drafts, new_tokens = _WORKLOADS[name]
    prose = Prose(corpus, tokenizer, seed=name)
    return Workload(
        name, title, kind, _encoded(list(drafts(prose, personas, questions)), tokenizer), new_tokens
    )


def _encoded(drafts: Sequence[Draft], tokenizer: Tokenizer) -> tuple[Prompt, ...]:
    texts = tokenizer.encode_batch([draft.text for draft in drafts])
    ids = [tuple(one.ids) for one in texts]
    common: dict[str, Ids] = {}
    for draft, own in zip(drafts, ids, strict=True):
        before = common.setdefault(draft.prefix, own[:-1])
        common[draft.prefix] = before[: _shared(before, own[:-1])]
    spoken = sorted({option for draft in drafts for option in draft.options})
    encoded = {text: tuple(one.ids) for text, one in zip(spoken, tokenizer.encode_batch(spoken), strict=True)}
    return tuple(
        Prompt(d.prefix, d.text, own, d.options, tuple(encoded[o] for o in d.options), len(common[d.prefix]))
        for d, own in zip(drafts, ids, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its options, in the order of their scale."""

    text: str
    options: tuple[str, ...]


def _questions(prose: Prose, count: int, tokens: int) -> list[Question]:
    """Questions of about `tokens` tokens with 4 to 10 options of 2 to 5 tokens each."""
    found: list[Question] = []
    for _ in range(count):
        words = prose.text(tokens + prose.count(-8, 8))
        options = dict.fromkeys(prose.text(prose.count(2, 5)) for _ in range(prose.count(4, 10)))
        found.append(Question(words, tuple(options)))
    return found


def _orders(options: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return options, options[::-1]


def _lettered(head: str, persona: str, question: Question) -> Iterator[Draft]:
    for options in _orders(question.options):
        lines = "".join(f"{label}. {option}\n" for label, option in zip(LABELS, options, strict=False))
        text = f"{head}\nPerson: {persona}\nQuestion: {question.text}?\n{lines}Answer:"
        yield Draft(persona, text, tuple(f" {label}" for label in LABELS[: len(options)]))


def _worded(head: str, persona: str, question: Question) -> Iterator[Draft]:
    for options in _orders(question.options):
        lines = "".join(f"- {option}\n" for option in options)
        text = f"{head}\nPerson: {persona}\nQuestion: {question.text}?\n{lines}Answer:"
        yield Draft(f"{head}\n{persona}", text, tuple(f" {option}" for option in options))


def _letters(persona_tokens: int) -> Callable[[Prose, int, int], Iterator[Draft]]:
    def drafts(prose: Prose, personas: int, questions: int) -> Iterator[Draft]:
        head, asked = prose.text(40), _questions(prose, questions, 70)
        for _ in range(personas):
            persona = prose.text(persona_tokens)
            for question in asked:
                yield from _lettered(head, persona, question)

    return drafts


def _options(prose: Prose, personas: int, questions: int) -> Iterator[Draft]:
    head, asked = prose.text(40), _questions(prose, questions, 70)
    for _ in range(personas):
        persona = prose.text(78)
        for question in asked:
            yield from _worded(head, persona, question)


def _writing(prose: Prose, personas: int, questions: int) -> Iterator[Draft]:
    head, asked = prose.text(40), [prose.text(70 + prose.count(-8, 8)) for _ in range(questions)]
    for _ in range(personas):
        persona = prose.text(78)
        for question in asked:
            yield Draft(persona, f"{head}\nPerson: {persona}\nQuestion: {question}?\nAnswer:", ())


def _languages(prose: Prose, personas: int, questions: int) -> Iterator[Draft]:
    """Four languages by personas by blocks of questions by orders by worded options: five levels of sharing."""
    spoken = [_Language.drawn(prose, personas, questions) for _ in range(4)]
    for at in range(personas):
        for language in spoken:
            yield from language.drafts(at)


@dataclass(frozen=True, slots=True)
class _Language:
    """The same survey in other words: long instructions, personas, and blocks of five questions each."""

    head: str
    personas: tuple[str, ...]
    blocks: tuple[tuple[str, tuple[Question, ...]], ...]

    @classmethod
    def drawn(cls, prose: Prose, personas: int, questions: int) -> _Language:
        told = tuple(prose.text(80) for _ in range(personas))
        asked = _questions(prose, questions, 40)
        blocks = tuple((prose.text(50), tuple(asked[at : at + 5])) for at in range(0, questions, 5))
        return cls(prose.text(150), told, blocks)

    def drafts(self, at: int) -> Iterator[Draft]:
        persona = self.personas[at]
        for introduction, asked in self.blocks:
            for question in asked:
                for draft in _worded(self.head, f"{persona}\n{introduction}", question):
                    yield replace(draft, prefix=f"{self.head}\n{persona}")


_WORKLOADS: dict[str, tuple[Kind, str, Callable[[Prose, int, int], Iterator[Draft]], int]] = {
    "W1": ("letters", "letters, persona first", _letters(78), 0),
    "W2": ("letters", "letters, long personas", _letters(322), 0),
    "W3": ("options", "options of several tokens", _options, 0),
    "W4": ("writing", "replies of 48 tokens", _writing, 48),
    "W5": ("options", "languages, personas, blocks, orders, options", _languages, 0),
}
NAMES = tuple(_WORKLOADS)
