"""`cyclspec corpus describe`: what is in a corpus, as tables or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import corpora, pipeline
from cyclspec.cli import options
from cyclspec.cli.corpus_options import corpus, min_n, target, within
from cyclspec.language.diagnostics.render import printable


@click.command("describe")
@options.spec_file
@options.params
@corpus
@target
@within
@min_n
@click.option(
    "--all", "every", is_flag=True, help="Show every row of every table, and the options of every item."
)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
def command(
    file: Path,
    params: Mapping[str, str],
    corpus: str | None,
    target: str | None,
    within: str | None,
    min_n: int | None,
    every: bool,
    style: str,
) -> None:
    """Show what is in a corpus: people, weights, items, languages."""
    from cyclspec.compiler.description.record import corpora_record
    from cyclspec.compiler.description.view import sections
    from cyclspec.runtime.report.console import json_text, show_rows

    context = pipeline.check(file, params).require()
    found = corpora.describe(context, corpus=corpus, target=target, within=within, min_n=min_n)
    if style == "json":
        click.echo(json_text(corpora_record(found)))
        return
    for facts in found:
        about = ", ".join(text for text in (facts.title, facts.release, facts.licence) if text)
        click.echo(printable(f"corpus {facts.corpus}" + (f": {about}" if about else "")))
        for section in sections(facts, every=every):
            click.echo()
            click.echo(printable(section.title))
            if section.rows:
                show_rows(section.rows)
            if section.cut:
                click.echo(f"and {section.cut:,} more rows; `--all` shows them")
