"""Engines: a batch of requests becomes log-probabilities."""

from cyclspec.runtime.engine.execute import FirstTokenEngine, Missing, Scored
from cyclspec.runtime.engine.first_token import FirstToken, answers, first_token

__all__ = ["FirstToken", "FirstTokenEngine", "Missing", "Scored", "answers", "first_token"]
