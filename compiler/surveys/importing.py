"""The import of a survey on one page: read, decide, write.

    file -> survey -> corpus and notes -> tables, `.cycl`, report

Expects a path and what the command line says. Ensures that nothing is written before everything that can be refused
was, and that the same file and options give the same bytes.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from cyclspec.compiler.surveys.corpus import SurveyCorpus
from cyclspec.compiler.surveys.deciding.decide import decide
from cyclspec.compiler.surveys.deciding.identifiers import identifier
from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.compiler.surveys.layouts.published import decide_published
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.read import read_survey
from cyclspec.compiler.surveys.reading.textual import plain
from cyclspec.compiler.surveys.recipes.known import Known, known_of
from cyclspec.compiler.surveys.recipes.recipe import Recipe, load_recipe
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Settings, matching
from cyclspec.compiler.surveys.survey import Limits, SurveyFile
from cyclspec.compiler.surveys.writing.files import refuse_existing, write_files
from cyclspec.compiler.surveys.writing.report import (
    REPORT_JSON,
    REPORT_MARKDOWN,
    Report,
    report_json,
    report_markdown,
    report_of,
)
from cyclspec.compiler.surveys.writing.spec import spec_text
from cyclspec.compiler.surveys.writing.tables import table_files
from cyclspec.compiler.surveys.writing.template import audit_files
from cyclspec.language.diagnostics import SpecError


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import makes: the corpus, its report, and the contents of its files by name."""

    corpus: SurveyCorpus
    report: Report
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to import and what to write: a recipe or "", and whether a first audit is written too."""

    path: Path
    recipe: str = ""
    settings: Settings = field(default_factory=Settings)
    audit: bool = False


def import_survey(wanted: Wanted, limits: Limits | None = None) -> Imported:
    """Reads and decides; writes nothing. Raises `SpecError` for whatever is refused."""
    recipe = load_recipe(wanted.recipe) if wanted.recipe else None
    notes = Notes()
    survey = _read(wanted, recipe, notes, limits)
    try:
        corpus = _corpus(survey, wanted, recipe, notes)
    except SpecError as error:
        raise _another_sheet(error, survey) from None
    report = report_of(survey, corpus, wanted.recipe, notes.items)
    files = table_files(corpus)
    files[f"{corpus.name}.cycl"] = spec_text(corpus).encode("utf-8")
    if wanted.audit:
        files |= {name: text.encode("utf-8") for name, text in audit_files(corpus).items()}
    files[REPORT_JSON], files[REPORT_MARKDOWN] = report_json(report), report_markdown(report)
    return Imported(corpus, report, files)


def write_import(imported: Imported, folder: Path, *, over: bool = False) -> None:
    """Writes the files. Raises `SpecError` where one is there already and `over` does not say that it may go."""
    if not over:
        refuse_existing(folder, imported.files)
    write_files(folder, imported.files)


def _another_sheet(error: SpecError, survey: SurveyFile) -> SpecError:
    """A refusal that names the sheets that look like data, where the first one was read and is perhaps a cover page."""
    if not survey.sheets:
        return error
    first, *more = (f"`--sheet {shlex.quote(name)}`" for name in survey.sheets[:4])
    said = f"another sheet looks like data: {first}" + "".join(f", or {name}" for name in more)
    return SpecError(replace(one, helps=(said, *one.helps)) for one in error.diagnostics)


def _read(wanted: Wanted, recipe: Recipe | None, notes: Notes, limits: Limits | None) -> SurveyFile:
    transposed = recipe is not None and any(layout.transposed for layout in recipe.layouts)
    survey = read_survey(wanted.path, wanted.settings.reading, notes, limits, transposed=transposed)
    size = f"{survey.format}, {survey.n_rows:,} rows, {len(survey.variables):,} columns"
    notes.found(Topic.FILE, f"{survey.path.name}: {size}")
    return survey


def _corpus(survey: SurveyFile, wanted: Wanted, recipe: Recipe | None, notes: Notes) -> SurveyCorpus:
    settings = wanted.settings
    named = (*settings.questions, *settings.demographics, *settings.left_out)
    notes.settled(Topic.NAMES, {name for one in named for name in matching(one, survey.names)})
    layout = None if recipe is None else _layout(survey, recipe)
    empty = _described(survey, settings, recipe)
    if layout is not None and layout.lang is not None:
        empty = replace(empty, lang=settings.lang or layout.lang)
    if layout is not None:
        found = decide_published(survey, layout, settings, notes)
        corpus = replace(empty, items=found.items, axes=found.axes, shares=found.shares)
        corpus = replace(corpus, shares_axis=found.shares_axis)
    else:
        known = Known() if recipe is None else known_of(recipe, survey, notes)
        made = decide(survey, settings, known, notes)
        corpus = replace(empty, items=made.items, axes=made.axes, people=made.people, answers=made.answers)
    return _named_apart(corpus, notes)


def _named_apart(corpus: SurveyCorpus, notes: Notes) -> SurveyCorpus:
    """A corpus with a name that none of its axes has."""
    name = identifier(corpus.name, {axis.name for axis in corpus.axes}, "corpus")
    if name != corpus.name:
        notes.decided(
            Topic.NAMES, f"the corpus is called `{name}`: `{corpus.name}` is an axis", settle="--name NAME"
        )
    return replace(corpus, name=name)


def _layout(survey: SurveyFile, recipe: Recipe) -> Layout | None:
    """The layout that fits; None where the recipe is of respondents."""
    for layout in recipe.layouts:
        if set(layout.needs) <= set(survey.names):
            return layout
    if recipe.layouts and not (recipe.axes or recipe.blocks):
        expected = "; or ".join(", ".join(f"`{name}`" for name in layout.needs) for layout in recipe.layouts)
        refuse_file(
            survey.path,
            f"is not laid out as recipe `{recipe.name}` knows",
            f"it expects the columns {expected}",
        )
    return None


def _described(survey: SurveyFile, settings: Settings, recipe: Recipe | None) -> SurveyCorpus:
    """Name, title, language and provenance of the corpus, which holds nothing yet."""
    stem = re.sub(r"\W+", "_", survey.path.stem).strip("_").casefold()
    wanted = settings.name or (recipe.name.replace("-", "_") if recipe else stem)
    title = recipe.title if recipe else (plain(survey.title) or survey.path.stem)
    source = f"Imported from {plain(survey.path.name)}, sha256:{survey.digest}."
    return SurveyCorpus(
        name=identifier(wanted, (), "corpus"),
        title=title,
        items=(),
        lang=settings.lang or (recipe.lang if recipe else ""),
        release=recipe.release if recipe else "",
        licence=recipe.licence if recipe else "",
        citation=recipe.citation if recipe else "",
        note=" ".join(part for part in (source, recipe.note if recipe else "") if part),
    )
