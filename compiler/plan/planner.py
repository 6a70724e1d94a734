"""Builds plans: from an audit everything that can be asked now, and from answers what can be asked next.

Expects a typed audit, its tables and its checkpoints; loads no weights. Ensures that equal requests stand once across
all asks and stages, and that whatever cannot be laid out yet is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.arguments import Answers
from cyclspec.compiler.plan.budget import ordered_axes, present_cells
from cyclspec.compiler.plan.cells import AskCells, CellReader, Said
from cyclspec.compiler.plan.constraints import Constraints
from cyclspec.compiler.plan.drawing import seeded, task_of, temperature_in, text_seed
from cyclspec.compiler.plan.draws import Draws
from cyclspec.compiler.plan.figures import (
    AskFigures,
    counter,
    drawn,
    figures,
    known_ahead,
    open_tokens,
    option_tokens,
    recorded_figures,
    tokens_beside,
    turn_tokens,
)
from cyclspec.compiler.plan.hosted import HostedModel, PlannedHosted, hosted_figures, hosted_requests
from cyclspec.compiler.plan.likelihood import warned_options
from cyclspec.compiler.plan.memory import over_memory, require_later_room, shards_at_once
from cyclspec.compiler.plan.ordering import Asking, shares_little
from cyclspec.compiler.plan.plan import Plan, PlannedAsk, PlannedModel
from cyclspec.compiler.plan.positions import model_positions
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.recorded import RecordedAnswers
from cyclspec.compiler.plan.requests import (
    AskedModel,
    Numerics,
    Request,
    encoded,
    fits,
    is_plain,
    offer_of,
    requests_for,
    tokenize,
)
from cyclspec.compiler.plan.sharing.plan import lay_out
from cyclspec.compiler.plan.sharing.questions import sequences_of
from cyclspec.compiler.plan.sharing.shapes import Budget, NoRoom
from cyclspec.compiler.plan.writing import WritingBudget, plan_writing
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.compiler.records.schema import RecordSchema
from cyclspec.compiler.records.stepping import TokenAutomaton
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy07_data_and_plan import PrefixFolded, SharesLittle
from cyclspec.language.types import typed as d

TOO_LONG = "too long"


@dataclass(slots=True)
class Planner:
    """Builds the plan of one audit; `asked` gives the models of each panel, `read_as` those of each digest.

    `hosted` those that others run. `recorded` holds the answers that exist already, by ask.
    """

    audit: d.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    asked: Mapping[tuple[str, str], AskedModel]
    tokenizers: Mapping[tuple[str, str], Tokenizer]
    numerics: Numerics
    hosted: Mapping[tuple[str, str], HostedModel] = field(default_factory=dict)
    recorded: Mapping[str, RecordedAnswers] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    writing: WritingBudget = field(default_factory=WritingBudget)
    requests: dict[str, int] = field(default_factory=dict)
    listed: list[Request] = field(default_factory=list)
    read_as: dict[str, AskedModel] = field(default_factory=dict)
    sent_to: dict[str, HostedModel] = field(default_factory=dict)
    figures: list[AskFigures] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    constraints: Constraints = field(default_factory=Constraints)

    def plan(self, hashes: Mapping[str, str], document: Mapping[str, Any]) -> Plan:
        """The plan. Raises `SpecError` where a prompt, label or checkpoint refuses; the budget was checked before."""
        asks = [self.ask(ask) for ask in self.audit.asks]
        return Plan(
            audit=self.audit,
            grid=self.grid,
            tables=self.tables,
            asks=tuple(ask for ask in asks if ask is not None),
            models=tuple(self.models(self.listed)),
            requests=tuple(self.listed),
            figures=tuple(self.figures),
            numerics=self.numerics,
            hashes=hashes,
            document=document,
            planner=self,
            hosted=tuple(self.hosted_models(self.listed)),
            recorded=self.recorded,
            warnings=tuple(self.warnings),
        )

    def models(self, requests: Sequence[Request]) -> Iterator[PlannedModel]:
        """The layout of some requests, model by model. Raises `SpecError` (CY0715) where memory is too little."""
        for digest, asked in self.read_as.items():
            mine = [request for request in requests if request.digest == digest]
            try:
                yield self._model(asked, mine)
            except NoRoom as lack:
                raise over_memory(self.audit, asked.name, lack.needed, self.budget) from None

    def _model(self, asked: AskedModel, mine: Sequence[Request]) -> PlannedModel:
        """The layout of one model's requests. Raises `NoRoom` where memory is too little."""
        config = decoder_config(asked.name, asked.checkpoint.config)
        later = tuple(self._later(asked.digest))
        at_once = shards_at_once(config, mine, later, (self.budget, self.writing))
        budget, writing = replace(self.budget, at_once=at_once), replace(self.writing, at_once=at_once)
        scored = [request for request in mine if not isinstance(request.read, Writing)]
        layout = lay_out(((request.key, sequences_of(request)) for request in scored), config, budget)
        tasks = (task_of(one, partial(self._automaton, asked.digest, config.vocab_size)) for one in mine)
        written = plan_writing(filter(None, tasks), config, writing)
        require_later_room(config, later, budget)
        return PlannedModel(asked, config, layout, written, len(mine), at_once)

    def hosted_models(self, requests: Sequence[Request]) -> Iterator[PlannedHosted]:
        """The hosted models that were met, with how many of some requests are theirs."""
        for digest, asked in self.sent_to.items():
            yield PlannedHosted(asked, sum(request.digest == digest for request in requests))

    def _automaton(self, digest: str, size: int, record: RecordSchema) -> TokenAutomaton:
        """The automaton of a record over the tokens of a model, made once."""
        return self.constraints.automaton(digest, self._tokenizer(digest), size, record)

    def _tokenizer(self, digest: str) -> Tokenizer:
        return next(self.tokenizers[key] for key, model in self.asked.items() if model.digest == digest)

    def _require_room(self, ask: d.TypedAsk, asked: AskedModel, said: Sequence[Said]) -> None:
        """Raises `SpecError` where a model may write too few tokens for a record, or has no tokens for it."""
        if not isinstance(ask.reader, d.JsonReader) or not ask.reader.constrained:
            return
        size = decoder_config(asked.name, asked.checkpoint.config).vocab_size
        for record in {one.record: None for one in said if one.record is not None}:
            self.constraints.require_room(ask, asked.name, self._automaton(asked.digest, size, record))

    def _later(self, digest: str) -> Iterator[AskFigures]:
        """What is asked of a model in later stages, or after earlier turns."""
        return (found for found in self.figures if found.digest == digest and found.at_most)

    def ask(
        self, ask: d.TypedAsk, answers: Answers | None = None, turn: int | None = None
    ) -> PlannedAsk | None:
        """One ask, or one turn of its conversations; None where it has no requests that can be laid out now.

        With the `answers` of earlier stages and turns every ask has; a prompt that became too long for its model is
        then not asked.
        """
        axes = ordered_axes(self.audit, ask.axes)
        present = present_cells(self.grid, axes)
        if ask.panel is None:
            if answers is None:
                self.figures.append(recorded_figures(ask, int(present.sum())))
            return None
        cells = CellReader(self.audit, self.grid, self.tables, ask, answers, turn).cells()
        said = _spread(cells, axes, present)
        laid = answers is not None or known_ahead(ask)
        requests = np.where(said < -1, said, -1).astype(np.int64)
        for model, index in model_positions(self.audit, self.grid, ask, axes):
            here = np.zeros(present.shape, dtype=np.bool_)
            here[index] = said[index] >= 0
            spoken = Spoken(ask, axes, cells, model, said, here)
            hosted = self.hosted.get((ask.panel, model.name))
            if hosted is not None:
                self.sent_to.setdefault(hosted.digest, hosted)
                found = self._sent(
                    spoken, hosted, laid="later" if answers is not None else "now" if laid else "no"
                )
                requests[here] = requests[here] if found is None else found
            elif laid:
                requests[here] = self._requests(spoken, later=answers is not None)
            else:
                self._bounds(ask, cells, model, spoken.counts())
        if not laid:
            return None
        offered = tuple(offer_of(one) for one in cells.conversations)
        offers = np.where(requests >= 0, said, -1)
        attempts = np.where(requests >= 0, 1, 0).astype(np.int16)
        return PlannedAsk(ask.name, axes, requests, offers, offered, attempts, (*cells.unasked, TOO_LONG))

    def _read_as(self, ask: d.TypedAsk, model: d.TypedModel) -> tuple[AskedModel, Tokenizer]:
        """A model as an ask reads it, with its tokenizer."""
        assert ask.panel is not None
        asked = self.asked[ask.panel, model.name]
        tokenizer = self.tokenizers[ask.panel, model.name]
        plain = is_plain(model, tokenizer, ask.prompt)
        asked = AskedModel(asked.name, asked.checkpoint, asked.digest, plain)
        self.read_as.setdefault(asked.digest, asked)
        return asked, tokenizer

    def _requests(self, spoken: Spoken, *, later: bool) -> NDArray[np.int64]:
        """The plan's request numbers of one model's cells, each distinct request once."""
        ask, model = spoken.ask, spoken.model
        asked, tokenizer = self._read_as(ask, model)
        used, which = np.unique(spoken.said[spoken.here], return_inverse=True)
        said = [spoken.cells.conversations[at] for at in used.tolist()]
        self._require_room(ask, asked, said)
        tokenized = (encoded if later else tokenize)(ask, said, asked, tokenizer)
        kept = [at for at, one in enumerate(tokenized.prompts) if fits(ask, asked, len(one.ids))]
        tokenized = replace(tokenized, prompts=tuple(tokenized.prompts[at] for at in kept))
        heard = [said[at] for at in kept]
        made = requests_for(ask, heard, tokenized, asked, tokenizer, self.numerics) if kept else ()
        requests = dict(zip(kept, made, strict=True))
        numbers = self._numbers(spoken, requests, which.tolist())
        if not later:
            self._figures(spoken, asked, tuple(requests.values()), numbers)
        return numbers

    def _sent(
        self, spoken: Spoken, asked: HostedModel, *, laid: Literal["no", "now", "later"]
    ) -> NDArray[np.int64] | None:
        """The request numbers of a hosted model's cells; None where its requests cannot be laid out yet."""
        counts = spoken.counts()
        if laid == "no":
            self.figures.append(hosted_figures(spoken.ask, spoken.cells, asked, counts))
            return None
        used, which = np.unique(spoken.said[spoken.here], return_inverse=True)
        said = [spoken.cells.conversations[at] for at in used.tolist()]
        requests = dict(enumerate(hosted_requests(spoken.ask, said, asked, spoken.model)))
        numbers = self._numbers(spoken, requests, which.tolist())
        if laid == "now":
            distinct = len(np.unique(numbers))
            found = hosted_figures(spoken.ask, spoken.cells, asked, counts, distinct=distinct)
            self.figures.append(found)
            if any(request.prefix_folded for request in requests.values()):
                prompt = spoken.ask.prompt.name
                self.warnings.append(PrefixFolded(span=spoken.ask.span, prompt=prompt, model=asked.name))
        return numbers

    def _numbers(
        self, spoken: Spoken, requests: Mapping[int, Request], which: Sequence[int]
    ) -> NDArray[np.int64]:
        """The number of each cell's request; `which` says for every cell which of the requests it has, if any."""
        too_long = -2 - len(spoken.cells.unasked)
        if not drawn(spoken.ask.reader):
            places = {at: self.number(request) for at, request in requests.items()}
            return np.array([places.get(at, too_long) for at in which], dtype=np.int64)
        found = np.full(len(which), too_long, dtype=np.int64)
        draws = Draws(self.audit.seed, self.grid.axes, self.tables)
        for place, (at, cell) in enumerate(zip(which, spoken.coordinates(self.grid), strict=True)):
            if at in requests:
                seed = text_seed(self.audit, spoken.ask, cell, 1)
                heat = temperature_in(self.audit, self.grid, draws, spoken.ask, cell)
                found[place] = self.number(seeded(requests[at], seed, self.numerics, heat))
        return found

    def number(self, request: Request) -> int:
        """The plan's number of a request, which it gets when it is first made."""
        number = self.requests.setdefault(request.key, len(self.listed))
        if number == len(self.listed):
            self.listed.append(request)
        return number

    def _figures(
        self, spoken: Spoken, asked: AskedModel, requests: Sequence[Request], numbers: NDArray[np.int64]
    ) -> None:
        ask, model = spoken.ask, spoken.model
        counts = np.unique(spoken.said[spoken.here], return_counts=True)[1].astype(np.int64)
        lengths = np.array([len(one.token_ids) for one in requests], dtype=np.int64)
        extra = np.array([tokens_beside(one) for one in requests], dtype=np.int64)
        distinct = np.unique(numbers).tolist()
        name = (model.name, asked.digest)
        if all(found.ask != ask.name for found in self.figures):
            self.warnings.extend(self._ordering(spoken, asked, requests))
        self.figures.append(figures(ask, name, counts, lengths, extra=extra, distinct=len(distinct)))
        self.warnings.extend(warned_options(ask, model.name, (self.listed[at] for at in distinct)))

    def _ordering(
        self, spoken: Spoken, asked: AskedModel, requests: Sequence[Request]
    ) -> Iterator[SharesLittle]:
        """Whether the prompts of an ask would share much more in another order, told once, for its first model."""
        tokenizer = self.tokenizers[spoken.ask.panel or "", spoken.model.name]
        asking = Asking(
            audit=self.audit,
            grid=self.grid,
            tables=self.tables,
            ask=spoken.ask,
            asked=asked,
            tokenizer=tokenizer,
            cells=spoken.cells,
            axes=spoken.axes,
            said=spoken.said,
            here=spoken.here,
        )
        found = shares_little(asking, [request.token_ids for request in requests])
        yield from () if found is None else (found,)

    def _bounds(
        self, ask: d.TypedAsk, cells: AskCells, model: d.TypedModel, counts: NDArray[np.int64]
    ) -> None:
        """The figures of an ask whose requests are not laid out."""
        asked, tokenizer = self._read_as(ask, model)
        self._require_room(ask, asked, cells.conversations)
        prompts = tokenize(ask, cells.conversations, asked, tokenizer).prompts
        count = counter(tokenizer)
        lengths = np.array([len(prompt.ids) for prompt in prompts], dtype=np.int64)
        lengths = lengths + open_tokens(ask, cells, count)
        lengths = lengths + turn_tokens(ask, int(lengths.max(initial=0)), cells.conversations, count)
        extra = option_tokens(ask, cells.conversations, count)
        self.figures.append(figures(ask, (model.name, asked.digest), counts, lengths, extra=extra))


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one ask says to one model: `said[cell]` counts into the conversations of `cells`, `here` are its cells."""

    ask: d.TypedAsk
    axes: tuple[str, ...]
    cells: AskCells
    model: d.TypedModel
    said: NDArray[np.int32]
    here: NDArray[np.bool_]

    def counts(self) -> NDArray[np.int64]:
        """How many of the model's cells say each conversation."""
        found = np.bincount(self.said[self.here], minlength=len(self.cells.conversations))
        return found.astype(np.int64)

    def coordinates(self, grid: Grid) -> Iterator[dict[str, str]]:
        """The levels of each of the model's cells by axis, in their order."""
        for index in np.argwhere(self.here).tolist():
            yield {axis: grid.axes[axis].levels[at] for axis, at in zip(self.axes, index, strict=True)}


def _spread(cells: AskCells, axes: tuple[str, ...], present: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The conversations of an ask along all of its axes, the same along those that say nothing; -1 at holes."""
    shape = [size if axis in cells.axes else 1 for axis, size in zip(axes, present.shape, strict=True)]
    return np.where(present, cells.said.reshape(shape), -1).astype(np.int32)
