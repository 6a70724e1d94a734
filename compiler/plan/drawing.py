"""Texts that are drawn: every cell and every try has its own seed, and so a request of its own.

Expects the coordinates of a cell by name. Ensures that a seed depends on names alone, so that another level, another
axis before it or another order of statements changes no text of the cells that stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.draws import Draws, drawn_axes
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.requests import Numerics, Request, read_otherwise
from cyclspec.compiler.plan.writing import WritingTask
from cyclspec.compiler.records.schema import RecordSchema
from cyclspec.compiler.records.stepping import TokenAutomaton
from cyclspec.compiler.seeds import seed_of
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import typed as d

_WORD = 32


def text_seed(audit: d.TypedAudit, ask: d.TypedAsk, cell: Mapping[str, str], attempt: int) -> tuple[int, int]:
    """The two words of the generator's key for one try in one cell, given as levels by axis.

    `attempt` counts from 1. The seed that an ask says stands in the place of its audit's.
    """
    names = [word for pair in sorted(cell.items()) for word in pair]
    found = seed_of(audit.seed if ask.seed is None else ask.seed, ask.name, *names, f"try {attempt}")
    return found >> _WORD, found & (2**_WORD - 1)


def seeded(
    request: Request, seed: tuple[int, int], numerics: Numerics, temperature: float | None = None
) -> Request:
    """The request for the text that a seed draws, at the temperature of its cell where this differs between cells."""
    if not isinstance(request.read, Writing):
        raise InternalError("plan", f"request {request.key} draws nothing")
    heat = request.read.temperature if temperature is None else temperature
    return read_otherwise(request, replace(request.read, seed=seed, temperature=heat), numerics)


def temperature_in(
    audit: d.TypedAudit, grid: Grid, draws: Draws, ask: d.TypedAsk, cell: Mapping[str, str]
) -> float | None:
    """The temperature of a cell, given as levels by axis, where it is an axis or a draw."""
    if ask.heat is None:
        return None
    each = next(each for each in audit.eaches if ask.heat in each.names)
    if not isinstance(each.source, d.DrawSource | d.ShuffledSource):
        return float(cell[ask.heat])
    at = {axis: grid.axes[axis].levels.index(cell[axis]) for axis in drawn_axes(each.source)}
    return float(draws.level(each, at))


def task_of(request: Request, automaton: Callable[[RecordSchema], TokenAutomaton]) -> WritingTask | None:
    """What is to be written; None where nothing is. `automaton` gives that of a record for the model of the request."""
    read = request.read
    if not isinstance(read, Writing):
        return None
    return WritingTask(
        request=request.key,
        ids=request.token_ids,
        temperature=read.temperature,
        top_p=read.top_p,
        max_tokens=read.max_tokens,
        stop_ids=read.stop_ids,
        seed=read.seed,
        automaton=None if read.record is None else automaton(read.record),
    )
