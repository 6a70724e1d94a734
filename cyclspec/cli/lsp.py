"""`cyclspec lsp`: the language server, over standard input and output."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import click

from cyclspec.cli.main import REFUSED

NEEDED = "the language server needs pygls: pip install 'cyclspec[lsp]'"


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="The only way to speak to it, and the default; editors name it.")
def command(stdio: bool) -> None:
    """Serve an editor: diagnostics, hover, completion, definitions, formatting."""
    if find_spec("pygls") is None:
        click.echo(NEEDED, err=True)
        sys.exit(REFUSED)
    from cyclspec.lsp.server import serve

    serve()
