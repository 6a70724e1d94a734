"""Texts that share prefixes, drawn at random or in the form of a survey, and what a trie says of them by sets alone."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence

Ids = tuple[int, ...]
Shared = tuple[Sequence, ...]


@st.composite
def few(draw: st.DrawFn) -> Shared:
    """Up to a dozen short texts over so few ids that most of them share, repeat or contain one another."""
    ids = st.lists(st.integers(0, draw(st.integers(0, 3))), min_size=1, max_size=9)
    found = []
    for text in draw(st.lists(ids, min_size=1, max_size=12)):
        places = draw(st.lists(st.integers(1, len(text)), max_size=3))
        targets = st.lists(st.integers(0, 4), min_size=1, max_size=3)
        found.append(Sequence(tuple(text), tuple(Probe(at, tuple(draw(targets))) for at in places)))
    return tuple(found)


def many(seed: int, tokens: int, longest: int) -> Shared:
    """Texts of about `tokens` tokens without what they share, each branching off one before it somewhere."""
    draw = random.Random(seed)
    alphabet, texts, total = draw.choice([1, 2, 3, 50]), [(draw.randrange(3),)], 0
    while total < tokens:
        old = draw.choice(texts)
        match draw.randrange(8):
            case 0:
                new = old
            case 1:
                new = old[: draw.randint(1, len(old))]
            case 2:
                new = (draw.randrange(100),)
            case _:
                kept = old[: draw.randint(0, len(old))]
                added = draw.choice([1, 3, 20, longest])
                new = kept + tuple(draw.randrange(alphabet) for _ in range(draw.randint(1, added)))
                total += len(new) - len(kept)
        texts.append(new[:longest])
    draw.shuffle(texts)
    return tuple(Sequence(text, tuple(_probes(draw, len(text)))) for text in texts)


def _probes(draw: random.Random, length: int) -> Iterator[Probe]:
    for _ in range(draw.choice([0, 1, 1, 3])):
        after = draw.choice([length, length, draw.randint(1, length)])
        yield Probe(after, tuple(draw.randrange(60) for _ in range(draw.randint(1, 4))))


def large() -> st.SearchStrategy[Shared]:
    """Enough texts for several shards of small waves; some are longer than a shard."""
    return st.builds(
        many, st.integers(0, 2**20), st.sampled_from([60, 700, 1500]), st.sampled_from([30, 120, 400])
    )


def survey(personas: int, *, persona: int, questions: int = 25, orders: int = 2) -> Shared:
    """Every persona reads every question in two orders of its four to ten options and is asked for a letter."""
    draw = random.Random(1)

    def ids(count: int) -> Ids:
        return tuple(draw.randrange(32000) for _ in range(count))

    system = ids(41)
    asked = [(ids(44), [ids(5) for _ in range(draw.randint(4, 10))]) for _ in range(questions)]
    found = []
    for _ in range(personas):
        told = system + ids(persona)
        for stem, options in asked:
            for order in (options, options[::-1])[:orders]:
                text = told + stem + sum(order, ()) + (7, 8, 9)
                found.append(Sequence(text, (Probe(len(text), tuple(range(65, 65 + len(options)))),)))
    return tuple(found)


def prefixes(sequences: Shared) -> set[Ids]:
    """The nodes of the trie: every distinct beginning of a text."""
    return {one.ids[:stop] for one in sequences for stop in range(1, len(one.ids) + 1)}


def questions(sequences: Shared) -> list[tuple[Ids, int]]:
    """Everything that is asked, in the order given: a text and the token that may follow it."""
    return [(one.ids[: p.after], target) for one in sequences for p in one.probes for target in p.targets]


class Trie:
    """Texts as numbers: two texts have the same one where they are the same. 0 is the text without tokens."""

    def __init__(self) -> None:
        self._children: dict[tuple[int, int], int] = {}
        self.parents = [0]

    def child(self, parent: int, token: int) -> int:
        """The text that is one token longer."""
        found = self._children.setdefault((parent, token), len(self.parents))
        if found == len(self.parents):
            self.parents.append(parent)
        return found

    def nodes(self, text: Ids) -> list[int]:
        """The texts up to each token."""
        found = [0]
        for token in text:
            found.append(self.child(found[-1], token))
        return found[1:]


def tiny_config(**changes: object) -> DecoderConfig:
    """A small llama, of which planning needs the sizes."""
    shape: dict[str, object] = {
        "model_type": "llama",
        "vocab_size": 32000,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5,
        "rope_theta": 1e4,
        "max_position_embeddings": 4096,
        "hidden_act": "silu",
    }
    return decoder_config("tiny", shape | changes)
