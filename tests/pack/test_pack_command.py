"""`cyclspec pack`, `unpack`, and what takes a pack where it takes a spec: the same hashes, the same answers."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from crafted import pack as crafted_pack

import cyclspec
from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.names.lock import read

ROOT = Path(__file__).parents[2]
SMALL = """cycl 1

import std.metrics as m version "1"
import "lib/survey.cycl" as survey

panel models { model tiny = demo() }

prompt ask_item(item: survey.town.items, district: survey.district) -> choice(item.options) {
  user "{district}: {item.question}\\n{item.options|lettered}\\nReply with a single letter."
  prefix "Answer:"
}

audit small {
  each item     in survey.town.items
  each district in survey.district
  each model    in models
  ask reply = ask_item(item, district) { model = model, read = first_token(labels = letters) }
  let human = share over person by district of survey.town.answers.value
  measure near by model, district : share = mean over item of 1 - m.js_distance(reply, human)
}
"""
SURVEY = """cycl 1

axis district : nominal { harbour, hill }

corpus town {
  title   = "The town survey"
  licence = "not to be passed on"
  note    = "ask the town hall"

  table items {
    source   = jsonl("DATA/items.jsonl")
    item     : key
    question : text
    options  : scale(ordinal, 2..5)
  }

  table people {
    source   = csv("DATA/people.csv")
    person   : key
    district : district
  }

  table answers {
    source = csv("DATA/answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }
}
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def ok(*arguments: str | Path) -> Result:
    said = run(*arguments)
    assert said.exit_code == 0, said.output + repr(said.exception)
    return said


def refusal(*arguments: str | Path) -> SpecError:
    said = run(*arguments)
    assert isinstance(said.exception, SpecError), said.output
    return said.exception


def codes(*arguments: str | Path) -> list[str]:
    return [d.code for d in refusal(*arguments).diagnostics]


def write_project(folder: Path, data: str = "data") -> Path:
    """A project with a spec, a library and three tables in `data`, which is a path from the project."""
    (folder / "lib").mkdir(parents=True)
    (folder / "cycl.lock").touch()
    tables = folder / data
    tables.mkdir(parents=True, exist_ok=True)
    (folder / "audit.cycl").write_text(SMALL, encoding="utf-8")
    (folder / "lib" / "survey.cycl").write_text(SURVEY.replace("DATA", f"../{data}"), encoding="utf-8")
    options = ["yes", "perhaps", "no"]
    items = [{"item": f"i{n}", "question": f"Is it {n}?", "options": options} for n in range(3)]
    (tables / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    people = [f"p{n},{'harbour' if n % 2 else 'hill'}" for n in range(8)]
    (tables / "people.csv").write_text("\n".join(["person,district", *people, ""]), encoding="utf-8")
    rows = [f"i{i},p{p},{options[(i + p) % 3]}" for i in range(3) for p in range(8)]
    (tables / "answers.csv").write_text("\n".join(["item,person,value", *rows, ""]), encoding="utf-8")
    return folder / "audit.cycl"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project at home, and the folder `away`, where only its pack is. Nothing is kept from one test to another."""
    monkeypatch.setenv("CYCLSPEC_CACHE", str(tmp_path / "cache"))
    write_project(tmp_path / "home" / "town")
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "home" / "town")
    return tmp_path


def packed(home: Path, *options: str) -> Path:
    """The pack of the project, in a folder where nothing else is."""
    out = home / "away" / "audit.cyclpack"
    ok("pack", "audit.cycl", "-o", out, *options)
    return out


def manifest(path: Path) -> dict[str, object]:
    with zipfile.ZipFile(path) as archive:
        found: dict[str, object] = json.loads(archive.read("manifest.json"))
        return found


def test_a_pack_has_the_same_bytes_wherever_and_whenever_it_is_made(home: Path) -> None:
    first = packed(home).read_bytes()
    other = home / "elsewhere" / "town"
    shutil.copytree(home / "home" / "town", other)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    ok("pack", other / "audit.cycl", "-o", home / "other.cyclpack")
    assert (home / "other.cyclpack").read_bytes() == first
    assert str(home).encode() not in first


def test_a_pack_holds_what_the_audit_reaches_and_nothing_else(home: Path) -> None:
    Path("notes.txt").write_text("not part of it")
    Path("lib/other.cycl").write_text("cycl 1\n")
    found = manifest(packed(home))
    assert set(found["members"]) == {  # type: ignore[call-overload]
        "files/audit.cycl", "files/lib/survey.cycl", "files/cycl.lock",
        "files/data/items.jsonl", "files/data/people.csv", "files/data/answers.csv",
    }  # fmt: skip
    assert (found["entry"], found["root"], found["pack_version"]) == ("audit.cycl", "", 1)
    assert found["models"] == {"models.tiny": "demo"}
    with zipfile.ZipFile(home / "away" / "audit.cyclpack") as archive:
        lock = read(archive.read("files/cycl.lock").decode())
    assert set(lock.modules) == {"lib/survey.cycl", "std.metrics"}
    assert set(lock.models) == {"demo"}


def test_an_audit_has_in_its_pack_the_hashes_that_it_has_at_home(home: Path) -> None:
    found = manifest(packed(home))
    plans = [
        json.loads(ok("plan", spec, "--format", "json").stdout)["hashes"]
        for spec in ("audit.cycl", home / "away" / "audit.cyclpack")
    ]
    assert plans[0] == plans[1]
    assert found["audits"] == {"small": {**plans[0], "run": None}}


def test_a_run_of_a_pack_is_the_run_at_home_to_the_byte(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(home)
    ok("run", "audit.cycl", "--out", home / "runs_home", "--quiet")
    shutil.rmtree(home / "home")
    monkeypatch.chdir(home / "away")
    ok("run", "audit.cyclpack", "--out", home / "runs_away", "--quiet")
    kept = {"origin.json"}
    one, other = (
        {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file() and p.name not in kept}
        for out in (home / "runs_home", home / "runs_away")
    )
    assert one == other
    assert json.loads((next((home / "runs_away").glob("*/origin.json"))).read_text())["spec"] == str(path)


def test_every_command_takes_a_pack_where_it_takes_a_spec(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(home)
    ok("run", path, "--out", home / "runs", "--quiet")
    assert "1 file, no errors" in ok("check", "--data", "--locked", path).stderr
    assert ok("explain", path).stdout == ok("explain", "audit.cycl").stdout
    assert (
        ok("explain", path, "--stage", "ast").stdout == ok("explain", "audit.cycl", "--stage", "ast").stdout
    )
    shown = ok("explain", path, "--prompt", "item=i1,district=hill", "--no-tokens").stdout
    assert "hill: Is it 1?" in shown
    assert "0 asked" in ok("score", home / "runs").stderr
    assert "0 asked" in ok("score", home / "runs", path, "--locked").stderr
    assert "0 asked" in ok("score", home / "runs", "audit.cycl").stderr
    assert "no difference" in ok("diff", path, "audit.cycl", "--data", "--exit-code").stdout
    assert "no difference" in ok("diff", home / "runs", path, "--exit-code").stdout
    audit = cyclspec.load(path)
    assert audit.run(out=home / "runs").path == next((home / "runs").glob("*/plan.json")).parent


def test_a_pack_is_not_locked_nor_packed_again(home: Path) -> None:
    path = packed(home)
    before = sorted((home / "cache").rglob("*"))
    assert "unpack" in run("lock", path).output
    assert run("lock", path).exit_code == run("pack", path, "-o", home / "b.cyclpack").exit_code == 2
    assert sorted((home / "cache").rglob("*")) == before


def test_a_model_of_a_folder_is_given_where_the_pack_is_run(home: Path) -> None:
    demo = ROOT / "specs" / "demo"
    shutil.copytree(demo, "mine")
    Path("audit.cycl").write_text(SMALL.replace("demo()", 'local("mine")'))
    path = packed(home)
    (found,) = refusal("run", path, "--out", home / "runs").diagnostics
    assert found.code == "CY0710" and "--model tiny=FOLDER" in found.help
    ok("run", path, "--out", home / "runs", "--model", f"tiny={demo}", "--locked", "--quiet")
    shutil.copytree(demo, home / "other")
    (home / "other" / "tokenizer.json").write_bytes((demo / "tokenizer.json").read_bytes() + b" ")
    assert codes("run", path, "--out", home / "runs", "--model", f"tiny={home / 'other'}") == ["CY0902"]


def test_an_error_in_a_pack_is_shown_at_its_place_in_the_pack(home: Path) -> None:
    said = run("check", packed(home), "-p", "nothing=1")
    assert said.exit_code == 1
    path = home / "away" / "audit.cyclpack"
    (found,) = refusal("run", path, "--audit", "other").diagnostics
    assert found.place == f"{path}/audit.cycl"


# ---- data that stays behind


def test_large_data_stays_behind_with_its_digest_and_what_its_corpus_says(home: Path) -> None:
    size = Path("data/answers.csv").stat().st_size
    found = manifest(packed(home, "--max-data", str(size - 1)))
    elsewhere = found["elsewhere"]
    assert isinstance(elsewhere, dict)
    assert set(elsewhere) == {"files/data/answers.csv"}
    assert elsewhere["files/data/answers.csv"]["tables"] == ["town.answers"]
    assert elsewhere["files/data/answers.csv"]["about"] == {
        "title": "The town survey", "licence": "not to be passed on", "note": "ask the town hall",
    }  # fmt: skip
    assert b"i2,p7" not in (home / "away" / "audit.cyclpack").read_bytes()


def test_what_stayed_behind_is_asked_for_and_found_by_its_digest(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(home, "--max-data", "0")
    ok("check", path)
    (home / "home" / "town" / "data").rename(home / "mine")
    (home / "mine" / "answers.csv").rename(home / "mine" / "renamed.txt")
    (found, *_) = refusal("plan", path).diagnostics
    assert (found.code, found.message) == ("CY0707", "`items.jsonl` did not travel with the pack")
    assert "--files" in found.help and "sha256:" in found.notes[0] and "ask the town hall" in found.notes[1]
    plan = json.loads(ok("plan", path, "--files", home / "mine", "--format", "json").stdout)
    audits = manifest(path)["audits"]
    assert isinstance(audits, dict)
    assert {**plan["hashes"], "run": None} == audits["small"]
    ok("plan", path)
    (home / "mine" / "items.jsonl").write_text("{}")
    assert codes("plan", path) == ["CY0703"]
    (home / "mine" / "items.jsonl").unlink()
    assert codes("plan", path) == ["CY0707"]


def test_another_file_of_the_same_size_is_not_taken(home: Path) -> None:
    path = packed(home, "--max-data", "0")
    shutil.copytree("data", home / "mine")
    text = (home / "mine" / "people.csv").read_bytes()
    (home / "mine" / "people.csv").write_bytes(text[::-1])
    (found,) = refusal("plan", path, "--files", home / "mine").diagnostics
    assert found.message == "`people.csv` did not travel with the pack"


# ---- where things are


@pytest.mark.parametrize("data", ["../shared", "../../far/data", "../town/data", "./data"])
def test_files_lie_to_each_other_in_a_pack_as_they_do_at_home(
    home: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write_project(home / "x" / "y" / "town", data)
    design = json.loads(ok("plan", spec, "--format", "json").stdout)["hashes"]
    ok("pack", spec, "-o", home / "away" / "b.cyclpack")
    shutil.rmtree(home / "x")
    monkeypatch.chdir(home / "away")
    assert json.loads(ok("plan", "b.cyclpack", "--format", "json").stdout)["hashes"] == design
    ok("unpack", "b.cyclpack", "-o", "out")
    (entry,) = Path("out").rglob("audit.cycl")
    assert json.loads(ok("plan", entry, "--format", "json").stdout)["hashes"] == design
    assert b"x/y" not in (home / "away" / "b.cyclpack").read_bytes()


def test_a_path_through_a_folder_that_holds_nothing_else_is_refused_not_lost(home: Path) -> None:
    Path("empty").mkdir()
    survey = Path("lib/survey.cycl")
    survey.write_text(survey.read_text().replace("../data/people.csv", "../empty/../data/people.csv"))
    assert codes("pack", "audit.cycl", "-o", home / "away" / "a.cyclpack") == ["CY0911"]
    assert list((home / "away").iterdir()) == []


def test_a_spec_below_the_root_of_its_project_stays_below_it(home: Path) -> None:
    Path("audits").mkdir()
    text = Path("audit.cycl").read_text().replace('"lib/survey.cycl"', '"../lib/survey.cycl"')
    Path("audits/deep.cycl").write_text(text)
    ok("pack", "audits/deep.cycl", "-o", home / "away" / "deep.cyclpack")
    assert manifest(home / "away" / "deep.cyclpack")["entry"] == "audits/deep.cycl"
    ok("check", "--data", home / "away" / "deep.cyclpack")


def test_a_table_with_a_path_of_this_machine_cannot_be_packed(home: Path) -> None:
    survey = Path("lib/survey.cycl")
    survey.write_text(
        survey.read_text().replace("../data/people.csv", str(Path("data/people.csv").resolve()))
    )
    (found,) = refusal("pack", "audit.cycl", "-o", home / "away" / "a.cyclpack").diagnostics
    assert found.code == "CY0911"
    assert "path of this machine" in found.message
    assert list((home / "away").iterdir()) == []


def test_what_cannot_be_packed_is_said_and_nothing_is_written(home: Path) -> None:
    assert codes("pack", "lib/survey.cycl", "-o", home / "away" / "a.cyclpack") == ["CY0911"]
    assert run("pack", "audit.cycl", "-o", home / "away" / "a.zip").exit_code == 2
    assert run("pack", "audit.cycl", "-o", home / "nowhere" / "a.cyclpack").exit_code == 1
    Path("data/items.jsonl").unlink()
    assert codes("pack", "audit.cycl", "-o", home / "away" / "a.cyclpack") == ["CY0707"]
    assert list((home / "away").iterdir()) == []


def test_the_examples_travel_with_libraries_and_a_metric_in_python(home: Path) -> None:
    shutil.copytree(ROOT / "specs" / "examples", home / "examples")
    path = home / "away" / "reuse.cyclpack"
    models = ["--model", "qwen25_7b=demo", "--model", "llama31_8b=demo"]
    ok("pack", home / "examples" / "f_reuse.cycl", "-o", path, "-p", "theme=work", *models)
    here = ok(
        "plan", home / "examples" / "f_reuse.cycl", "-p", "theme=work", *models, "--format", "json"
    ).stdout
    shutil.rmtree(home / "examples")
    there = ok("plan", path, *models, "--format", "json").stdout
    assert json.loads(here)["hashes"] == json.loads(there)["hashes"]
    assert manifest(path)["params"] == {"theme": "work"}
    other = ok("plan", path, "-p", "theme=trust", *models, "--format", "json").stdout
    assert json.loads(other)["hashes"]["design"] != json.loads(here)["hashes"]["design"]


# ---- the lock in a pack


def test_a_project_whose_lock_is_stale_is_not_packed(home: Path) -> None:
    ok("lock", "audit.cycl")
    people = Path("data/people.csv")
    people.write_text(people.read_text().replace("hill", "harbour", 1))
    said = run("pack", "audit.cycl", "-o", home / "away" / "a.cyclpack")
    assert said.exit_code == 1
    assert "cycl.lock has another data/people.csv: `cyclspec lock audit.cycl`" in said.output
    assert list((home / "away").iterdir()) == []


def test_an_edited_copy_in_the_cache_is_laid_out_anew(home: Path) -> None:
    path = packed(home)
    ok("check", path)
    (copy,) = (home / "cache" / "packs").rglob("people.csv")
    copy.write_text("person,district\np1,hill\n")
    ok("check", "--data", path)
    assert "p7" in copy.read_text()


def test_a_pack_with_other_hashes_than_it_says_is_told_of(home: Path) -> None:
    path = home / "away" / "a.cyclpack"
    path.write_bytes(crafted_pack())
    checked = pipeline.check(path)
    opened = pipeline.open_data(checked.require(), pipeline.choose(checked.require(), None))
    found = list(pipeline.other_hashes(checked, opened))
    assert [d.code for d in found] == ["CY0918"] * 3
    assert found[0].severity == "warning"
    other = pipeline.check(packed(home))
    opened = pipeline.open_data(other.require(), pipeline.choose(other.require(), None))
    assert list(pipeline.other_hashes(other, opened)) == []


# ---- taking out


def test_what_is_taken_out_is_what_was_packed(home: Path) -> None:
    path = packed(home)
    said = ok("unpack", path, "-o", home / "away" / "out")
    assert "cyclspec run" in said.stderr
    for file in ("audit.cycl", "lib/survey.cycl", "data/answers.csv"):
        assert (home / "away" / "out" / file).read_bytes() == Path(file).read_bytes()
    ok("check", "--data", "--locked", home / "away" / "out" / "audit.cycl")


def test_nothing_is_taken_out_over_other_files(home: Path) -> None:
    path = packed(home)
    (home / "away" / "out").mkdir()
    ok("unpack", path, "-o", home / "away" / "out")
    said = run("unpack", path, "-o", home / "away" / "out")
    assert said.exit_code == 1 and "is not empty" in said.output


def test_two_at_once_lay_out_one_copy(home: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from cyclspec.pack.opened import open_pack

    path = packed(home)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: open_pack(path).folder, range(16)))
    assert len(set(found)) == 1
    assert [p.name for p in (home / "cache" / "packs").iterdir()] == [found[0].name]


def test_it_works_where_no_cache_can_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(home)
    monkeypatch.setenv("CYCLSPEC_CACHE", str(path / "no" / "folder"))
    ok("check", "--data", path)
