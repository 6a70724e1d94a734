"""`cyclspec corpus import` as a user types it: what it prints, writes, refuses; the report, whole, for one file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from survey_files import Made, bring_in, run, write_csv
from test_import_properties import survey_of

from cyclspec.compiler.surveys.writing.files import write_files
from cyclspec.language.diagnostics import SpecError

GOLDEN = Path(__file__).parent / "golden"
TRAPS = "Kennung;Frage 1;Frage 2;sex;age;weight;llweight;hours;note\n" + "".join(
    f"{n};{n % 3 + 1};{('ja', 'nein', 'weiß nicht')[n % 3]};{n % 2 + 1};{18 + n};"
    f"{n % 4 + 1},5;{n % 5},2;{n * 3},25;text {n}\n"
    for n in range(1, 31)
)


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A file with a decimal comma, two weights, an open column, codes without labels, names with blanks."""
    return write_csv(
        tmp_path / "traps.csv",
        TRAPS + "30;1;ja;1;48;3,5;0,2;90,25;text 30\n30;2;ja;1;48;3,5;0,2;90,25;text 30\n",
    )


@pytest.mark.parametrize("name", ["report.md", "report.json", "traps.cycl"])
def test_the_report_and_the_spec_of_one_file_are_as_recorded(traps: Path, name: str) -> None:
    """Recorded anew with `CYCLSPEC_BLESS=1`; read the difference before you commit it."""
    text = bring_in(traps, id="Kennung").files[name].decode()
    path = GOLDEN / name
    if os.environ.get("CYCLSPEC_BLESS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text("utf-8")


def test_the_report_holds_every_note_in_both_forms(traps: Path) -> None:
    imported = bring_in(traps)
    data, text = json.loads(imported.files["report.json"]), imported.files["report.md"].decode()
    assert len(data["notes"]) == len(imported.report.notes) == sum(data["counts"].values())
    for note in data["notes"]:
        assert note["text"] in text
        assert note["topic"] and note["state"] in ("found", "decided", "open")
    assert data["source"]["sha256"] == data["source"]["sha256"].lower() and data["source"]["rows"] == 32


def test_an_import_prints_what_to_look_at_and_what_comes_next(traps: Path, tmp_path: Path) -> None:
    done = run("corpus", "import", traps, "-o", tmp_path / "out", "--audit")
    assert done.exit_code == 0, done.output
    assert "to look at:" in done.output and "several columns are weights by their names" in done.output
    assert f"next: cyclspec plan {tmp_path / 'out' / 'audit.cycl'}" in done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        bring_in(traps, audit=True).files
    )
    for spec in ("traps.cycl", "audit.cycl"):
        assert run("check", "--data", tmp_path / "out" / spec).exit_code == 0
        assert run("fmt", "--check", tmp_path / "out" / spec).exit_code == 0
    planned = run("plan", tmp_path / "out" / "audit.cycl")
    assert planned.exit_code == 0 and "axes       item 2 x sex 2 x model 1" in planned.output, planned.output


def test_an_import_writes_over_nothing_unless_told_to(traps: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("corpus", "import", traps, "-o", out).exit_code == 0
    (out / "items.jsonl").write_text("mine")
    again = run("corpus", "import", traps, "-o", out)
    assert isinstance(again.exception, SpecError) and "--force" in again.exception.diagnostics[0].help
    assert (out / "items.jsonl").read_text() == "mine"
    assert run("corpus", "import", traps, "-o", out, "--force").exit_code == 0
    assert (out / "items.jsonl").read_text() != "mine"


def test_the_report_can_be_printed_as_json(traps: Path, tmp_path: Path) -> None:
    done = run("corpus", "import", traps, "-o", tmp_path / "out", "--format", "json")
    assert json.loads(done.output) == json.loads((tmp_path / "out" / "report.json").read_text())


@pytest.mark.parametrize(
    "options",
    [
        ("--recipe", "wvs8"),
        ("--missing", ""),
        ("--lang", "english, please"),
        ("--name", "1st"),
        ("--decimal", "x"),
    ],
)
def test_an_option_that_cannot_be_read_is_a_usage_error(
    traps: Path, tmp_path: Path, options: tuple[str, str]
) -> None:
    done = run("corpus", "import", traps, "-o", tmp_path / "out", *options)
    assert done.exit_code == 2 and not (tmp_path / "out").exists()


def test_options_of_the_command_line_arrive(traps: Path, tmp_path: Path) -> None:
    done = run(
        *(
            "corpus",
            "import",
            traps,
            "-o",
            tmp_path / "out",
            "--name",
            "mine",
            "--lang",
            "de",
            "--id",
            "Kennung",
        ),
        *("--weight", "llweight", "--missing", "Frage 1=3", "--ordinal", "Frage 1", "--leave-out", "note"),
        *("--demographic", "sex", "--decimal", ",", "--delimiter", ";", "--encoding", "utf-8"),
    )
    assert done.exit_code == 0, done.output
    item = json.loads((tmp_path / "out" / "items.jsonl").read_text("utf-8").splitlines()[0])
    assert item["question"] == {"de": "Frage 1"}
    assert [option.get("missing", False) for option in item["options"]] == [False, False, True]
    assert "question : text(de)" in (tmp_path / "out" / "mine.cycl").read_text("utf-8")


def test_nothing_is_written_where_the_folder_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpecError, match="cannot be written"):
        write_files(tmp_path / "file" / "out", {"a": b"x"})


def test_help_names_every_recipe_and_loads_nothing_heavy() -> None:
    done = run("corpus", "import", "--help")
    assert done.exit_code == 0 and "multicultural-" in done.output
    assert "import" in run("corpus", "--help").output


def test_a_survey_of_strata_and_clusters_says_so_in_its_spec(tmp_path: Path) -> None:
    survey = survey_of(seed=1, n=40)
    frame = survey.frame.assign(stratum=[1, 2] * 20, psu=list(range(10)) * 4)
    path = Made(frame, survey.labels, survey.values, survey.missing).write(tmp_path / "a.sav")
    spec = bring_in(path).files["a.cycl"].decode()
    for line in ("weight  = weight", "strata  = stratum", "cluster = psu"):
        assert line in spec


def test_check_with_data_opens_what_no_audit_reaches(tmp_path: Path) -> None:
    """A corpus on its own: a bad row in any of its tables is found."""
    path = survey_of(seed=2, n=30).write(tmp_path / "a.csv")
    assert run("corpus", "import", path, "-o", tmp_path / "out").exit_code == 0
    spec, items = tmp_path / "out" / "a.cycl", tmp_path / "out" / "items.jsonl"
    assert run("check", "--data", spec).exit_code == 0
    items.write_text(items.read_text().replace('"options"', '"option"'))
    assert run("check", spec).exit_code == 0
    broken = run("check", "--data", spec)
    assert broken.exit_code == 1 and "CY0701" in broken.output
