"""`cyclspec corpus check`: what is amiss in a corpus, as findings with codes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import corpora, pipeline
from cyclspec.cli import options
from cyclspec.cli.corpus_options import corpus, min_n, target, within
from cyclspec.cli.main import REFUSED
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.render import render


@click.command("check")
@options.spec_file
@options.params
@corpus
@target
@within
@min_n
@click.option(
    "--max-missing",
    type=click.FloatRange(min=0, max=1),
    default=0.2,
    metavar="SHARE",
    help="The largest share of missing answers that an item, or a group of people, may have.",
    show_default=True,
)
@click.option("--strict", is_flag=True, help="Exit with 1 on a warning too.")
@click.option("--format", "style", type=click.Choice(["text", "json", "github"]), default="text")
def command(
    file: Path,
    params: Mapping[str, str],
    corpus: str | None,
    target: str | None,
    within: str | None,
    min_n: int | None,
    max_missing: float,
    strict: bool,
    style: str,
) -> None:
    """Say what is amiss in a corpus before anybody is compared with it."""
    from cyclspec.compiler.description.findings import Limits

    checked = pipeline.check(file, params)
    context = checked.require()
    said = list(checked.diagnostics)
    try:
        found = corpora.describe(context, corpus=corpus, target=target, within=within, min_n=min_n)
        said += corpora.findings(context, found, Limits(missing=max_missing))
    except SpecError as error:
        said += error.diagnostics
    if said or style == "json":
        click.echo(render(said, style))
    errors = sum(one.severity == "error" for one in said)
    click.echo(_summary(file, errors, len(said) - errors), err=True)
    if errors or (strict and said):
        sys.exit(REFUSED)


def _summary(file: Path, errors: int, warnings: int) -> str:
    parts = ((errors, "error"), (warnings, "warning"))
    counted = (f"{count or 'no'} {word}{'s' if count != 1 else ''}" for count, word in parts)
    return f"{file.name}: {', '.join(counted)}"
