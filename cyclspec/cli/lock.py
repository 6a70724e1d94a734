"""`cyclspec lock`: pins everything that a spec reaches, and takes no change that was not accepted."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.cli.main import REFUSED
from cyclspec.language.diagnostics.render import printable
from cyclspec.language.names.lock import FILE, KINDS, Lock, require_lock, text
from cyclspec.language.names.suggest import suggest
from cyclspec.language.types.context import Context
from cyclspec.pack.source import SUFFIX

if TYPE_CHECKING:
    from cyclspec.lock.changes import PinChange
    from cyclspec.lock.current import Moved, Now

_LISTED = 12
_NOUNS = {"modules": "module", "data": "data file", "metrics": "metric in Python", "models": "model"}


def _counts(lock: Lock) -> str:
    counted = [(len(lock.pins(kind)), noun) for kind, noun in _NOUNS.items()]
    said = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted if count]
    return ", ".join(said) or "nothing"


def _refuse_unknown(accept: Sequence[str], found: Now, old: Lock) -> None:
    """Refuses a name that nothing has which is pinned, or was: with those that are close, else with all keys."""
    from cyclspec.lock.changes import ALL

    keys = {key for kind in KINDS for key in old.pins(kind)} | {key for _, key in found.names}
    known = {ALL, *keys, *(name for names in found.names.values() for name in names)}
    for name in accept:
        if name in known:
            continue
        close = suggest(name, known)
        hint = f"did you mean {' or '.join(close)}?" if close else f"{_listed(keys)}, or {ALL} for every one"
        raise click.UsageError(printable(f"this spec reaches nothing named {name!r}: {hint}"))


def _listed(keys: Iterable[str]) -> str:
    first = sorted(keys)[:_LISTED]
    more = len(set(keys)) - len(first)
    return f"there are {', '.join(first)}" + (f" and {more} more in {FILE}" if more else "")


def _show(found: Sequence[PinChange], context: Context) -> None:
    from cyclspec.lock.text import pin_lines

    for change in found:
        click.echo("\n".join(pin_lines(change, context.program)))


def _show_moved(moved: Iterable[Moved]) -> None:
    for one in moved:
        there = f"{one.key} is at {one.commit[:12]} on the hub"
        line = f"{there}; the lock holds {one.held[:12]}, `--accept {one.key}` moves it"
        click.echo(printable(line), err=True)


def _write(root: Path, lock: Lock) -> None:
    from cyclspec.runtime.store.files import write_bytes

    try:
        write_bytes(root / FILE, text(lock).encode())
    except OSError as error:
        raise click.ClickException(f"{root / FILE} cannot be written: {error.strerror}") from error


@click.command("lock")
@options.spec_file
@options.params
@options.models
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Take the change of what is called this; `all` takes every one.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the lock is not what is here.")
def command(
    file: Path, params: Mapping[str, str], models: tuple[str, ...], accept: tuple[str, ...], check: bool
) -> None:
    """Pin everything that a spec reaches in `cycl.lock`: modules, data, metrics in Python, models.

    What is in the lock and differs is shown, and taken only with --accept.
    """
    from cyclspec.lock.changes import ALL, changes, merged, without_gone
    from cyclspec.lock.current import moved_branches, now
    from cyclspec.lock.kept import keep

    if file.suffix == SUFFIX:
        raise click.UsageError(f"{file} has its lock in it; take it out with `cyclspec unpack` to change it")
    checked = pipeline.check(file, params, lock=Lock())
    context = checked.require()
    options.warn(checked.diagnostics)
    root = context.program.root
    written = require_lock(root)
    old = without_gone(written, root)
    moved = () if check else moved_branches(context, old)
    taken = {one.key for one in moved if one.names & set(accept) or ALL in accept}
    found = now(context, old, options.pairs(models, "--model"), taken)
    _refuse_unknown(accept, found, old)
    differing, lock = changes(old, found), merged(old, found)
    _show(differing, context)
    _show_moved(one for one in moved if one.key not in taken)
    for name in found.hosted:
        click.echo(f"{printable(name)} is behind an API: nothing pins it", err=True)
    same = lock == written and (root / FILE).is_file()
    if check:
        click.echo(f"{FILE} is {'up to date' if same else 'not what is here'}", err=True)
        sys.exit(0 if same else REFUSED)
    _require_accepted(file, differing, accept)
    keep(context.program)
    if not same:
        _write(root, lock)
    said = "is up to date" if same else f"pins {_counts(lock)}"
    click.echo(f"{os.path.relpath(root / FILE)} {said}", err=True)


def _require_accepted(file: Path, differing: Sequence[PinChange], accept: Sequence[str]) -> None:
    """Exits where a change was not accepted; nothing is written then."""
    refused = [change for change in differing if not change.accepted(accept)]
    if refused:
        names = " ".join(f"--accept {shlex.quote(printable(change.key))}" for change in refused)
        click.echo(
            f"not written: `cyclspec lock {shlex.quote(str(file))} {names}` takes what changed", err=True
        )
        sys.exit(REFUSED)
