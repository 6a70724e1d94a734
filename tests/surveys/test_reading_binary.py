"""SPSS, Stata, XLSX and Parquet: what their files say of variables arrives, and hostile ones are refused."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from survey_files import bring_in, bring_in_to, item_of, labels_of, refused, said, write_csv

from cyclspec.compiler.surveys import Reading
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading import extra
from cyclspec.compiler.surveys.reading.read import read_survey
from cyclspec.compiler.surveys.survey import Between, Limits, SurveyFile, Variable


def read(path: Path, limits: Limits | None = None, **reading: str) -> SurveyFile:
    return read_survey(path, Reading(**reading), Notes(), limits)


def variable(survey: SurveyFile, name: str) -> Variable:
    found = survey.variable(name)
    assert found is not None
    return found


@pytest.fixture
def sav(tmp_path: Path) -> Path:
    frame = pd.DataFrame(
        {
            "id": np.arange(1.0, 9.0),
            "q1": [1.0, 2.0, 3.0, -1.0, -2.0, -4.0, np.nan, 2.0],
            "town": ["Oslo", "Málaga", "", "x", "Oslo", "Oslo", "Oslo", "Oslo"],
            "born": pd.to_datetime(["2001-02-03"] * 8),
        }
    )
    pyreadstat.write_sav(
        frame,
        tmp_path / "a.sav",
        file_label="The file's own title",
        column_labels={"q1": "How often do you vote?\n", "town": "Town"},
        variable_value_labels={
            "q1": {1: "Always", 2: "Sometimes", 3: "Never", -1: "Don't know", -2: "Refused", -4: "Not asked"},
            "town": {"x": "Elsewhere"},
        },
        missing_ranges={"q1": [{"lo": -9, "hi": -1}], "town": ["x"]},
        variable_measure={"q1": "ordinal"},
    )
    return tmp_path / "a.sav"


def test_spss_metadata_arrive(sav: Path) -> None:
    survey = read(sav)
    q1 = variable(survey, "q1")
    assert (survey.format, survey.n_rows, survey.title) == ("SPSS", 8, "The file's own title")
    assert (q1.kind, q1.measure, q1.label) == ("number", "ordinal", "How often do you vote?")
    assert list(q1.labels.items())[:2] == [("-4", "Not asked"), ("-2", "Refused")]
    assert q1.missing == (Between(-9, -1),) and q1.n_present == 7
    assert variable(survey, "town").missing == ("x",)
    assert variable(survey, "born").kind == "date"


def weighted_by(path: Path, column: str) -> Path:
    """Writes into the header of an SPSS file which column it is weighted by, as SPSS does after `WEIGHT BY`."""
    data = bytearray(path.read_bytes())
    at, cell, name = 176, 0, b""
    while name != column.upper().encode():
        kind, _, labelled, missing = struct.unpack_from("<4i", data, at)
        assert kind == 2, "no record of that variable"
        name, cell = bytes(data[at + 24 : at + 32]).rstrip(), cell + 1
        at += 32
        if labelled:
            at += 4 + -(-struct.unpack_from("<i", data, at)[0] // 4) * 4
        at += 8 * abs(missing)
    struct.pack_into("<i", data, 76, cell)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("width", [4, 8, 9, 255, 256, 300, 504, 505, 600])
def test_an_spss_file_says_by_which_column_it_is_weighted(tmp_path: Path, width: int) -> None:
    """Counted from the records of its variables, of which a text takes several."""
    columns = {
        "long": ["x" * width, "y", "y"],
        "first": [1.0, 2.0, 1.0],
        "llweight": [2.0, 1.0, 3.0],
        "factor": [0.5, 1.5, 1.0],
    }
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame(columns), path)
    assert "`factor`" not in said(bring_in(path), Topic.WEIGHTS)
    found = bring_in(weighted_by(path, "factor"))
    assert "by which the file itself is weighted" in said(found, Topic.WEIGHTS, "factor")
    assert found.corpus.people is not None
    weight = next(column for column in found.corpus.people.columns if column.name == "weight")
    assert weight.numbers is not None and weight.numbers.tolist() == columns["factor"]
    other = said(bring_in(path, weight="llweight"), Topic.WEIGHTS, "factor")
    assert other == "the file itself is weighted by this column, and `llweight` is taken"


def test_user_missing_codes_become_missing_options_or_no_rows(sav: Path) -> None:
    imported = bring_in(sav)
    options = item_of(imported, "q1").options
    assert [(o.code, o.missing) for o in options] == [
        ("1", False),
        ("2", False),
        ("3", False),
        ("-2", True),
        ("-1", True),
    ]
    (answers,) = [found for found in imported.corpus.answers if found.item == "q1"]
    assert len(answers.person) == 6
    assert "nobody was asked, or the file has nothing: `-4` Not asked" in said(imported, Topic.MISSING, "q1")


def test_extended_missing_values_of_stata_are_codes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": range(1, 7), "trust": [1, 2, 2, "d", "i", 1]})
    pyreadstat.write_dta(
        frame,
        tmp_path / "a.dta",
        missing_user_values={"trust": ["d", "i"]},
        variable_value_labels={
            "trust": {1: "Agree", 2: "Disagree", "d": ".d: Don't know", "i": ".i: Inapplicable"}
        },
    )
    imported = bring_in(tmp_path / "a.dta")
    assert [(o.code, o.missing) for o in item_of(imported, "trust").options] == [
        ("1", False),
        ("2", False),
        (".d", True),
    ]
    assert len(imported.corpus.answers[0].person) == 5


def test_a_damaged_file_is_refused_and_ends_no_process(tmp_path: Path, sav: Path) -> None:
    data = sav.read_bytes()
    for name, content in (
        ("cut.sav", data[: len(data) // 2]),
        ("noise.dta", os.urandom(4000)),
        ("no.sav", b"$FL2"),
    ):
        (tmp_path / name).write_bytes(content)
        assert "or is damaged" in refused(tmp_path / name).message


def test_texts_in_another_encoding_are_refused_with_the_option_that_settles_it(tmp_path: Path) -> None:
    data = bytearray()
    frame = pd.DataFrame({"id": [1.0, 2.0], "town": ["Malaga", "Zurich"]})
    pyreadstat.write_sav(frame, tmp_path / "a.sav")
    data += (tmp_path / "a.sav").read_bytes().replace(b"Zurich", "Zürich".encode("windows-1252"))
    (tmp_path / "a.sav").write_bytes(bytes(data))
    diagnostic = refused(tmp_path / "a.sav")
    assert "another encoding" in diagnostic.message and "--encoding" in diagnostic.help
    town = variable(read(tmp_path / "a.sav", encoding="windows-1252"), "town")
    assert town.values.codes == ("Malaga", "Zürich")


@pytest.mark.parametrize(
    ("suffix", "library"), [(".sav", "pyreadstat"), (".dta", "pyreadstat"), (".xlsx", "openpyxl")]
)
def test_an_absent_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, library: str
) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id", "vote"], [1, "yes"]])
    if suffix != ".xlsx":
        (tmp_path / f"a{suffix}").write_bytes(b"whatever it holds")
    assert path.is_file()
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    diagnostic = refused(tmp_path / f"a{suffix}")
    assert f"needs the library {library}" in diagnostic.message
    assert "pip install 'cyclspec[survey]'" in diagnostic.help


# ---- XLSX


def workbook(path: Path, rows: list[list[object]], *sheets: str) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = sheets[0] if sheets else "Data"
    for row in rows:
        book.active.append(row)
    for name in sheets[1:]:
        book.create_sheet(name).append(["other", "columns"])
    book.save(path)
    return path


def test_a_formula_is_never_evaluated_and_said(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "vote", "weight"],
        *([n, "yes" if n % 2 else "no", "=1+1"] for n in range(1, 7)),
    ]
    imported = bring_in(workbook(tmp_path / "a.xlsx", rows))
    assert "formulas: 6; none was evaluated" in said(imported, Topic.FILE)
    assert imported.corpus.people is not None and imported.corpus.people.roles.weight == ""


def test_other_sheets_are_said_and_can_be_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id", "vote"], [1, "yes"], [2, "no"], [3, "yes"]], "Data", "Codes")
    assert "sheet `Data` is read; there are others: `Codes`" in said(bring_in(path), Topic.FILE)
    assert read(path, sheet="Codes").names == ("other", "columns")
    diagnostic = refused(path, reading=Reading(sheet="Dat"))
    assert "has no sheet `Dat`" in diagnostic.message and "`Data`" in diagnostic.help


@pytest.mark.parametrize(
    ("cover", "settings", "problem"),
    [
        ([["A survey"]], {}, "has no rows"),
        ([["A survey"], ["Of 2024"]], {}, "has no column that can be a question"),
        ([["A survey"], ["Of 2024"]], {"questions": ("vote",)}, "column `vote` is not in"),
    ],
)
def test_a_cover_page_that_is_no_survey_leads_to_the_sheets_that_are(
    cover: list[list[object]], settings: dict[str, object], problem: str, tmp_path: Path
) -> None:
    path = with_data(workbook(tmp_path / "a.xlsx", cover, "Cover", "Notes"))
    diagnostic = refused(path, **settings)
    assert problem in diagnostic.message
    assert diagnostic.helps[0] == "another sheet looks like data: `--sheet 'All people'`, or `--sheet Codes`"
    named = refused(path, **settings, reading=Reading(sheet="Cover"))
    assert "another sheet" not in named.help


def test_a_cover_page_that_could_be_a_survey_is_said_to_hold_less(tmp_path: Path) -> None:
    cover: list[list[object]] = [["A survey", "of towns"], ["by", "nobody"], ["in", "2024"]]
    imported = bring_in(with_data(workbook(tmp_path / "a.xlsx", cover, "Cover")))
    note = next(note for note in imported.report.notes if "there are others" in note.text)
    assert note.text.endswith("others: `Codes`, `All people`; `All people` holds more")
    assert note.settle == "--sheet 'All people'"


def with_data(path: Path) -> Path:
    """The workbook with a short table and a longer one behind its other sheets."""
    book = openpyxl.load_workbook(path)
    for name, rows in (("Codes", 2), ("All people", 9)):
        sheet = book.create_sheet(name)
        for row in [["id", "vote"], *([n, "yes" if n % 2 else "no"] for n in range(rows))]:
            sheet.append(row)
    book.save(path)
    return path


def test_what_a_sheet_claims_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id", "vote"], [1, "yes"], [2, "no"]])
    patched = replaced(path, "xl/worksheets/sheet1.xml", b'ref="A1:B3"', b'ref="A1:XFD1048576"')
    survey = read(patched)
    assert (survey.names, survey.n_rows) == (("id", "vote"), 2)


def replaced(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """A copy of an archive with other bytes in one part."""
    target = path.with_name("patched.xlsx")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            data = before.read(info)
            if info.filename == part:
                assert old in data
                data = data.replace(old, new)
            after.writestr(info.filename, data)
    return target


def test_a_part_that_unpacks_to_far_more_than_itself_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id", "vote"], [1, "yes"]])
    bomb = replaced(
        path, "xl/worksheets/sheet1.xml", b"<sheetData>", b"<!--" + b" " * (64 << 20) + b"--><sheetData>"
    )
    assert "unpacks to" in refused(bomb).message


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id", "vote"], [1, "yes"]])
    hostile = replaced(
        path, "xl/worksheets/sheet1.xml", b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aa">]><worksheet'
    )
    assert "declares XML entities" in refused(hostile).message


def test_a_damaged_spreadsheet_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("nothing.txt", "here")
    (tmp_path / "a.xlsx").write_bytes(buffer.getvalue())
    assert "is not a readable XLSX file" in refused(tmp_path / "a.xlsx").message


# ---- Parquet


def test_an_ordered_category_is_an_ordinal_variable_in_its_order(tmp_path: Path) -> None:
    levels = ["low", "middle", "high", "top"]
    frame = pd.DataFrame(
        {"id": range(8), "rank": pd.Categorical(["high", "low", "middle", "low"] * 2, levels, ordered=True)}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    imported = bring_in(tmp_path / "a.parquet")
    assert item_of(imported, "rank").ordered and labels_of(imported, "rank") == levels
    assert "nobody chose `top`" in said(imported, Topic.LABELS, "rank")


def test_nested_cells_are_json_and_dates_are_dates(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "many": [[1, 2], None], "day": pa.array([0, 1], pa.date32())})
    pq.write_table(table, tmp_path / "a.parquet")
    survey = read(tmp_path / "a.parquet")
    assert variable(survey, "many").values.codes == ("[1, 2]",)
    assert variable(survey, "day").kind == "date"


# ---- limits


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (Limits(columns=2), "has 3 columns; the limit is 2"),
        (Limits(rows=3), "has 4 rows; the limit is 3"),
        (Limits(cells=11), "has 12 cells; the limit is 11"),
        (Limits(cell_chars=10), "has a text of 12 characters in column `vote`"),
        (Limits(file_bytes=10), "the limit is 10"),
    ],
)
def test_every_limit_is_met_with_its_number(tmp_path: Path, limits: Limits, problem: str) -> None:
    path = write_csv(tmp_path / "a.csv", "id,vote,x\n1,yes,1\n2,no,1\n3,yes,1\n4,probably not,1\n")
    with pytest.raises(Exception, match=problem):
        read(path, limits)


def test_the_limits_hold_in_spss_and_xlsx_too(tmp_path: Path, sav: Path) -> None:
    with pytest.raises(Exception, match="has 8 rows; the limit is 7"):
        read(sav, Limits(rows=7))
    path = workbook(tmp_path / "a.xlsx", [["id", "vote"], [1, "yes"], [2, "no"]])
    with pytest.raises(Exception, match="columns; the limit is 1"):
        read(path, Limits(columns=1))


def test_a_large_spss_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"q{i}": rng.integers(1, 5, 30_000).astype(float) for i in range(80)})
    pyreadstat.write_sav(frame, tmp_path / "a.sav")
    survey = read(tmp_path / "a.sav")
    assert survey.n_rows == 30_000
    for name in ("q0", "q79"):
        np.testing.assert_array_equal(variable(survey, name).numbers(), frame[name])


def test_a_file_becomes_a_corpus_from_every_format(tmp_path: Path, sav: Path) -> None:
    assert bring_in_to(tmp_path / "out", sav).corpus.title == "The file's own title"
