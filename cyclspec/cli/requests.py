"""`cyclspec requests`: what hosted models are to be asked in the stage that a run has come to, as files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.cli.ending import waiting_lines
from cyclspec.hosted import stored
from cyclspec.language.diagnostics.render import printable


@click.command("requests")
@options.spec_file
@options.params
@options.models
@options.audit
@options.max_requests
@click.option(
    "--format",
    "style",
    type=click.Choice(["openai-batch", "jsonl"]),
    default="openai-batch",
    help="A batch of the OpenAI API, or one plain object a line.",
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where the files go, with a manifest.",
)
@click.option(
    "--stage",
    type=click.IntRange(min=1),
    metavar="N",
    help="Refuse unless the run has come to this stage.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    help="Where results go, and where answers may be already.",
    show_default=True,
)
@click.option("--max-lines", type=click.IntRange(min=1), default=50_000, metavar="N", show_default=True)
@click.option("--max-bytes", type=click.IntRange(min=1), default=190 * 10**6, metavar="N", show_default=True)
@click.option(
    "--token-limit",
    type=click.Choice(["max_tokens", "max_completion_tokens"]),
    default="max_tokens",
    help="What a batch calls the limit of written tokens; newer models of OpenAI want the second.",
    show_default=True,
)
@options.session
@options.day
def command(
    file: Path,
    params: Mapping[str, str],
    models: tuple[str, ...],
    audit: str | None,
    max_requests: int,
    style: Literal["openai-batch", "jsonl"],
    output: Path,
    stage: int | None,
    out: Path,
    max_lines: int,
    max_bytes: int,
    token_limit: Literal["max_tokens", "max_completion_tokens"],
    session: str | None,
    day: date | None,
) -> None:
    """Write the requests of hosted models that nobody has answered yet."""
    from cyclspec import sessions
    from cyclspec.runtime.hosted.batches import Layout, Limits, Stage, write_batches

    opened = options.open_spec(file, params, audit)
    places = options.pairs(models, "--model")
    opened = sessions.at_session(opened, places, out, session, day)
    planned = pipeline.plan(opened, places=places, max_requests=max_requests, weights="if here")
    options.warn(planned.warnings)
    found, outcome = stored(opened, planned, out)
    found.remember(file, params, places, opened.audit.name)
    if stage is not None and stage != outcome.stage:
        raise click.ClickException(_other_stage(stage, outcome.stage, waits=bool(outcome.waiting)))
    hosted = {model.asked.digest: model.asked for model in planned.hosted}
    mine = [request for request in outcome.waiting if request.digest in hosted]
    if len(mine) < len(outcome.waiting) or not mine:
        for line in waiting_lines(outcome, planned):
            click.echo(printable(line), err=True)
    if not mine:
        click.echo("no request of a hosted model waits for its reply", err=True)
        return
    here = Stage(opened.audit.name, planned.hashes["design"], outcome.stage, outcome.attempt)
    layout = Layout(style, token_limit, Limits(max_lines, max_bytes))
    for written in write_batches(output, here, mine, hosted, layout):
        lines = "1 request" if written.lines == 1 else f"{written.lines} requests"
        click.echo(f"{output / written.name}  {lines} of {written.place}")
    click.echo(f"{output / here.name}.manifest.json")
    click.echo(f"then: cyclspec answers import {found.path} FILES", err=True)


def _other_stage(wanted: int, here: int, *, waits: bool) -> str:
    if wanted > here:
        return f"stage {wanted} needs the answers of stage {here}, which are not all there"
    return f"stage {wanted} is answered; " + (f"stage {here} waits" if waits else "nothing waits")
