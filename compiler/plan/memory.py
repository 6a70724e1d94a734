"""The memory that waves of tokens may take, and the refusal of what fits none.

Expects the sizes of a model. Ensures that what would not fit is refused by the name of its model, before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.figures import AskFigures, tokens_beside
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.plan.sharing.layout import BLOCK, OUTPUTS_AT_ONCE, Shape
from cyclspec.compiler.plan.sharing.shapes import (
    ANCESTOR_GRAIN,
    Budget,
    NoRoom,
    grained,
    least_bytes,
    wave_bytes,
)
from cyclspec.compiler.plan.writing import WritingBudget, row_bytes
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import OverMemory
from cyclspec.language.types import typed as d

_UNITS = ((30, "GiB"), (20, "MiB"), (10, "KiB"))


def size_text(count: float) -> str:
    """A number of bytes as people read it."""
    for power, unit in _UNITS:
        if count >= 2**power:
            return f"{count / 2**power:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count:.0f} B"


def option_text(count: int) -> str:
    """A number of bytes as `--memory` takes it, rounded up to a tenth of its unit."""
    power, unit = next((one for one in _UNITS if count >= 2 ** one[0]), _UNITS[-1])
    return f"{-(-count * 10 // 2**power) / 10:g}{unit}"


def shards_at_once(
    config: DecoderConfig,
    requests: Sequence[Request],
    later: Iterable[AskFigures],
    budgets: tuple[Budget, WritingBudget],
) -> int:
    """How many shards of a model are at work: one where more would get smaller waves or fewer rows for it."""
    scoring, writing = budgets
    lengths = [len(one.token_ids) + tokens_beside(one) for one in requests]
    longest = max((*lengths, *(min(found.longest, config.max_positions) for found in later)), default=0)
    tokens = min(scoring.tokens, grained(sum(lengths), BLOCK)) or scoring.tokens
    whole = Shape(tokens, grained(longest, ANCESTOR_GRAIN), OUTPUTS_AT_ONCE, 1)
    new = [one.read.max_tokens for one in requests if isinstance(one.read, Writing)]
    rows = min(writing.rows, len(new)) * row_bytes(config, longest + max(new, default=0), writing.item)
    roomy = wave_bytes(config, whole, scoring.item) <= scoring.each and rows <= writing.each
    return scoring.at_once if roomy else 1


def require_later_room(config: DecoderConfig, later: Iterable[AskFigures], budget: Budget) -> None:
    """Raises `NoRoom` where the longest prompt that a later stage may have fits no wave."""
    longest = max((min(found.longest, config.max_positions) for found in later), default=0)
    needed = least_bytes(config, longest, budget.item)
    if longest and needed > budget.each:
        raise NoRoom(needed)


def over_memory(audit: d.TypedAudit, model: str, needed: int, budget: Budget) -> SpecError:
    """The refusal (CY0715) of a model whose smallest wave takes `needed` bytes."""
    models = (one for panel in audit.panels.values() for one in panel.models)
    return SpecError(
        [
            OverMemory(
                span=next((one.span for one in models if one.name == model), audit.span),
                model=model,
                limit=size_text(budget.bytes),
                needed=size_text(needed),
                helps=(f"give it more: `--memory {option_text(needed)}`", "or shorten the longest prompt"),
            )
        ]
    )
