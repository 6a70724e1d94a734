"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cyclspec import pipeline
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.render import render
from cyclspec.pipeline import Opened

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

spec_file: Decorator = click.argument("file", type=click.Path(path_type=Path))
params: Decorator = click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=EXPR", help="Bind a parameter of the spec."
)
models: Decorator = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME=PLACE",
    help="Where a model is: a folder, a hub id with @revision, or demo.",
)
audit: Decorator = click.option("--audit", metavar="NAME", help="Which audit, where the file has several.")
max_requests: Decorator = click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    default=pipeline.DEFAULT_MAX_REQUESTS,
    metavar="N",
    help="Refuse a plan with more cells than this.",
    show_default=True,
)


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping; anything else is a usage error."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"{option} takes NAME=VALUE, not {text!r}")
        if name in found:
            raise click.UsageError(f"{option} gives {name!r} twice")
        found[name] = value
    return found


def warn(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Warnings go to standard error, once, before the work begins."""
    if diagnostics:
        click.echo(render(diagnostics, "text") + "\n", err=True)


def open_spec(file: Path, params_: tuple[str, ...], audit_: str | None) -> Opened:
    """The audit of a spec with its data; warnings are shown, errors raised."""
    checked = pipeline.check(file, pairs(params_, "-p"))
    context = checked.require()
    warn(checked.diagnostics)
    opened = pipeline.open_data(context, pipeline.choose(context, audit_))
    warn(opened.empty_cells)
    return opened
