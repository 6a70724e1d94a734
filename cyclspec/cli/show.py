"""`cyclspec show`: the tables of a run, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("show")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument(
    "table", type=click.Choice(["measures", "answers", "requests", "checks", "people"]), default="measures"
)
@click.option("--format", "style", type=click.Choice(["table", "csv", "json"]), default="table")
def command(run: Path, table: str, style: str) -> None:
    """Show a table of a run: measures, answers, requests, checks or people."""
    from cyclspec.runtime.report.console import as_csv, as_json, measures_view, show
    from cyclspec.runtime.store.runs import find_run

    found = getattr(find_run(run), table)
    match style:
        case "json":
            click.echo(as_json(found))
        case "csv":
            click.echo(as_csv(found), nl=False)
        case _:
            show(measures_view(found) if table == "measures" else found, title="")
