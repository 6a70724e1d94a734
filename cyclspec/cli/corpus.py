"""`cyclspec corpus`: bringing survey data in, what is in it, what is amiss, and how it is given to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from cyclspec.cli.main import LazyGroup

COMMANDS = {
    "import": "Turn a survey file, or a published table, into a corpus.",
    "describe": "Show what is in a corpus: people, weights, items, languages.",
    "check": "Say what is amiss in a corpus before anybody is compared with it.",
    "croissant": "Write a corpus as Croissant metadata, with the digest of every file.",
    "from-croissant": "Make a corpus from Croissant metadata, and check every file.",
}


class CorpusGroup(LazyGroup):
    """The commands that make corpora and look at them."""

    known: ClassVar[Mapping[str, str]] = COMMANDS
    prefix: ClassVar[str] = "corpus_"


@click.group("corpus", cls=CorpusGroup)
def command() -> None:
    """Bring survey data in, describe and check it, and give it to others."""
