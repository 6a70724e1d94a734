"""`cyclspec unpack`: the files of a pack, in a folder of their own."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cyclspec.cli import options
from cyclspec.language.diagnostics.render import printable


@click.command("unpack")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="A new or empty folder.",
)
def command(pack: Path, output: Path) -> None:
    """Take an audit out of its pack, to read and change it."""
    from cyclspec.pack.manifest import FILES
    from cyclspec.pack.opened import take_out

    try:
        manifest = take_out(pack, output)
    except FileExistsError:
        raise click.ClickException(f"{output} is there already, and is not empty") from None
    for name, one in manifest.elsewhere.items():
        line = f"not in the pack: {output / name.removeprefix(FILES)}, sha256:{one.sha256}"
        click.echo(printable(line), err=True)
    entry = shlex.quote(str(output / manifest.root / manifest.entry))
    params = options.typed("-p", manifest.params)
    click.echo(printable(f"{len(manifest.members)} files; `cyclspec run {entry}{params}` runs it"), err=True)
