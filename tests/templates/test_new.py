"""`cyclspec new`: every template works at once, on its own tables and over the corpora of others."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.language.diagnostics import SpecError
from cyclspec.templates.roles import roles_of
from cyclspec.templates.start import TEMPLATES, audit_name

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "specs" / "templates"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def ok(*arguments: str | Path) -> Result:
    said = run(*arguments)
    assert said.exit_code == 0, said.output + repr(said.exception)
    return said


def works(spec: str) -> None:
    """What a newcomer does first."""
    assert "no errors" in ok("check", "--data", spec).stderr
    assert "cells" in ok("plan", spec).stdout
    ok("fmt", "--check", spec)


def test_the_templates_that_can_be_named_are_those_that_ship() -> None:
    assert sorted(TEMPLATES) == sorted(path.stem for path in SHIPPED.glob("*.cycl"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_works_at_once_on_its_own_tables(template: str) -> None:
    said = ok("new", "first", "--template", template)
    assert {"first.cycl", "README.md"} < set(said.stdout.split())
    works("first.cycl")
    text = Path("first.cycl").read_text()
    assert sum(line.lstrip().startswith("## ") for line in text.splitlines()) >= 10
    assert "audit first {" in text
    readme = Path("README.md").read_text().splitlines()
    assert len(readme) == 5
    assert all(
        f"cyclspec {word} first.cycl" in "\n".join(readme) for word in ("check", "plan", "run", "lock")
    )
    assert sum(path.stat().st_size for path in Path("first_data").iterdir()) < 20_000


@pytest.mark.parametrize("template", [t for t in TEMPLATES if t != "sampled"])
def test_a_template_runs_on_the_demo_model(template: str) -> None:
    ok("new", "first", "--template", template)
    assert "asked, 0 reused" in ok("run", "first.cycl", "--quiet").stderr


def test_a_template_over_its_own_corpus_is_the_template() -> None:
    """Names of files and of the audit aside, the text that ships is the one that is printed."""
    for template in TEMPLATES:
        ok("new", template.replace("-", "_"), "--template", template)
        made = Path(f"{template.replace('-', '_')}.cycl").read_text()
        shipped = (SHIPPED / f"{template}.cycl").read_text()
        folder = next(line for line in shipped.splitlines() if ".cycl" in line).split('"')[1].split("/")[0]
        made = made.replace(f'"{template.replace("-", "_")}_data/', f'"{folder}/')
        made = made.replace(f"audit {template.replace('-', '_')} {{", "audit template {")
        assert made.split() == shipped.split(), template


def test_nothing_is_written_over() -> None:
    ok("new", "first")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    said = run("new", "first", "--template", "persona")
    assert said.exit_code == 1
    assert "first.cycl is there already; nothing was written" in said.output
    Path("first.cycl").unlink()
    said = run("new", "first")
    assert said.exit_code == 1 and "first_data" in said.output
    assert not Path("first.cycl").exists()
    Path("README.md").write_text("mine")
    ok("new", "second")
    assert Path("README.md").read_text() == "mine"
    assert all(path.read_bytes() == data for path, data in before.items() if "data" in str(path))


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("alignment", "alignment"),
        ("my-audit", "my_audit"),
        ("2nd", "audit_2nd"),
        ("audit", "audit_"),
        ("Ärzte", "Ärzte"),
    ],
)
def test_an_audit_is_named_after_its_file(stem: str, name: str) -> None:
    assert audit_name(stem) == name
    ok("new", stem)
    assert list(pipeline.check(Path(f"{stem}.cycl")).require().audits) == [name]


def test_what_is_printed_can_be_typed_where_a_name_has_a_blank(here: Path) -> None:
    said = ok("new", "2024 survey")
    assert said.stderr.strip() == "read 2024 survey.cycl, then: cyclspec check '2024 survey.cycl' --data"
    typed = [shlex.split(line.split("`")[1]) for line in Path("README.md").read_text().splitlines()[1:]]
    assert all(words[2] == "2024 survey.cycl" for words in typed)
    ok("lock", "2024 survey.cycl")
    table = here / "2024 survey_data" / "people.csv"
    table.write_text(table.read_text() + "\n")
    said = run("lock", "2024 survey.cycl")
    ok(*shlex.split(said.stderr.split("`")[1])[1:])
    assert "up to date" in ok("lock", "2024 survey.cycl", "--check").stderr


def test_a_name_can_have_a_folder_and_a_suffix() -> None:
    Path("audits").mkdir()
    ok("new", "audits/first.cycl")
    works("audits/first.cycl")
    assert Path("audits/first_data/survey.cycl").is_file()
    assert run("new", "nowhere/first").exit_code == 1


# ---- other corpora


WORLD = """cycl 1
axis nation : nominal { aa = "AAA" {en: "Aland", de: "Aland"}  bb = "BBB" {de: "Beland", en: "Beland"} }
corpus world {
  table qs {
    source  = jsonl("qs.jsonl")
    q       : key
    wording : text(de, en)
    scale   : scale(ordinal, 2..40)
  }
  table shares {
    source = jsonl("shares.jsonl")
    q      : ref(qs)
    land   : nation
    part   : dist(q.scale)
  }
}
"""
MORAL = """cycl 1
corpus moral {
  table cases {
    source   = jsonl("cases.jsonl")
    scenario : key
    text     : text
    actions  : scale(nominal, 2..2)
  }
}
"""
TOWN = """cycl 1
axis quarter : nominal { mill = 1 "the mill"  harbour = 2 "the harbour" }
axis years_old : ordinal(years) { young = 0..39 "under 40"  old = 40..inf "40 or older" }
corpus town {
  table asked {
    source = jsonl("asked.jsonl")
    row    : key
    words  : text
    note   : text?
    answers : scale(ordinal, 2..4)
  }
  table residents {
    source = csv("residents.csv")
    who    : key
    part   : quarter
    age    : years_old?
    income : real?
  }
  table replies {
    source = csv("replies.csv")
    row    : ref(asked)
    who    : ref(residents)
    said   : choice(row.answers)
  }
}
"""
OPTIONS = ["yes", "rather", "no"]
CORPORA: dict[str, Mapping[str, str]] = {
    "world": {
        "world.cycl": WORLD,
        "qs.jsonl": '{"q": "a", "wording": {"de": "Gut?", "en": "Good?"}, "scale": ["yes", "no"]}\n',
        "shares.jsonl": "".join(
            f'{{"q": "a", "land": "{land}", "part": [{x}, {round(1 - x, 1)}]}}\n'
            for land, x in (("AAA", 0.3), ("BBB", 0.6))
        ),
    },
    "moral": {
        "moral.cycl": MORAL,
        "cases.jsonl": '{"scenario": "s", "text": "Left or right?", "actions": ["left", "right"]}\n',
    },
    "town": {
        "town.cycl": TOWN,
        "asked.jsonl": "".join(
            json.dumps({"row": f"r{n}", "words": f"Is it {n}?", "note": None, "answers": OPTIONS}) + "\n"
            for n in range(3)
        ),
        "residents.csv": "who,part,age,income\n"
        + "".join(f"p{n},{n % 2 + 1},{20 + 3 * n},\n" for n in range(20)),
        "replies.csv": "row,who,said\n"
        + "".join(f"r{i},p{n},{OPTIONS[(i + n) % 3]}\n" for i in range(3) for n in range(20)),
    },
}


def write_corpus(name: str) -> Path:
    Path(name).mkdir()
    for file, text in CORPORA[name].items():
        (Path(name) / file).write_text(text, encoding="utf-8")
    return Path(name)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("corpus", CORPORA)
def test_a_template_takes_the_tables_columns_and_axes_of_a_corpus(corpus: str, template: str) -> None:
    folder = write_corpus(corpus)
    said = run("new", "mine", "--template", template, "--corpus", folder)
    if template == "persona" and corpus != "town":
        assert isinstance(said.exception, SpecError)
        assert said.exception.diagnostics[0].code == "CY0921"
        assert not Path("mine.cycl").exists()
        return
    assert said.exit_code == 0, said.output
    works("mine.cycl")
    typed = pipeline.check(Path("mine.cycl")).require().audits["mine"]
    assert typed.measures
    assert not Path("mine_data").exists()


def test_names_of_another_corpus_stand_where_the_template_had_its_own() -> None:
    ok("new", "mine", "--corpus", write_corpus("town"))
    text = Path("mine.cycl").read_text()
    assert 'import "town/town.cycl"' in text
    assert "prompt answer_as(row: survey.town.asked, part: survey.quarter) -> choice(row.answers)" in text
    assert (
        "whom this is known: {part}." in text and "{row.words}" in text and "{row.answers|lettered}" in text
    )
    assert "let human = share over who by part of survey.town.replies.said" in text
    for gone in ("everyday", "country", "item", "person", "weighted"):
        assert gone not in text.replace("groups of people", "").replace("those of people", "")


def test_a_persona_takes_all_axes_up_to_its_own_number() -> None:
    ok("new", "mine", "--template", "persona", "--corpus", write_corpus("town"))
    text = Path("mine.cycl").read_text()
    assert "axes  = [survey.town.residents.part, survey.town.residents.age]" in text
    assert "whom this is known: {part}, {age}." in text
    assert "each part, age in citizens" in text
    assert "weight" not in text
    assert "measure people_apart : share = mean over row, part, age of m.tv(human, as_people)" in text


def test_published_shares_take_the_place_of_people() -> None:
    ok("new", "mine", "--corpus", write_corpus("world"))
    text = Path("mine.cycl").read_text()
    assert "let human = survey.world.shares.part" in text
    assert "each q     in survey.world.qs where size(q.scale) <= 10" in text
    assert "system[en]" in text and "user[en]" in text
    assert "each land  in survey.nation where not is_missing(survey.world.shares.part)" in text


def test_an_audit_in_the_place_of_its_corpus_leads_to_the_corpus(here: Path) -> None:
    folder = write_corpus("world")
    audit = folder / "audit.cycl"
    audit.write_text('cycl 1\nimport "world.cycl" as survey\n')
    said = run("new", "mine", "--corpus", audit)
    assert isinstance(said.exception, SpecError)
    (found,) = said.exception.diagnostics
    assert found.code == "CY0921"
    assert found.help == f"name the spec that declares it: `--corpus {folder / 'world.cycl'}`"
    said = run("new", "mine", "--corpus", folder / "qs.jsonl")
    assert isinstance(said.exception, SpecError)
    assert said.exception.diagnostics[0].help.splitlines() == [
        f"name the spec that declares it: `--corpus {folder / 'world.cycl'}`",
        f"import it first: `cyclspec corpus import {folder / 'qs.jsonl'} -o qs`",
    ]


def test_without_people_what_is_compared_with_them_is_left_out() -> None:
    ok("new", "mine", "--corpus", write_corpus("moral"))
    typed = pipeline.check(Path("mine.cycl")).require().audits["mine"]
    assert [measure.name for measure in typed.measures] == ["undecided"]
    assert [each.names for each in typed.eaches] == [("scenario",), ("model",)]


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_corpora_that_ship_take_every_template(template: str) -> None:
    shutil.copytree(ROOT / "specs" / "quickstart", "quick")
    shutil.copytree(ROOT / "specs" / "examples", "examples")
    Path("examples/cycl.lock").unlink()
    for name, corpus in (("one", "quick"), ("two", "examples/lib/survey.cycl")):
        ok("new", name, "--template", template, "--corpus", corpus)
        works(f"{name}.cycl")
    if template != "dilemmas":
        assert '"examples/lib/demographics.cycl" as axes' in Path("two.cycl").read_text()
        assert "weighted by person.weight" in Path("two.cycl").read_text()


def test_a_corpus_that_cannot_be_found_or_used_is_said(here: Path) -> None:
    empty, two = here / "empty", here / "two"
    empty.mkdir()
    two.mkdir()
    for name in ("a", "b"):
        (two / f"{name}.cycl").write_text(MORAL.replace("moral", name))
    (here / "wrong.cycl").write_text(MORAL.replace("key", "keys"))
    (here / "mine.csv").write_text("id,q\n1,yes\n")
    (here / "bare.cycl").write_text('cycl 1\ncorpus c { table t { source = csv("t.csv") row : key } }\n')
    for corpus, code, words in (
        (empty, "CY0014", "has no spec that declares a corpus"),
        (two, "CY0014", "has 2 specs that declare a corpus"),
        (here / "wrong.cycl", "CY0101", "keys"),
        (here / "bare.cycl", "CY0921", "no table with a key, a text and a scale"),
        (here / "absent", "CY0014", "does not exist"),
        (here / "mine.csv", "CY0014", "is no spec, but a file of data"),
    ):
        said = run("new", "mine", "--corpus", corpus)
        assert isinstance(said.exception, SpecError), said.output
        found = said.exception.diagnostics[0]
        assert found.code == code
        assert words in found.message
    assert not Path("mine.cycl").exists() and not Path("README.md").exists()


def test_a_corpus_outside_of_the_project_is_refused_with_a_way_on(here: Path) -> None:
    folder = write_corpus("moral")
    (here / "project").mkdir()
    said = run("new", here / "project" / "mine", "--corpus", folder)
    assert isinstance(said.exception, SpecError)
    assert said.exception.diagnostics[0].code == "CY0110"
    assert not (here / "project" / "mine.cycl").exists()
    (here / "cycl.lock").touch()
    ok("new", here / "project" / "mine", "--corpus", folder)
    works("project/mine.cycl")


def test_a_declared_weight_counts_before_a_column_of_that_name(here: Path) -> None:
    text = (SHIPPED / "survey" / "survey.cycl").read_text()
    spec = here / "survey.cycl"
    bare = text.replace("    weight = weight\n", "")
    spec.write_text(bare.replace("weight  : real", "counts  : real").replace("weight >= 0", "counts >= 0"))
    (roles, *_) = roles_of(pipeline.check(spec).require())
    assert roles.people is not None and roles.people.weight is None
    target = "\ntarget all { axes = [country], rows = everyday.people, weight = everyday.people.counts }\n"
    spec.write_text(spec.read_text() + target)
    (roles, *_) = roles_of(pipeline.check(spec).require())
    assert roles.people is not None and roles.people.weight == "counts"
    spec.write_text(
        bare.replace('people.csv")', 'people.csv")\n    weight = age_weight\n    age_weight : real')
    )
    (roles, *_) = roles_of(pipeline.check(spec).require())
    assert roles.people is not None and roles.people.weight == "age_weight"


def test_the_tables_that_ship_are_what_the_script_writes() -> None:
    path = ROOT / "scripts" / "templates" / "make_data.py"
    done = subprocess.run([sys.executable, str(path), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
