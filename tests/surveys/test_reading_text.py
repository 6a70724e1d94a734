"""CSV as people have it: delimiters, encodings, decimal commas, cells that hold nothing, headers of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from survey_files import bring_in, bring_in_to, open_notes, refused, said, write_csv

from cyclspec.compiler.surveys import Reading
from cyclspec.compiler.surveys.notes import Notes, State, Topic
from cyclspec.compiler.surveys.reading.read import read_survey
from cyclspec.compiler.surveys.survey import SurveyFile

ROWS = "id;vote;weight\n1;ja;0,5\n2;nein;1,5\n3;ja;1,0\n"


def read(path: Path, **reading: str) -> tuple[SurveyFile, Notes]:
    notes = Notes()
    return read_survey(path, Reading(**reading), notes), notes


def texts(notes: Notes) -> str:
    return "\n".join(note.text for note in notes.items)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_looking_and_said(tmp_path: Path, sign: str) -> None:
    text = "id,vote,age\n1,yes,30\n2,no,40\n".replace(",", sign)
    survey, notes = read(write_csv(tmp_path / "a.csv", text))
    assert survey.names == ("id", "vote", "age")
    assert "cells are separated by" in texts(notes)


def test_a_comma_inside_of_quotes_is_no_delimiter(tmp_path: Path) -> None:
    survey, _ = read(write_csv(tmp_path / "a.csv", 'a;"b, c"\n1;"x, y, z"\n2;"x, y"\n'))
    assert survey.names == ("a", "b, c")


def test_the_first_line_of_some_programs_names_the_delimiter(tmp_path: Path) -> None:
    survey, _ = read(write_csv(tmp_path / "a.csv", "sep=;\na;b\n1;2\n3;4\n"))
    assert survey.names == ("a", "b") and survey.n_rows == 2


def test_a_decimal_comma_is_recognised_and_said(tmp_path: Path) -> None:
    survey, notes = read(write_csv(tmp_path / "a.csv", ROWS))
    weight = survey.variable("weight")
    assert weight is not None and weight.kind == "number"
    assert weight.numbers().tolist() == [0.5, 1.5, 1.0]
    assert "the comma is the decimal sign: every cell is a number once it is a point" in texts(notes)


def test_a_comma_before_three_digits_is_left_open(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "id;income\n1;1,234\n2;2,500\n")
    survey, notes = read(path)
    income = survey.variable("income")
    assert income is not None and income.kind == "text"
    (note,) = [note for note in notes.items if note.state is State.OPEN]
    assert note.settle == "--decimal ,"
    settled = read(path, decimal=",")[0].variable("income")
    assert settled is not None and settled.numbers().tolist() == [1.234, 2.5]


@pytest.mark.parametrize(
    ("encoding", "rule"),
    [
        ("utf-8-sig", "text is UTF-8"),
        ("utf-16", "byte order mark"),
        ("windows-1252", "it was read as windows-1252 (lines 3)"),
    ],
)
def test_an_encoding_is_known_or_assumed_and_said(tmp_path: Path, encoding: str, rule: str) -> None:
    survey, notes = read(write_csv(tmp_path / "a.csv", "id,region\n1,Nord\n2,Zürich\n", encoding))
    region = survey.variable("region")
    assert region is not None and region.values.codes == ("Nord", "Zürich")
    assert rule in texts(notes)


def test_mixed_encodings_are_read_line_by_line_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,region\n1,Zürich\n".encode() + "2,Genève\n".encode("windows-1252"))
    survey, notes = read(path)
    region = survey.variable("region")
    assert region is not None and region.values.codes == ("Zürich", "Genève")
    (note,) = [note for note in notes.items if note.state is State.OPEN]
    assert "the encodings are mixed: lines in UTF-8 1, others 1" in note.text
    assert note.settle == "--encoding windows-1252"


def test_the_command_line_names_the_encoding(tmp_path: Path) -> None:
    survey, _ = read(write_csv(tmp_path / "a.csv", "id,場所\n1,東京\n", "shift_jis"), encoding="shift_jis")
    assert survey.names == ("id", "場所")
    assert "no text encoding" in refused(tmp_path / "a.csv", reading=Reading(encoding="rot13")).message
    assert "is not ascii: byte" in refused(tmp_path / "a.csv", reading=Reading(encoding="ascii")).message


def test_what_programs_write_for_nothing_is_nothing_and_said(tmp_path: Path) -> None:
    survey, notes = read(write_csv(tmp_path / "a.csv", "a,b\n1,NA\n.,#NULL!\n3,4\n"))
    a, b = survey.variables
    assert (a.n_present, b.n_present) == (2, 1)
    assert "cells `.` hold nothing: 1" in texts(notes)


def test_namibia_is_a_country(tmp_path: Path) -> None:
    survey, notes = read(write_csv(tmp_path / "a.csv", "id,cntry\n1,NA\n2,DE\n3,FR\n"))
    country = survey.variable("cntry")
    assert country is not None and country.values.codes == ("NA", "DE", "FR")
    assert "`NA` is a code like the others" in texts(notes)


def test_codes_keep_what_they_are(tmp_path: Path) -> None:
    """Padding goes, leading zeros and long identifiers stay."""
    text = "a,b,c\n1.0,01,123456789012345678901\n2.0,02,123456789012345678902\n"
    survey, notes = read(write_csv(tmp_path / "a.csv", text))
    assert [variable.values.codes for variable in survey.variables] == [
        ("1", "2"),
        ("01", "02"),
        ("123456789012345678901", "123456789012345678902"),
    ]
    assert "codes with leading zeros are kept as text" in texts(notes)


def test_names_that_stand_twice_are_told_apart(tmp_path: Path) -> None:
    survey, notes = read(write_csv(tmp_path / "a.csv", "q,q,,x\n1,2,3,4\n"))
    assert survey.names == ("q", "q#2", "column_3", "x")
    assert "the column has no name in the file" in texts(notes)


def test_a_name_that_stands_twice_is_to_be_looked_at_until_somebody_says_what_it_is(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "vote,vote,sex\n" + "yes,no,f\nno,yes,m\n" * 3)
    (note,) = [note for note in open_notes(bring_in(path)) if note.topic is Topic.NAMES]
    assert "a column of the name `vote` stands in the file before it" in note.text
    assert (note.subject, note.settle) == ("vote#2", "--leave-out 'vote#2'")
    for named in ({"left_out": ("vote#2",)}, {"questions": ("vote*",)}):
        imported = bring_in(path, **named)
        assert Topic.NAMES not in {note.topic for note in open_notes(imported)}
        assert "stands in the file before it" in said(imported, Topic.NAMES, "vote#2")


def test_a_row_of_another_width_is_refused_with_its_number(tmp_path: Path) -> None:
    diagnostic = refused(write_csv(tmp_path / "a.csv", "a,b\n1,2\n1,2,3\n"), reading=Reading(delimiter=","))
    assert diagnostic.code == "CY0708" and "row 2" in diagnostic.place


def test_one_column_is_read_and_left_open(tmp_path: Path) -> None:
    imported = bring_in(write_csv(tmp_path / "a.csv", "vote\n" + "yes\nno\n" * 5))
    assert "no delimiter was found" in said(imported, Topic.FILE)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.csv", b"PK\x03\x04rest", "is a zip archive or a spreadsheet"),
        ("a.csv", b"\x1f\x8brest", "is compressed with gzip"),
        ("a.csv", b"a,b\n1,\x00\n", "is not text: byte 6 is zero"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "has no header"),
        ("a.csv", b"a,b\n", "has no rows"),
        ("a.sas7bdat", b"x", "is a SAS file"),
        ("a.rda", b"x", "is an R file"),
        ("a", b"x", "has no suffix of a survey file"),
        ("a.parquet", b"nothing like it", "is not a readable Parquet file"),
        ("a.json", b"[1, 2]", "holds something other than a record"),
        ("a.json", b"{}", "is not a list of records"),
        ("a.json", b"[" * 5000, "nested too deeply"),
        ("a.jsonl", b'{"a": NaN}\n', "NaN is not a JSON number"),
    ],
)
def test_what_is_no_survey_is_refused_by_what_it_is(
    tmp_path: Path, name: str, data: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert problem in refused(path).message


def test_a_decimal_comma_goes_through_to_weighted_shares(tmp_path: Path) -> None:
    text = "id;vote;weight\n" + "".join(f"{n};{'ja' if n % 3 else 'nein'};{n % 4},25\n" for n in range(1, 31))
    imported = bring_in_to(tmp_path / "out", write_csv(tmp_path / "a.csv", text))
    people = imported.corpus.people
    assert people is not None and people.roles.weight == "weight"


def test_a_folder_is_refused_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.sav").mkdir()
    for path in (tmp_path, tmp_path / "a.sav"):
        diagnostic = refused(path)
        assert (diagnostic.code, "is a folder" in diagnostic.message) == ("CY0707", True)
