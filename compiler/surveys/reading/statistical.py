"""SPSS `.sav`, `.zsav` and Stata `.dta`, read by pyreadstat in a process of its own.

Expects an opened file. Ensures that damaged or hostile bytes end the child and not this process, that memory is
limited, and that everything the file says of its variables arrives: labels, value labels, user-missing codes and
ranges, measure, dates, the weight that an SPSS file is weighted by, the design that a Stata file is set to, extended
missing values of Stata as the codes `.a` to `.z`.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from cyclspec.compiler.data.coded import Coder
from cyclspec.compiler.data.codes import normal_code
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.extra import require
from cyclspec.compiler.surveys.reading.header import distinct_names
from cyclspec.compiler.surveys.reading.opened import Opened, check_shape
from cyclspec.compiler.surveys.reading.stata_design import Design, design_of
from cyclspec.compiler.surveys.reading.statistical_child import OVER_MEMORY, TAG, WRONG_ENCODING
from cyclspec.compiler.surveys.reading.textual import plain
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Reading
from cyclspec.compiler.surveys.survey import Between, Measure, MissingRule, SurveyFile, Variable

# Address space of an interpreter with Arrow and pyreadstat loaded, before it reads anything.
_OWN = 3 << 30
_MEASURES: Mapping[str, Measure] = {"nominal": "nominal", "ordinal": "ordinal", "scale": "scale"}
_ENCODING_HELP = "name the encoding of its texts: `--encoding latin1`, `--encoding windows-1252`, .."


def read_statistical(found: Opened, reading: Reading, notes: Notes) -> SurveyFile:
    """Raises `SpecError` (`FileUnreadable`)."""
    stata = found.path.suffix.lower() == ".dta"
    what = "a Stata file" if stata else "an SPSS file"
    require("pyreadstat", found.path, what)
    about, coders = _columns(found, "dta" if stata else "sav", reading.encoding, what)
    _say(about, reading, notes)
    names = distinct_names([column["name"] for column in about["columns"]], notes)
    variables = tuple(
        _variable(name, column, coder, notes, stata=stata)
        for name, column, coder in zip(names, about["columns"], coders, strict=True)
    )
    rows = len(variables[0].values.index) if variables else 0
    design = design_of(found.handle) if stata else Design()
    _say_others(design, notes)
    return SurveyFile(
        *(found.path, "Stata" if stata else "SPSS", found.digest, rows, variables, plain(about["title"])),
        weight=names[about["weight"]] if about["weight"] is not None else _named(design.weight, names),
        strata=_named(design.strata, names),
        psu=_named(design.psu, names),
    )


def _named(column: str, names: Sequence[str]) -> str:
    """A column that the settings of the file name, if it is there: it may have been dropped since."""
    return column if column in names else ""


def _say_others(design: Design, notes: Notes) -> None:
    if design.others:
        listed = ", ".join(plain(other) for other in design.others)
        notes.open(
            Topic.DESIGN,
            f"the survey settings of the file say more than a corpus can hold: {listed}; a corpus has one weight, and "
            "the strata and clusters of the first stage",
        )


def _columns(found: Opened, kind: str, encoding: str, what: str) -> tuple[Any, list[Coder]]:
    """What the file says of itself, and the codes of every column."""
    command = [
        *(sys.executable, "-P", str(Path(__file__).with_name("statistical_child.py"))),
        *(str(found.path), kind, encoding, str(found.limits.decoded_bytes + _OWN)),
    ]
    about: Any = None
    coders: list[Coder] = []
    rows, broken = 0, False
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with child, _ending(child):
        try:
            with pa.ipc.open_stream(child.stdout) as reader:
                about = json.loads(reader.schema.metadata[b"survey"])
                width = len(about["columns"])
                check_shape(found.path, about["rows"] or 0, width, found.limits)
                coders = [Coder() for _ in range(width)]
                for batch in reader:
                    rows += batch.num_rows
                    check_shape(found.path, rows, width, found.limits)
                    _add(batch, coders, about["columns"])
        except (pa.ArrowException, OSError, ValueError, KeyError):
            broken = True
    _require_done(found, child.returncode, what, broken=broken)
    return about, coders


@contextlib.contextmanager
def _ending(child: subprocess.Popen[bytes]) -> Any:
    """Ends the child where this side stops reading."""
    try:
        yield
    except BaseException:
        child.kill()
        raise


def _require_done(found: Opened, code: int, what: str, *, broken: bool) -> None:
    match code:
        case 0 if not broken:
            return
        case _ if code == OVER_MEMORY:
            refuse_file(found.path, f"needs more than {found.limits.decoded_bytes:,} bytes to decode")
        case _ if code == WRONG_ENCODING:
            refuse_file(found.path, "has texts in another encoding than it says", _ENCODING_HELP)
        case _ if code == -signal.SIGKILL:
            refuse_file(found.path, "could not be read: its reader was ended, most likely for want of memory")
    refuse_file(found.path, f"is not {what}, or is damaged")


def _add(batch: Any, coders: Sequence[Coder], columns: Sequence[Mapping[str, Any]]) -> None:
    """The cells of a batch; where a column has tags beside its numbers, a tag stands in the place of a number."""
    for position, coder in enumerate(coders):
        values = batch.column(str(position))
        if columns[position]["tagged"]:
            tags = batch.column(f"{position}{TAG}").to_pylist()
            numbers = values.to_pylist()
            coder.add([n if tag is None else f".{tag}" for n, tag in zip(numbers, tags, strict=True)])
        else:
            coder.add(values)


def _variable(name: str, column: Mapping[str, Any], coder: Coder, notes: Notes, *, stata: bool) -> Variable:
    textual = column["kind"] == "text"
    labels = {}
    for value, label in column["labels"]:
        code = f".{value}" if isinstance(value, str) and not textual else normal_code(value)
        labels[code] = plain(label) or code
        if plain(label) != label.strip():
            notes.decided(Topic.LABELS, "value labels were cleaned of control characters or blanks", name)
    values = coder.finish()
    missing: list[MissingRule] = [_rule(low, high, textual=textual) for low, high in column["missing"]]
    if stata and not textual:
        missing += sorted({code for code in (*values.codes, *labels) if code[:1] == "." and len(code) == 2})
    return Variable(
        name=name,
        values=values,
        kind=column["kind"],
        label=plain(column["label"]),
        measure=_MEASURES.get(column["measure"], "unknown"),
        labels=_by_value(labels, textual=textual),
        missing=tuple(missing),
    )


def _by_value(labels: Mapping[str, str], *, textual: bool) -> dict[str, str]:
    """Labels of numbers in the order of the numbers, extended missing values last."""

    def rank(code: str) -> tuple[float, str]:
        return (math.inf, code) if code.startswith(".") and code[1:].isalpha() else (float(code), "")

    return dict(labels) if textual else {code: labels[code] for code in sorted(labels, key=rank)}


def _rule(low: Any, high: Any, *, textual: bool) -> MissingRule:
    if textual or low == high:
        return normal_code(low)
    return Between(float(low), float(high))


def _say(about: Any, reading: Reading, notes: Notes) -> None:
    encoding = reading.encoding or about["encoding"] or "in the encoding of the format"
    said = "as the command line says" if reading.encoding else "as the file itself says"
    notes.found(Topic.ENCODING, f"texts are {encoding}, {said}")
    for name, members in sorted(about["sets"].items()):
        listed = ", ".join(members[:6]) + (", .." if len(members) > 6 else "")
        notes.decided(
            Topic.SCALES,
            f"a multiple-response set: each of its columns is a question of its own ({listed})",
            name,
        )
