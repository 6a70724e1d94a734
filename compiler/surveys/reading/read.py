"""One survey file of any format.

Expects a path. Ensures a `SurveyFile`, or one `SpecError`: a format is what the suffix says, and a file that begins
like another one is refused with what it is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.encodings import as_utf8
from cyclspec.compiler.surveys.reading.opened import Opened, opened
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Reading
from cyclspec.compiler.surveys.survey import Limits, SurveyFile

SUFFIXES = (
    ".sav",
    ".zsav",
    ".dta",
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xlsm",
    ".parquet",
    ".pq",
    ".arrow",
    ".feather",
    ".json",
    ".jsonl",
    ".ndjson",
)
_OTHERS: Mapping[str, str] = {
    ".xls": "is an old spreadsheet; save it as XLSX or CSV",
    ".ods": "is an OpenDocument spreadsheet; save it as XLSX or CSV",
    ".por": "is an SPSS portable file; save it as .sav",
    ".sas7bdat": "is a SAS file; save it as .sav, .dta or CSV",
    ".rda": "is an R file; save its data frame with `haven::write_sav` or as CSV",
    ".rds": "is an R file; save its data frame with `haven::write_sav` or as CSV",
    ".rdata": "is an R file; save its data frame with `haven::write_sav` or as CSV",
    ".zip": "is a zip archive; unpack it first",
    ".gz": "is compressed; unpack it first",
}
_BEGINNINGS: Mapping[bytes, tuple[str, tuple[str, ...]]] = {
    b"\x1f\x8b": ("is compressed with gzip; unpack it first", ()),
    b"\x28\xb5\x2f\xfd": ("is compressed with zstd; unpack it first", ()),
    b"BZh": ("is compressed with bzip2; unpack it first", ()),
    b"\xfd7zXZ": ("is compressed with xz; unpack it first", ()),
    b"PK\x03\x04": ("is a zip archive or a spreadsheet", (".xlsx", ".xlsm")),
    b"\xd0\xcf\x11\xe0": ("is an old spreadsheet or a document; save it as XLSX or CSV", ()),
    b"PAR1": ("is a Parquet file", (".parquet", ".pq")),
    b"ARROW1": ("is an Arrow file", (".arrow", ".feather")),
    b"$FL2": ("is an SPSS file", (".sav", ".zsav")),
    b"$FL3": ("is an SPSS file", (".sav", ".zsav")),
    b"<stata_dta>": ("is a Stata file", (".dta",)),
}


def read_survey(
    path: Path, reading: Reading, notes: Notes, limits: Limits | None = None, *, transposed: bool = False
) -> SurveyFile:
    """Reads a survey file. `transposed` is for sheets whose columns are the records. Raises `SpecError`."""
    suffix = path.suffix.lower()
    if path.is_dir():
        refuse_file(path.resolve(), "is a folder", "name one of its files")
    if suffix not in SUFFIXES:
        problem = _OTHERS.get(suffix, "has no suffix of a survey file")
        refuse_file(path, problem, f"known suffixes: {', '.join(SUFFIXES)}")
    with opened(path, limits or Limits()) as found:
        _refuse_another(found, suffix)
        survey = _by_suffix(found, suffix, reading, notes, transposed=transposed)
    return survey


def _refuse_another(found: Opened, suffix: str) -> None:
    start = found.handle.read(16)
    found.handle.seek(0)
    for mark, (what, suffixes) in _BEGINNINGS.items():
        if start.startswith(mark) and suffix not in suffixes:
            helps = (f"rename it to `{found.path.stem}{suffixes[0]}`",) if suffixes else ()
            refuse_file(found.path, what, *helps)


def _by_suffix(found: Opened, suffix: str, reading: Reading, notes: Notes, *, transposed: bool) -> SurveyFile:
    match suffix:
        case ".sav" | ".zsav" | ".dta":
            from cyclspec.compiler.surveys.reading.statistical import read_statistical

            return read_statistical(found, reading, notes)
        case ".csv" | ".tsv" | ".txt":
            from cyclspec.compiler.surveys.reading.delimited import read_delimited

            return read_delimited(found, reading, notes)
        case ".xlsx" | ".xlsm":
            from cyclspec.compiler.surveys.reading.spreadsheet import read_spreadsheet

            return read_spreadsheet(found, reading, notes, transposed=transposed)
        case ".parquet" | ".pq":
            from cyclspec.compiler.surveys.reading.columnar import read_columnar

            return read_columnar(found, "parquet", reading, notes)
        case ".arrow" | ".feather":
            from cyclspec.compiler.surveys.reading.columnar import read_columnar

            return read_columnar(found, "arrow", reading, notes)
    return _json(found, suffix, reading, notes)


def _json(found: Opened, suffix: str, reading: Reading, notes: Notes) -> SurveyFile:
    from cyclspec.compiler.surveys.reading.columnar import read_columnar

    data = as_utf8(found.handle.read(), reading.encoding, found.path, notes)
    text = replace(found, handle=io.BytesIO(data), size=len(data))
    survey = read_columnar(text, "json" if suffix == ".json" else "jsonl", reading, notes)
    if not survey.variables:
        refuse_file(found.path, "holds no records")
    notes.found(Topic.FILE, "lists and records in cells are kept as JSON text")
    return survey
