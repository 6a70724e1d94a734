"""Conditions that tie several axes together: which of their combinations exist.

Expects the axes with their levels, and the tables they were read from. Ensures one `Presence` for each such condition,
over the axes that it names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Axis, Presence
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import child_entries, column_values
from cyclspec.compiler.plan.conditions import holds, joint_condition, people_in
from cyclspec.compiler.plan.draws import Drawn, Draws, drawn_axes, drawn_levels
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import EmptyTable, OverBudget
from cyclspec.language.types import typed as d
from cyclspec.language.types.terms import ColumnTerm, PeopleTerm, Term

People = PeopleTerm | ColumnTerm
MOST_COMBINATIONS = 20_000_000


@dataclass(frozen=True, slots=True)
class Combinations(Mapping[Any, NDArray[Any]]):
    """The values of axes and their attributes in every combination of some axes, flat, the last axis fastest.

    Keys are `axis` for what an axis binds, and `axis.attribute`; the term of a distribution of people that is in
    `people` says whether it has any. Each column is laid out when it is asked for. With a `cell`, the position on each
    axis, that combination is the only one.
    """

    axes: tuple[str, ...]
    levels: Mapping[str, Axis]
    eaches: tuple[d.TypedEach, ...]
    tables: Mapping[str, LoadedTable]
    seed: int
    cell: Mapping[str, int] | None = None
    people: Mapping[People, Presence] = field(default_factory=dict)
    known: dict[Any, NDArray[Any]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self._positions(axis)) for axis in self.axes)

    def _positions(self, axis: str) -> range:
        if self.cell is None:
            return range(len(self.levels[axis]))
        return range(self.cell[axis], self.cell[axis] + 1)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self.axes)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, PeopleTerm | ColumnTerm):
            return key in self.people
        name = key.partition(".")[0] if isinstance(key, str) else ""
        return name in self.axes or any(name in e.names for e in self.eaches if isinstance(e.source, Drawn))

    def __getitem__(self, key: Any) -> NDArray[Any]:
        if key not in self.known:
            over, column = self._people(key) if key in self.people else self._values(*_split(key))
            order = sorted(range(len(over)), key=lambda at: self.axes.index(over[at]))
            shape = [len(self._positions(a)) if a in over else 1 for a in self.axes]
            laid = column.transpose(order).reshape(shape)
            self.known[key] = np.broadcast_to(laid, self.shape).reshape(-1)
        return self.known[key]

    def _people(self, term: People) -> tuple[tuple[str, ...], NDArray[Any]]:
        found = self.people[term]
        return found.axes, found.cells[np.ix_(*map(self._positions, found.axes))]

    def _values(self, axis: str, attribute: str) -> tuple[tuple[str, ...], NDArray[Any]]:
        """A column at the wanted positions, with the axes that it runs along."""
        each = next(each for each in self.eaches if axis in each.names)
        if isinstance(each.source, Drawn):
            return drawn_axes(each.source), self._drawn(each, each.source, attribute)
        over, column = self._column(each, axis, attribute)
        return over, column[np.ix_(*map(self._positions, over))]

    def _column(self, each: d.TypedEach, axis: str, attribute: str) -> tuple[tuple[str, ...], NDArray[Any]]:
        """A column with the axes that it runs along, one entry for each of their levels."""
        source = each.source
        levels = self.levels[axis]
        match source:
            case d.ChildSource(parent=parent):
                return (parent, axis), child_entries(self.levels[parent], source, self.tables, len(levels))
            case d.TableSource(table) | d.SampleSource(table=table) if attribute:
                keys = self.tables[table].only("key").codes
                rows = {key: row for row, key in enumerate(keys)}
                values = column_values(self.tables[table][attribute])
                return (axis,), _objects([values[rows[level]] for level in levels.levels])
            case d.ValuesSource() | d.WavesSource() if "value" in levels.attributes:
                return (axis,), _objects(list(levels.attributes["value"]))
        return (axis,), _objects(list(levels.attributes[attribute] if attribute else levels.levels))

    def _drawn(self, each: d.TypedEach, source: Drawn, attribute: str) -> NDArray[Any]:
        """What is drawn in each cell of its axes, or an attribute of it."""
        draws = Draws(self.seed, self.levels, self.tables)
        over = drawn_axes(source)
        if isinstance(source, d.ShuffledSource):
            of = self.levels[source.axis]
            bound: Sequence[Any] = of.levels
        else:
            of = drawn_levels(each, source, self.tables)
            bound = source.source.values if isinstance(source.source, d.ValuesSource) else of.levels
        column = of.attributes[attribute] if attribute else bound
        values = dict(zip(of.levels, column, strict=True))
        positions = [self._positions(axis) for axis in over]
        found = np.empty([len(some) for some in positions], dtype=object)
        for index, at in zip(np.ndindex(found.shape), product(*positions), strict=True):
            found[index] = values[draws.level(each, dict(zip(over, at, strict=True)))]
        return found


def _split(key: str) -> tuple[str, str]:
    axis, _, attribute = key.partition(".")
    return axis, attribute


def _objects(values: list[Any]) -> NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def joint_presence(
    audit: d.TypedAudit, axes: Mapping[str, Axis], tables: Mapping[str, LoadedTable]
) -> Iterator[Presence]:
    """What the conditions over several axes leave. An error where one leaves nothing, or where it is too large."""
    bound = [name for each in audit.eaches for name in each.names]
    for each in audit.eaches:
        condition = joint_condition(each)
        if condition is None:
            continue
        over = tuple(name for name in bound if name in condition.type.axes)
        people = _people(audit, axes, tables, condition)
        values = Combinations(over, axes, audit.eaches, tables, audit.seed, people=people)
        helps = ("narrow each axis by a condition of its own first",)
        require_few(each, dict(zip(values.axes, values.shape, strict=True)), "the condition is over", helps)
        cells = holds(condition, values, len(values)).reshape(values.shape)
        if not cells.any():
            notes = ("the condition keeps none of them",)
            raise SpecError([EmptyTable(span=each.span, what=f"axis `{each.names[0]}`", notes=notes)])
        yield Presence(over, cells)


def _people(
    audit: d.TypedAudit, axes: Mapping[str, Axis], tables: Mapping[str, LoadedTable], condition: Term
) -> dict[People, Presence]:
    """In which cells the distributions have people that a condition names."""
    named = set(people_in(condition))
    if not named:
        return {}
    # Brings jax, which laying out a grid does not need otherwise.
    from cyclspec.compiler.plan.people import people_present

    return {term: people_present(audit, axes, tables, term) for term in named}


def require_few(each: d.TypedEach, sizes: Mapping[str, int], what: str, helps: tuple[str, ...]) -> None:
    """Refuses (CY0705) to look at each combination of some axes where there are too many; `what` is said of them."""
    count = math.prod(sizes.values())
    if count <= MOST_COMBINATIONS:
        return
    said = " x ".join(f"{axis} {size}" for axis, size in sizes.items())
    raise SpecError(
        [
            OverBudget(
                span=each.span,
                requests=f"{count:,}".replace(",", " "),
                limit=f"{MOST_COMBINATIONS:,}".replace(",", " "),
                notes=(f"{what} {said}",),
                helps=helps,
            )
        ]
    )
