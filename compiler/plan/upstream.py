"""Arguments that an earlier answer gives: what is known of them before anything is asked.

Expects typed asks. Ensures a bound on their length: the tokens that the earlier ask may write, or the longest of the
words that they can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import column_values
from cyclspec.compiler.plan.sources import terms_in
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Tables = Mapping[str, LoadedTable]


@dataclass(frozen=True, slots=True)
class Upstream:
    """An argument known too late to be rendered: at most `tokens` tokens, or one of `texts`."""

    tokens: int
    texts: tuple[str, ...] = ()

    def bound(self, count: Callable[[str], int]) -> int:
        """The most tokens that it can be for a tokenizer that counts those of a text."""
        return max(self.tokens, max(map(count, self.texts), default=0))


def named_lets(audit: d.TypedAudit) -> Mapping[str, h.Term]:
    """The lets, measures and checks that a term can name."""
    return {read.name: read.term for read in audit.reads}


def asks_in(audit: d.TypedAudit, term: h.Term) -> tuple[str, ...]:
    """The asks whose answers a term reads, through the lets that it names."""
    named = named_lets(audit)
    found: dict[str, None] = {}
    waiting = [term]
    seen: set[str] = set()
    while waiting:
        for part in terms_in(waiting.pop()):
            if isinstance(part, h.AnswerTerm | h.FieldTerm):
                found[part.ask] = None
            elif isinstance(part, h.LetTerm) and part.name in named and part.name not in seen:
                seen.add(part.name)
                waiting.append(named[part.name])
    return tuple(found)


def is_upstream(term: h.Term) -> bool:
    """Whether an argument is known only after an earlier ask."""
    return term.type.phase is k.Phase.RESPONSE


def upstream_of(audit: d.TypedAudit, tables: Tables, term: h.Term) -> Upstream:
    """What is known of an argument that an earlier answer gives."""
    words = tuple(dict.fromkeys(_words(audit, tables, term)))
    if words:
        return Upstream(0, words)
    readers = [ask.reader for ask in audit.asks if ask.name in asks_in(audit, term)]
    return Upstream(max((most_tokens(reader) for reader in readers), default=0))


def most_tokens(reader: d.Reader) -> int:
    """The most tokens that an answer can be."""
    match reader:
        case d.Sampled(max_tokens=most) | d.TextReader(max_tokens=most) | d.JsonReader(max_tokens=most):
            return most
    return 0


def _words(audit: d.TypedAudit, tables: Tables, term: h.Term) -> Iterator[str]:
    """Every text that an argument can be, where they are known; none where the model writes it."""
    match term:
        case h.LookupTerm(of=h.ColumnTerm(table=table, column=column)):
            yield from _texts(column_values(tables[table][column]))
            return
        case h.AnswerTerm(ask=name):
            reader = next(ask.reader for ask in audit.asks if ask.name == name)
            if isinstance(reader, d.Recorded) and isinstance(term.type.kind, k.Text):
                yield from _texts(column_values(tables[reader.table][reader.column]))
                return
    match term.type.kind:
        case k.Of(vocabulary) | k.Choice(k.Vocabulary() as vocabulary):
            for level in vocabulary.levels:
                yield from (level.label.values() or (level.name,))
        case k.Choice(k.ItemScale(table=table, column=column)):
            for scale in tables[table].scales(column).values():
                yield from (text for option in scale.options for text in option.label.values())


def _texts(values: list[Any]) -> Iterator[str]:
    for value in values:
        match value:
            case str():
                yield value
            case Mapping():
                yield from value.values()
            case tuple():
                yield from _texts(list(value))
