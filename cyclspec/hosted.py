"""Runs that wait for hosted models: what they wait for, and the replies that are brought.

Expects a plan with hosted models. Ensures that nobody is asked here, and that replies are stored all or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cyclspec import pipeline, sessions

if TYPE_CHECKING:
    from cyclspec.compiler.plan.plan import Plan
    from cyclspec.runtime.execute import Outcome
    from cyclspec.runtime.hosted.taken import Taken
    from cyclspec.runtime.store.replies import ReplyStore
    from cyclspec.runtime.store.runs import Run


def stored(opened: pipeline.Opened, planned: Plan, out: Path) -> tuple[Run, Outcome]:
    """What a run has come to with the replies that are stored, and what it waits for; nobody is asked."""
    from cyclspec.compiler.plan.stages import Stages
    from cyclspec.runtime.environment import environment
    from cyclspec.runtime.execute import Nobody, Silent, execute
    from cyclspec.runtime.store.runs import begin_run

    pipeline.require_executable(opened)
    part, store = sessions.asking(opened, planned, out)
    outcome = execute(planned, store, Stages(planned), Silent(), Nobody(), part.given_up)
    return begin_run(out, planned, environment(planned, outcome.served)), outcome


def take_replies(store: ReplyStore, outcome: Outcome, files: Sequence[Path]) -> Taken:
    """Stores the replies in some files to what a run has come to. `SpecError` where anything in them does not fit."""
    from cyclspec.runtime.hosted.taken import take

    taken = take(files, outcome.met, outcome.replies)
    for digest in sorted({outcome.met[key].digest for key in taken.fresh}):
        store.add(digest, {k: reply for k, reply in taken.fresh.items() if outcome.met[k].digest == digest})
    return taken
