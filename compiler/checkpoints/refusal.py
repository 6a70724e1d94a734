"""The one way this package says no: a `SpecError` that carries a `CheckpointRefused`."""

from __future__ import annotations

from cyclspec.language.diagnostics.base import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused


def refused(model: str, problem: str, *helps: str) -> SpecError:
    """The error to raise for checkpoint `model`; `problem` continues the words "checkpoint `model` ..."."""
    return SpecError([CheckpointRefused(model=model, problem=problem, helps=helps)])
