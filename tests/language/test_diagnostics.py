"""Every mistake that is told of: one bad program each, beside what is said of it.

A program that `check` refuses is a file. One that another command refuses is a folder with its small data files: the
first comments of its `audit.cycl` are the commands, of which the last one refuses.

`CYCLSPEC_BLESS=1 pytest tests/language/test_diagnostics.py` writes the renderings anew; read them before keeping them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import codes_in, said, steady
from shared_audits import prepare
from spec_files import BAD, BAD_FOLDERS, TESTS, check_text, codes, name_of, shown

from cyclspec import pipeline
from cyclspec.cli.check import command as check_command
from cyclspec.language.diagnostics.catalogue import catalogue
from cyclspec.language.diagnostics.render import render


def recorded(path: Path) -> Path:
    return path.with_suffix(".txt")


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_a_bad_program_is_told_of_in_the_recorded_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    said = shown(pipeline.check(Path(path.name))) + "\n"
    if os.environ.get("CYCLSPEC_BLESS") == "1":
        recorded(path).write_text(said, encoding="utf-8")
    assert said == recorded(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_a_bad_program_shows_the_code_it_is_named_after(path: Path) -> None:
    found = [diagnostic.code for diagnostic in pipeline.check(path).diagnostics]
    first = path.name.split("_")[0]
    if first.startswith("CY") and "resolved" not in path.name:
        assert first in found
    else:
        assert len(set(found)) >= 3 or "resolved" in path.name


def commands_of(folder: Path) -> list[str]:
    """The commands that a folder is for."""
    lines = (folder / "audit.cycl").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# ") for line in lines if line.startswith("# cyclspec ")]


@pytest.mark.parametrize("folder", BAD_FOLDERS, ids=name_of)
def test_a_command_tells_of_a_bad_folder_in_the_recorded_words(folder: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(folder, tmp_path / "here")
    with contextlib.chdir(copied):
        prepare(folder.name.split("_")[0], Path("audit.cycl"))
        printed = steady(said(commands_of(folder))) + "\n"
    assert set(codes_in(printed)) == {folder.name.split("_")[0]}
    if os.environ.get("CYCLSPEC_BLESS") == "1":
        recorded(folder / "audit.cycl").write_text(printed, encoding="utf-8")
    assert printed == recorded(folder / "audit.cycl").read_text(encoding="utf-8")


def test_every_code_has_a_bad_program() -> None:
    covered = {path.name.split("_")[0] for path in (*BAD, *BAD_FOLDERS)}
    assert {kind.code for kind in catalogue()} - covered == set()


def test_no_rendering_is_left_over() -> None:
    assert {path.stem for path in (TESTS / "bad").glob("*.txt")} == {path.stem for path in BAD}
    assert sorted((TESTS / "bad").glob("*/*.txt")) == [folder / "audit.txt" for folder in BAD_FOLDERS]


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_diagnostics_are_sorted_and_none_is_said_twice(path: Path) -> None:
    found = pipeline.check(path).diagnostics
    starts = [d.span.start for d in found if d.span is not None]
    assert starts == sorted(starts)
    assert len({(d.code, d.span, d.message) for d in found}) == len(found)


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_a_message_is_one_sentence_without_a_full_stop(path: Path) -> None:
    for diagnostic in pipeline.check(path).diagnostics:
        assert diagnostic.message
        assert not diagnostic.message.endswith(".")
        assert "\n" not in diagnostic.message
        assert len(diagnostic.also) <= 2
        assert len(diagnostic.notes) + len(diagnostic.helps) <= 3


# ---- the three formats

TWO_MISTAKES = "cycl 1\nparam p : share = 2 where p < 1\nparam q : shar = 100%\n"


def test_json_carries_every_field_of_a_diagnostic(tmp_path: Path) -> None:
    records = json.loads(render(check_text(tmp_path, TWO_MISTAKES).diagnostics, "json"))
    assert [record["code"] for record in records] == ["CY0503", "CY0101"]
    first = records[0]
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (2, 19, 2, 20)
    assert first["severity"] == "error"
    assert first["message"] == "`p = 2` is outside its declared range"
    assert first["label"] == "must satisfy `p < 1`"
    assert records[1]["help"] == ["did you mean `share`?"]


def test_json_carries_the_edits_that_make_the_first_help(tmp_path: Path) -> None:
    text = "cycl 1\nparam p : shar = 1\nparam q : real = 1,5\n"
    records = json.loads(render(check_text(tmp_path, text).diagnostics, "json"))
    where = [(e["line"], e["column"], e["end_column"], e["text"]) for r in records for e in r["edits"]]
    assert where == [(2, 11, 15, "share"), (3, 18, 21, "1.5")]


def test_the_format_of_the_protocol_counts_from_zero_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_text('cycl 1\nscale s : nominal { a "😀", b = 1,5 }\n', encoding="utf-8")
    done = CliRunner().invoke(check_command, ["--format", "lsp", str(path)])
    assert done.exit_code == 1
    (entry,) = json.loads(done.stdout)
    (found,) = entry["diagnostics"]
    assert entry["uri"] == path.as_uri()
    assert (found["code"], found["severity"], found["source"]) == ("CY0012", 1, "cyclspec")
    assert found["range"] == {"start": {"line": 1, "character": 33}, "end": {"line": 1, "character": 34}}
    (change,) = found["data"]["edits"]
    assert change["newText"] == "1.5"
    assert change["range"]["start"] == {"line": 1, "character": 32}
    path.write_text("cycl 1\n", encoding="utf-8")
    assert json.loads(CliRunner().invoke(check_command, ["--format", "lsp", str(path)]).stdout) == [
        {"uri": path.as_uri(), "diagnostics": []}
    ]


def test_two_places_of_a_long_line_are_each_shown_where_they_stand(tmp_path: Path) -> None:
    label = '"A label that is long enough to fill most of a line of a terminal"'
    text = f"cycl 1\naxis a : nominal {{ first {label}, second {label}, first {label} }}\n"
    lines = shown(check_text(tmp_path, text)).split("\n")
    for mark, sign in (("-----", "-"), ("^^^^^", "^")):
        marked = next(n for n, line in enumerate(lines) if mark in line and "|" in line)
        start = lines[marked].index(sign)
        assert lines[marked - 1][start : start + 5] == "first"
        assert len(lines[marked - 1]) < 120


def test_github_annotations_are_one_line_each_and_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a,b:c%d.cycl"
    path.write_text("cycl 1\nparam p : share = 120% where p <= 100%\n")
    line = render(pipeline.check(path).diagnostics, "github")
    assert line.startswith("::error file=")
    assert "a%2Cb%3Ac%25d.cycl,line=2,col=19,title=CY0503::`p = 120%25` is outside" in line
    assert "\n" not in line


def test_carets_stand_under_wide_characters(tmp_path: Path) -> None:
    text = 'cycl 1\nscale s : nominal { 一 = "中国" 二 = 中 }\n'
    lines = shown(check_text(tmp_path, text)).split("\n")
    source = next(line for line in lines if "一" in line)
    carets = next(line for line in lines if "^" in line)
    before = source[: source.index("二 = 中") + len("二 = ")]
    width = sum(2 if ord(char) > 0x2E80 else 1 for char in before)
    assert carets.index("^") == width
    assert carets.count("^") == 2


def test_a_long_line_is_cut_around_its_place(tmp_path: Path) -> None:
    text = "cycl 1\nparam p : list(real) = [" + "1.5, " * 500 + "x, " + "2.5, " * 500 + "1]\n"
    checked = check_text(tmp_path, text)
    assert codes(checked) == ["CY0101"]
    lines = shown(checked).split("\n")
    marked = next(n for n, line in enumerate(lines) if "^" in line)
    assert all(len(line) < 140 for line in lines)
    assert lines[marked - 1][lines[marked].index("^")] == "x"


def test_a_bound_parameter_is_shown_as_it_was_typed(tmp_path: Path) -> None:
    checked = check_text(tmp_path, "cycl 1\nparam cut : share where cut <= 50%\n", {"cut": "80%"})
    said = shown(checked)
    assert "command line:1:8" in said
    assert "1 | -p cut=80%" in said
    assert "`cut = 80%` is outside its declared range" in said


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"cut": "1 +"}, ["CY0012"]),
        ({"cut": "nothing"}, ["CY0101"]),
        ({"cup": "0.5", "cut": "0.5"}, ["CY0101"]),
        ({"cut": '"x"'}, ["CY0201"]),
        ({"cut": ""}, ["CY0012"]),
        ({"cut": "(" * 100}, ["CY0013"]),
        ({"cut": "0.25"}, []),
    ],
    ids=str,
)
def test_bindings_are_checked_like_the_spec(params: dict[str, str], found: list[str], tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, "cycl 1\nparam cut : share where cut <= 50%\n", params))[:1] == found
