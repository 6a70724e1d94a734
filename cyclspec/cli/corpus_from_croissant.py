"""`cyclspec corpus from-croissant`: a corpus made of Croissant metadata, every file checked."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("from-croissant")
@click.argument("metadata", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The folder to make; it must not exist, or be empty.",
)
def command(metadata: Path, out: Path) -> None:
    """Make a corpus from Croissant metadata, and check every file.

    Files lie beside the metadata, and nothing is fetched. Nothing is written unless everything fits.
    """
    from cyclspec.compiler.croissant.restore import restore
    from cyclspec.language.diagnostics.render import printable

    found = restore(metadata, out)
    files = "1 file" if found.files == 1 else f"{found.files} files"
    click.echo(printable(f"{found.path}: corpus {found.corpus}, {files}, digests as given"))
    for note in found.notes:
        click.echo(printable(f"note: {note}"))
