"""`cyclspec corpus`: what is in survey data, what is amiss in it, and how it is given to others."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "describe": "Show what is in a corpus: people, weights, items, languages.",
    "check": "Say what is amiss in a corpus before anybody is compared with it.",
    "croissant": "Write a corpus as Croissant metadata, with the digest of every file.",
    "from-croissant": "Make a corpus from Croissant metadata, and check every file.",
}


class CorpusGroup(click.Group):
    """Imports a command's module only when that command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"cyclspec.cli.corpus_{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("corpus", cls=CorpusGroup)
def command() -> None:
    """Describe and check survey data, and give it to others."""
