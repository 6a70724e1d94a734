"""`cyclspec corpus import`: a survey file or a published table becomes tables, a `.cycl` file and a report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from cyclspec.language.diagnostics.render import printable

RECIPES = (
    *("wvs7", "gss", "anes", "ess", "pew-atp", "globalopinionqa", "moralchoice", "dailydilemmas", "vsm13"),
    *("mena-values", "multicultural-alignment"),
)
_LANG = re.compile(r"[A-Za-z]{2,8}\Z")
_NAME = re.compile(r"[^\W\d_]\w*\Z")


def _lang(ctx: click.Context, param: click.Parameter, text: str) -> str:
    if text and not _LANG.match(text):
        raise click.BadParameter(f"{text!r} is no language tag; write it as `en` or `pt`", ctx, param)
    return text


def _name(ctx: click.Context, param: click.Parameter, text: str) -> str:
    if text and not _NAME.match(text):
        raise click.BadParameter(f"{text!r} is no name; letters, digits and `_`, a letter first", ctx, param)
    return text


def _missing(given: tuple[str, ...]) -> dict[str, tuple[object, ...]]:
    """Rules by column; "" for those that hold in every column."""
    from cyclspec.compiler.surveys.settings import missing_rules

    found: dict[str, tuple[object, ...]] = {}
    for text in given:
        column, equals, codes = text.rpartition("=")
        rules = missing_rules(codes)
        if not rules:
            raise click.UsageError(
                f"--missing takes codes such as `-1,-2`, `98..99` or `Q5=8,9`, not {text!r}"
            )
        name = column if equals else ""
        found[name] = (*found.get(name, ()), *rules)
    return found


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="The folder for the tables, the .cycl file and the report.",
)
@click.option(
    "--recipe",
    type=click.Choice(RECIPES),
    metavar="NAME",
    help=f"A published codebook that the file follows: {', '.join(RECIPES)}.",
)
@click.option(
    "--name", callback=_name, default="", help="What the corpus is called; the file's name otherwise."
)
@click.option("--id", "id_", default="", metavar="NAME", help="The column that identifies respondents.")
@click.option("--weight", default="", metavar="NAME", help="The column of weights.")
@click.option("--strata", default="", metavar="NAME", help="The column of strata.")
@click.option("--psu", default="", metavar="NAME", help="The column of clusters (primary sampling units).")
@click.option(
    "--demographic",
    multiple=True,
    metavar="NAME",
    help="A column that cuts the people; NAME, `A..B` or `Q*`.",
)
@click.option(
    "--question", multiple=True, metavar="NAME", help="A column that was asked; no other is then one."
)
@click.option("--leave-out", multiple=True, metavar="NAME", help="A column that is not imported.")
@click.option("--ordinal", multiple=True, metavar="NAME", help="A column whose options have an order.")
@click.option("--nominal", multiple=True, metavar="NAME", help="A column whose options have none.")
@click.option(
    "--missing",
    multiple=True,
    metavar="CODES",
    help="Missing codes: `-1,-2`, `98..99`, `DK`; `Q5=8,9` for one column.",
)
@click.option("--lang", callback=_lang, default="", metavar="TAG", help="The language of labels, such as en.")
@click.option("--encoding", default="", help="How text is encoded, such as windows-1252.")
@click.option("--delimiter", default="", help="The sign between cells of a CSV file.")
@click.option(
    "--decimal", type=click.Choice([",", "."]), default=None, help="The decimal sign of numbers in text."
)
@click.option("--sheet", default="", metavar="NAME", help="The sheet of an XLSX file.")
@click.option("--audit", is_flag=True, help="Also write audit.cycl, a first audit of the corpus.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
def command(
    file: Path,
    out: Path,
    recipe: str | None,
    name: str,
    id_: str,
    weight: str,
    strata: str,
    psu: str,
    demographic: tuple[str, ...],
    question: tuple[str, ...],
    leave_out: tuple[str, ...],
    ordinal: tuple[str, ...],
    nominal: tuple[str, ...],
    missing: tuple[str, ...],
    lang: str,
    encoding: str,
    delimiter: str,
    decimal: str | None,
    sheet: str,
    audit: bool,
    force: bool,
    style: str,
) -> None:
    """Turn a survey file, or a published table, into a corpus.

    FILE is SPSS (.sav), Stata (.dta), CSV, XLSX, Parquet, Arrow or JSON, with one row for each respondent, or a table
    that a recipe knows. Everything that was decided is in report.md; what should be looked at is printed.
    """
    from cyclspec.compiler.surveys import Reading, Settings, Wanted, import_survey, write_import
    from cyclspec.compiler.surveys.writing.report import report_json, terminal_lines

    settings = Settings(
        name=name,
        lang=lang,
        reading=Reading(encoding, "\t" if delimiter in ("\\t", "tab") else delimiter, decimal or "", sheet),
        id=id_,
        weight=weight,
        strata=strata,
        psu=psu,
        demographics=demographic,
        questions=question,
        left_out=leave_out,
        ordinal=ordinal,
        nominal=nominal,
        missing=_missing(missing),  # type: ignore[arg-type]
    )
    imported = import_survey(Wanted(file, recipe or "", settings, audit))
    write_import(imported, out, over=force)
    if style == "json":
        click.echo(json.dumps(json.loads(report_json(imported.report)), ensure_ascii=False, indent=2))
        return
    for line in terminal_lines(imported.report):
        click.echo(printable(line))
    click.echo(printable(f"written to {out}: {', '.join(sorted(imported.files))}"))
    first = "audit.cycl" if audit else f"{imported.corpus.name}.cycl"
    click.echo(printable(f"next: cyclspec {'plan' if audit else 'check --data'} {out / first}"))
