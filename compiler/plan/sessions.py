"""Dated sessions: one level of an axis of `waves` is asked at a time, on a day of its own.

Expects a typed audit and its grid. Ensures that a plan of one session holds the cells of that session alone, and that
no prompt tells what was answered in another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from cyclspec.compiler.axes import Grid, Presence
from cyclspec.compiler.plan.sources import terms_in
from cyclspec.compiler.plan.upstream import named_lets
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d


@dataclass(frozen=True, slots=True)
class Session:
    """A level of the axis of dated sessions, and the day it counts for."""

    axis: str
    level: str
    day: date


def dated_axes(audit: d.TypedAudit) -> Mapping[str, d.WavesSource]:
    """The axes of several dated sessions; an audit that can run has at most one."""
    return {
        each.names[0]: each.source
        for each in audit.eaches
        if isinstance(each.source, d.WavesSource) and each.source.count > 1
    }


def dated_axis(audit: d.TypedAudit) -> str | None:
    """The axis of dated sessions, if there is one."""
    return next(iter(dated_axes(audit)), None)


def day_due(source: d.WavesSource, level: str, other: str, day: date) -> date:
    """The day on which a session is due where another one was on `day`."""
    return day + timedelta(days=int(source.every * (int(level) - int(other))))


def only_session(grid: Grid, session: Session) -> Grid:
    """The grid of one session: everything that has the axis exists at its level alone."""
    levels = grid.axes[session.axis].levels
    here = Presence((session.axis,), np.array([level == session.level for level in levels]))
    return replace(grid, presence=(*grid.presence, here))


def session_refusals(audit: d.TypedAudit) -> Iterator[NotLowered]:
    """What of dated sessions cannot run: several axes of them, and prompts that tell of another session."""
    axes = dated_axes(audit)
    for each in [each for each in audit.eaches if each.names[0] in axes][1:]:
        yield NotLowered(span=each.span, what="a second axis of dated sessions")
    for ask in audit.asks:
        if ask.history is not None and ask.history.along in axes:
            yield NotLowered(span=ask.span, what=f"`turns` along the dated sessions of `{ask.history.along}`")
        for _, argument in ask.args:
            for term in _through_lets(audit, argument):
                if term.type.phase is k.Phase.RESPONSE and not _looked_up(term).isdisjoint(axes):
                    yield NotLowered(span=term.span, what="telling in a prompt what another session answered")


def _looked_up(term: h.Term) -> frozenset[str]:
    """The axes along which a term takes another cell."""
    match term:
        case h.PickTerm(at=at):
            return frozenset(axis for axis, _ in at)
        case h.LookupTerm(axis=axis):
            return frozenset((axis,))
        case _:
            return frozenset()


def _through_lets(audit: d.TypedAudit, term: h.Term) -> Iterator[h.Term]:
    named, seen, waiting = named_lets(audit), set[str](), [term]
    while waiting:
        for part in terms_in(waiting.pop()):
            yield part
            if isinstance(part, h.LetTerm) and part.name in named and part.name not in seen:
                seen.add(part.name)
                waiting.append(named[part.name])
