"""Three repeats of fourteen items by two models, made by hand: what tests of fitted reducers score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from score_terms import NUMBER, answer, answers, attribute, audit, choice, grid, reduce

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
AXES = ("model", "item", "repeat")
SHAPE = (2, 14, 3)
DRAWS, LEVEL = 40, 0.9
RNG = np.random.default_rng(5)
VALUES = RNG.integers(1, 17, SHAPE) / 16
TRUTH = RNG.integers(0, 4, (1, 14, 1))
CODES = np.where(RNG.uniform(size=SHAPE) < 0.6, TRUTH, RNG.integers(0, 4, SHAPE))
OK = RNG.uniform(size=SHAPE) > 0.15
SIZE = RNG.normal(size=14).round(1)
ITEMS = k.Vocabulary("principle", False, tuple(k.Level(name, name, {}) for name in "abc"), is_axis=True)
FIRST = [("a", "b", "c")[at % 3] for at in range(14)]
SECOND = [("b", "c", "a")[at % 3] for at in range(14)]
over = ("item", "repeat")
against = attribute("item", "size")
mass, chosen = answer(*AXES, field="mass"), choice(*AXES)


def statistic(reducer: str, axes: tuple[str, ...], of: h.Term, **args: h.Term) -> h.Term:
    """A reduction that gives a number, whatever it reduces."""
    term = reduce(reducer, axes, of, **args)
    return replace(term, type=replace(term.type, kind=NUMBER))


def world(options: int = 4, **more: int) -> Grid:
    attributes = {"item": {"size": tuple(SIZE), "first": tuple(FIRST), "second": tuple(SECOND)}}
    sizes = {**dict(zip(AXES, SHAPE, strict=True)), **more}
    found = grid(sizes, [options] * SHAPE[1], attributes=attributes)
    if "principle" not in more:
        return found
    axis = found.axes["principle"]
    named = type(axis)("principle", ITEMS.names[: len(axis)])
    return Grid({**found.axes, "principle": named}, found.presence, found.options)


def scored(
    *measures: d.TypedMeasure, codes: NDArray[np.int64] = CODES, ok: Bools = OK, grid_: Grid | None = None
) -> dict[str, MeasureCells]:
    place = world() if grid_ is None else grid_
    width = place.options["item.options"].exists.shape[1]
    probs = np.eye(width)[codes]
    cells = answers(AXES, probs, mass=VALUES, ok=ok)
    spec = audit(axes=AXES, measures=measures, seed=3)
    found = lower(spec, place).evaluate(ScoreInputs({"reply": cells}, {})).measures
    return {cells.name: cells for cells in found}
