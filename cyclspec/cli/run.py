"""`cyclspec run`: asks, scores, writes, and shows the measures."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.cli.main import WITHHELD, RunFailed
from cyclspec.cli.progress import Bar
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.render import printable


def _notices(measures: Any, checks: Any) -> list[str]:
    """What a reader of the table must know: withheld measures, failed checks, too few units."""
    found: list[str] = []
    rows = checks.to_pylist()
    for name in dict.fromkeys(row["check"] for row in rows if row["passed"] is False):
        failing = [row for row in rows if row["check"] == name and row["passed"] is False]
        because = f": {failing[0]['because']}" if failing[0]["because"] else ""
        found.append(f"check {name} failed in {len(failing)} cells ({failing[0]['on_fail']}){because}")
    for name in dict.fromkeys(row["check"] for row in rows if row["passed"] is None):
        count = sum(row["check"] == name and row["passed"] is None for row in rows)
        found.append(f"check {name} could not be evaluated in {count} cells, and withholds nothing there")
    few = [row for row in measures.to_pylist() if row["low"] is not None and row["n_units"] < 30]
    if few:
        names = ", ".join(dict.fromkeys(row["measure"] for row in few))
        least = min(row["n_units"] for row in few)
        found.append(
            f"intervals of {names} rest on {least} resampled units; below 30 they cover less than they say"
        )
    return found


@click.command("run")
@options.spec_file
@options.params
@options.models
@options.audit
@options.max_requests
@options.memory
@options.wave
@options.numerics
@options.locked
@options.files
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    help="Where results go.",
    show_default=True,
)
@click.option("--quiet", is_flag=True, help="Only the count of what was asked, on standard error.")
def command(
    file: Path,
    params: tuple[str, ...],
    models: tuple[str, ...],
    audit: str | None,
    max_requests: int,
    memory: int,
    wave: int | None,
    numerics: pipeline.Numerics,
    locked: bool,
    files: tuple[Path, ...],
    out: Path,
    quiet: bool,
) -> None:
    """Run an audit: ask the models, score the answers, write the tables."""
    from cyclspec.runtime.report.console import measures_view, show

    opened = options.open_spec(file, params, audit, locked=locked, files=files)
    places = options.pairs(models, "--model")
    planned = pipeline.plan(
        opened,
        places=places,
        max_requests=max_requests,
        memory=memory,
        wave=wave or pipeline.wave_here(),
        numerics=numerics,
        locked=locked,
    )
    options.warn(planned.warnings)
    with closing(Bar(quiet=quiet)) as bar:
        try:
            found, outcome = pipeline.run(opened, planned, out, bar)
        except (SpecError, InternalError):
            raise
        except (MemoryError, OSError, RuntimeError) as error:
            raise RunFailed(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    measures, checks = found.measures, found.checks
    found.remember(file, options.pairs(params, "-p"), places, opened.audit.name)
    if not quiet:
        show(measures_view(measures), title=opened.audit.title)
    for line in _notices(measures, checks):
        click.echo(printable(line), err=True)
    if outcome.damaged:
        noun = "file" if outcome.damaged == 1 else "files"
        click.echo(
            f"{outcome.damaged} damaged {noun} of stored replies set aside; what was in them is asked again",
            err=True,
        )
    click.echo(f"{outcome.asked} asked, {outcome.reused} reused", err=True)
    if not quiet:
        click.echo(f"results in {found.path}", err=True)
    if any(name is not None for name in measures["withheld_by"].to_pylist()):
        sys.exit(WITHHELD)
