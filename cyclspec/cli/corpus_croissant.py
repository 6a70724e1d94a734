"""`cyclspec corpus croissant`: a corpus as Croissant metadata, with the digest of every file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import corpora, pipeline
from cyclspec.cli import options
from cyclspec.cli.corpus_options import corpus


@click.command("croissant")
@options.spec_file
@options.params
@corpus
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where the metadata are written; every file of the corpus lies beside or below it.",
)
@click.option("--url", metavar="URL", help="The page of the data.")
@click.option("--creator", metavar="NAME", help="Who made the data.")
@click.option(
    "--published",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day of publication: 2026-01-15.",
)
def command(
    file: Path,
    params: Mapping[str, str],
    corpus: str | None,
    out: Path,
    url: str | None,
    creator: str | None,
    published: object,
) -> None:
    """Write a corpus as Croissant metadata, with the digest of every file."""
    from cyclspec.compiler.croissant.export import About, export

    context = pipeline.check(file, params).require()
    chosen = corpora.chosen(context, corpus)
    if len(chosen) > 1:
        names = ", ".join(one.name.name for one in chosen)
        raise click.UsageError(f"metadata are of one corpus: choose with --corpus one of {names}")
    if not out.parent.is_dir():
        raise click.UsageError(f"there is no folder {str(out.parent)!r}")
    day = None if published is None else str(published)[:10]
    found = export(context, chosen[0], out, About(url, creator, day))
    part = out.with_name(f".{out.name}.part")
    part.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(part, out)
    files, sets = len(found["distribution"]), len(found["recordSet"])
    click.echo(f"{out}: corpus {chosen[0].name}, {files} files, {sets} record sets")
