"""`cyclspec methods`: how the numbers of a run came about, as a section for a paper or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cyclspec.cli.bindings import pairs


@click.command("methods")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format", "style", type=click.Choice(["markdown", "latex"]), default="markdown", show_default=True
)
@click.option(
    "--trace",
    metavar="AXIS=LEVEL,..",
    help="Which answer is shown stage by stage; also ask=..; by default the first of the last stage.",
)
def command(run: Path, style: Literal["markdown", "latex"], trace: str | None) -> None:
    """Write the methods section of a run, from what the run itself holds."""
    from cyclspec.methods.section import methods_text
    from cyclspec.methods.traced import NoTrace
    from cyclspec.runtime.store.runs import find_run

    wanted = None if trace is None else pairs(tuple(trace.split(",")), "--trace")
    try:
        text = methods_text(find_run(run), style, wanted)
    except NoTrace as error:
        raise click.ClickException(str(error)) from error
    click.echo(text, nl=False)
