"""Engines: a batch of requests becomes log-probabilities."""

from cyclspec.runtime.engine.execute import FirstTokenEngine, Missing, Scored
from cyclspec.runtime.engine.first_token import FirstToken, first_token

__all__ = ["FirstToken", "FirstTokenEngine", "Missing", "Scored", "first_token"]
