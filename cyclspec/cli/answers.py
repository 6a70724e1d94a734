"""`cyclspec answers import`: replies of hosted models back into their run, which then goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.cli.ending import finish
from cyclspec.hosted import stored, take_replies
from cyclspec.language.diagnostics.render import printable

if TYPE_CHECKING:
    from cyclspec.compiler.plan.plan import Plan
    from cyclspec.runtime.execute import Outcome
    from cyclspec.runtime.hosted.taken import Taken


@click.group("answers")
def command() -> None:
    """Take the replies of hosted models back into a run."""


@command.command("import")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--give-up", is_flag=True, help="Go on without the replies that are missing; their answers say why."
)
@click.option("--quiet", is_flag=True, help="Only what was taken, on standard error.")
def take(run: Path, files: tuple[Path, ...], *, give_up: bool, quiet: bool) -> None:
    """Take replies from FILES into RUN, and go on to its next stage or its measures.

    FILES are outputs of a batch (and its errors), or plain lines {"key": .., "text": .., "logprobs": ..}.
    """
    from cyclspec import sessions
    from cyclspec.runtime.execute import Nobody
    from cyclspec.runtime.store.runs import find_run

    found = find_run(run)
    origin, out = found.origin, found.path.parent
    opened = options.open_spec(origin.spec, origin.params, origin.audit)
    opened = sessions.at_session(opened, origin.places, out)
    planned = pipeline.plan(
        opened, places=origin.places, numerics=found.plan.get("numerics", "float32"), weights="if here"
    )
    found.require_design(planned.hashes["design"], opened.audit)
    _, before = stored(opened, planned, out)
    part, store = sessions.asking(opened, planned, out)
    taken = take_replies(store, before, files)
    hosted = {model.asked.digest for model in planned.hosted}
    missing = taken.missing(r for r in before.waiting if r.digest in hosted)
    for line in _said(taken, before, planned, missing):
        click.echo(printable(line), err=True)
    if give_up:
        part.give_up(
            {key: reason if reason != "absent" else "not answered" for key, reason in missing.items()}
        )
    after, outcome = pipeline.run(opened, planned, out, answering=Nobody())
    finish(after, outcome, planned, opened, quiet=quiet)


def _said(taken: Taken, before: Outcome, planned: Plan, missing: dict[str, str]) -> Iterable[str]:
    """What was taken and what is missing, model by model."""
    from cyclspec.runtime.hosted.taken import counted

    for model in planned.hosted:
        digest, name = model.asked.digest, model.asked.name
        mine = {key: reply for key, reply in taken.fresh.items() if before.met[key].digest == digest}
        replies = "1 reply" if len(mine) == 1 else f"{len(mine)} replies"
        ended = _listed(counted(mine.values()))
        yield f"{name}: {replies} taken" + (f", of which {ended}" if ended else "")
        lacking = Counter(reason for key, reason in missing.items() if before.met[key].digest == digest)
        if lacking:
            yield f"{name}: missing {_listed(lacking)}"
    if taken.again:
        yield f"{taken.again} were there already"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
