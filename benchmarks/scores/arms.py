"""The three ways to score: the graph of the audit, vectorised NumPy, and the loop over groups in pandas.

Expects the shares of `survey`. Ensures that each gives the mean and the percentile interval of every measure, from the
same draws: the counts come from the seeds of the audit, and only ours has to make them within its time.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import entr, ndtr, stdtrit

from benchmarks.scores.survey import AXES, LEVEL, MEASURES, Shares, Sizes, shares, write_audit
from cyclspec.compiler.seeds import resampling_counts, seed_of

Floats = NDArray[np.float64]
SEED: Final = 0

Scored = Mapping[str, Floats]
"""By measure: value, low and high, [3, cell]; cells in the order model, country, group."""


class Arm(Protocol):
    """A way to score. `run` is what is timed."""

    def run(self) -> Scored: ...

    @property
    def notes(self) -> Mapping[str, float]:
        """What was measured on the way: seconds to compile, cells that were scored."""
        ...


def drawn(sizes: Sizes, measure: str) -> Floats:
    """How often each item was drawn, [draw, item]."""
    return resampling_counts(seed_of(SEED, "bootstrap", measure, "item"), sizes.draws, sizes.items)


@dataclass(slots=True)
class Ours:
    """The graph of the audit: inputs as they come from a run, scores as they go into tables."""

    sizes: Sizes
    notes: dict[str, float] = field(default_factory=dict)
    _graph: Any = None
    _inputs: Any = None

    def __post_init__(self) -> None:
        from cyclspec import pipeline
        from cyclspec.compiler.scores import AnswerCells, ScoreInputs, lower

        with tempfile.TemporaryDirectory() as folder:
            context = pipeline.check(write_audit(Path(folder), self.sizes)).require()
            opened = pipeline.open_data(context, pipeline.choose(context, None))
        given = shares(self.sizes)
        ((term, cells),) = opened.people.items()
        order = [("country", "group", "item").index(axis) for axis in cells.axes]
        people = replace(
            cells,
            share=given.people.transpose(*order, 3),
            n=None,
            n_eff=None,
            ok=np.ones(cells.ok.shape, dtype=bool),
        )
        all_there = np.ones(given.answers.shape[:-1], np.float32)
        answers = AnswerCells(AXES, given.answers, all_there, all_there.astype(bool))
        self._inputs = ScoreInputs({"reply": answers}, {term: people})
        started = time.perf_counter()
        self._graph = lower(opened.audit, opened.grid)
        self.run()
        first = time.perf_counter() - started
        started = time.perf_counter()
        self.run()
        self.notes["compile_seconds"] = first - (time.perf_counter() - started)

    def run(self) -> Scored:
        scores = self._graph.evaluate(self._inputs)
        return {
            measure.name: np.stack([measure.value, measure.low, measure.high]).reshape(3, -1)
            for measure in scores.measures
        }


@dataclass(slots=True)
class Vectorised:
    """NumPy and SciPy on padded arrays; the bootstrap is a product with the counts of the draws."""

    sizes: Sizes
    notes: dict[str, float] = field(default_factory=dict)
    _shares: Shares = field(init=False)
    _counts: dict[str, Floats] = field(init=False)

    def __post_init__(self) -> None:
        self._shares = shares(self.sizes)
        self._counts = {measure: drawn(self.sizes, measure) for measure in MEASURES}

    def run(self) -> Scored:
        values = _measured(self._shares.answers, self._shares.people, self._shares.lengths)
        return {
            name: _summary(value.reshape(-1, self.sizes.items), self._counts[name])
            for name, value in values.items()
        }


def _measured(
    answers: NDArray[np.floating[Any]], people: Floats, lengths: NDArray[np.int64]
) -> dict[str, Floats]:
    """Every measure of every distribution, [.., item]."""
    p = answers.astype(np.float64)
    p /= p.sum(axis=-1, keepdims=True)
    q, spans = people, lengths - 1
    places = np.arange(p.shape[-1])
    difference = p - q
    return {
        "js": 1 - jensenshannon(p, np.broadcast_to(q, p.shape), base=2, axis=-1),
        "tv": np.abs(difference).sum(axis=-1) / 2,
        "emd": np.abs(np.cumsum(difference, axis=-1)).sum(axis=-1) / spans,
        "ent": entr(p).sum(axis=-1) / np.log(2),
        "pos": np.abs((p @ places - q @ places) / spans),
    }


def _tails(items: int) -> tuple[float, float]:
    """Where a percentile interval on so many items ends, in percent: see docs/statistics.md."""
    reach = stdtrit(items - 1, 0.5 + LEVEL / 2)
    tail = 100 * float(ndtr(-np.sqrt(items / (items - 1)) * reach))
    return tail, 100 - tail


def _summary(values: Floats, counts: Floats) -> Floats:
    """Mean and percentile interval of each row, [3, row]."""
    draws = values @ counts.T / values.shape[1]
    return np.stack([values.mean(axis=1), *np.percentile(draws, _tails(values.shape[1]), axis=1)])


@dataclass(slots=True)
class Grouped:
    """The loop that analysts write: group by cell, one row of scores an item, resample rows draw by draw.

    It scores the first `cells` cells only.
    """

    sizes: Sizes
    cells: int
    notes: dict[str, float] = field(default_factory=dict)
    _table: pd.DataFrame = field(init=False)
    _drawn: dict[str, NDArray[np.int64]] = field(init=False)

    def __post_init__(self) -> None:
        self._table = _long(shares(self.sizes), self.cells)
        items = np.arange(self.sizes.items)
        self._drawn = {
            measure: np.stack([np.repeat(items, row.astype(int)) for row in drawn(self.sizes, measure)])
            for measure in MEASURES
        }
        self.notes["cells"] = self.cells

    def run(self) -> Scored:
        found: dict[str, list[tuple[float, float, float]]] = {measure: [] for measure in MEASURES}
        for _, cell in self._table.groupby(["model", "country", "group"], sort=False):
            scores = pd.DataFrame([_scored(rows) for _, rows in cell.groupby("item", sort=False)])
            for measure in MEASURES:
                means = [scores[measure].iloc[picked].mean() for picked in self._drawn[measure]]
                low, high = np.percentile(means, _tails(self.sizes.items))
                found[measure].append((scores[measure].mean(), low, high))
        return {measure: np.array(rows).T for measure, rows in found.items()}


def _long(given: Shares, cells: int) -> pd.DataFrame:
    """One row an option: model, country, group, item, answered and human share."""
    shape = given.answers.shape
    places = np.stack(np.unravel_index(np.arange(cells), shape[:3]), axis=1)
    frames = [
        pd.DataFrame(
            {
                "model": model,
                "country": country,
                "group": group,
                "item": np.repeat(np.arange(shape[3]), given.lengths),
                "answer": _ragged(given.answers[model, country, group], given.lengths),
                "human": _ragged(given.people[country, group], given.lengths),
            }
        )
        for model, country, group in places
    ]
    return pd.concat(frames, ignore_index=True)


def _ragged(padded: NDArray[np.floating[Any]], lengths: NDArray[np.int64]) -> Floats:
    kept: Floats = padded[np.arange(padded.shape[1]) < lengths[:, None]].astype(np.float64)
    return kept


def _scored(rows: pd.DataFrame) -> dict[str, float]:
    """The measures of one item."""
    p, q = rows["answer"].to_numpy(), rows["human"].to_numpy()
    p = p / p.sum()
    span, places = len(p) - 1, np.arange(len(p))
    return {
        "js": 1 - jensenshannon(p, q, base=2),
        "tv": np.abs(p - q).sum() / 2,
        "emd": np.abs(np.cumsum(p - q)).sum() / span,
        "ent": entr(p).sum() / np.log(2),
        "pos": abs((p @ places - q @ places) / span),
    }
