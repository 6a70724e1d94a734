"""`cyclspec corpus`: what is in survey data, what is amiss in it, and how it is given to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from cyclspec.cli.main import LazyGroup

COMMANDS = {
    "describe": "Show what is in a corpus: people, weights, items, languages.",
    "check": "Say what is amiss in a corpus before anybody is compared with it.",
    "croissant": "Write a corpus as Croissant metadata, with the digest of every file.",
    "from-croissant": "Make a corpus from Croissant metadata, and check every file.",
}


class CorpusGroup(LazyGroup):
    """The commands that look at corpora."""

    known: ClassVar[Mapping[str, str]] = COMMANDS
    prefix: ClassVar[str] = "corpus_"


@click.group("corpus", cls=CorpusGroup)
def command() -> None:
    """Describe and check survey data, and give it to others."""
