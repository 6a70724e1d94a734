"""The operators of a logical plan: what flows from tables to measures, each with its axes and estimated size.

Expects nothing. Ensures plain frozen trees: equal operators are equal work, and a subtree that stands in several places
with the same `copy` is done once. `cells` estimates what an operator gives out; rows for a `Scan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Base of all operators: the axes of what it gives, how many cells that is, and what it is made from.

    `copy` tells equal work apart that the audit would do several times as it is written; `uses` counts who shares it.
    """

    axes: tuple[str, ...]
    cells: int
    inputs: tuple[Operator, ...] = ()
    copy: int = 0
    uses: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan(Operator):
    """Reads a table, a vocabulary, a list, a panel or the cells of a target; `needed` are the columns that are used."""

    source: str
    columns: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Operator):
    """Keeps what a condition holds for; `over` are the axes that the condition names."""

    condition: str
    over: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cross(Operator):
    """Every combination of its inputs that exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw(Operator):
    """Random choices by name: a sample of rows, orders of a scale, a value in each cell."""

    name: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Render(Operator):
    """Prompts of an ask in the cells of its arguments; `needs` are the axes that the arguments name."""

    prompt: str
    args: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate(Operator):
    """Asks the models of a panel; `models` of them, `tries` times at most."""

    panel: str
    reader: str
    models: int
    tries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Operator):
    """Replies to answers, as the reader of an ask says."""

    ask: str
    reader: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift(Operator):
    """A function of single cells, broadcast by name."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(Operator):
    """A reduction over or along axes. `human` marks a distribution of people's answers."""

    reducer: str
    direction: str
    over: tuple[str, ...]
    by: tuple[str, ...] = ()
    weighted: str = ""
    human: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick(Operator):
    """One level of an axis, one field of a record, or the level that a value names."""

    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Operator):
    """A fitted statistic over axes."""

    statistic: str
    direction: str
    over: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resample(Operator):
    """Bootstrap resamples of axes, for an interval."""

    over: tuple[str, ...]
    draws: int
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink(Operator):
    """A measure or a check: what is written."""

    name: str
    kind: str


def below(operator: Operator) -> Iterator[Operator]:
    """An operator and everything it is made from, outermost first; shared work as often as it is used."""
    yield operator
    for found in operator.inputs:
        yield from below(found)


def rewritten(operator: Operator, rule: Callable[[Operator], Operator]) -> Operator:
    """The tree with `rule` applied to every operator, innermost first."""
    inputs = tuple(rewritten(found, rule) for found in operator.inputs)
    return rule(operator if inputs == operator.inputs else replace(operator, inputs=inputs))


def sink(operator: Operator) -> Sink:
    """An operator that stands at the top."""
    return cast(Sink, operator)
