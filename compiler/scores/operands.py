"""What a reduction reduces: its operand as numbers or comparable codes, with the arguments of its reducer.

Expects a typed reduction and the cells of its operand. Ensures that an estimate sees arrays, words and dimensions only,
never names of axes or options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from cyclspec.compiler.scores.cells import Array, Cells, refuse, without_holes, without_values
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.options import Comparison, coded
from cyclspec.compiler.scores.reasons import NO_VALUE
from cyclspec.compiler.scores.reducers import REDUCERS
from cyclspec.compiler.scores.sample import Arguments
from cyclspec.language.types.kinds import Bool, Choice, Dist, Of
from cyclspec.language.types.terms import (
    AxisTerm,
    LevelTerm,
    ListTerm,
    Literal_,
    ReduceTerm,
    Term,
    VocabularyTerm,
)


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """The operand of a reduction, what stands beside it, what its reducer is told, and the reducer that runs."""

    reducer: str
    of: Cells
    beside: Mapping[str, Cells]
    told: Arguments


def operand(frame: Frame, term: ReduceTerm, of: Cells, cells: Callable[[Term], Cells]) -> Operand:
    """The operand and the arguments of one reduction `over` axes."""
    kind, reducer = term.of.type.kind, REDUCERS[term.reducer]
    if reducer.anything:
        if isinstance(kind, Bool):
            return Operand("sum", of, {}, Arguments())
        return Operand(term.reducer, without_values(of), {}, Arguments())
    if isinstance(term.type.kind, Dist):
        return Operand(term.reducer, of, {}, Arguments())
    told = _told(frame, term)
    if reducer.keeps or not isinstance(kind, Choice | Of | Bool):
        return Operand(term.reducer, of, _beside(frame, term, cells), told)
    comparable = coded(frame, of, term.axes, _comparison(term, reducer.comparison))
    told = replace(told, options=comparable.options)
    return Operand(term.reducer, comparable.cells, _beside(frame, term, cells), told)


def without_further(cells: Cells, told: Arguments) -> Cells:
    """Of an added axis that another reduction makes longer: the levels that this one has no number for are holes."""
    if told.adds is None or "n" not in told.numbers:
        return cells
    (at, size), number = told.adds, told.numbers["n"]
    if size <= number:
        return cells
    further = jnp.expand_dims(
        jnp.arange(size) >= number, [place for place in range(cells.value.ndim) if place != at]
    )
    return without_holes(cells, further)


def _comparison(term: ReduceTerm, usual: Comparison) -> Comparison:
    """What the reducer asks of options, which may hang on its arguments."""
    words = {arg.level for _, arg in term.args if isinstance(arg, LevelTerm)}
    return "order" if words & {"linear", "quadratic", "ordinal"} else usual


def _told(frame: Frame, term: ReduceTerm) -> Arguments:
    words: dict[str, str] = {}
    numbers: dict[str, float] = {}
    places: dict[str, tuple[int, ...]] = {}
    adds: tuple[int, int] | None = None
    for name, arg in term.args:
        match arg:
            case LevelTerm(level=level) if arg.vocabulary is None:
                words[name] = level
            case Literal_(value=bool()):
                pass
            case Literal_(value=int() | float() as number):
                numbers[name] = float(number)
            case ListTerm(items=items):
                named = [item.axis for item in items if isinstance(item, AxisTerm)]
                places[name] = tuple(sorted(frame.place_of(axis) for axis in named))
            case VocabularyTerm(vocabulary=vocabulary) if vocabulary.name not in term.type.axes:
                numbers[name] = float(len(vocabulary.names))
            case VocabularyTerm(vocabulary=vocabulary):
                adds = (frame.place_of(vocabulary.name), len(frame.axes[vocabulary.name]))
    if term.reducer == "principal_components":
        adds = (frame.place_of("component"), len(frame.axes["component"]))
    return Arguments(words, numbers, places, adds=adds)


def _beside(frame: Frame, term: ReduceTerm, cells: Callable[[Term], Cells]) -> dict[str, Cells]:
    """The arguments that are values in each cell."""
    args = dict(term.args)
    beside: dict[str, Cells] = {}
    if "against" in args:
        beside["against"] = coded(frame, cells(args["against"]), term.axes, "order").cells
    items = args.get("items")
    if isinstance(items, VocabularyTerm):
        added = items.vocabulary.name in term.type.axes
        levels = frame.axes[items.vocabulary.name].levels if added else items.vocabulary.names
        beside |= {name: _among(cells(args[name]), levels) for name in ("first", "second")}
    return beside


def _among(side: Cells, levels: tuple[str, ...]) -> Cells:
    """Levels of a vocabulary as places on the axis of items; one that the axis lacks is missing."""
    table = np.array([levels.index(name) if name in levels else -1 for name in side.names or ()])
    places: Array = jnp.asarray(table)[side.value]
    return replace(side, value=jnp.maximum(places, 0), status=refuse(side.status, places < 0, NO_VALUE))
