"""Records as automata over the tokens of a model: which tokens may come next, and how many are needed to the end.

Expects a record and a vocabulary. Ensures that a text written along the automaton is the JSON of the record, that it is
done in time where the room is at least `needed`, and that lack of room ends free texts and lists and never decides
between values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cyclspec.compiler.records.automaton import ByteAutomaton, automaton_of
from cyclspec.compiler.records.pattern import record_pattern
from cyclspec.compiler.records.schema import RecordSchema
from cyclspec.compiler.records.stepping import NEVER, TokenAutomaton
from cyclspec.compiler.records.vocabulary import Branch, Vocabulary

Leads = Mapping[int, int]


def token_automaton(schema: RecordSchema, vocabulary: Vocabulary, size: int) -> TokenAutomaton:
    """The automaton of a record over the first `size` ids of a model; ids without bytes are never written."""
    found = automaton_of(record_pattern(schema))
    rows = [_sparse(found, state, vocabulary) for state in range(len(found.moves))]
    kinds, follows = _classed(found, rows, vocabulary)
    kept = np.zeros(size, dtype=np.int32)
    width = min(size, len(kinds))
    kept[:width] = kinds[:width]
    digest = hashlib.sha256(f"{schema.text}\0{size}".encode()).hexdigest()
    return TokenAutomaton(digest, kept, follows, _needs(found, follows, kept))


def _sparse(found: ByteAutomaton, state: int, vocabulary: Vocabulary) -> dict[int, int]:
    """Where tokens lead from one state, beside those that stay inside of a text."""
    if state not in found.texts:
        return dict(_along(found, state, vocabulary.tree))
    tokens = ((at, vocabulary.tokens[at]) for at in vocabulary.closing[found.texts[state][1]])
    ends = ((at, found.after(state, token)) for at, token in tokens if token)
    return {at: end for at, end in ends if end is not None}


def _along(found: ByteAutomaton, state: int, branch: Branch) -> Iterator[tuple[int, int]]:
    """The tokens below a branch that may be written, with the states that they lead to."""
    waiting = [(state, branch)]
    while waiting:
        at, here = waiting.pop()
        yield from ((one, at) for one in here.ids)
        moves = found.moves[at]
        shorter = moves if len(moves) < len(here.further) else here.further
        waiting.extend(
            (moves[byte], here.further[byte]) for byte in shorter if byte in moves and byte in here.further
        )


@dataclass(slots=True)
class _Kinds:
    """Tokens that lead from every state to the same state are of one kind; kind 0 leads nowhere."""

    numbers: dict[tuple[int, tuple[tuple[int, int], ...]], int] = field(default_factory=dict)

    def of(self, way: int, leads: Sequence[tuple[int, int]]) -> int:
        return self.numbers.setdefault((way, tuple(leads)), len(self.numbers) + 1)


def _classed(
    found: ByteAutomaton, rows: Sequence[Leads], vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray]:
    leads: dict[int, list[tuple[int, int]]] = {}
    for state, row in enumerate(rows):
        for token, target in row.items():
            leads.setdefault(token, []).append((state, target))
    kinds = _Kinds()
    own = np.array([kinds.of(way, ()) for way in range(int(vocabulary.way.max(initial=0)) + 1)])
    of_token = own[vocabulary.way].astype(np.int32)
    for token, some in leads.items():
        of_token[token] = kinds.of(int(vocabulary.way[token]), some)
    follows = np.full((len(rows), len(kinds.numbers) + 1), -1, dtype=np.int16)
    first = {way: int(np.argmax(vocabulary.way == way)) for way in range(len(own))}
    regions = _regions(found)
    for (way, targets), kind in kinds.numbers.items():
        column = vocabulary.inside[:, first[way]]
        for state, (text, at) in found.texts.items():
            if column[at] >= 0:
                follows[state, kind] = regions[text, int(column[at])]
        for state, target in targets:
            follows[state, kind] = target
    return of_token, follows


def _regions(found: ByteAutomaton) -> dict[tuple[int, int], int]:
    """The state of a record for each state of each of its texts."""
    return {where: state for state, where in found.texts.items()}


def _needs(found: ByteAutomaton, follows: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """How many tokens are needed from each state: the fewest, but where a value is chosen as many as any value needs.

    There every byte counts as a token, which is the most that a spelling can take. What comes after the value counts
    with the fewest again: a list may end.
    """
    written = np.unique(kinds)
    table = follows[:, written[written > 0]]
    needs = np.full(len(table), NEVER, dtype=np.int64)
    needs[sorted(found.ends)] = 0
    steps = {state: np.array(sorted(targets)) for state, targets in found.choosing.items()}
    while True:
        reached = np.where(table >= 0, needs[table], NEVER).min(axis=1, initial=NEVER) + 1
        for state, targets in steps.items():
            reached[state] = max(int(reached[state]), int(needs[targets].max()) + 1)
        reached[sorted(found.ends)] = 0
        new: np.ndarray = np.minimum(reached, NEVER).astype(np.int32)
        if np.array_equal(new, needs):
            return new
        needs = new.astype(np.int64)
