"""Runs of dated sessions: which one is asked now, where its replies are, and how its answers join those of the others.

Expects an audit with an axis of `waves`. Ensures that sessions lie as far apart as the audit says, that each is
answered by one set of weights, and that nothing is reused from one session to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cyclspec import pipeline
from cyclspec.compiler.plan.budget import ordered_axes, present_cells
from cyclspec.compiler.plan.sessions import Session, dated_axes, dated_axis, day_due
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import SessionRefused
from cyclspec.language.types import typed as d
from cyclspec.runtime.store.replies import ReplyStore
from cyclspec.runtime.store.runs import Run, begin_at, run_of
from cyclspec.runtime.store.sessions import (
    AskedSession,
    answerers_of,
    asked_sessions,
    join_answers,
    note_session,
    session_run,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyclspec.compiler.plan.plan import Plan
    from cyclspec.pipeline import Opened
    from cyclspec.runtime.execute import Outcome


def at_session(
    opened: Opened,
    places: Mapping[str, str],
    out: Path,
    wanted: str | None = None,
    day: date | None = None,
) -> Opened:
    """The audit with the session that is asked now; an undated one as it is.

    Without `wanted` that is the one that was begun and is not answered, else the next if it is due, else the last.
    `SpecError` (CY0723) where a session is not one of the audit, not due, or of another day.
    """
    axis = dated_axis(opened.audit)
    if axis is None:
        if wanted is not None or day is not None:
            raise _refused(
                opened.audit.span, wanted or "", "is asked for, and the audit has no dated sessions"
            )
        return opened
    run = run_of(out, pipeline.hashes(opened, places).design)
    levels = opened.grid.axes[axis].levels
    begun = asked_sessions(run, levels)
    each = next(each for each in opened.audit.eaches if each.names[0] == axis)
    if wanted is not None and wanted not in levels:
        problem = f"is not one of `{axis}`: {', '.join(levels)}"
        raise _refused(each.span, wanted, problem)
    today = datetime.now().astimezone().date() if day is None else day
    source = dated_axes(opened.audit)[axis]
    level = wanted or _next(levels, begun, source, today)
    known = next((one for one in begun if one.level == level), None)
    if known is not None and day not in (None, known.day):
        raise _refused(each.span, level, f"was begun on {known.day}, not on {day}")
    if known is None:
        _require_due(each, source, level, today, begun)
    return replace(opened, session=Session(axis, level, today if known is None else known.day))


def _next(levels: Sequence[str], begun: Sequence[AskedSession], source: d.WavesSource, today: date) -> str:
    open_ = [one.level for one in begun if not one.ended]
    if open_:
        return open_[0]
    known = {one.level: one for one in begun}
    fresh = next((level for level in levels if level not in known), None)
    if fresh is None or (begun and today < day_due(source, fresh, begun[-1].level, begun[-1].day)):
        return begun[-1].level
    return fresh


def _require_due(
    each: d.TypedEach, source: d.WavesSource, level: str, day: date, begun: Sequence[AskedSession]
) -> None:
    for other in begun:
        due = day_due(source, level, other.level, other.day)
        if int(other.level) < int(level) and day < due:
            helps = (f"ask it on that day; `--day {due}` is for replies that were gathered then",)
            problem = f"is due on {due}: session `{other.level}` was asked on {other.day}"
            raise _refused(each.span, level, problem, helps)
        if int(other.level) > int(level) and day > due:
            raise _refused(each.span, level, f"comes before session `{other.level}`, asked on {other.day}")


def _refused(span: Any, session: str, problem: str, helps: tuple[str, ...] = ()) -> SpecError:
    return SpecError([SessionRefused(span=span, session=session, problem=problem, helps=helps)])


def asking(opened: Opened, planned: Plan, out: Path) -> tuple[Run, ReplyStore]:
    """Where what is asked now belongs, and its replies. A session begins here."""
    run = run_of(out, planned.hashes["design"])
    if opened.session is None:
        if dated_axis(opened.audit) is not None:
            raise InternalError("run", "an audit of dated sessions is asked without one of them")
        return run, ReplyStore(out / "replies")
    part = session_run(run, opened.session.level)
    _begin(run, opened, opened.session, planned)
    return part, ReplyStore(part.path / "replies")


def _begin(run: Run, opened: Opened, session: Session, planned: Plan) -> None:
    """Notes that a session begins, and by which weights. `SpecError` (CY0723) where others began it."""
    here = answerers_of(planned, {})
    known = next(iter(asked_sessions(run, [session.level])), None)
    if known is None:
        note_session(run, AskedSession(session.level, session.day, ended=False, answerers=here))
        return
    before = {(one.panel, one.model): one.digest for one in known.answerers}
    for one in here:
        if before.get((one.panel, one.model), one.digest) != one.digest:
            helps = ("weights that changed are asked in the next session: `--session NEXT`",)
            problem = f"was asked of other weights of `{one.model}` on {known.day}"
            raise _refused(opened.audit.span, session.level, problem, helps)


def keep(
    found: Run, opened: Opened, planned: Plan, answered: Plan | None, outcome: Outcome, facts: dict[str, Any]
) -> None:
    """Keeps what a session has come to; once it is `answered`, with its answers beside those of the other sessions.

    `facts` are the environment of the session.
    """
    session = opened.session
    assert session is not None
    part = session_run(found, session.level)
    begin_at(part, planned, facts)
    if answered is not None:
        part.write_answers(answered, outcome)
    here = answerers_of(planned, outcome.served)
    ended = answered is not None
    note_session(found, AskedSession(session.level, session.day, ended=ended, answerers=here))
    levels = opened.grid.axes[session.axis].levels
    ready = [one for one in asked_sessions(found, levels) if one.ended]
    begin_at(found, planned, {**facts, "sessions": [one.facts for one in ready]})
    if not ended:
        return
    dated = [ask.name for ask in opened.audit.asks if ask.panel is not None and session.axis in ask.axes]
    unasked = [cell for ask in dated for cell in _unasked(opened, session.axis, ask, ready)]
    join_answers(found, ready, dated, unasked)


def _unasked(opened: Opened, axis: str, name: str, ready: Sequence[AskedSession]) -> Iterator[dict[str, str]]:
    """The cells of an ask in sessions that are not answered."""
    ask = next(one for one in opened.audit.asks if one.name == name)
    axes = ordered_axes(opened.audit, ask.axes)
    answered = {one.level for one in ready}
    for index in np.argwhere(present_cells(opened.grid, axes)).tolist():
        cell = {one: opened.grid.axes[one].levels[at] for one, at in zip(axes, index, strict=True)}
        if cell[axis] not in answered:
            yield {"ask": name, **cell}


def versions(found: Run, opened: Opened) -> dict[str, Mapping[tuple[str, str], str]]:
    """Who answered in each session that is answered, by its level."""
    axis = dated_axis(opened.audit)
    levels = () if axis is None else opened.grid.axes[axis].levels
    return {one.level: one.versions for one in asked_sessions(found, levels) if one.ended}


def due_lines(opened: Opened, found: Run) -> Iterator[str]:
    """What is asked next, and when."""
    session = opened.session
    assert session is not None
    levels = opened.grid.axes[session.axis].levels
    begun = asked_sessions(found, levels)
    fresh = next((level for level in levels if level not in {one.level for one in begun}), None)
    if fresh is None:
        return
    source = dated_axes(opened.audit)[session.axis]
    yield f"session {fresh} is due on {day_due(source, fresh, begun[-1].level, begun[-1].day)}"
