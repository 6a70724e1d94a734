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
from cyclspec.compiler.checkpoints.architecture import DecoderConfig, decoder_config
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.buckets import Bucket, plan_buckets
from cyclspec.compiler.plan.cells import AskCells, CellReader, ordered_axes
from cyclspec.compiler.plan.grid import kept_models, level_position
from cyclspec.compiler.plan.requests import AskedModel, Numerics, Request, is_plain, requests_for
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import terms as h

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class PlannedAsk:
    """The cells of one ask: `requests[cell]` counts into the plan's requests, -1 where a cell does not exist.

    `axes` name the dimensions. `offered[row]` are the positions of the offered options in the scale of that row (the
    level of the scale's axis, or row 0).
    """

    name: str
    axes: tuple[str, ...]
    requests: NDArray[np.int64]
    offered: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model with the shapes it is compiled for and what it costs."""

    asked: AskedModel
    config: DecoderConfig
    buckets: tuple[Bucket, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All requests of an audit. `tokens_naive` is what asking every cell alone would feed to the models."""

    audit: h.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable] = field(repr=False)
    asks: tuple[PlannedAsk, ...]
    models: tuple[PlannedModel, ...]
    requests: tuple[Request, ...] = field(repr=False)
    numerics: Numerics
    cells: int
    tokens_naive: int
    hashes: Mapping[str, str]
    document: Mapping[str, Any] = field(repr=False)

    @property
    def tokens_distinct(self) -> int:
        """Tokens of the distinct requests, without padding."""
        return sum(len(request.token_ids) for request in self.requests)

    @property
    def tokens_planned(self) -> int:
        """Tokens that will be computed, with padding."""
        return sum(bucket.tokens_computed for model in self.models for bucket in model.buckets)

    @property
    def programs(self) -> int:
        """How many programs will be compiled for the models."""
        return sum(len(model.buckets) for model in self.models)


@dataclass(slots=True)
class Planner:
    """Builds the plan of one audit; `asked` gives the models of each panel, `read_as` those of each digest."""

    audit: h.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    asked: Mapping[tuple[str, str], AskedModel]
    tokenizers: Mapping[tuple[str, str], Tokenizer]
    numerics: Numerics
    requests: dict[str, int] = field(default_factory=dict)
    listed: list[Request] = field(default_factory=list)
    read_as: dict[str, AskedModel] = field(default_factory=dict)
    naive: int = 0

    def plan(self, hashes: Mapping[str, str], document: Mapping[str, Any]) -> Plan:
        """The plan. Raises `SpecError` where a prompt, label or checkpoint refuses; the budget was checked before."""
        asks = tuple(self._ask(ask) for ask in self.audit.asks)
        return Plan(
            audit=self.audit,
            grid=self.grid,
            tables=self.tables,
            asks=asks,
            models=tuple(self._models()),
            requests=tuple(self.listed),
            numerics=self.numerics,
            cells=sum(int((ask.requests >= 0).sum()) for ask in asks),
            tokens_naive=self.naive,
            hashes=hashes,
            document=document,
        )

    def _models(self) -> Iterator[PlannedModel]:
        for digest, asked in self.read_as.items():
            mine = [request for request in self.listed if request.digest == digest]
            config = decoder_config(asked.name, asked.checkpoint.config)
            yield PlannedModel(asked, config, plan_buckets(mine), len(mine))

    def _ask(self, ask: h.TypedAsk) -> PlannedAsk:
        cells = CellReader(self.audit, self.grid, self.tables, ask).cells()
        axes = ordered_axes(self.audit, ask.axes)
        shape = [len(self.grid.axes[axis]) for axis in axes]
        found = np.full(shape, -1, dtype=np.int64)
        each = next(e for e in self.audit.eaches if ask.model_axes[0] in e.names)
        panel = self.audit.panels[ask.panel]
        for model in kept_models(each, panel):
            numbers = self._requests(ask, cells, panel, model)
            self._place(found, axes, ask, cells, self._position(ask, panel, model), numbers)
        return PlannedAsk(ask.name, axes, found, cells.offered)

    def _position(self, ask: h.TypedAsk, panel: h.TypedPanel, model: h.TypedModel) -> dict[str, int]:
        """Where a model stands along the axes of its panel."""
        factors = {factor.name: factor for factor in panel.factors}
        if ask.model_axes[0] not in factors:
            return {ask.model_axes[0]: self.grid.axes[ask.model_axes[0]].levels.index(model.name)}
        return {name: level_position(factors[name], model.factors[name]) for name in ask.model_axes}

    def _requests(
        self, ask: h.TypedAsk, cells: AskCells, panel: h.TypedPanel, model: h.TypedModel
    ) -> NDArray[np.int64]:
        """The plan's request numbers of one model's conversations, each distinct request once."""
        asked = self.asked[panel.name, model.name]
        tokenizer = self.tokenizers[panel.name, model.name]
        plain = is_plain(model, tokenizer, ask.prompt)
        asked = AskedModel(asked.name, asked.checkpoint, asked.digest, plain)
        self.read_as.setdefault(asked.digest, asked)
        numbers: list[int] = []
        for request in requests_for(ask, cells.conversations, asked, tokenizer, self.numerics):
            number = self.requests.setdefault(request.key, len(self.listed))
            if number == len(self.listed):
                self.listed.append(request)
            numbers.append(number)
        return np.array(numbers, dtype=np.int64)

    def _place(
        self,
        found: NDArray[np.int64],
        axes: tuple[str, ...],
        ask: h.TypedAsk,
        cells: AskCells,
        position: Mapping[str, int],
        numbers: NDArray[np.int64],
    ) -> None:
        """Writes one model's requests into the cells of the ask, the same along `per`."""
        asked = np.where(cells.said >= 0, numbers[np.maximum(cells.said, 0)], -1)
        lengths = np.array([len(request.token_ids) for request in self.listed], dtype=np.int64)
        free = [axis for axis in axes if axis not in position]
        repeats = [len(self.grid.axes[axis]) for axis in free if axis not in cells.axes]
        self.naive += int(np.where(asked >= 0, lengths[np.maximum(asked, 0)], 0).sum()) * int(
            np.prod(repeats)
        )
        source = asked.reshape([len(self.grid.axes[a]) if a in cells.axes else 1 for a in free])
        index = tuple(position.get(axis, slice(None)) for axis in axes)
        if found[index].shape != np.broadcast_shapes(found[index].shape, source.shape):
            raise InternalError("plan", f"the cells of `{ask.name}` do not fit its axes")
        found[index] = source


def cells_of(plan: Plan, ask: PlannedAsk) -> Iterator[tuple[dict[str, str], int]]:
    """The cells of an ask that exist, as levels by axis, with the number of their request."""
    levels = [plan.grid.axes[axis].levels for axis in ask.axes]
    for index in product(*(range(n) for n in ask.requests.shape)):
        number = int(ask.requests[index])
        if number >= 0:
            yield {a: names[i] for a, names, i in zip(ask.axes, levels, index, strict=True)}, number
