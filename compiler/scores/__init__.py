"""Measures and checks of a typed audit, lowered to one masked JAX program and run in float64."""

from cyclspec.compiler.scores.graph import Graph, lower
from cyclspec.compiler.scores.tables import (
    AnswerCells,
    CheckCells,
    MeasureCells,
    PeopleCells,
    ScoreInputs,
    Scores,
)

__all__ = [
    "AnswerCells",
    "CheckCells",
    "Graph",
    "MeasureCells",
    "PeopleCells",
    "ScoreInputs",
    "Scores",
    "lower",
]
