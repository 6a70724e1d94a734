"""Options that several commands share."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from cyclspec import pipeline
from cyclspec.cli import bindings
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.render import render
from cyclspec.pipeline import Opened

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)")
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

spec_file: Decorator = click.argument("file", type=click.Path(path_type=Path))
params: Decorator = bindings.params
pairs = bindings.pairs
models: Decorator = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME=PLACE",
    help="Where a model is: a folder, a hub id with @revision, demo, or openai:NAME@HOST.",
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


session: Decorator = click.option(
    "--session",
    metavar="N",
    help="Which dated session is asked; by default the one that was begun, or the next that is due.",
)


def typed(flag: str, given: Mapping[str, str]) -> str:
    """Pairs as they are typed again: ` -p n=3 -p 'themes=[trust]'`, empty where there are none."""
    return "".join(f" {flag} {shlex.quote(f'{name}={text}')}" for name, text in given.items())


def _day(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day; write it as `2026-01-15`", ctx, param) from None


day: Decorator = click.option(
    "--day", callback=_day, metavar="DATE", help="The day that the session counts for; today by default."
)

locked: Decorator = click.option(
    "--locked", is_flag=True, help="Refuse what nothing pins, and what is not as it was pinned."
)

files: Decorator = click.option(
    "--files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FOLDER",
    help="Where data is that did not travel with a pack; it is found by its digest.",
)


def _size(ctx: click.Context, param: click.Parameter, text: str) -> int:
    """A number of bytes, such as `512MiB` or `2GiB`."""
    found = _SIZE.fullmatch(text.strip().lower())
    size = float(found[1]) * _UNITS.get(found[2], 0) if found else 0
    if not 1 <= size < 2**63:
        raise click.BadParameter(f"{text!r} is no size; write it as `512MiB` or `2GiB`", ctx, param)
    return int(size)


def size_or_nothing(ctx: click.Context, param: click.Parameter, text: str) -> int:
    """A number of bytes, or 0."""
    return 0 if text.strip() == "0" else _size(ctx, param, text)


memory: Decorator = click.option(
    "--memory",
    callback=_size,
    default=f"{pipeline.DEFAULT_MEMORY // 2**30}GiB",
    metavar="SIZE",
    help="What tokens at work may take beside a model's weights, such as 512MiB.",
    show_default=True,
)

wave: Decorator = click.option(
    "--wave",
    type=click.IntRange(min=1, max=2**20),
    metavar="N",
    help="How many tokens are read at once, at most: 1024, or 8192 where a run finds an accelerator.",
)


numerics: Decorator = click.option(
    "--numerics",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    help="The type of weights, keys and values; answers of one are never taken for the other's.",
    show_default=True,
)


def warn(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Warnings go to standard error, once, before the work begins."""
    if diagnostics:
        click.echo(render(diagnostics, "text") + "\n", err=True)


def open_spec(
    file: Path,
    params_: Mapping[str, str],
    audit_: str | None,
    *,
    locked: bool = False,
    files: tuple[Path, ...] = (),
) -> Opened:
    """The audit of a spec or of a pack with its data; warnings are shown, errors raised."""
    checked = pipeline.check(file, params_, locked=locked, files=files)
    context = checked.require()
    warn(checked.diagnostics)
    opened = pipeline.open_data(context, pipeline.choose(context, audit_))
    warn((*pipeline.other_hashes(checked, opened), *opened.warnings))
    return opened
