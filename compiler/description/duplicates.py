"""Rows that say the same as an earlier one: people, answers, published cells, questions.

Expects loaded tables. Ensures that people are compared on every column but their key and on every answer, and
only where they gave so many that chance does not make them equal: with a handful of questions, many people answer
alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.description.answers import LongRows
from cyclspec.compiler.description.design import Integers
from cyclspec.compiler.description.facts import DuplicateFacts, PublishedFacts
from cyclspec.compiler.description.layout import AnswersColumn, Layout
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

FEWEST_ANSWERS = 10
"""People with fewer answers are not compared."""
_SHOWN = 5


def duplicate_facts(
    layout: Layout,
    answers: Sequence[tuple[AnswersColumn, LongRows]],
    published: Sequence[PublishedFacts],
    tables: Mapping[str, LoadedTable],
) -> tuple[DuplicateFacts, ...]:
    """What is there twice, table by table; tables without such rows are left out."""
    found = [_people(table, answers, tables[table.name]) for table in layout.people]
    found += [_answers(place, rows, tables[place.table.name].n_rows) for place, rows in answers]
    found += [DuplicateFacts(facts.table, "published", facts.second, facts.rows, ()) for facts in published]
    found += [_items(table, tables[table.name]) for table in layout.items]
    return tuple(one for one in found if one.count)


def _answers(place: AnswersColumn, rows: LongRows, total: int) -> DuplicateFacts:
    return DuplicateFacts(place.table.name, "answers", rows.second, total, rows.first)


def _people(
    table: d.TypedTable, answers: Sequence[tuple[AnswersColumn, LongRows]], people: LoadedTable
) -> DuplicateFacts:
    own = [rows for place, rows in answers if place.people.name == table.name]
    given = np.zeros(people.n_rows, np.int64)
    for rows in own:
        given += np.bincount(rows.person, minlength=people.n_rows)
    compared = np.flatnonzero(given >= FEWEST_ANSWERS)
    sorted_rows = [_by_person(rows, people.n_rows) for rows in own]
    columns = _columns(people)
    said = {int(p): _digest(columns[p].tobytes(), sorted_rows, int(p)) for p in compared}
    keys = people.only("key").codes
    return _repeats(table, "people", said, keys, len(compared))


def _columns(people: LoadedTable) -> Integers:
    """Every column but the key as whole numbers [person, column], equal where the values are."""
    found = [_whole(column) for column in people.columns.values() if column.column.kind != "key"]
    return np.stack(found, axis=1) if found else np.zeros((people.n_rows, 0), np.int64)


def _whole(column: LoadedColumn) -> Integers:
    if isinstance(column.values, tuple):
        at: dict[str, int] = {}
        return np.array([at.setdefault(repr(value), len(at)) for value in column.values], np.int64)
    if column.values.dtype == np.float64:
        # One not-a-number for all, and one zero.
        return (np.where(column.null, np.nan, column.values) + 0.0).view(np.int64)
    return np.where(column.null, -1, column.values).astype(np.int64)


def _by_person(rows: LongRows, n_people: int) -> tuple[Integers, Integers]:
    """Items with their options in the order of people, and where the rows of each person begin."""
    order = np.argsort(rows.person, kind="stable")
    pairs = np.stack([rows.item[order], rows.option[order]], axis=1)
    return pairs, np.searchsorted(rows.person[order], np.arange(n_people + 1))


def _digest(columns: bytes, answers: Sequence[tuple[Integers, Integers]], person: int) -> bytes:
    digest = hashlib.blake2b(columns, digest_size=16)
    for pairs, starts in answers:
        part = pairs[starts[person] : starts[person + 1]]
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part.tobytes())
    return digest.digest()


def _items(table: d.TypedTable, items: LoadedTable) -> DuplicateFacts:
    """Items with the same texts and the same options."""
    kinds = (k.Text, k.ListOf, k.ScaleValue)
    names = [column.name for column in table.columns if isinstance(column.kind, kinds)]
    texts = any(isinstance(column.kind, k.Text) for column in table.columns)
    said = {
        row: repr([_plain(items[name].values[row]) for name in names])
        for row in range(items.n_rows if texts else 0)
    }
    return _repeats(table, "items", said, items.only("key").codes, items.n_rows)


def _plain(value: Any) -> Any:
    """Mappings as dictionaries, so that equal cells have equal text."""
    match value:
        case Scale(options=options, ordered=ordered):
            return [ordered, *((o.code, sorted(o.label.items()), o.value, o.missing) for o in options)]
        case Mapping():
            return sorted(value.items())
        case tuple():
            return [_plain(part) for part in value]
    return value


def _repeats(
    table: d.TypedTable, kind: str, said: Mapping[int, Hashable], keys: Sequence[str], total: int
) -> DuplicateFacts:
    groups: dict[Hashable, list[int]] = {}
    for row, words in said.items():
        groups.setdefault(words, []).append(row)
    several = [rows for rows in groups.values() if len(rows) > 1]
    shown = tuple(tuple(keys[row] for row in rows[:_SHOWN]) for rows in several[:_SHOWN])
    return DuplicateFacts(table.name, kind, sum(len(rows) - 1 for rows in several), total, shown)
