"""`cyclspec new`: an audit from a template, with the user's own data in place."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from cyclspec.templates.start import TEMPLATES, Start, start


def _present(found: Start) -> list[Path]:
    """The files that are there already; a README is left as it is."""
    return [path for path in found.files if os.path.lexists(path) and path.name != "README.md"]


@click.command("new")
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--template", type=click.Choice(TEMPLATES), default=TEMPLATES[0], show_default=True)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="FOLDER|FILE",
    help="The spec that declares your data, or the folder that it is in.",
)
def command(name: Path, template: str, corpus: Path | None) -> None:
    """Start the audit NAME.cycl from a template, with your own data in place or with small tables to try it on."""
    bare = name.with_suffix("") if name.suffix == ".cycl" else name
    if not bare.name or not bare.parent.is_dir():
        raise click.ClickException(f"there is no folder {bare.parent}")
    found = start(bare, template, corpus)
    present = _present(found)
    if present:
        raise click.ClickException(f"{present[0]} is there already; nothing was written")
    for path, data in found.files.items():
        if path.name == "README.md" and os.path.lexists(path):
            continue
        try:
            path.parent.mkdir(exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
        click.echo(str(path))
    click.echo(f"read {found.spec}, then: cyclspec check {shlex.quote(str(found.spec))} --data", err=True)
