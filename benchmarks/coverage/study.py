"""Runs designs: lowers the spec of each once, scores worlds by the hundred, and counts what intervals hold.

Expects designs. Ensures that every hundred has draws and answers of its own, and that each world counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

import numpy as np

from benchmarks.coverage.designs import Design
from benchmarks.coverage.population import OPTIONS, sampled, strata_of
from cyclspec import pipeline
from cyclspec.compiler.axes import Axis, Grid, OptionLayout
from cyclspec.compiler.scores import AnswerCells, Graph, ScoreInputs, few_clusters, lower
from cyclspec.compiler.scores.clusters import alone, name_of
from cyclspec.compiler.seeds import generator, seed_of
from cyclspec.language.types.typed import TypedAudit

AT_ONCE: Final = 100
DRAWS: Final = 1000
METHODS: Final = ("percentile", "t")


@dataclass(frozen=True, slots=True)
class Coverage:
    """One design with so many clusters: the share of worlds whose interval holds the truth, by method.

    `width` is the mean width of the interval over four true standard errors, `rejected` the share of p-values up to
    5 %, where there is a test.
    """

    design: str
    clusters: int
    worlds: int
    held: dict[str, float]
    width: dict[str, float]
    rejected: float | None


def covered(design: Design, clusters: int, worlds: int, *, seed: int = 1) -> Coverage:
    """The coverage of one design."""
    graph, truth = _graph(design, clusters), design.truth(clusters)
    held, width = dict.fromkeys(METHODS, 0.0), dict.fromkeys(METHODS, 0.0)
    values, p_values = [], []
    for batch in range(worlds // AT_ONCE):
        audit = replace(graph.program.audit, seed=seed_of(seed, design.name, str(clusters), str(batch)) >> 12)
        again = replace(graph, program=replace(graph.program, audit=audit))
        random = generator(seed, design.name, str(clusters), str(batch))
        with patch.object(few_clusters, "LEAST_OF_PERCENTILES", 0):  # measured too where results withhold it
            scores = again.evaluate(_inputs(design, audit, random, clusters))
        for method in METHODS:
            cells = scores.measure(f"by_{method}")
            held[method] += float(((cells.low <= truth) & (truth <= cells.high)).sum())
            width[method] += float((cells.high - cells.low).sum())
        values.append(scores.measure("by_t").value)
        p_values.append(scores.measure("by_percentile").p_value)
    error, tested = float(np.std(np.concatenate(values))), np.concatenate(p_values)
    return Coverage(
        design.name,
        clusters,
        worlds,
        {method: held[method] / worlds for method in METHODS},
        {method: width[method] / worlds / (4.0 * error) for method in METHODS},
        float((tested <= 0.05).mean()) if np.isfinite(tested).all() else None,
    )


def _graph(design: Design, clusters: int) -> Graph:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "study.cycl"
        path.write_text(design.text(AT_ONCE, DRAWS, clusters), encoding="utf-8")
        audit = pipeline.choose(pipeline.check(path).require(), None)
    return lower(audit, _grid(design, audit, clusters))


def _grid(design: Design, audit: TypedAudit, clusters: int) -> Grid:
    """The axes of a spec whose tables nobody opens."""
    sizes = dict(design.sizes(clusters)) or {"item": AT_ONCE}
    if design.answers is not None:
        sizes |= {"world": AT_ONCE, "model": 1} if "side" not in sizes else {"world": AT_ONCE}
    axes = {name: Axis(name, _levels(audit, name, size)) for name, size in sizes.items()}
    batteries = (None,) * sizes["item"] if design.batteries is None else design.batteries(clusters)
    axes["item"] = replace(axes["item"], attributes={"battery": batteries})
    exists = np.ones((sizes["item"], OPTIONS), dtype=np.bool_)
    codes = (tuple(str(at) for at in range(OPTIONS)),) * sizes["item"]
    value = np.broadcast_to(np.arange(float(OPTIONS)), exists.shape)
    layout = OptionLayout("item", codes, exists, np.zeros_like(exists), value, True)
    return Grid(axes, (), {"item.options": layout})


def _levels(audit: TypedAudit, axis: str, size: int) -> tuple[str, ...]:
    """The levels of a panel's factor as it names them; numbers otherwise."""
    factors = [factor for panel in audit.panels.values() for factor in panel.factors if factor.name == axis]
    return factors[0].names if factors else tuple(str(at) for at in range(size))


def _inputs(design: Design, audit: TypedAudit, random: np.random.Generator, clusters: int) -> ScoreInputs:
    if design.answers is None:
        interval = audit.measures[0].interval
        assert interval is not None
        names = (name_of(interval.drawings[0]), name_of(alone(interval.drawings)[0]))
        strata = strata_of(clusters, design.per_stratum)
        (term,) = (leaf for let in audit.lets for leaf in (let.term,))
        return ScoreInputs({}, {term: sampled(random, AT_ONCE, clusters, strata, names)})
    values = design.answers(random, AT_ONCE, clusters)
    axes = ("world", *design.sizes(clusters))
    if "side" not in axes:
        values, axes = values[..., None], (*axes, "model")
    probs = np.full((*values.shape, OPTIONS), 1.0 / OPTIONS, dtype=np.float32)
    mass = values.astype(np.float32)
    return ScoreInputs({"reply": AnswerCells(axes, probs, mass, np.ones(mass.shape, dtype=np.bool_))}, {})
