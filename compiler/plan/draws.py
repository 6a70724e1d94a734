"""Values that are drawn in each cell and add no axis: `draw(places, per = simulation)`, `shuffled(country)`.

Expects the grid's axes and the opened tables. Ensures that a draw depends on the names of audit seed, `each` and levels
alone: another level of another axis, or another place of its own, changes nothing that need not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cyclspec.compiler.axes import Axis
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.columns import column_values
from cyclspec.compiler.plan.conditions import holds
from cyclspec.compiler.seeds import cycle, one_of, orders
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import EmptyTable
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import typed as d

Drawn = d.DrawSource | d.ShuffledSource


def drawn_axes(source: Drawn) -> tuple[str, ...]:
    """The axes in whose cells a value is drawn."""
    return source.per if isinstance(source, d.DrawSource) else (source.axis,)


def drawn_levels(each: d.TypedEach, source: d.DrawSource, tables: Mapping[str, LoadedTable]) -> Axis:
    """What can be drawn, as an axis that nobody sees: its levels with their attributes."""
    match source.source:
        case d.TableSource(table):
            loaded = tables[table]
            columns = {name: tuple(column_values(column)) for name, column in loaded.columns.items()}
            return Axis(each.names[0], loaded.only("key").codes, columns)
        case d.VocabularySource(vocabulary):
            attributes = {
                name: tuple(level.attributes.get(name) for level in vocabulary.levels)
                for name in vocabulary.attributes
            }
            return Axis(each.names[0], vocabulary.names, attributes)
        case d.ValuesSource(values):
            return Axis(each.names[0], tuple(map(str, values)))
        case d.PermutationsSource():
            raise InternalError("plan", f"`{each.names[0]}` is an order, which is no level")


def candidates(each: d.TypedEach, source: d.DrawSource, tables: Mapping[str, LoadedTable]) -> tuple[str, ...]:
    """The levels that can be drawn, which the condition of the `each` keeps. An error where there is none."""
    axis = drawn_levels(each, source, tables)
    levels = axis.levels
    if each.where is not None:
        kept = holds(each.where, {**axis.attributes, each.names[0]: levels}, len(levels))
        levels = tuple(level for level, keep in zip(levels, kept, strict=True) if keep)
    if not levels:
        raise SpecError([EmptyTable(span=each.span, what=f"draw `{each.names[0]}`")])
    return levels


@dataclass(slots=True)
class Draws:
    """What is drawn in each cell, each draw made once."""

    seed: int
    axes: Mapping[str, Axis]
    tables: Mapping[str, LoadedTable]
    _candidates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _rings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _known: dict[tuple[str, ...], str] = field(default_factory=dict)

    def level(self, each: d.TypedEach, cell: Mapping[str, int]) -> str:
        """The level that an `each` binds in a cell, which gives the position of each of its axes."""
        assert isinstance(each.source, d.DrawSource | d.ShuffledSource)
        at = tuple(self.axes[axis].levels[cell[axis]] for axis in drawn_axes(each.source))
        if isinstance(each.source, d.ShuffledSource):
            return self._ring(each, each.source.axis)[at[0]]
        name = each.names[0]
        if (name, *at) not in self._known:
            if name not in self._candidates:
                self._candidates[name] = candidates(each, each.source, self.tables)
            coordinates = [word for pair in zip(each.source.per, at, strict=True) for word in pair]
            self._known[name, *at] = one_of(self.seed, (name, *coordinates), self._candidates[name])
        return self._known[name, *at]

    def order(self, each: d.TypedEach, cell: Mapping[str, int], size: int) -> tuple[int, ...]:
        """The order of `size` options that an `each` binds in a cell: the places of the options, first to last."""
        assert isinstance(each.source, d.DrawSource)
        at = (word for axis in each.source.per for word in (axis, self.axes[axis].levels[cell[axis]]))
        return orders(self.seed, (each.names[0], *at), size, 1, keep_identity=False)[0]

    def _ring(self, each: d.TypedEach, axis: str) -> Mapping[str, str]:
        name = each.names[0]
        if name not in self._rings:
            levels = self.axes[axis].levels
            if len(levels) < 2:
                raise SpecError([NotLowered(span=each.span, what="a shuffle of one level")])
            self._rings[name] = cycle(self.seed, name, levels)
        return self._rings[name]
