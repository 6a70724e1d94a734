"""Surveys that the tests make up, written in every format, and what an import makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
from click.testing import CliRunner, Result

from cyclspec import corpora, pipeline
from cyclspec.cli.main import group
from cyclspec.compiler.surveys import Imported, Settings, Wanted, import_survey, write_import
from cyclspec.compiler.surveys.notes import Note, State, Topic
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.render import render

FORMATS = (".sav", ".dta", ".csv", ".xlsx", ".parquet")


@dataclass(frozen=True)
class Made:
    """A survey before it is a file: values, and what SPSS or Stata would say of them."""

    frame: pd.DataFrame
    labels: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[float, str]] = field(default_factory=dict)
    missing: dict[str, list[Any]] = field(default_factory=dict)
    measure: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """The survey in the format of a suffix; CSV, XLSX and Parquet hold codes alone."""
        match path.suffix:
            case ".sav":
                pyreadstat.write_sav(
                    self.frame,
                    path,
                    file_label="A made up survey",
                    column_labels=self.labels,
                    variable_value_labels=self.values,
                    missing_ranges=self.missing,
                    variable_measure=self.measure,
                )
            case ".dta":
                pyreadstat.write_dta(
                    self.frame,
                    path,
                    file_label="A made up survey",
                    column_labels=self.labels,
                    variable_value_labels={
                        name: {int(v): label for v, label in found.items()}
                        for name, found in self.values.items()
                    },
                )
            case ".csv":
                self.frame.to_csv(path, index=False)
            case ".xlsx":
                self.frame.to_excel(path, index=False)
            case ".parquet":
                self.frame.to_parquet(path, index=False)
            case _:
                raise AssertionError(path)
        return path


def bring_in(path: Path, recipe: str = "", *, audit: bool = False, **settings: Any) -> Imported:
    """Imports a file; nothing is written."""
    return import_survey(Wanted(path, recipe, Settings(**settings), audit))


def bring_in_to(folder: Path, path: Path, recipe: str = "", **settings: Any) -> Imported:
    """Imports a file into a folder and checks what was written, with its data."""
    imported = bring_in(path, recipe, **settings)
    write_import(imported, folder)
    assert_checks(folder / f"{imported.corpus.name}.cycl")
    return imported


def assert_checks(spec: Path) -> None:
    """A spec has no error, nor do the tables that it declares."""
    checked = pipeline.check(spec)
    assert not checked.diagnostics, render(checked.diagnostics, "text")
    try:
        corpora.opened(checked.require())
    except SpecError as error:
        raise AssertionError(render(error.diagnostics, "text")) from None


def refused(path: Path, recipe: str = "", **settings: Any) -> Diagnostic:
    """The one diagnostic that an import is refused with."""
    try:
        bring_in(path, recipe, **settings)
    except SpecError as error:
        return error.diagnostics[0]
    raise AssertionError("it was imported")


def notes_of(imported: Imported, topic: Topic, subject: str | None = None) -> list[Note]:
    return [
        note
        for note in imported.report.notes
        if note.topic is topic and (subject is None or note.subject == subject)
    ]


def said(imported: Imported, topic: Topic, subject: str | None = None) -> str:
    """All that a report says on a topic, or of one subject."""
    return "\n".join(note.text for note in notes_of(imported, topic, subject))


def open_notes(imported: Imported) -> list[Note]:
    return [note for note in imported.report.notes if note.state is State.OPEN]


def rows_of(imported: Imported, file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in imported.files[file].decode().splitlines()]


def item_of(imported: Imported, key: str) -> Any:
    return next(item for item in imported.corpus.items if item.key == key)


def labels_of(imported: Imported, key: str) -> list[str]:
    """The labels of an item's options that are not missing, in order."""
    return [next(iter(o.label.values())) for o in item_of(imported, key).options if not o.missing]


def axis_of(imported: Imported, name: str) -> Any:
    return next(axis for axis in imported.corpus.axes if axis.name == name)


def run(*arguments: object) -> Result:
    """A command of cyclspec in this process."""
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def write_csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def weighted_shares(
    frame: pd.DataFrame, column: str, weight: str | None, codes: Sequence[Any]
) -> Mapping[Any, float]:
    """Weighted shares by pandas; `codes` are those in the denominator."""
    kept = frame[frame[column].isin(codes)]
    weights = np.ones(len(kept)) if weight is None else kept[weight].to_numpy()
    return (pd.Series(weights, kept[column].to_numpy()).groupby(level=0).sum() / weights.sum()).to_dict()
