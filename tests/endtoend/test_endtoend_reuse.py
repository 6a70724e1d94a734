"""Nothing is asked twice, nothing is lost: reuse, interruption, damage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from worlds_on_disk import Ran, Said, edit, make_world, write_checkpoint, write_world

import cyclspec

# Stores what is answered at once instead of every 20 s, so that a kill finds something to keep.
CHILD = """
import sys
from cyclspec.cli.main import main
from cyclspec.runtime import execute
execute.STORE_EVERY_SECONDS = 0.0
main()
"""


@pytest.fixture
def again(tmp_path: Path, ran: Ran) -> Ran:
    """A copy of the finished run that a test may change."""
    folder = tmp_path / "again"
    shutil.copytree(ran.spec.parent, folder)
    return Ran(folder / ran.spec.name, folder / "out", ran.said)


def tables(out: Path) -> dict[str, bytes]:
    """The bytes of every table below a folder, by path; replies left out."""
    found = {str(p.relative_to(out)): p.read_bytes() for p in out.glob("*/**/*.parquet")}
    return {name: data for name, data in found.items() if not name.startswith("replies")}


def counts(said: Said) -> str:
    assert said.code == 0, said.err
    return next(line for line in said.err.splitlines() if " asked, " in line and "reused" in line)


def test_a_second_run_asks_nothing_and_writes_the_same_bytes(
    again: Ran, command: Callable[..., Said]
) -> None:
    before = tables(again.out)
    assert len(before) == 5
    assert counts(command("run", again.spec, "--out", again.out)) == "0 asked, 18 reused"
    assert tables(again.out) == before


def test_equal_work_elsewhere_writes_equal_bytes(
    place: Path, out: Path, ran: Ran, command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.parent)
    assert counts(command("run", place.name, "--out", out)) == "18 asked, 0 reused"
    assert tables(out) == tables(ran.out)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5 * m.tv(reply, human)", "0.25 * m.tv(reply, human)"),
        ('title = "A small audit"', 'title = "Another [red]title[/]"'),
        ("cycl 1\n", "cycl 1\n# a comment\n"),
        (
            "  measure transport by",
            "  measure worst by country : share = max over item, model of m.tv(reply, human)\n  measure transport by",
        ),
        ("draws = 200", "draws = 300"),
    ],
    ids=["metric", "title", "comment", "measure", "interval"],
)
def test_changing_only_what_is_read_off_asks_nothing(
    again: Ran, command: Callable[..., Said], old: str, new: str
) -> None:
    edit(again.spec, "of m.tv(reply, human)", "of 0.5 * m.tv(reply, human)")
    edit(again.spec, old, new)
    assert counts(command("run", again.spec, "--out", again.out)) == "0 asked, 18 reused"


def test_adding_a_country_asks_only_that_country(again: Ran, command: Callable[..., Said]) -> None:
    corvin = '  corvin = "CO" {en: "Corvin", es: "Corvín"} { region = south }\n'
    edit(again.spec, corvin, corvin + '  dorval = "DO" {en: "Dorval", es: "Dorval"} { region = south }\n')
    assert counts(command("run", again.spec, "--out", again.out)) == "6 asked, 18 reused"
    rows = cyclspec.open_run(again.out).measures.to_pylist()
    alone = next(row for row in rows if (row["measure"], row["country"]) == ("alignment", "dorval"))
    assert (alone["value"], alone["n_used"], alone["n_missing"]) == (None, 0, 6)


def test_the_replies_of_other_weights_are_never_served(
    again: Ran, tmp_path: Path, command: Callable[..., Said]
) -> None:
    other = write_checkpoint(tmp_path / "other", seed=1)
    assert (
        counts(command("run", again.spec, "--out", again.out, "--model", f"tiny={other}"))
        == "18 asked, 0 reused"
    )
    shutil.rmtree(again.spec.parent / "tiny")
    shutil.copytree(other, again.spec.parent / "tiny")
    assert counts(command("run", again.spec, "--out", again.out)) == "0 asked, 18 reused"


def test_models_of_one_name_in_two_panels_are_two_models(
    place: Path, out: Path, tmp_path: Path, command: Callable[..., Said]
) -> None:
    write_checkpoint(tmp_path / "second", seed=2)
    edit(place, "\naudit first {", '\npanel others {\n  model tiny = local("second")\n}\n\naudit first {')
    edit(place, "  each model   in models\n", "  each model   in models\n  each rival in others\n")
    edit(
        place,
        "\n  let human =",
        "\n  ask second = resident(item, country, lang = en) {\n    model = rival\n"
        "    read = first_token(labels = letters)\n  }\n\n  let human =",
    )
    assert counts(command("run", place, "--out", out)) == "36 asked, 0 reused"
    rows = cyclspec.open_run(out).answers.to_pylist()
    first = {(row["item"], row["country"]): row["probs"] for row in rows if row["ask"] == "reply"}
    second = {(row["item"], row["country"]): row["probs"] for row in rows if row["ask"] == "second"}
    assert first.keys() == second.keys()
    assert all(first[key] != second[key] for key in first)


@pytest.mark.parametrize("damage", ["flipped", "renamed"])
def test_a_damaged_part_is_set_aside_and_asked_again(
    again: Ran, command: Callable[..., Said], damage: str
) -> None:
    before = tables(again.out)
    (part,) = (again.out / "replies").glob("*/*.parquet")
    data = bytearray(part.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
        part.write_bytes(data)
    else:
        part.rename(part.with_name("0" * 32 + ".parquet"))
    said = command("run", again.spec, "--out", again.out)
    assert counts(said) == "18 asked, 0 reused"
    assert "1 damaged file" in said.err
    assert len(list((again.out / "replies").glob("*/*.damaged"))) == 1
    assert tables(again.out) == before
    assert counts(command("run", again.spec, "--out", again.out)) == "0 asked, 18 reused"


def parts(out: Path) -> int:
    return len(list((out / "replies").glob("*/*.parquet")))


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path, command: Callable[..., Said]) -> None:
    spec = write_world(tmp_path, make_world(n_items=100, n_people=30))
    write_checkpoint(tmp_path / "tiny", hidden=160, layers=4)
    out = tmp_path / "out"
    for _ in range(2):
        known = parts(out)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, "run", str(spec), "--out", str(out), "--quiet"],
            stderr=subprocess.DEVNULL,
        )
        limit = time.monotonic() + 60
        while parts(out) <= known and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        assert not tables(out)
    resumed = counts(command("run", spec, "--out", out, "--quiet"))
    asked, reused = (int(word) for word in resumed.replace(",", "").split() if word.isdigit())
    assert (asked + reused, reused > 0, asked > 0) == (300, True, True), resumed
    whole = tmp_path / "whole"
    assert counts(command("run", spec, "--out", whole, "--quiet")) == "300 asked, 0 reused"
    assert tables(out) == tables(whole)
    rows = pq.read_table(next(out.glob("*/answers.parquet")))
    assert (rows.num_rows, set(rows["status"].to_pylist())) == (300, {"answered"})
