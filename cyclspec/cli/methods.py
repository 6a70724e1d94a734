"""`cyclspec methods`: how the numbers of a run came about, as a section for a paper or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click


@click.command("methods")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format", "style", type=click.Choice(["markdown", "latex"]), default="markdown", show_default=True
)
def command(run: Path, style: Literal["markdown", "latex"]) -> None:
    """Write the methods section of a run, from what the run itself holds."""
    from cyclspec.methods.section import methods_text
    from cyclspec.runtime.store.runs import find_run

    click.echo(methods_text(find_run(run), style), nl=False)
