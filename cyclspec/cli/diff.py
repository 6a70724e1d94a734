"""`cyclspec diff`: what two specs or runs ask and score differently, and what would be asked again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec.cli import options
from cyclspec.diff.opened import compared
from cyclspec.diff.text import difference_record, difference_text

DIFFERS = 1


@click.command("diff")
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@options.params
@options.models
@options.audit
@options.files
@click.option("--data", is_flag=True, help="Open the data of both and count what would be asked again.")
@options.max_requests
@click.option("--exit-code", is_flag=True, help="Exit with 1 where they differ.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
def command(
    before: Path,
    after: Path,
    params: Mapping[str, str],
    models: tuple[str, ...],
    audit: str | None,
    files: tuple[Path, ...],
    data: bool,
    max_requests: int,
    exit_code: bool,
    style: str,
) -> None:
    """Say what B asks and scores differently from A: specs, folders of runs, or canonical JSON."""
    found, asked = compared(
        before,
        after,
        audit=audit,
        params=params,
        places=options.pairs(models, "--model"),
        data=data,
        max_requests=max_requests,
        files=files,
    )
    if style == "json":
        click.echo(json.dumps(difference_record(found, asked), ensure_ascii=False, indent=2))
    else:
        click.echo(difference_text(found, asked))
    if exit_code and found.differs:
        sys.exit(DIFFERS)
