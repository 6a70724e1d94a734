"""The tables of a corpus as bytes: items as JSON Lines, people, answers and shares as Parquet.

Expects a decided corpus. Ensures that equal corpora give equal bytes under one version of pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.surveys.corpus import Item, ItemAnswers, People, PeopleColumn, Share, SurveyCorpus

ITEMS, CHOICES, PEOPLE, SHARES, CHOICE_SHARES = (
    *("items.jsonl", "choices.jsonl", "people.parquet", "shares.parquet", "choice_shares.parquet"),
)
ANSWERS, CHOICE_ANSWERS = "answers.parquet", "choice_answers.parquet"
_SHARES = pa.list_(pa.struct([("code", pa.string()), ("share", pa.float64())]))


def table_files(corpus: SurveyCorpus) -> dict[str, bytes]:
    """The tables of a corpus by the names of their files. Items without an order stand in tables of their own."""
    found: dict[str, bytes] = {}
    for (items, answers, shares), chosen in parts(corpus):
        keys = {item.key for item in chosen}
        found[items] = items_bytes(chosen, corpus.lang)
        if corpus.people is not None:
            found[answers] = answers_bytes([a for a in corpus.answers if a.item in keys], corpus.people.keys)
        if corpus.shares:
            found[shares] = shares_bytes([s for s in corpus.shares if s.item in keys], corpus.shares_axis)
    if corpus.people is not None:
        found[PEOPLE] = people_bytes(corpus.people)
    return found


Names = tuple[str, str, str]


def parts(corpus: SurveyCorpus) -> list[tuple[Names, tuple[Item, ...]]]:
    """The files of the ordinal items and those of the nominal ones; one kind alone has the first names."""
    first, second = (ITEMS, ANSWERS, SHARES), (CHOICES, CHOICE_ANSWERS, CHOICE_SHARES)
    ordered, unordered = corpus.ordered_items, corpus.unordered_items
    if not ordered or not unordered:
        return [(first, ordered or unordered)]
    return [(first, ordered), (second, unordered)]


def items_bytes(items: Iterable[Item], lang: str) -> bytes:
    rows = (json.dumps(_item(item, lang), ensure_ascii=False, separators=(",", ":")) for item in items)
    return "".join(f"{row}\n" for row in rows).encode("utf-8")


def _item(item: Item, lang: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "item": item.key,
        "question": {lang: item.question} if lang else item.question,
    }
    if item.options:
        row["options"] = [_option(option, lang) for option in item.options]
    named = {"theme": item.theme, "battery": item.battery, **item.attributes}
    return row | {name: value for name, value in named.items() if value}


def _option(option: Option, lang: str) -> dict[str, Any]:
    text = next(iter(option.label.values()))
    row: dict[str, Any] = {"code": option.code, "label": {lang: text} if lang else text}
    if option.value is not None:
        row["value"] = option.value
    return row | ({"missing": True} if option.missing else {})


def people_bytes(people: People) -> bytes:
    columns = {"person": pa.array(people.keys, pa.string())}
    columns |= {column.name: _people_column(column) for column in people.columns}
    return _parquet([pa.table(columns)])


def _people_column(column: PeopleColumn) -> Any:
    if column.numbers is not None:
        return pa.array(column.numbers, pa.float64(), mask=np.isnan(column.numbers))
    assert column.coded is not None
    return _words(column.coded.codes, column.coded.index)


def _words(codes: Sequence[str], index: Any) -> Any:
    """Codes as a dictionary-encoded column; -1 is nothing."""
    return pa.DictionaryArray.from_arrays(
        pa.array(index, pa.int32(), mask=index < 0), pa.array(codes, pa.string())
    )


def answers_bytes(answers: Sequence[ItemAnswers], keys: Sequence[str]) -> bytes:
    """One row for each person and item answered, items in their order and people in theirs."""
    return _parquet(_answer_tables(answers, keys))


def _answer_tables(answers: Sequence[ItemAnswers], keys: Sequence[str]) -> Iterator[Any]:
    people = pa.array(keys, pa.string())
    for found in answers:
        columns = {
            "item": _words([found.item], np.zeros(len(found.person), np.int32)),
            "person": pa.DictionaryArray.from_arrays(pa.array(found.person, pa.int32()), people),
            "value": _words(found.codes, found.value),
        }
        yield pa.table(columns)


def shares_bytes(shares: Sequence[Share], axis: str) -> bytes:
    columns: Mapping[str, Any] = {
        "item": pa.array([share.item for share in shares], pa.string()),
        axis: pa.array([share.level for share in shares], pa.string()),
        "share": pa.array([_pairs(share) for share in shares], _SHARES),
    }
    counted = all(share.n is not None for share in shares)
    more = {"n": pa.array([share.n for share in shares], pa.int64())} if counted else {}
    return _parquet([pa.table({**columns, **more})])


def _pairs(share: Share) -> list[dict[str, Any]]:
    return [{"code": code, "share": amount} for code, amount in share.shares]


def _parquet(tables: Iterable[Any]) -> bytes:
    """Tables of one schema as one file, each of them a row group."""
    sink = pa.BufferOutputStream()
    writer: Any = None
    for table in tables:
        writer = writer or pq.ParquetWriter(sink, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()
    found: bytes = sink.getvalue().to_pybytes()
    return found
