"""Options of the commands that look at a corpus."""

from __future__ import annotations

import click

from cyclspec.cli.options import Decorator

corpus: Decorator = click.option("--corpus", metavar="NAME", help="Which corpus, where the file has several.")
target: Decorator = click.option("--target", metavar="NAME", help="Count the cells of this target only.")
within: Decorator = click.option(
    "--within",
    metavar="AXIS",
    help="The axis in each of whose levels weights should average 1: `country` where there is one.",
)
min_n: Decorator = click.option(
    "--min-n",
    type=click.IntRange(min=1, max=1_000_000),
    metavar="N",
    help="How many people a cell should have: as its target says, else 30.",
)
