"""What the invented people answered: the distributions that the demo model is trained on and compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from population import COUNTRIES, MAN, WOMAN
from wording import LANGS

from cyclspec.compiler.data.contracts import Column, Level, Scale, Table
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.people import distribution_of_people
from cyclspec.compiler.data.tables import read_tables

_LARGEST = 10
_AGES = (Level("young", low=18, high=29), Level("middle", low=30, high=49), Level("older", low=50))
_GENDERS = (Level("woman", WOMAN), Level("man", MAN))


@dataclass(frozen=True, slots=True)
class Question:
    """One item: its text by language, its options, and the weighted answer shares of each group of people.

    `shares` maps a group, (country,) or (country, age, gender), to shares over the options that are not missing.
    """

    name: str
    ordered: bool
    text: Mapping[str, str]
    scale: Scale
    shares: Mapping[tuple[str, ...], NDArray[np.float64]]


def questions(folder: Path) -> list[Question]:
    """Every item of the survey, ordinal ones first, in the order of the files."""
    tables = read_tables(
        [
            _items(folder, "items", ordered=True),
            _items(folder, "choices", ordered=False),
            _people(folder),
            _answers(folder, "answers", "items"),
            _answers(folder, "choice_answers", "choices"),
        ]
    )
    ordinal = _questions(tables, "items", "answers", ordered=True)
    return ordinal + _questions(tables, "choices", "choice_answers", ordered=False)


def _questions(
    tables: Mapping[str, LoadedTable], items: str, answers: str, *, ordered: bool
) -> list[Question]:
    table = tables[items]
    scales = table.scales()
    shares: dict[str, dict[tuple[str, ...], NDArray[np.float64]]] = {name: {} for name in scales}
    for by in (("country",), ("country", "age", "gender")):
        _add_shares(shares, tables[answers], tables["people"], scales, by)
    texts = table.only("text").values
    return [
        Question(name, ordered, text, scales[name], shares[name])
        for name, text in zip(scales, texts, strict=True)
    ]


def _add_shares(
    shares: Mapping[str, dict[tuple[str, ...], NDArray[np.float64]]],
    answers: LoadedTable,
    people: LoadedTable,
    scales: Mapping[str, Scale],
    by: Sequence[str],
) -> None:
    cells = distribution_of_people(
        answers,
        people,
        items=scales,
        item="item",
        person="person",
        value="value",
        by=by,
        weight="weight",
        count_missing=False,
    )
    for number, item in enumerate(cells.items):
        for place in np.ndindex(cells.share.shape[1:-1]):
            group = tuple(levels[index] for levels, index in zip(cells.levels, place, strict=True))
            shares[item][group] = cells.share[(number, *place)][cells.mask[number]]


def _items(folder: Path, name: str, *, ordered: bool) -> Table:
    columns: tuple[Any, ...] = (
        Column("item", "key"),
        Column("question", "text", langs=LANGS),
        Column("options", "scale", langs=LANGS, ordered=ordered, low=2, high=_LARGEST),
    )
    return Table(name, folder / f"{name}.jsonl", "jsonl", columns)


def _people(folder: Path) -> Table:
    countries = tuple(Level(country.name, country.code) for country in COUNTRIES)
    columns = (
        Column("person", "key"),
        Column("country", "level", levels=countries),
        Column("age", "level", levels=_AGES, ordered=True),
        Column("gender", "level", levels=_GENDERS),
        Column("weight", "real"),
    )
    return Table("people", folder / "people.csv", "csv", columns)


def _answers(folder: Path, name: str, items: str) -> Table:
    columns = (
        Column("item", "ref", table=items),
        Column("person", "ref", table="people"),
        Column("value", "choice", table=items),
    )
    return Table(name, folder / f"{name}.parquet", "parquet", columns)
