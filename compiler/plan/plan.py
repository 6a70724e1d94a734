"""The plan: everything that a run will do, known before the first token.

Expects a typed audit, its tables and its checkpoints; loads no weights. Ensures that equal requests stand once across
all asks, that every cell knows its request, and that shapes, tokens and cost are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.figures import AskFigures, tokens_beside
from cyclspec.compiler.plan.hosted import PlannedHosted
from cyclspec.compiler.plan.reads import Options
from cyclspec.compiler.plan.recorded import RecordedAnswers
from cyclspec.compiler.plan.requests import AskedModel, Numerics, Offer, Request
from cyclspec.compiler.plan.sharing.plan import Layout
from cyclspec.compiler.plan.tally import prompts_planned, prompts_shared, writing_shapes
from cyclspec.compiler.plan.writing import WritingShard
from cyclspec.compiler.readings.likeliest import TopTokens
from cyclspec.compiler.readings.reading import Reading, WrittenText
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.types import typed as d

if TYPE_CHECKING:
    from cyclspec.compiler.plan.planner import Planner

SCHEMA_VERSION = 1
Reply = Float32[np.ndarray, " asked"] | WrittenText | TopTokens


@dataclass(frozen=True, slots=True)
class PlannedAsk:
    """The cells of one ask: `requests[cell]` counts into the plan's requests, -1 where a cell does not exist.

    Below that a cell exists and cannot be asked, for the reason `unasked[-2 - requests[cell]]`. `axes` name the
    dimensions. `offers[cell]` counts into `offered`: the options of a cell in the order of their scale. The request of
    a cell is its try `attempts[cell]`, from 1. `readings` holds what was read of written replies, by the numbers of
    request and offer, once there are any.
    """

    name: str
    axes: tuple[str, ...]
    requests: NDArray[np.int64]
    offers: NDArray[np.int32]
    offered: tuple[Offer, ...]
    attempts: NDArray[np.int16]
    unasked: tuple[str, ...] = ()
    readings: Mapping[tuple[int, int], Reading] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model with the layout of what it scores, and the shards of what it writes; `at_once` of them are at work."""

    asked: AskedModel
    config: DecoderConfig
    layout: Layout = field(repr=False)
    writing: tuple[WritingShard, ...] = field(repr=False)
    requests: int
    at_once: int

    @property
    def tokens_shared(self) -> int:
        """The tokens of the prefix trees: what has to be read at least."""
        return self.layout.tokens_shared + prompts_shared(self.writing)

    @property
    def tokens_planned(self) -> int:
        """The tokens that are read, with padding and ancestors that shards read again."""
        return self.layout.tokens_planned + prompts_planned(self.writing)

    @property
    def programs(self) -> int:
        """How many shapes are compiled for."""
        return len(self.layout.shapes) + len(writing_shapes(self.writing))


@dataclass(frozen=True, slots=True)
class Plan:
    """All requests of an audit. `asks` and `requests` are those that can be made now, `figures` speak of every ask.

    `models` are run here, `hosted` ones by others, of whose tokens nothing is known; `recorded` holds the answers that
    exist already, by ask. `warnings` tell what prompts and tokens say about the asks.

    A plan that follows from the answers to another has the requests of one further `stage`, or of a further `attempt`
    in it, and no figures: they were bounded before. `planner` makes such plans.
    """

    audit: d.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable] = field(repr=False)
    asks: tuple[PlannedAsk, ...]
    models: tuple[PlannedModel, ...]
    requests: tuple[Request, ...] = field(repr=False)
    figures: tuple[AskFigures, ...]
    numerics: Numerics
    hashes: Mapping[str, str]
    document: Mapping[str, Any] = field(repr=False)
    planner: Planner = field(repr=False, compare=False)
    hosted: tuple[PlannedHosted, ...] = ()
    recorded: Mapping[str, RecordedAnswers] = field(default_factory=dict, repr=False)
    warnings: tuple[Diagnostic, ...] = ()
    stage: int = 1
    attempt: int = 1

    @property
    def cells(self) -> int:
        """The cells of all asks that exist."""
        return sum(found.cells for found in self.figures)

    @property
    def later(self) -> tuple[AskFigures, ...]:
        """The figures of asks whose requests are not laid out in this plan."""
        laid = {ask.name for ask in self.asks} | self.recorded.keys()
        return tuple(found for found in self.figures if found.ask not in laid)

    @property
    def _later_tokens(self) -> int:
        return sum(found.tokens_distinct for found in self.later if not found.hosted)

    @property
    def tokens_naive(self) -> int:
        """What asking every cell alone would feed to the models."""
        return sum(found.tokens_naive for found in self.figures if not found.hosted)

    @property
    def tokens_distinct(self) -> int:
        """Tokens of the distinct requests, without padding."""
        texts = {
            (one.digest, one.token_ids, one.read if isinstance(one.read, Options) else None): one
            for one in self.requests
        }
        laid = sum(len(one.token_ids) + tokens_beside(one) for one in texts.values())
        return laid + self._later_tokens

    @property
    def tokens_shared(self) -> int:
        """Tokens of the prefix trees of what is laid out: the least that can be computed."""
        laid = sum(model.tokens_shared for model in self.models)
        return laid + self._later_tokens

    @property
    def tokens_planned(self) -> int:
        """Tokens that will be computed, with padding where requests are laid out."""
        laid = sum(model.tokens_planned for model in self.models)
        return laid + self._later_tokens

    @property
    def requests_at_most(self) -> int:
        """Requests of every ask, each tried once."""
        return len(self.requests) + sum(found.requests for found in self.later)

    @property
    def programs(self) -> int:
        """How many programs will be compiled for the models."""
        return sum(model.programs for model in self.models)


def places_of(plan: Plan, ask: PlannedAsk) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """The cells of an ask that exist, as levels by axis and as positions."""
    yield from _levels_at(plan, ask.axes, ask.requests)


def recorded_places(plan: Plan, answers: RecordedAnswers) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """The cells of a recorded ask that exist, as levels by axis and as positions."""
    yield from _levels_at(plan, answers.axes, answers.status)


def _levels_at(
    plan: Plan, axes: tuple[str, ...], cells: NDArray[np.integer[Any]]
) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """The cells that are not -1."""
    levels = [plan.grid.axes[axis].levels for axis in axes]
    for index in product(*(range(n) for n in cells.shape)):
        if cells[index] != -1:
            yield {a: names[i] for a, names, i in zip(axes, levels, index, strict=True)}, index


def cells_of(plan: Plan, ask: PlannedAsk) -> Iterator[tuple[dict[str, str], int, Offer]]:
    """The cells of an ask that are asked, as levels by axis, with the number of their request and what they offer."""
    for cell, index in places_of(plan, ask):
        number = int(ask.requests[index])
        if number >= 0:
            yield cell, number, ask.offered[int(ask.offers[index])]
