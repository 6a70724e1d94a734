"""Which cells would be asked again, and what that costs: the plans of both sides, request by request.

Expects two audits with their data open. Ensures that a cell counts as before only where its whole question is the same:
by the keys of requests where both sides have tokenizers, else by what is said, the options, the reader and the model.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cyclspec import pipeline
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.types import typed as d

if TYPE_CHECKING:
    from cyclspec.compiler.plan.cells import AskCells
    from cyclspec.pipeline import Numerics, Opened

Coordinates = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """The question of every cell, by ask; `tokens` of the questions that are tokenised, None where none are."""

    asks: Mapping[str, Mapping[Coordinates, str]]
    tokens: Mapping[str, int] | None
    uncounted: tuple[str, ...] = ()

    @property
    def distinct(self) -> frozenset[str]:
        return frozenset(key for cells in self.asks.values() for key in cells.values())


@dataclass(frozen=True, slots=True)
class AskedCells:
    """The cells of one ask: with the question they had, with another one, new ones, and those that are gone."""

    ask: str
    same: int
    changed: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run of the second audit would ask after a run of the first; tokens are None without tokenizers."""

    asks: tuple[AskedCells, ...]
    requests: int
    requests_again: int
    tokens: int | None
    tokens_again: int | None
    notes: tuple[str, ...] = field(default=())


class Setting(NamedTuple):
    """How a side asks: the places that replace those of its models, and the type of their weights."""

    places: Mapping[str, str]
    numerics: Numerics


def questions(opened: Opened, setting: Setting, *, tokenise: bool) -> Questions:
    """The questions of an audit. `SpecError` where they are to be tokenised and a model cannot be reached."""
    found: dict[str, Mapping[Coordinates, str]] = {}
    tokens: dict[str, int] = {}
    if tokenise:
        found, tokens = _planned(opened, setting)
    rest = [ask for ask in opened.audit.asks if ask.panel is not None and ask.name not in found]
    found |= {ask.name: dict(_spoken(opened, ask, setting)) for ask in rest}
    return Questions(found, tokens if tokenise else None, tuple(ask.name for ask in rest) if tokenise else ())


def _planned(opened: Opened, setting: Setting) -> tuple[dict[str, Mapping[Coordinates, str]], dict[str, int]]:
    """The keys of the requests that a plan lays out, and their tokens."""
    from cyclspec.compiler.plan.plan import cells_of

    most = sys.maxsize  # checked before
    plan = pipeline.plan(
        opened,
        places=setting.places,
        numerics=setting.numerics,
        max_requests=most,
        weights="if here",
    )
    asks: dict[str, Mapping[Coordinates, str]] = {
        ask.name: {tuple(sorted(at.items())): plan.requests[n].key for at, n, _ in cells_of(plan, ask)}
        for ask in plan.asks
    }
    return asks, {request.key: len(request.token_ids) for request in plan.requests}


def _spoken(opened: Opened, ask: d.TypedAsk, setting: Setting) -> Iterator[tuple[Coordinates, str]]:
    """Every cell of an ask with a digest of everything that is known of its question without a tokenizer."""
    import numpy as np

    from cyclspec.compiler.plan.budget import ordered_axes, present_cells
    from cyclspec.compiler.plan.cells import CellReader
    from cyclspec.explain.cells import model_at

    grid = opened.grid
    cells = CellReader(opened.audit, grid, opened.tables, ask).cells()
    axes = ordered_axes(opened.audit, ask.axes)
    said = _digests(cells, ask)
    models: dict[tuple[int, ...], str] = {}
    for index in np.argwhere(present_cells(grid, axes)).tolist():
        at = dict(zip(axes, index, strict=True))
        position = int(cells.said[tuple(at[axis] for axis in cells.axes)])
        key = tuple(at[axis] for axis in ask.model_axes)
        if key not in models:
            models[key] = (
                f"{setting.numerics} {_identity(model_at(opened.audit, grid, ask, at), setting.places)}"
            )
        if position >= 0:
            levels = tuple(sorted((axis, grid.axes[axis].levels[at[axis]]) for axis in axes))
            yield levels, f"{models[key]} {said[position]}"


def _digests(cells: AskCells, ask: d.TypedAsk) -> list[str]:
    facts = repr((ask.reader, ask.parse, ask.history))
    return [
        hashlib.sha256(repr((one.conversation, [o.code for o in one.options], facts)).encode()).hexdigest()
        for one in cells.conversations
    ]


def _identity(model: d.TypedModel | None, places: Mapping[str, str]) -> str:
    if model is None:
        return ""
    return places.get(model.name) or f"{model.source}:{model.location}@{model.revision}"


def _ask(name: str, before: Mapping[Coordinates, str], after: Mapping[Coordinates, str]) -> AskedCells:
    both = before.keys() & after.keys()
    same = sum(before[cell] == after[cell] for cell in both)
    return AskedCells(name, same, len(both) - same, len(after) - len(both), len(before) - len(both))


def asked_again(
    before: Opened,
    after: Opened,
    settings: tuple[Setting, Setting],
    max_requests: int = pipeline.DEFAULT_MAX_REQUESTS,
) -> Asked:
    """What differs between the questions of two audits; tokens are counted where both can be tokenised.

    `SpecError` (CY0705) where either asks more than `max_requests`: their cells are compared one by one.
    """
    from cyclspec.compiler.plan.budget import check_budget

    for side in (before, after):
        check_budget(side.audit, side.grid, max_requests)
    notes: tuple[str, ...] = ()
    try:
        one, other = (questions(o, s, tokenise=True) for o, s in zip((before, after), settings, strict=True))
    except SpecError as error:
        first = error.diagnostics[0]
        notes = (f"tokens are not counted: {first.code}: {first.message}",)
        one, other = (questions(o, s, tokenise=False) for o, s in zip((before, after), settings, strict=True))
    names = dict.fromkeys([*one.asks, *other.asks])
    asks = tuple(_ask(name, one.asks.get(name, {}), other.asks.get(name, {})) for name in names)
    again = other.distinct - one.distinct
    tokens = None if other.tokens is None else sum(other.tokens.get(key, 0) for key in other.distinct)
    cost = None if other.tokens is None else sum(other.tokens.get(key, 0) for key in again)
    if other.uncounted:
        notes = (
            *notes,
            f"tokens of {', '.join(other.uncounted)} are not counted: not laid out before the run",
        )
    return Asked(asks, len(other.distinct), len(again), tokens, cost, notes)


def asked_record(asked: Asked) -> dict[str, object]:
    """The same as JSON-ready data."""
    return asdict(asked)
