"""What a survey becomes: items, axes, people and answers, or published shares, before anything is written.

Expects decisions that are made. Ensures values that fit the language: names are identifiers, keys and codes are
distinct, every item has two options or more that are not missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.coded import Coded
from cyclspec.compiler.data.contracts import Option


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `options` stand in the order of the scale, missing ones last; `attributes` are more columns."""

    key: str
    question: str
    options: tuple[Option, ...]
    ordered: bool
    theme: str = ""
    battery: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many options are not missing."""
        return sum(not option.missing for option in self.options)


@dataclass(frozen=True, slots=True)
class AxisLevel:
    """One level: `code` is what the tables hold, or `low..high` where it is a range of numbers."""

    name: str
    label: str
    code: str = ""
    low: float | None = None
    high: float | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """A demographic axis; `unit` is `years` or nothing. `numeric` says that codes are written as numbers."""

    name: str
    levels: tuple[AxisLevel, ...]
    ordered: bool = False
    unit: str = ""
    numeric: bool = False
    doc: tuple[str, ...] = ()


ColumnKind = Literal["axis", "open", "real"]


@dataclass(frozen=True, slots=True)
class PeopleColumn:
    """A column of the people beside their key: codes of an axis, an open vocabulary, or numbers."""

    name: str
    kind: ColumnKind
    coded: Coded | None = None
    numbers: NDArray[np.float64] | None = None
    optional: bool = False
    doc: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns of the people that say how they were drawn and are weighted; "" where there is none."""

    weight: str = ""
    strata: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class People:
    keys: tuple[str, ...]
    columns: tuple[PeopleColumn, ...]
    roles: Roles = Roles()


@dataclass(frozen=True, slots=True)
class ItemAnswers:
    """Who answered an item, by row of the people, and with which of `codes`."""

    item: str
    person: NDArray[np.int32]
    codes: tuple[str, ...]
    value: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Share:
    """A published distribution: pairs of code and share (or percentage) of one item at one level of an axis."""

    item: str
    level: str
    shares: tuple[tuple[str, float], ...]
    n: int | None = None


@dataclass(frozen=True, slots=True)
class SurveyCorpus:
    """A corpus to be written. Microdata has `people` and `answers`, a published table `shares` over `shares_axis`."""

    name: str
    title: str
    items: tuple[Item, ...]
    lang: str = ""
    release: str = ""
    licence: str = ""
    citation: str = ""
    note: str = ""
    doc: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    people: People | None = None
    answers: tuple[ItemAnswers, ...] = ()
    shares: tuple[Share, ...] = ()
    shares_axis: str = ""
    tolerance: float | None = None

    @property
    def ordered_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.ordered)

    @property
    def unordered_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.ordered)

    @property
    def open_items(self) -> tuple[Item, ...]:
        """Questions without options, to which a text is the answer."""
        return tuple(item for item in self.items if not item.options)
