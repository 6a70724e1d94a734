"""The plan: everything that a run will do, known before the first token.

Expects a typed audit, its tables and its checkpoints; loads no weights. Ensures that equal requests stand once across
all asks, that every cell knows its request, and that shapes, tokens and cost are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.buckets import Bucket, plan_buckets
from cyclspec.compiler.plan.budget import ordered_axes, present_cells
from cyclspec.compiler.plan.cells import AskCells, CellReader
from cyclspec.compiler.plan.figures import (
    AskFigures,
    counter,
    figures,
    known_ahead,
    open_tokens,
    option_tokens,
    recorded_figures,
    turn_tokens,
)
from cyclspec.compiler.plan.grid import kept_models, level_position
from cyclspec.compiler.plan.requests import (
    AskedModel,
    Numerics,
    Offer,
    Request,
    is_plain,
    offer_of,
    requests_for,
    tokenize,
)
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.types import typed as d

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class PlannedAsk:
    """The cells of one ask: `requests[cell]` counts into the plan's requests, -1 where a cell does not exist.

    `axes` name the dimensions. `offers[cell]` counts into `offered`: the options of a cell in the order of their scale.
    """

    name: str
    axes: tuple[str, ...]
    requests: NDArray[np.int64]
    offers: NDArray[np.int32]
    offered: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model with the shapes it is compiled for and what it costs."""

    asked: AskedModel
    config: DecoderConfig
    buckets: tuple[Bucket, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All requests of an audit. `asks` and `requests` are those that can be made now, `figures` speak of every ask."""

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

    @property
    def cells(self) -> int:
        """The cells of all asks that exist."""
        return sum(found.cells for found in self.figures)

    @property
    def later(self) -> tuple[AskFigures, ...]:
        """The figures of asks whose requests are not laid out in this plan."""
        laid = {ask.name for ask in self.asks}
        return tuple(found for found in self.figures if found.ask not in laid)

    @property
    def tokens_naive(self) -> int:
        """What asking every cell alone would feed to the models."""
        return sum(found.tokens_naive for found in self.figures)

    @property
    def tokens_distinct(self) -> int:
        """Tokens of the distinct requests, without padding."""
        laid = sum(len(request.token_ids) for request in self.requests)
        return laid + sum(found.tokens_distinct for found in self.later)

    @property
    def tokens_planned(self) -> int:
        """Tokens that will be computed, with padding where requests are laid out."""
        laid = sum(bucket.tokens_computed for model in self.models for bucket in model.buckets)
        return laid + sum(found.tokens_distinct for found in self.later)

    @property
    def requests_at_most(self) -> int:
        """Requests of every ask, each tried once."""
        return len(self.requests) + sum(found.requests for found in self.later)

    @property
    def programs(self) -> int:
        """How many programs will be compiled for the models."""
        return sum(len(model.buckets) for model in self.models)


@dataclass(slots=True)
class Planner:
    """Builds the plan of one audit; `asked` gives the models of each panel, `read_as` those of each digest."""

    audit: d.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    asked: Mapping[tuple[str, str], AskedModel]
    tokenizers: Mapping[tuple[str, str], Tokenizer]
    numerics: Numerics
    requests: dict[str, int] = field(default_factory=dict)
    listed: list[Request] = field(default_factory=list)
    read_as: dict[str, AskedModel] = field(default_factory=dict)
    figures: list[AskFigures] = field(default_factory=list)

    def plan(self, hashes: Mapping[str, str], document: Mapping[str, Any]) -> Plan:
        """The plan. Raises `SpecError` where a prompt, label or checkpoint refuses; the budget was checked before."""
        asks = [self._ask(ask) for ask in self.audit.asks]
        return Plan(
            audit=self.audit,
            grid=self.grid,
            tables=self.tables,
            asks=tuple(ask for ask in asks if ask is not None),
            models=tuple(self._models()),
            requests=tuple(self.listed),
            figures=tuple(self.figures),
            numerics=self.numerics,
            hashes=hashes,
            document=document,
        )

    def _models(self) -> Iterator[PlannedModel]:
        for digest, asked in self.read_as.items():
            mine = [request for request in self.listed if request.digest == digest]
            config = decoder_config(asked.name, asked.checkpoint.config)
            yield PlannedModel(asked, config, plan_buckets(mine), len(mine))

    def _ask(self, ask: d.TypedAsk) -> PlannedAsk | None:
        """One ask; None where it has no requests that can be laid out now."""
        axes = ordered_axes(self.audit, ask.axes)
        present = present_cells(self.grid, axes)
        if ask.panel is None:
            self.figures.append(recorded_figures(ask, int(present.sum())))
            return None
        cells = CellReader(self.audit, self.grid, self.tables, ask).cells()
        said = _spread(cells, axes, present)
        laid = isinstance(ask.reader, d.FirstToken) and known_ahead(ask)
        requests = np.full(present.shape, -1, dtype=np.int64)
        for model, index in self._positions(ask, axes):
            here = said[index]
            counts = np.bincount(here[here >= 0], minlength=len(cells.conversations)).astype(np.int64)
            if laid:
                numbers = self._requests(ask, cells, model, counts)
                requests[index] = np.where(here >= 0, numbers[np.maximum(here, 0)], -1)
            else:
                self._bounds(ask, cells, model, counts)
        if not laid:
            return None
        offered = tuple(offer_of(one) for one in cells.conversations)
        return PlannedAsk(ask.name, axes, requests, np.where(requests >= 0, said, -1), offered)

    def _positions(
        self, ask: d.TypedAsk, axes: tuple[str, ...]
    ) -> Iterator[tuple[d.TypedModel, tuple[int | slice, ...]]]:
        """The models of an ask with the index of their cells."""
        assert ask.panel is not None
        panel = self.audit.panels[ask.panel]
        each = next(e for e in self.audit.eaches if ask.model_axes[0] in e.names)
        for model in kept_models(each, panel):
            position = self._position(ask, panel, model)
            yield model, tuple(position.get(axis, slice(None)) for axis in axes)

    def _position(self, ask: d.TypedAsk, panel: d.TypedPanel, model: d.TypedModel) -> dict[str, int]:
        """Where a model stands along the axes of its panel."""
        factors = {factor.name: factor for factor in panel.factors}
        if ask.model_axes[0] not in factors:
            return {ask.model_axes[0]: self.grid.axes[ask.model_axes[0]].levels.index(model.name)}
        return {name: level_position(factors[name], model.factors[name]) for name in ask.model_axes}

    def _read_as(self, ask: d.TypedAsk, model: d.TypedModel) -> tuple[AskedModel, Tokenizer]:
        """A model as an ask reads it, with its tokenizer."""
        assert ask.panel is not None
        asked = self.asked[ask.panel, model.name]
        tokenizer = self.tokenizers[ask.panel, model.name]
        plain = is_plain(model, tokenizer, ask.prompt)
        asked = AskedModel(asked.name, asked.checkpoint, asked.digest, plain)
        self.read_as.setdefault(asked.digest, asked)
        return asked, tokenizer

    def _requests(
        self, ask: d.TypedAsk, cells: AskCells, model: d.TypedModel, counts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The plan's request numbers of one model's conversations, each distinct request once."""
        asked, tokenizer = self._read_as(ask, model)
        used = np.flatnonzero(counts).tolist()
        numbers = np.full(len(counts), -1, dtype=np.int64)
        lengths = np.zeros(len(counts), dtype=np.int64)
        said = [cells.conversations[at] for at in used]
        for at, request in zip(used, requests_for(ask, said, asked, tokenizer, self.numerics), strict=True):
            numbers[at] = self.requests.setdefault(request.key, len(self.listed))
            lengths[at] = len(request.token_ids)
            if numbers[at] == len(self.listed):
                self.listed.append(request)
        distinct = len(set(numbers[used].tolist()))
        extra, name = np.zeros_like(lengths), (model.name, asked.digest)
        self.figures.append(figures(ask, name, counts, lengths, extra=extra, distinct=distinct))
        return numbers

    def _bounds(
        self, ask: d.TypedAsk, cells: AskCells, model: d.TypedModel, counts: NDArray[np.int64]
    ) -> None:
        """The figures of an ask whose requests are not laid out."""
        asked, tokenizer = self._read_as(ask, model)
        prompts = tokenize(ask, cells.conversations, asked, tokenizer).prompts
        count = counter(tokenizer)
        lengths = np.array([len(prompt.ids) for prompt in prompts], dtype=np.int64)
        lengths = lengths + open_tokens(ask, cells, count)
        lengths = lengths + turn_tokens(ask, int(lengths.max(initial=0)))
        extra = option_tokens(ask, cells.conversations, count)
        self.figures.append(figures(ask, (model.name, asked.digest), counts, lengths, extra=extra))


def _spread(cells: AskCells, axes: tuple[str, ...], present: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The conversations of an ask along all of its axes, the same along those that say nothing; -1 at holes."""
    shape = [size if axis in cells.axes else 1 for axis, size in zip(axes, present.shape, strict=True)]
    return np.where(present, cells.said.reshape(shape), -1).astype(np.int32)


def cells_of(plan: Plan, ask: PlannedAsk) -> Iterator[tuple[dict[str, str], int, Offer]]:
    """The cells of an ask that exist, as levels by axis, with the number of their request and what is offered there."""
    levels = [plan.grid.axes[axis].levels for axis in ask.axes]
    for index in product(*(range(n) for n in ask.requests.shape)):
        number = int(ask.requests[index])
        if number >= 0:
            cell = {a: names[i] for a, names, i in zip(ask.axes, levels, index, strict=True)}
            yield cell, number, ask.offered[int(ask.offers[index])]
