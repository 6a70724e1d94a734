"""Patterns over bytes as deterministic automata.

Expects a pattern. Ensures that a byte leads to one state at most, and that the states inside of a free text are told by
its own automaton, which is the same in every record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import assert_never

from cyclspec.compiler.records.pattern import TEXT, Answer, Either, FreeText, InOrder, Often, OneOf, Pattern

Kernel = frozenset[int]


@dataclass(frozen=True, slots=True)
class ByteAutomaton:
    """States by number, 0 first: `moves[state]` leads on by byte, `ends` are the states of whole texts.

    `choosing[state]` are the states to which the values lead that can be chosen there. `texts[state]` says for a state
    inside of a free text which of the texts that is, and which state of the automaton of `TEXT`.
    """

    moves: tuple[Mapping[int, int], ...]
    ends: frozenset[int]
    choosing: Mapping[int, frozenset[int]]
    texts: Mapping[int, tuple[int, int]]

    def after(self, state: int, data: bytes) -> int | None:
        """The state that bytes lead to; None where nothing can begin so."""
        found: int | None = state
        for byte in data:
            found = None if found is None else self.moves[found].get(byte)
        return found


@dataclass(slots=True)
class _Net:
    """A nondeterministic automaton that is being built."""

    edges: list[list[tuple[frozenset[int], int]]] = field(default_factory=list)
    silent: list[list[int]] = field(default_factory=list)
    choosing: set[int] = field(default_factory=set)
    texts: list[tuple[int, int]] = field(default_factory=list)

    def state(self) -> int:
        self.edges.append([])
        self.silent.append([])
        return len(self.edges) - 1

    def add(self, pattern: Pattern, start: int) -> int:
        """The state after a pattern that begins at `start`."""
        match pattern:
            case OneOf(some):
                end = self.state()
                self.edges[start].append((some, end))
                return end
            case InOrder(parts):
                for part in parts:
                    start = self.add(part, start)
                return start
            case Either(parts):
                ends = [self.add(part, self._beside(start)) for part in parts]
                return self._joined(ends)
            case Often(of):
                again = self._beside(start)
                end = self.add(of, again)
                self.silent[end].append(again)
                return again
            case Answer(of):
                return self._answer(of, start)
            case FreeText():
                return self._text(start)
        assert_never(pattern)

    def _beside(self, start: int) -> int:
        made = self.state()
        self.silent[start].append(made)
        return made

    def _joined(self, ends: Iterable[int]) -> int:
        made = self.state()
        for end in ends:
            self.silent[end].append(made)
        return made

    def _answer(self, of: Pattern, start: int) -> int:
        first = self._beside(start)
        end = self.add(of, first)
        self.choosing.update(range(first, end + 1))
        return self._joined((end,))

    def _text(self, start: int) -> int:
        """A text, whose states stand in the same order wherever it stands."""
        first = self._beside(start)
        end = self.add(TEXT, first)
        self.texts.append((first, len(self.edges)))
        return end

    def closed(self, states: Iterable[int], end: int) -> Kernel:
        """What some states lead to without a byte: those alone from which a byte leads on, and the end."""
        found, waiting = set[int](), list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                waiting.extend(self.silent[state])
        return frozenset(state for state in found if self.edges[state] or state == end)


def automaton_of(pattern: Pattern) -> ByteAutomaton:
    """The deterministic automaton of a pattern (Rabin and Scott 1959, theorem 11)."""
    net = _Net()
    start = net.state()
    end = net.add(pattern, start)
    first = net.closed((start,), end)
    known: dict[Kernel, int] = {first: 0}
    waiting, moves = [first], list[dict[int, int]]()
    choosing: dict[int, frozenset[int]] = {}
    for kernel in waiting:
        moves.append({})
        for byte, some in _leading(net, kernel).items():
            following = net.closed(some, end)
            if following not in known:
                known[following] = len(known)
                waiting.append(following)
            moves[-1][byte] = known[following]
        chosen = _leading(net, kernel & net.choosing)
        if chosen:
            choosing[known[kernel]] = frozenset(moves[-1][byte] for byte in chosen)
    texts = ((number, _text_at(net, kernel)) for kernel, number in known.items())
    return ByteAutomaton(
        moves=tuple(moves),
        ends=frozenset(number for kernel, number in known.items() if end in kernel),
        choosing=choosing,
        texts={number: at for number, at in texts if at is not None},
    )


def _leading(net: _Net, kernel: Kernel) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for state in kernel:
        for some, target in net.edges[state]:
            for byte in some:
                found.setdefault(byte, set()).add(target)
    return found


@cache
def text_automaton() -> tuple[ByteAutomaton, Mapping[Kernel, int]]:
    """The automaton of `TEXT`, and its states by what they stand for."""
    net = _Net()
    end = net.add(TEXT, net.state())
    found, first = automaton_of(TEXT), net.closed((0,), end)
    kernels, waiting = {first: 0}, [first]
    for kernel in waiting:
        for byte, some in _leading(net, kernel).items():
            following = net.closed(some, end)
            if following not in kernels:
                kernels[following] = found.moves[kernels[kernel]][byte]
                waiting.append(following)
    return found, kernels


def _text_at(net: _Net, kernel: Kernel) -> tuple[int, int] | None:
    """The text that a state is inside of, and where in it: at least one state of the text, and none of another."""
    for number, (first, last) in enumerate(net.texts):
        inside = frozenset(state - first for state in kernel if first <= state < last)
        if inside:
            return number, text_automaton()[1][inside]
    return None
