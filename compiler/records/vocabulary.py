"""The tokens of a model as bytes, and what each of them does inside of a free text.

Expects what every token id stands for, None for ids that a text never has. Ensures that all of it is computed once for
a model, however many records it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.records.automaton import text_automaton

DEAD, CLOSES = -1, -2
_QUOTE = 0x22


@dataclass(slots=True)
class Branch:
    """The tokens that begin with some bytes: by the next byte, and those that end here."""

    further: dict[int, Branch] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """`tokens[id]` are bytes; `tree` is the tree of all of them.

    `inside[state, id]` is where a token leads in the automaton of a text: `DEAD`, or `CLOSES` where it ends the text.
    Tokens that lead from everywhere to the same have the same `way`; the last way is that of no token.
    """

    tokens: tuple[bytes | None, ...]
    tree: Branch
    inside: NDArray[np.int16]
    way: NDArray[np.int32]
    closing: tuple[tuple[int, ...], ...]


def vocabulary_of(tokens: Sequence[bytes | None]) -> Vocabulary:
    """A vocabulary; an id that stands for no bytes is never written."""
    kept = tuple(token or None for token in tokens)
    tree = Branch()
    for at, token in enumerate(kept):
        branch = tree
        for byte in token or b"":
            branch = branch.further.setdefault(byte, Branch())
        if token:
            branch.ids.append(at)
    inside = _inside(kept)
    closing = tuple(tuple(np.flatnonzero(row == CLOSES).tolist()) for row in inside)
    return Vocabulary(kept, tree, inside, _ways(inside), closing)


def _ways(inside: NDArray[np.int16]) -> NDArray[np.int32]:
    """Equal numbers for equal columns: one row after the other, which is much faster than to sort whole columns."""
    found = np.zeros(inside.shape[1], dtype=np.int64)
    for row in inside:
        found = np.unique(found * (len(inside) + 2) + row + 2, return_inverse=True)[1].reshape(-1)
    return found.astype(np.int32)


def _inside(tokens: Sequence[bytes | None]) -> NDArray[np.int16]:
    """Where every token leads from every state of a text: [state, id]."""
    automaton, _ = text_automaton()
    count = len(automaton.moves)
    closed, dead = count, count + 1
    step = np.full((count + 2, 256), dead, dtype=np.int16)
    for state, moves in enumerate(automaton.moves):
        for byte, target in moves.items():
            step[state, byte] = target
        if state in automaton.ends:
            step[state, _QUOTE] = closed
    step[closed] = closed
    at = np.repeat(np.arange(count, dtype=np.int16)[:, None], len(tokens), axis=1)
    lengths = np.array([len(token or b"") for token in tokens])
    order = np.argsort(-lengths, kind="stable")
    for place in range(int(lengths.max(initial=0))):
        longer = order[: int((lengths > place).sum())]
        bytes_ = np.array([(tokens[i] or b"")[place] for i in longer.tolist()], dtype=np.int64)
        at[:, longer] = step[at[:, longer], bytes_[None, :]]
    at[:, lengths == 0] = dead
    return np.where(at == closed, CLOSES, np.where(at == dead, DEAD, at)).astype(np.int16)
