"""`cyclspec run`: asks, scores, writes, and shows the measures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.cli.ending import finish
from cyclspec.cli.main import RunFailed
from cyclspec.cli.progress import Bar
from cyclspec.language.diagnostics import InternalError, SpecError


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
@options.session
@options.day
@click.option("--quiet", is_flag=True, help="Only the count of what was asked, on standard error.")
def command(
    file: Path,
    params: Mapping[str, str],
    models: tuple[str, ...],
    audit: str | None,
    max_requests: int,
    memory: int,
    wave: int | None,
    numerics: pipeline.Numerics,
    locked: bool,
    files: tuple[Path, ...],
    out: Path,
    session: str | None,
    day: date | None,
    quiet: bool,
) -> None:
    """Run an audit: ask the models, score the answers, write the tables."""
    from cyclspec import sessions

    opened = options.open_spec(file, params, audit, locked=locked, files=files)
    places = options.pairs(models, "--model")
    opened = sessions.at_session(opened, places, out, session, day)
    planned = pipeline.plan(
        opened,
        places=places,
        max_requests=max_requests,
        memory=memory,
        wave=wave,
        device=pipeline.device_here(),
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
    found.remember(file, params, places, opened.audit.name)
    finish(found, outcome, planned, opened, quiet=quiet)
