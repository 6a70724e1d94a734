"""`cyclspec json`: a spec as canonical JSON, canonical JSON as a spec, and the schema that says what that is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cyclspec.cli.fmt import STDIN, read_stdin, source_of
from cyclspec.cli.main import REFUSED
from cyclspec.language.canonical.decode import MAX_BYTES, decode
from cyclspec.language.canonical.form import canonical
from cyclspec.language.canonical.hashes import complete, meaning
from cyclspec.language.canonical.schema import schema
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy00_syntax import SourceUnreadable
from cyclspec.language.diagnostics.render import render
from cyclspec.language.format.printer import print_source
from cyclspec.language.syntax.parse import parse


def indented(data: Any) -> str:
    """JSON for people: one member a line, keys sorted."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=2) + "\n"


def _refuse(diagnostics: tuple[Diagnostic, ...]) -> None:
    click.echo(render(diagnostics, "text"), err=True)
    sys.exit(REFUSED)


def _bytes(file: str) -> bytes | Diagnostic:
    """The bytes of a file of JSON, not more of them than `decode` takes."""
    if file == STDIN:
        return read_stdin()
    path = Path(file)
    try:
        if not path.is_file():
            problem = "is not a plain file" if path.exists() else "does not exist"
            return SourceUnreadable(file=file, problem=problem, place=file)
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        return SourceUnreadable(file=file, problem=f"cannot be read: {error.strerror}", place=file)


def _back(file: str) -> None:
    """Prints the spec that canonical JSON stands for."""
    data = _bytes(file)
    if isinstance(data, Diagnostic):
        _refuse((data,))
        return
    name = "standard input" if file == STDIN else file
    module = decode(data, name)
    if isinstance(module, tuple):
        _refuse(module)
        return
    printed = print_source(module, name)
    if printed.text is None:
        _refuse(printed.diagnostics)
        return
    click.echo(printed.text.encode("utf-8"), nl=False)


def _forth(file: str, *, compact: bool, hashed: bool) -> None:
    """Prints the canonical JSON of a spec."""
    source = source_of(file)
    if isinstance(source, Diagnostic):
        _refuse((source,))
        return
    parsed = parse(source)
    if parsed.module is None:
        _refuse(parsed.diagnostics)
        return
    data = meaning(parsed.module) if hashed else complete(parsed.module)
    click.echo((canonical(data) if compact else indented(data)).encode("utf-8"), nl=False)


@click.command("json")
@click.argument("file", required=False, metavar="[FILE | -]", type=click.Path())
@click.option("--compact", is_flag=True, help="Without blanks and line breaks, as in RFC 8785.")
@click.option("--hashed", is_flag=True, help="Without documentation and titles: what a hash covers.")
@click.option("--back", is_flag=True, help="Turn canonical JSON into a spec.")
@click.option("--schema", "wants_schema", is_flag=True, help="Print the JSON Schema of canonical JSON.")
def command(file: str | None, compact: bool, hashed: bool, back: bool, wants_schema: bool) -> None:
    """Turn a spec into canonical JSON, or canonical JSON into a spec. `-` reads standard input.

    `cyclspec json --hashed --compact FILE | sha256sum` is the hash by which an import pins a module.
    """
    if wants_schema:
        if file is not None or compact or hashed or back:
            raise click.UsageError("--schema takes no file and no other option")
        click.echo(indented(schema()), nl=False)
        return
    if file is None:
        raise click.UsageError("name a file, or `-` for standard input")
    if back and (compact or hashed):
        raise click.UsageError("--back prints a spec; --compact and --hashed are of JSON")
    if back:
        _back(file)
        return
    _forth(file, compact=compact, hashed=hashed)
