"""Where the models of an ask stand along its axes.

Expects an ask of a panel and the grid. Ensures that every model which the audit keeps comes once, with the index of its
cells.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.attributes import level_position
from cyclspec.compiler.plan.grid import kept_models
from cyclspec.language.types import typed as d


def model_positions(
    audit: d.TypedAudit, grid: Grid, ask: d.TypedAsk, axes: tuple[str, ...]
) -> Iterator[tuple[d.TypedModel, tuple[int | slice, ...]]]:
    """The models of an ask with the index of their cells over `axes`."""
    assert ask.panel is not None
    panel = audit.panels[ask.panel]
    each = next(e for e in audit.eaches if ask.model_axes[0] in e.names)
    for model in kept_models(each, panel):
        position = _position(grid, ask, panel, model)
        yield model, tuple(position.get(axis, slice(None)) for axis in axes)


def _position(grid: Grid, ask: d.TypedAsk, panel: d.TypedPanel, model: d.TypedModel) -> dict[str, int]:
    """Where a model stands along the axes of its panel."""
    factors = {factor.name: factor for factor in panel.factors}
    if ask.model_axes[0] not in factors:
        return {ask.model_axes[0]: grid.axes[ask.model_axes[0]].levels.index(model.name)}
    return {name: level_position(factors[name], model.factors[name]) for name in ask.model_axes}
