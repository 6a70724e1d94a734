"""`cyclspec fmt`: lays out specs in the one way there is; what means something stays, and so do the comments."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from cyclspec.cli.main import REFUSED
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy00_syntax import SourceUnreadable
from cyclspec.language.diagnostics.render import printable, render
from cyclspec.language.format.printer import Formatted, format_source
from cyclspec.language.names.modules import read_source
from cyclspec.language.spans import Source, with_plain_ends
from cyclspec.language.syntax.parse import MAX_CHARACTERS

STDIN = "-"


def read_stdin() -> bytes:
    """Standard input, as much of it as any spec may have and a little more."""
    return sys.stdin.buffer.read(16 * MAX_CHARACTERS + 1)


def source_of(file: str) -> Source | Diagnostic:
    """The text of a file, or of standard input for `-`."""
    return _typed(read_stdin()) if file == STDIN else read_source(Path(file), file)


def _typed(data: bytes) -> Source | Diagnostic:
    """The text of standard input."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return SourceUnreadable(file="standard input", problem="is not UTF-8", place="standard input")
    return Source("standard input", with_plain_ends(text))


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file in one step and keeps its mode; a link stays a link to the file that is replaced."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o7777)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _formatted(file: str) -> tuple[Formatted, bool]:
    """The new text of a file, or why there is none, and whether it is another text, byte by byte."""
    typed = read_stdin() if file == STDIN else None
    source = read_source(Path(file), file) if typed is None else _typed(typed)
    if isinstance(source, Diagnostic):
        return Formatted(None, (source,)), False
    formatted = format_source(source)
    if formatted.text is None:
        return formatted, False
    return formatted, formatted.text.encode("utf-8") != (Path(file).read_bytes() if typed is None else typed)


def _told(file: str, differs: object) -> tuple[Diagnostic, ...]:
    """Names a file that would change."""
    if differs:
        click.echo(printable(file))
    return ()


def _put(file: str, text: str, differs: object) -> tuple[Diagnostic, ...]:
    """Writes a new text where it belongs, or says why that cannot be done."""
    if file == STDIN:
        click.echo(text.encode("utf-8"), nl=False)
    if file == STDIN or not differs:
        return ()
    try:
        write_atomically(Path(file), text)
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        return (SourceUnreadable(file=file, problem=problem, place=file),)
    return ()


def _summary(changed: int, refused: int, total: int, *, check: bool) -> str:
    """One line on what was done, or would be."""
    said = (
        [f"{changed} of {total} {'would change' if check else 'changed'}"] if total > 1 or not refused else []
    )
    if refused:
        said.append(f"{refused} cannot be formatted")
    return f"{total} file{'s' if total != 1 else ''}: " + ", ".join(said)


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, metavar="FILES...", type=click.Path())
@click.option("--check", is_flag=True, help="Change nothing; name the files that would change.")
def command(files: tuple[str, ...], check: bool) -> None:
    """Lay out specs anew, or say which would change. `-` reads standard input and writes standard output."""
    if STDIN in files and len(files) > 1:
        raise click.UsageError("`-` stands alone: standard input is one spec")
    changed, refused = 0, 0
    for file in dict.fromkeys(files):
        formatted, differs = _formatted(file)
        changed += differs
        diagnostics = formatted.diagnostics
        if formatted.text is not None:
            diagnostics = _told(file, differs) if check else _put(file, formatted.text, differs)
        if diagnostics:
            refused += 1
            click.echo(render(diagnostics, "text") + "\n", err=True)
    if files != (STDIN,) or check or refused:
        click.echo(_summary(changed, refused, len(set(files)), check=check), err=True)
    if refused or (check and changed):
        sys.exit(REFUSED)
