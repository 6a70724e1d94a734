"""Engines: the requests of a layout become log-probabilities."""

from cyclspec.runtime.engine.scoring import Missing, Scored, ScoringEngine

__all__ = ["Missing", "Scored", "ScoringEngine"]
