"""Estimated sizes of parts of the grid, before and after its conditions.

Expects a typed audit and its grid. Ensures that with every condition applied the sizes are those of the grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.budget import count_cells
from cyclspec.compiler.plan.conditions import joint_condition, own_condition
from cyclspec.language.types import typed as d


def _is_drawn(source: d.AxisSource) -> bool:
    """Whether rows are drawn among those that the condition keeps."""
    return isinstance(source, d.SampleSource) or (
        isinstance(source, d.TableSource) and source.part is not None
    )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of cells over axes. Axes that the grid lacks (those of metrics) count once."""

    audit: d.TypedAudit
    grid: Grid
    _counted: dict[tuple[str, ...], int] = field(default_factory=dict, compare=False, repr=False)

    def ordered(self, axes: Iterable[str]) -> tuple[str, ...]:
        """Some axes in the order of the grid."""
        given = frozenset(axes)
        return tuple(axis for axis in self.grid.axes if axis in given)

    def cells(self, axes: Iterable[str]) -> int:
        """Cells that exist over some axes."""
        ordered = self.ordered(axes)
        if ordered not in self._counted:
            self._counted[ordered] = count_cells(self.grid, ordered)
        return self._counted[ordered]

    def kept(self, each: d.TypedEach) -> int:
        """What one `each` binds, with its own condition."""
        parents = (
            each.source.parent if isinstance(each.source, d.ChildSource | d.PermutationsSource) else None
        )
        return count_cells(self._loose(), self.ordered((*each.names, *((parents,) if parents else ()))))

    def total(self, each: d.TypedEach) -> int:
        """What one `each` could bind, without its condition."""
        if own_condition(each) is None:
            return self.kept(each)
        match each.source:
            case d.TableSource(table) | d.SampleSource(table=table):
                return self.grid.rows.get(table, self.kept(each))
            case d.VocabularySource(vocabulary):
                return len(vocabulary.levels)
            case d.ValuesSource(values):
                return len(values)
            case d.PanelSource(panel):
                return len(self.audit.panels[panel].models)
            case d.WavesSource(count=count):
                return count
        return self.kept(each)

    def before(self, axes: Iterable[str], applied: Iterable[d.TypedEach], *, joint: bool) -> int:
        """Cells over axes where only the own conditions of `applied` hold, and the joint ones where `joint`."""
        grid = self.grid if joint else self._loose()
        found = float(count_cells(grid, self.ordered(axes)))
        done = tuple(applied)
        names = set(axes)
        for each in self.audit.eaches:
            if each in done or _is_drawn(each.source) or not names & set(each.names):
                continue
            found *= self.total(each) / max(self.kept(each), 1)
        return round(found)

    def _loose(self) -> Grid:
        """The grid without the conditions that tie axes together, which stand last in it."""
        tied = sum(joint_condition(each) is not None for each in self.audit.eaches)
        return replace(self.grid, presence=self.grid.presence[: len(self.grid.presence) - tied])
