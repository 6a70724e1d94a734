"""`cyclspec explain`: what a stage of the compiler made of a spec, one rendered prompt, or the page of a diagnostic."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cyclspec import pipeline
from cyclspec.cli import options
from cyclspec.explain.stages import STAGES, Stage, Wanted, prompt_text, stage_text, syntax_text
from cyclspec.language.diagnostics.pages import looks_like_code, page, page_codes
from cyclspec.language.names.suggest import did_you_mean

_HINT = "more: --stage {stages}, or one prompt: --prompt item=..,country=.."


def _show_page(code: str) -> None:
    """The page of a diagnostic: laid out on a terminal, as it is anywhere else."""
    text = page(code)
    if text is None:
        hint = " ".join(did_you_mean(code.upper(), page_codes())).replace("`", "")
        raise click.UsageError(f"there is no diagnostic {code.upper()}. {hint}".strip())
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _refuse_without_use(
    stage: str | None, prompt: str | None, measure: str | None, metric: str | None
) -> None:
    if prompt is not None and stage is not None:
        raise click.UsageError("--prompt shows a cell and --stage a stage: give one of them")
    if measure and prompt is not None:
        raise click.UsageError("--measure chooses what a stage shows, and --prompt shows a cell")
    if metric and stage != "jax":
        raise click.UsageError("--metric chooses what --stage jax shows")


@click.command("explain")
@click.argument("what", metavar="FILE|CODE")
@click.option(
    "--stage", type=click.Choice(STAGES), help="Which stage of the compiler to show.  [default: types]"
)
@click.option("--prompt", metavar="AXIS=LEVEL,..", help="Show the prompt of one cell; also ask=.., model=..")
@click.option("--tokens/--no-tokens", default=True, help="With --prompt: whether to show text and tokens.")
@click.option("--measure", metavar="NAME", help="The measure to show, with what it stands on.")
@click.option("--metric", metavar="NAME", help="With --stage jax: the metric to show.")
@click.option("--data", is_flag=True, help="With --stage types: open the data and count.")
@click.option("--rewrites", is_flag=True, help="With --stage logical: also what each rewrite changed.")
@options.params
@options.models
@options.audit
@options.files
def command(
    what: str,
    stage: Stage | None,
    prompt: str | None,
    tokens: bool,
    measure: str | None,
    metric: str | None,
    data: bool,
    rewrites: bool,
    params: Mapping[str, str],
    models: tuple[str, ...],
    audit: str | None,
    files: tuple[Path, ...],
) -> None:
    """Show a stage of a spec, one of its prompts, or what a diagnostic such as CY0302 means."""
    if looks_like_code(what):
        _show_page(what)
        return
    _refuse_without_use(stage, prompt, measure, metric)
    places = options.pairs(models, "--model")
    if prompt is not None:
        _show_prompt(Path(what), prompt, params, places, audit, files, tokens=tokens)
        return
    if stage == "ast":
        click.echo(syntax_text(Path(what), measure))
        return
    checked = pipeline.check(Path(what), params, files=files)
    context = checked.require()
    options.warn(checked.diagnostics)
    click.echo(stage_text(context, stage or "types", Wanted(audit, measure, metric, places, data, rewrites)))
    if stage is None:
        click.echo(_HINT.format(stages="|".join(STAGES)), err=True)


def _show_prompt(
    file: Path,
    prompt: str,
    params: Mapping[str, str],
    places: dict[str, str],
    audit: str | None,
    files: tuple[Path, ...],
    *,
    tokens: bool,
) -> None:
    from cyclspec.explain.cells import levels_given

    try:
        given = levels_given(prompt)
    except ValueError as error:
        raise click.UsageError(f"--prompt {error}") from None
    opened = options.open_spec(file, params, audit, files=files)
    click.echo(prompt_text(opened, given, places, tokens=tokens))
