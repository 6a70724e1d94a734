"""`cyclspec plan`: what a run would do and cost, without loading weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.language.diagnostics.render import printable


def _write(path: Path, text: str) -> None:
    from cyclspec.runtime.store.files import write_bytes

    try:
        write_bytes(path, (text + "\n").encode())
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


@click.command("plan")
@options.spec_file
@options.params
@options.models
@options.audit
@options.max_requests
@options.memory
@options.wave
@options.numerics
@options.locked
@options.files
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    help="Where answers may be already.",
)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Also write the plan as JSON."
)
def command(
    file: Path,
    params: Mapping[str, str],
    models: tuple[str, ...],
    audit: str | None,
    max_requests: int,
    memory: int,
    wave: int | None,
    numerics: pipeline.Numerics,
    locked: bool,
    files: tuple[Path, ...],
    out: Path,
    style: str,
    output: Path | None,
) -> None:
    """Show what a run would ask and cost."""
    from cyclspec.compiler.plan.physical import physical_text
    from cyclspec.compiler.plan.summary import summary
    from cyclspec.runtime.report.console import json_text
    from cyclspec.runtime.store.replies import ReplyStore

    opened = options.open_spec(file, params, audit, locked=locked, files=files)
    planned = pipeline.plan(
        opened,
        places=options.pairs(models, "--model"),
        max_requests=max_requests,
        memory=memory,
        wave=wave,
        numerics=numerics,
        locked=locked,
        weights="if here",
    )
    options.warn(planned.warnings)
    store = ReplyStore(out / "replies")
    digests = {model.asked.digest for model in planned.models}
    digests |= {model.asked.digest for model in planned.hosted}
    known = sum(len(store.find(digest, (r.key for r in planned.requests))) for digest in digests)
    facts = summary(planned, known)
    text = json_text(facts)
    if output is not None:
        _write(output, text)
    shown = "\n".join(map(printable, physical_text(facts).splitlines()))
    click.echo(text if style == "json" else shown)
