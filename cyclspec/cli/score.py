"""`cyclspec score`: new measures from the stored answers of a run; never loads a model."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.cli.main import WITHHELD
from cyclspec.language.diagnostics.render import printable


@click.command("score")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@options.params
@options.audit
@options.locked
@options.files
def command(
    run: Path,
    file: Path | None,
    params: Mapping[str, str],
    audit: str | None,
    locked: bool,
    files: tuple[Path, ...],
) -> None:
    """Score the answers of a run again, by its own spec or by another one of the same design."""
    from cyclspec.runtime.report.console import measures_view, show
    from cyclspec.runtime.report.notices import notices, session_lines
    from cyclspec.runtime.store.runs import find_run

    found = find_run(run)
    origin = found.origin
    bound = {**(origin.params if file is None else {}), **params}
    wanted = audit or (None if file else origin.audit)
    opened = options.open_spec(file or origin.spec, bound, wanted, locked=locked, files=files)
    pipeline.score(found, opened, origin.places, locked=locked)
    measures = found.measures
    show(measures_view(measures), title=opened.audit.title)
    dated = session_lines(found.plan["environment"], measures)
    for line in (*notices(measures, found.checks), *dated):
        click.echo(printable(line), err=True)
    click.echo("0 asked", err=True)
    click.echo(f"results in {found.scores}", err=True)
    if any(name is not None for name in measures["withheld_by"].to_pylist()):
        sys.exit(WITHHELD)
