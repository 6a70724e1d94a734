"""`cyclspec pack`: an audit with all it needs in one file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.language.diagnostics.render import printable
from cyclspec.language.names.lock import FILE, require_lock
from cyclspec.pack.source import SUFFIX

DEFAULT_MAX_DATA = "16MiB"


def _checked_suffix(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    if value.suffix != SUFFIX:
        raise click.BadParameter(f"the name of a pack ends in {SUFFIX}", ctx, param)
    return value


@click.command("pack")
@options.spec_file
@options.params
@options.models
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_checked_suffix,
    metavar=f"NAME{SUFFIX}",
    help="The pack that is written.",
)
@click.option(
    "--max-data",
    callback=options.size_or_nothing,
    default=DEFAULT_MAX_DATA,
    metavar="SIZE",
    help="Leave larger files of data behind, with their digests; 0 leaves all.",
    show_default=True,
)
def command(
    file: Path, params: Mapping[str, str], models: tuple[str, ...], output: Path, max_data: int
) -> None:
    """Put an audit with all it needs into one file: spec, imports, metrics in Python, lock, data.

    Models stay where they are; their digests travel. --model says where one is, where the lock does not have it yet.
    """
    from cyclspec.lock.changes import changes
    from cyclspec.lock.current import now
    from cyclspec.pack.make import make_pack
    from cyclspec.pack.manifest import FILES

    if file.suffix == SUFFIX:
        raise click.UsageError(f"{file} is a pack already")
    bound = params
    checked = pipeline.check(file, bound)
    context = checked.require()
    options.warn(checked.diagnostics)
    old = require_lock(context.program.root)
    found = now(context, old, options.pairs(models, "--model"))
    changed = [change for change in changes(old, found) if change.how == "changed"]
    if changed:
        names = ", ".join(printable(change.key) for change in changed)
        shows = f"`cyclspec lock {shlex.quote(str(file))}` shows what changed"
        raise click.ClickException(f"{FILE} has another {names}: {shows}")
    if not output.parent.is_dir():
        raise click.ClickException(f"there is no folder {output.parent}")
    try:
        made = make_pack(context, found, bound, output, max_data=max_data)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    for name, one in made.manifest.elsewhere.items():
        size = f"{one.bytes:,}".replace(",", " ")
        click.echo(printable(f"left behind: {name.removeprefix(FILES)}, {size} bytes"), err=True)
    size = f"{made.bytes / 1000:.1f} kB"
    click.echo(f"{output}: {len(made.manifest.members)} files, {size}, sha256:{made.sha256}", err=True)
