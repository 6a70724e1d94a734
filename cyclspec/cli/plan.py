"""`cyclspec plan`: what a run would do and cost, without loading weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.language.diagnostics.render import printable


def _bytes(count: int) -> str:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count >= 1024**power:
            return f"{count / 1024**power:.1f} {unit}"
    return f"{count} B"


def _number(count: float) -> str:
    return f"{count:,.0f}".replace(",", " ")


def _lines(facts: dict[str, Any]) -> list[str]:
    axes = " x ".join(f"{name} {size}" for name, size in facts["axes"].items())
    reused = "" if facts["reused"] is None else f", {_number(facts['reused'])} of them answered before"
    tokens = (
        f"{_number(facts['tokens_naive'])} asked cell by cell, {_number(facts['tokens_distinct'])} distinct, "
        f"{_number(facts['tokens_planned'])} with padding"
    )
    lines = [
        f"{facts['title']}",
        f"  design     {facts['hashes']['design'][:12]}   score {facts['hashes']['score'][:12]}",
        f"  axes       {axes}",
        f"  cells      {_number(facts['cells'])}",
        f"  requests   {_number(facts['requests'])} distinct{reused}",
        f"  tokens     {tokens}",
        f"  programs   {facts['programs']}",
    ]
    for model in facts["models"]:
        shapes = ", ".join(
            f"{b['batches']} x [{b['rows']}, {b['tokens']}]"
            for b in facts["buckets"]
            if b["model"] == model["model"]
        )
        text = "plain text" if model["plain_text"] else "chat template"
        text += ", system message in the user's turn" if model["system_folded"] else ""
        lines += [
            f"  model      {model['model']}: {model['place']} ({model['family']}, {facts['numerics']}, {text})",
            f"             {_number(model['requests'])} requests in {shapes}; weights {_bytes(model['weight_bytes'])}",
        ]
    lines += [
        f"  data       {table['table']}: {_number(found['rows'])} rows of `{column}` brought to a sum of one, "
        f"by {found['largest']:.2%} at most"
        for table in facts["data"]
        for column, found in table["renormalised"].items()
    ]
    lines += [
        f"  data       {table['table']}: {_number(count)} rows of `{column}` are in no level and in no group"
        for table in facts["data"]
        for column, count in table["outside"].items()
    ]
    lines += [
        f"  cost       {facts['flops']:.2g} operations, about {facts['seconds_estimated']:g} s at 100 GFLOP/s",
        f"  measures   {', '.join(facts['measures'])}",
    ]
    return lines


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
    params: tuple[str, ...],
    models: tuple[str, ...],
    audit: str | None,
    max_requests: int,
    out: Path,
    style: str,
    output: Path | None,
) -> None:
    """Show what a run would ask and cost."""
    from cyclspec.compiler.plan.summary import summary
    from cyclspec.runtime.report.console import json_text
    from cyclspec.runtime.store.replies import ReplyStore

    opened = options.open_spec(file, params, audit)
    planned = pipeline.plan(
        opened, places=options.pairs(models, "--model"), max_requests=max_requests, weights="if here"
    )
    store = ReplyStore(out / "replies")
    digests = {model.asked.digest for model in planned.models}
    known = sum(len(store.find(digest, (r.key for r in planned.requests))) for digest in digests)
    facts = summary(planned, known)
    text = json_text(facts)
    if output is not None:
        _write(output, text)
    click.echo(text if style == "json" else "\n".join(map(printable, _lines(facts))))
