"""`cyclspec check`: says everything that is wrong with specs, without opening data unless asked to."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import corpora, pipeline
from cyclspec.cli import options
from cyclspec.cli.main import REFUSED
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.render import render


def _with_data(checked: pipeline.Checked) -> tuple[Diagnostic, ...]:
    """The diagnostics of a spec with those of the data that its audits reach and that it declares itself."""
    if checked.errors or checked.context is None:
        return checked.diagnostics
    found = list(checked.diagnostics)
    known: set[str] = set()
    for audit in checked.context.audits.values():
        try:
            opened = pipeline.open_data(checked.context, audit)
            found.extend(opened.warnings)
            known.update(opened.tables)
        except SpecError as error:
            found.extend(error.diagnostics)
    try:
        corpora.opened(checked.context, known)
    except SpecError as error:
        found.extend(error.diagnostics)
    return tuple(found)


def _as_protocol(found: Mapping[Path, tuple[Diagnostic, ...]]) -> str:
    """What a language server would publish, as one JSON list."""
    from cyclspec.lsp.records import published

    return json.dumps([entry for file, told in found.items() for entry in published(file, told)], indent=2)


def _summary(files: int, diagnostics: list[Diagnostic]) -> str:
    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = len(diagnostics) - errors
    counted = f"{files} file" + ("s" if files != 1 else "")
    return f"{counted}, {errors or 'no'} error{'s' if errors != 1 else ''}" + (
        f", {warnings} warning{'s' if warnings != 1 else ''}" if warnings else ""
    )


@click.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="FILES...", type=click.Path(path_type=Path))
@options.params
@click.option("--data", is_flag=True, help="Also open the data files and check every row.")
@options.locked
@options.files
@click.option("--format", "style", type=click.Choice(["text", "json", "github", "lsp"]), default="text")
def command(
    specs: tuple[Path, ...],
    params: Mapping[str, str],
    data: bool,
    locked: bool,
    files: tuple[Path, ...],
    style: str,
) -> None:
    """Check specs: names, types, axes, units, templates."""
    found: dict[Path, tuple[Diagnostic, ...]] = {}
    bound = params
    for spec in specs:
        checked = pipeline.check(spec, bound, locked=locked, files=files)
        found[spec] = _with_data(checked) if data else checked.diagnostics
    distinct = list(dict.fromkeys(diagnostic for told in found.values() for diagnostic in told))
    if style == "lsp":
        click.echo(_as_protocol(found))
    elif distinct or style == "json":
        click.echo(render(distinct, style))
    click.echo(_summary(len(specs), distinct), err=True)
    if any(d.severity == "error" for d in distinct):
        sys.exit(REFUSED)
