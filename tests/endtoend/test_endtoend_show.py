"""What people and programs are shown: every table in every format, exit codes, and the Python face."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worlds_on_disk import CHAT, Ran, Said, edit, set_template

import cyclspec
from cyclspec import pipeline
from cyclspec.language.diagnostics import InternalError

TABLES = ("measures", "answers", "requests", "checks")
HOSTILE = "=1+1 \x1b[31mred\x1b[0m \x9b31m \u202eback \x07 \u2028 end"


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_shown_in_every_format(ran: Ran, command: Callable[..., Said], table: str) -> None:
    expected = getattr(cyclspec.open_run(ran.out), table)
    as_json, as_csv, as_table = (
        command("show", ran.out, table, "--format", f) for f in ("json", "csv", "table")
    )
    assert [(said.code, said.err) for said in (as_json, as_csv, as_table)] == [(0, "")] * 3
    records = strict(as_json.out)
    assert records == strict(json.dumps(expected.to_pylist()))
    rows = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert len(rows) == len(expected)
    assert list(rows[0]) == expected.column_names
    for row, record in zip(rows, records, strict=True):
        for name, value in record.items():
            if isinstance(value, list):
                assert json.loads(row[name]) == value
            elif isinstance(value, float):
                assert float(row[name]) == value
    assert all(name in as_table.out for name in (expected.column_names[0], "tiny"))
    if table == "measures":
        assert command("show", ran.out).out == as_table.out == command("show", ran.run).out


def test_quiet_runs_and_results_keep_to_their_streams(ran: Ran) -> None:
    assert "results in" not in ran.said.out and "asked" not in ran.said.out
    assert ran.said.out.startswith("A small audit")
    assert "clusters: such intervals held the truth in as few as 91 % of simulated audits" in ran.said.err


def test_what_data_says_neither_moves_a_cursor_nor_becomes_a_formula(
    place: Path, out: Path, command: Callable[..., Said]
) -> None:
    items = place.parent / "items.jsonl"
    rows = [json.loads(line) for line in items.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["question"]["en"] = HOSTILE
        row["options"][0]["label"]["en"] = HOSTILE
    items.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    edit(place, 'title = "A small audit"', 'title = "A [bold]small[/nothing] audit"')
    edit(
        place,
        'model tiny = local("tiny")',
        'factor tuning : nominal\n  model tiny = local("tiny") { tuning = base }',
    )
    edit(place, "resident(item, country, lang = en)", "stranger(item, country)")
    edit(place, "Someone in {country} is asked: {item.question}", "{item.question} {country}")
    said = command("run", place, "--out", out)
    assert said.code == 0, said.err
    assert "A [bold]small[/nothing] audit" in said.out
    shown = [said.out, said.err, command("plan", place).out, command("plan", place, "--format", "json").out]
    for table in TABLES:
        for style in ("table", "csv", "json"):
            shown.append(command("show", out, table, "--format", style).out)
    for text in shown:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    records = strict(command("show", out, "requests", "--format", "json").out)
    assert all(record["text"].startswith(HOSTILE) for record in records)
    table = csv.DictReader(io.StringIO(command("show", out, "requests", "--format", "csv").out))
    assert all(row["text"].startswith("'=1+1") for row in table)


def test_a_failed_check_withholds_with_exit_code_three(
    place: Path, out: Path, command: Callable[..., Said]
) -> None:
    edit(
        place,
        ">= 0.0 { on_fail = warn }",
        '>= 0.9999 { on_fail = withhold because = "too little on the labels" }',
    )
    said = command("run", place, "--out", out)
    assert said.code == 3
    assert "check labels failed in 1 cells (withhold): too little on the labels" in said.err
    rows = cyclspec.open_run(out).measures.to_pylist()
    withheld = {row["measure"] for row in rows if row["withheld_by"] == "labels"}
    assert withheld >= {"alignment", "transport", "distance"}
    assert all(row["value"] is None for row in rows if row["withheld_by"])
    assert all(row["value"] is not None for row in rows if not row["withheld_by"])
    assert command("score", out, place).code == 3
    assert command("show", out).code == 0


@pytest.mark.parametrize(
    "args",
    [
        ("rum", "x"),
        ("run",),
        ("run", "x.cycl", "--max-requests", "0"),
        ("run", "x.cycl", "--format", "json"),
        ("show", "runs", "answer"),
        ("plan", "x.cycl", "--format", "yaml"),
        ("run", __file__, "--out", __file__),
    ],
)
def test_wrong_usage_has_exit_code_two(command: Callable[..., Said], args: tuple[str, ...]) -> None:
    said = command(*args)
    assert (said.code, said.out) == (2, "")
    assert "Error: " in said.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "tiny"), "--model takes NAME=VALUE"),
        (("--model", "tiny=a", "--model", "tiny=b"), "gives 'tiny' twice"),
        (("-p", "=3"), "-p takes NAME=VALUE"),
    ],
)
def test_options_without_a_value_are_wrong_usage(
    place: Path, out: Path, command: Callable[..., Said], options: tuple[str, ...], said: str
) -> None:
    found = command("run", place, "--out", out, *options)
    assert (found.code, found.out, said in found.err) == (2, "", True), found.err
    assert not out.exists()


@pytest.mark.parametrize(
    "error", [RuntimeError("wires \x1b[31mcrossed"), InternalError("expand cells", "wires crossed")]
)
def test_an_internal_error_is_one_message_with_a_file_to_report(
    place: Path, command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "open_data", fail)
    said = command("run", place)
    assert (said.code, said.out) == (70, "")
    lines = said.err.splitlines()
    where = "expand cells" if isinstance(error, InternalError) else "an unexpected place"
    assert lines[0].startswith(f"internal error in {where}: wires ")
    assert (len(lines), "\x1b" in said.err) == (2, False)
    report = Path(lines[1].rsplit(" ", 1)[1])
    assert "Traceback" in report.read_text(encoding="utf-8")
    report.unlink()


def test_a_run_that_fails_on_the_way_has_exit_code_four(
    place: Path, out: Path, command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cyclspec.runtime import execute

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(execute.ReplyStore, "add", full)
    said = command("run", place, "--out", out)
    assert (said.code, said.out) == (4, "")
    assert "the run failed: [Errno 28] No space left on device" in said.err


def test_a_stopped_run_keeps_what_was_answered(
    place: Path, out: Path, command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cyclspec.cli.progress import Bar

    with monkeypatch.context() as patch:

        def stop(self: Bar, requests: int) -> None:
            raise KeyboardInterrupt

        patch.setattr(Bar, "answered", stop)
        said = command("run", place, "--out", out)
        assert (said.code, said.out) == (75, "")
        assert "run again" in said.err
    assert "17 asked, 1 reused" in command("run", place, "--out", out, "--quiet").err


@pytest.mark.parametrize("path", ["nothing", "empty"])
def test_what_is_no_run_is_refused(tmp_path: Path, command: Callable[..., Said], path: str) -> None:
    (tmp_path / "empty").mkdir()
    said = command("show", tmp_path / path)
    assert (said.code, said.out) == (1, "")
    assert "error[CY0707]" in said.err and "--out" in said.err


def test_doctor_says_what_is_here(command: Callable[..., Said]) -> None:
    said = command("doctor")
    assert said.code == 0
    assert all(word in said.out for word in ("cyclspec", "jax", "devices", "demo model", "usable"))
    assert re.search(r"^programs +\d+ compiled, ", said.out, re.MULTILINE)


def test_the_python_face_plans_runs_and_refuses(place: Path, out: Path) -> None:
    audit = cyclspec.load(place)
    assert (audit.name, audit.title) == ("first", "A small audit")
    assert audit.plan().cells == 18
    assert not out.exists()
    measures = audit.run(out=out).measures
    assert measures.num_rows == 13
    edit(place, "m.js_distance", "m.js_distnace")
    with pytest.raises(cyclspec.SpecError) as refused:
        cyclspec.load(place)
    (found,) = refused.value.diagnostics
    assert (found.code, found.message) == (
        "CY0101",
        "there is no metric named `js_distnace` in `std.metrics`",
    )
    assert found.help.startswith("did you mean `js_distance`")
    assert found.span is not None
    assert found.span.text == "js_distnace"
    assert found.span.source.name == str(place)


def test_parameters_of_the_python_face_are_bound(place: Path, out: Path) -> None:
    edit(place, "audit first {", "param most : count = 6\n\naudit first {")
    edit(place, "each item    in small.items", "each item in small.items where size(item.options) <= most")
    assert cyclspec.load(place).plan().cells == 18
    assert cyclspec.load(place, params={"most": "3"}).plan().cells == 4 * 3
    with pytest.raises(cyclspec.SpecError):
        cyclspec.load(place, params={"most": "1"}).plan()


def test_a_place_given_by_name_replaces_that_of_the_panel(
    place: Path, out: Path, checkpoint: Path, command: Callable[..., Said]
) -> None:
    edit(place, 'local("tiny")', 'local("nowhere")')
    assert command("plan", place).code == 1
    assert command("plan", place, "--model", f"tiny={checkpoint}").code == 0
    assert cyclspec.load(place).plan(models={"tiny": str(checkpoint)}).cells == 18


def test_a_plan_is_also_written_where_it_is_asked_to(
    place: Path, tmp_path: Path, command: Callable[..., Said]
) -> None:
    set_template(place.parent / "tiny", CHAT)
    said = command("plan", place, "--format", "json", "-o", tmp_path / "plan.json")
    assert said.code == 0
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) == json.loads(said.out)
    refused = command("plan", place, "-o", place / "plan.json")
    assert (refused.code, refused.out) == (1, "")
    assert "cannot be written" in refused.err
