"""How a run ends on the terminal: with its measures and what a reader of them must know, or with what it waits for."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from cyclspec.cli import options
from cyclspec.cli.main import PARTIAL, WITHHELD
from cyclspec.language.diagnostics.render import printable

if TYPE_CHECKING:
    from cyclspec.compiler.plan.plan import Plan
    from cyclspec.pipeline import Opened
    from cyclspec.runtime.execute import Outcome
    from cyclspec.runtime.store.runs import Origin, Run


def _unseen(answers: Any) -> list[str]:
    """What hosted models did not tell of: labels outside of the likeliest tokens, and how much they can have."""
    unseen = [row["unseen"] for row in answers.to_pylist() if row["unseen"] is not None and row["unseen"] > 0]
    if not unseen:
        return []
    count = "1 answer lacks" if len(unseen) == 1 else f"{len(unseen)} answers lack"
    return [f"{count} labels outside of the likeliest tokens; at most {max(unseen):.2g} is theirs"]


def waiting_lines(outcome: Outcome, planned: Plan) -> list[str]:
    """Who has not answered yet, and how many requests wait for that."""
    names = {model.asked.digest: model.asked.name for model in planned.models}
    hosted = {model.asked.digest: model.asked.name for model in planned.hosted}
    counts = Counter(request.digest for request in outcome.waiting)
    again = f", try {outcome.attempt}" if outcome.attempt > 1 else ""
    found = []
    for digest, count in counts.items():
        replies = "1 reply" if count == 1 else f"{count} replies"
        who = (
            f"hosted model {hosted[digest]}"
            if digest in hosted
            else f"{names.get(digest, 'a model')}, which is run here"
        )
        found.append(f"stage {outcome.stage}{again} waits for {replies} of {who}")
    return found


def finish(found: Run, outcome: Outcome, planned: Plan, opened: Opened, *, quiet: bool) -> None:
    """Shows what came of a run, and exits where measures are withheld or replies are waited for."""
    from cyclspec import sessions
    from cyclspec.runtime.report.console import measures_view, show
    from cyclspec.runtime.report.notices import notices, session_lines

    if outcome.waiting:
        _wait(found, outcome, planned, opened)
    measures = found.measures
    if not quiet:
        show(measures_view(measures), title=opened.audit.title)
    dated = session_lines(found.plan["environment"], measures)
    due = () if opened.session is None else sessions.due_lines(opened, found)
    for line in (*notices(measures, found.checks), *dated, *due, *_unseen(found.answers)):
        click.echo(printable(line), err=True)
    _say_damaged(outcome)
    click.echo(f"{outcome.asked} asked, {outcome.reused} reused", err=True)
    if not quiet:
        click.echo(f"results in {found.path}", err=True)
    if any(name is not None for name in measures["withheld_by"].to_pylist()):
        sys.exit(WITHHELD)


def _say_damaged(outcome: Outcome) -> None:
    if outcome.damaged:
        files = "file" if outcome.damaged == 1 else "files"
        click.echo(
            f"{outcome.damaged} damaged {files} of stored replies set aside; what was in them is asked again",
            err=True,
        )


def _typed(origin: Origin, opened: Opened) -> str:
    """A spec and what a run of it was told, as they are typed in the folder that one is in."""
    spec = shlex.quote(os.path.relpath(origin.spec))
    audit = f" --audit {opened.audit.name}" if len(opened.context.audits) > 1 else ""
    told = options.typed("-p", origin.params) + options.typed("--model", origin.places)
    return printable(f"{spec}{audit}{told}")


def _wait(found: Run, outcome: Outcome, planned: Plan, opened: Opened) -> None:
    """Says what is waited for, and how to go on."""
    for line in waiting_lines(outcome, planned):
        click.echo(printable(line), err=True)
    _say_damaged(outcome)
    click.echo(f"{outcome.asked} asked, {outcome.reused} reused", err=True)
    spec = _typed(found.origin, opened)
    hosted = {model.asked.digest for model in planned.hosted}
    if any(request.digest in hosted for request in outcome.waiting):
        click.echo(f"write them: cyclspec requests {spec} --out {found.path.parent} -o BATCHES", err=True)
        click.echo(f"and take the replies back: cyclspec answers import {found.path} FILES", err=True)
    else:
        click.echo(f"ask them: cyclspec run {spec} --out {found.path.parent}", err=True)
    sys.exit(PARTIAL)
