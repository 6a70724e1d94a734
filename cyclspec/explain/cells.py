"""One cell of one ask, chosen by the levels of its axes as they are typed on the command line.

Expects an audit with its data open. Ensures that every axis of the ask has a level, the first of a cell that exists
where none was given, and that a misspelled ask, axis, level or model is told of with what was probably meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types import typed as d

if TYPE_CHECKING:
    from cyclspec.compiler.axes import Grid

_ASK, _MODEL = "ask", "model"
_LEVEL = re.compile(r'\s*([^=,"]+?)\s*=\s*(?:"([^"]+)"|([^",=]*[^",=\s]))\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of an ask: the positions of its levels, the axes whose level was not given, and the model asked.

    `model` is None where answers are recorded.
    """

    ask: d.TypedAsk
    axes: tuple[str, ...]
    positions: Mapping[str, int]
    assumed: frozenset[str]
    model: d.TypedModel | None


def levels_given(text: str) -> dict[str, str]:
    """`item=q1,country="a, b"` as levels by axis. ValueError with what is wrong where it has another form."""
    found: dict[str, str] = {}
    start = 0
    while start < len(text):
        match = _LEVEL.match(text, start)
        if match is None:
            raise ValueError(f"takes AXIS=LEVEL,.., not {text[start:]!r}")
        name, quoted, plain = match.groups()
        if name in found:
            raise ValueError(f"gives {name!r} twice")
        found[name] = plain if quoted is None else quoted
        start = match.end()
    return found


def _unknown(what: str, name: str, known: Iterable[str], where: str = "") -> NoReturn:
    helps = did_you_mean(name, known)
    raise SpecError(
        [UnknownName(what=what, name=name, where=where, place="command line: --prompt", helps=helps)]
    )


def _chosen_ask(audit: d.TypedAudit, name: str | None) -> d.TypedAsk:
    asks = {ask.name: ask for ask in audit.asks}
    if name is None and asks:
        return next(iter(asks.values()))
    if name not in asks:
        _unknown("ask", name or "", asks, f" in audit `{audit.name}`")
    return asks[name]


def _model_levels(audit: d.TypedAudit, ask: d.TypedAsk, name: str) -> dict[str, str]:
    """The levels of the factors that a model is found at, where it is chosen by its name."""
    from cyclspec.compiler.plan.attributes import level_position

    if ask.panel is None:
        _unknown("axis", _MODEL, ask.axes, f" of ask `{ask.name}`")
    panel = audit.panels[ask.panel]
    models = {model.name: model for model in panel.models}
    if name not in models:
        _unknown("model", name, models, f" in panel `{panel.name}`")
    factors = {factor.name: factor for factor in panel.factors}
    chosen = models[name].factors
    return {
        axis: factors[axis].levels[level_position(factors[axis], chosen[axis])].name
        for axis in ask.model_axes
    }


def _positions(
    grid: Grid, ask: d.TypedAsk, axes: tuple[str, ...], given: Mapping[str, str]
) -> dict[str, int]:
    found: dict[str, int] = {}
    for axis, level in given.items():
        if axis not in axes:
            _unknown("axis", axis, axes, f" of ask `{ask.name}`")
        levels = grid.axes[axis].levels
        if level not in levels:
            _unknown("level", level, levels, f" on axis `{axis}`")
        found[axis] = levels.index(level)
    return found


def model_at(
    audit: d.TypedAudit, grid: Grid, ask: d.TypedAsk, cell: Mapping[str, int]
) -> d.TypedModel | None:
    """The model of a cell: the level of its axis, or the one model with the levels of all factors."""
    from cyclspec.compiler.plan.attributes import level_position

    if ask.panel is None:
        return None
    panel = audit.panels[ask.panel]
    factors = {factor.name: factor for factor in panel.factors}
    if ask.model_axes[0] not in factors:
        name = grid.axes[ask.model_axes[0]].levels[cell[ask.model_axes[0]]]
        return next(model for model in panel.models if model.name == name)
    for model in panel.models:
        at = {axis: level_position(factors[axis], model.factors[axis]) for axis in ask.model_axes}
        if all(cell[axis] == position for axis, position in at.items()):
            return model
    return None


def choose_cell(audit: d.TypedAudit, grid: Grid, given: Mapping[str, str]) -> Cell:
    """The first existing cell with the given levels; `ask` and `model` may be given beside axes."""
    from cyclspec.compiler.plan.budget import first_cell, ordered_axes

    ask = _chosen_ask(audit, given.get(_ASK))
    axes = ordered_axes(audit, ask.axes)
    wanted = {axis: level for axis, level in given.items() if axis != _ASK}
    if _MODEL in wanted and _MODEL not in axes:
        wanted |= _model_levels(audit, ask, wanted.pop(_MODEL))
    fixed = _positions(grid, ask, axes, wanted)
    first = first_cell(grid, axes, fixed)
    if first is None:
        said = ", ".join(f"{axis}={level}" for axis, level in wanted.items())
        _unknown("cell", said, (), f" of ask `{ask.name}`")
    positions = dict(zip(axes, first, strict=True))
    assumed = frozenset(axes) - frozenset(fixed)
    return Cell(ask, axes, positions, assumed, model_at(audit, grid, ask, positions))
