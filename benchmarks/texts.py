"""Prose of stated lengths in tokens, made of the words of a corpus: what the workloads are written with.

A text is drawn, not written, so that its length is known and no two sentences begin alike by accident; the same seed
gives the same text.
"""

from __future__ import annotations

import random
import re
from collections import Counter

from tokenizers import Tokenizer

_WORD = re.compile(r"[a-z]{2,}")
_LEAST = 3


class Prose:
    """Draws words; ` word` is a piece of its own for the tokenizer, so lengths add up."""

    def __init__(self, corpus: str, tokenizer: Tokenizer, seed: str) -> None:
        counts = Counter(_WORD.findall(corpus))
        self._words = sorted(word for word, n in counts.items() if n >= _LEAST)
        encoded = tokenizer.encode_batch([f" {word}" for word in self._words])
        self._tokens = {word: len(one.ids) for word, one in zip(self._words, encoded, strict=True)}
        self._draw = random.Random(seed)

    def text(self, tokens: int) -> str:
        """Words of `tokens` tokens in all, the first without the space before it."""
        chosen: list[str] = []
        left = tokens
        while left > 0:
            word = self._draw.choice(self._words)
            if self._tokens[word] <= left:
                chosen.append(word)
                left -= self._tokens[word]
        return " ".join(chosen)

    def count(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        return self._draw.randint(least, most)
