"""Conversations that carry over: which earlier turns a cell is shown, and the cells of one turn after those before it.

Expects an ask with a history. Ensures that how many turns a cell sees, and which of those that were answered, hangs on
names and the seed alone, and that earlier turns are shown in their order, each as it was asked and answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from cyclspec.compiler.plan.plan import PlannedAsk
from cyclspec.compiler.plan.requests import Offer, Request
from cyclspec.compiler.prompts.tokens import continuation
from cyclspec.compiler.prompts.turns import Turn
from cyclspec.compiler.readings.cleaning import Named, cleaned, cleaned_record
from cyclspec.compiler.readings.reading import Reading, shown_labels
from cyclspec.compiler.seeds import fraction, seed_of
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d


def remembered(
    audit: d.TypedAudit, ask: d.TypedAsk, cell: Mapping[str, str], earlier: Iterable[str]
) -> list[str]:
    """Which of the answered earlier levels a cell is shown, in their order; `cell` gives its levels by axis.

    Of `n` turns those count whose seeds are the smallest: a further turn is chosen, or it changes nothing.
    """
    history = ask.history
    assert history is not None
    seed = audit.seed if ask.seed is None else ask.seed
    drawn = cell if history.per is None else {axis: cell[axis] for axis in history.per}
    part = fraction(seed, ask.name, "turns", *_names(drawn))
    most = history.low + int(part * (history.high - history.low + 1))
    levels = list(earlier)
    own = _names(cell)
    chosen = sorted(levels, key=lambda level: (seed_of(seed, ask.name, "turn", *own, level), level))[:most]
    return [level for level in levels if level in chosen]


def _names(levels: Mapping[str, str]) -> list[str]:
    return [word for pair in sorted(levels.items()) for word in pair]


def told_turn(ask: d.TypedAsk, request: Request, offer: Offer, text: str, found: Reading) -> Turn:
    """A turn as later ones are told it: what the user said, and the reply, cleaned as the history says."""
    assert ask.history is not None
    said = next(message.content for message in reversed(request.messages) if message.role == "user")
    if isinstance(ask.prompt.result, k.Record):
        answer = cleaned_record(text, dict(ask.prompt.result.fields), ask.history.clean)
    else:
        answer = cleaned(text, _named(ask, offer, found), ask.history.clean)
    begun = "" if request.prefix_folded or not request.prefix else request.prefix
    return Turn(said, f"{begun}{continuation(begun)}{answer}")


def _named(ask: d.TypedAsk, offer: Offer, found: Reading) -> Named | None:
    """The option that a reply named, under the label that it had in its own prompt."""
    if found.choice is None:
        return None
    at = offer.codes.index(found.choice)
    return Named(shown_labels(ask.prompt, len(offer.codes))[offer.at[at]], offer.labels[at])


def with_turn(before: PlannedAsk | None, turn: PlannedAsk) -> PlannedAsk:
    """An ask with the cells of one more turn; those of all others are holes in `turn`."""
    if before is None:
        return turn
    unasked = tuple(dict.fromkeys((*before.unasked, *turn.unasked)))
    asked = turn.requests >= 0
    requests = np.where(asked, turn.requests, before.requests)
    for at, reason in enumerate(turn.unasked):
        requests[turn.requests == -2 - at] = -2 - unasked.index(reason)
    for at, reason in enumerate(before.unasked):
        requests[before.requests == -2 - at] = -2 - unasked.index(reason)
    return replace(
        before,
        requests=requests,
        offers=np.where(asked, turn.offers + len(before.offered), before.offers).astype(np.int32),
        offered=(*before.offered, *turn.offered),
        attempts=np.where(asked, turn.attempts, before.attempts).astype(np.int16),
        unasked=unasked,
    )
