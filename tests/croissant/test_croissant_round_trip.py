"""Exported and imported again, a corpus is what it was; and others read what was exported."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpora_on_disk import (
    ANSWERS,
    FORMATS,
    ITEMS,
    PEOPLE,
    changed,
    corpus,
    exported,
    without_definition,
    write_corpus,
)
from pytest import approx

from cyclspec import pipeline
from cyclspec.compiler.croissant.export import reached_tables
from cyclspec.compiler.data import read_tables
from cyclspec.compiler.plan.sources import declared_table
from cyclspec.language.syntax import tree as t

ROOT = Path(__file__).parents[2]
Change = Callable[[dict[str, Any]], object]


def hashes_and_digests(path: Path, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The hashes of the modules by file name, and the digests of the tables of a corpus."""
    context = pipeline.check(path).require()
    modules = {Path(module.key).name: module.hash for module in context.program.modules.values()}
    tables = [declared_table(table) for table in reached_tables(context, name).values()]
    return modules, {table: loaded.digest for table, loaded in read_tables(tables).items()}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_corpus_comes_back_with_its_hashes_and_digests(format_: str, tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a", format_)
    said = corpus("from-croissant", exported(path), "-o", tmp_path / "b")
    assert (said.code, said.out) == (0, f"{tmp_path}/b/towns.cycl: corpus towns, 5 files, digests as given\n")
    back = tmp_path / "b" / "towns.cycl"
    assert hashes_and_digests(back, "towns") == hashes_and_digests(path, "towns")
    assert exported(back).read_bytes() == (tmp_path / "a" / "croissant.json").read_bytes()


def test_declarations_in_several_files_keep_their_places(tmp_path: Path) -> None:
    (tmp_path / "a" / "lib").mkdir(parents=True)
    (tmp_path / "a" / "cycl.lock").touch()
    write_corpus(tmp_path / "a", "parquet", "lib/axes.cycl")
    path = tmp_path / "a" / "lib" / "towns.cycl"
    text = (tmp_path / "a" / "towns.cycl").read_text(encoding="utf-8")
    path.write_text(text.replace('"lib/axes', '"axes').replace('"data/', '"../data/'), encoding="utf-8")
    metadata = tmp_path / "a" / "croissant.json"
    assert corpus("croissant", path, "-o", metadata).code == 0
    said = corpus("from-croissant", metadata, "-o", tmp_path / "b")
    assert said.out.startswith(f"{tmp_path}/b/lib/towns.cycl: corpus towns, 6 files")
    assert sorted(str(p.relative_to(tmp_path / "b")) for p in (tmp_path / "b").rglob("*") if p.is_file()) == [
        "cycl.lock",
        *(f"data/{name}.parquet" for name in ("answers", "items", "people", "shares")),
        "lib/axes.cycl",
        "lib/towns.cycl",
    ]
    assert hashes_and_digests(tmp_path / "b/lib/towns.cycl", "towns") == hashes_and_digests(path, "towns")


@pytest.mark.parametrize(
    ("spec", "out"),
    [
        ("quickstart/survey.cycl", "quickstart/croissant.json"),
        ("examples/a_first_token.cycl", "examples/croissant.json"),
    ],
)
def test_the_shipped_corpora_come_back(spec: str, out: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    assert corpus("croissant", tmp_path / "specs" / spec, "-o", tmp_path / "specs" / out).code == 0
    said = corpus("from-croissant", tmp_path / "specs" / out, "-o", tmp_path / "back")
    assert said.code == 0, said.err
    back, name = Path(said.out.split(": corpus ")[0]), said.out.split(": corpus ")[1].split(",")[0]
    before = tmp_path / "specs" / Path(out).parent / back.relative_to(tmp_path / "back")
    assert hashes_and_digests(back, name) == hashes_and_digests(before, name)


def test_an_export_says_what_the_corpus_says(tmp_path: Path) -> None:
    path = write_corpus(tmp_path)
    options = ("--url", "https://example.org/towns", "--creator", "Nobody", "--published", "2026-01-15")
    data = json.loads(exported(path, *options).read_text(encoding="utf-8"))
    assert data["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    said = ("name", "alternateName", "version", "license", "citeAs", "url", "datePublished")
    assert [data[name] for name in said] == [
        "towns",
        "Two towns",
        "1.0.2",
        "CC-BY-4.0",
        "Nobody (2026). Two towns.",
        "https://example.org/towns",
        "2026-01-15",
    ]
    assert data["creator"] == {"@type": "sc:Organization", "name": "Nobody"}
    assert data["description"] == "Two towns\nWhat was asked in two towns.\nInvented."
    for one in data["distribution"]:
        content = (tmp_path / one["contentUrl"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["contentSize"] == f"{len(content)} B"
    fields = {field["@id"]: field for one in data["recordSet"] for field in one["field"]}
    assert fields["towns.people/town"]["references"] == {"field": {"@id": "axis.town/code"}}
    assert fields["towns.answers/item"]["references"] == {"field": {"@id": "towns.items/item"}}
    assert fields["towns.answers/value"]["references"] == {"field": {"@id": "towns.items/options"}}
    assert fields["towns.people/weight"]["dataType"] == "sc:Float"
    assert fields["towns.people/hurried"]["dataType"] == "sc:Boolean"
    assert fields["towns.shares/n"]["dataType"] == "sc:Integer"
    assert str(tmp_path) not in json.dumps(data)


def test_the_place_and_the_time_of_an_export_leave_no_trace(tmp_path: Path) -> None:
    first = exported(write_corpus(tmp_path / "a")).read_bytes()
    assert exported(write_corpus(tmp_path / "b")).read_bytes() == first


# ---- what others make of it


def loaded(metadata: Path, record_set: str) -> list[dict[str, Any]]:
    """The records of a record set as the library of Croissant itself reads them, with texts for bytes."""
    import mlcroissant

    found = mlcroissant.Dataset(jsonld=str(metadata))
    assert found.metadata.ctx.issues.errors == set()
    rows = itertools.islice(found.records(record_set), 1000)
    return [
        {name.removeprefix(f"{record_set}/"): _plain(value) for name, value in row.items()} for row in rows
    ]


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.decode()
        case dict():
            return {name.rsplit("/", maxsplit=1)[-1]: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
    return value


@pytest.fixture
def quiet() -> Any:
    """The library logs what is recommended and absent."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("format_", ["parquet", "csv", "json", "jsonl"])
def test_the_croissant_library_reads_every_record_of_an_export(format_: str, tmp_path: Path) -> None:
    metadata = exported(write_corpus(tmp_path, format_))
    people = loaded(metadata, "towns.people")
    assert people == [{**person, "weight": approx(person["weight"], rel=1e-12)} for person in PEOPLE]
    assert loaded(metadata, "towns.answers") == ANSWERS
    items = loaded(metadata, "towns.items")
    assert [item["item"] for item in items] == [item["item"] for item in ITEMS]
    if format_ == "csv":
        assert [item["question_zh"] for item in items] == [item["question"]["zh"] for item in ITEMS]
    else:
        assert [item["question"] for item in items] == [item["question"] for item in ITEMS]
        first = {name.rsplit("/", maxsplit=1)[-1]: value for name, value in items[0]["options"][2].items()}
        assert first == {"code": "9", "label.en": "none", "label.zh": "无", "value": None, "missing": True}
    towns = loaded(metadata, "axis.town")
    assert [(row["code"], row["name"], row["label_zh"], row["attribute_side"]) for row in towns] == [
        ("A", "mill", "磨坊", "left"),
        ("B", "harbour", "港口", "right"),
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("quiet")
def test_nothing_is_recommended_where_everything_is_said(tmp_path: Path) -> None:
    import mlcroissant

    options = ("--url", "https://example.org/towns", "--creator", "Nobody", "--published", "2026-01-15")
    found = mlcroissant.Dataset(jsonld=str(exported(write_corpus(tmp_path), *options)))
    assert (found.metadata.ctx.issues.errors, found.metadata.ctx.issues.warnings) == (set(), set())


# ---- from the metadata alone


@pytest.mark.parametrize("format_", ["parquet", "json", "jsonl"])
def test_without_a_declaration_one_is_written_from_the_metadata(format_: str, tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a", format_)
    metadata = changed(exported(path), without_definition)
    said = corpus("from-croissant", metadata, "-o", tmp_path / "b")
    assert said.code == 0, said.err
    back = tmp_path / "b" / "corpus.cycl"
    assert corpus("describe", back).code == 0
    first, second = (
        json.loads(corpus("describe", one, "--format", "json").out)["corpora"][0] for one in (path, back)
    )
    for name in ("title", "release", "licence", "tables", "published"):
        if name == "published":
            assert first[name][0]["items"] == second[name][0]["items"]
        elif name == "tables":
            assert {t["sha256"] for t in first[name]} == {t["sha256"] for t in second[name]}
        else:
            assert first[name] == second[name]
    levels = {axis["axis"]: axis for axis in first["people"][0]["marginals"]}
    again = {axis["axis"]: axis for axis in second["people"][0]["marginals"]}
    assert [share["n"] for share in levels["town"]["levels"]] == [
        share["n"] for share in again["town"]["levels"]
    ]
    options = [[(share["name"], share["n"]) for share in i["options"]] for i in first["answers"][0]["items"]]
    assert options == [
        [(share["name"], share["n"]) for share in i["options"]] for i in second["answers"][0]["items"]
    ]
    context = pipeline.check(back).require()
    assert {type(decl) for decl in context.program.main.tree.decls} == {t.VocabularyDecl, t.Corpus}


SURVEY = """caseid;sex;age;wgt;trust_a;trust_b;works
1;woman;23;0,9;A great deal;Not very much;Agree
2;man;35;1,1;Quite a lot;Not very much;Disagree
3;woman;41;1,0;Not very much;None at all;Agree
4;man;67;0,8;A great deal;Quite a lot;Strongly agree
5;woman;;1,2;None at all;A great deal;Strongly disagree
"""


@pytest.mark.parametrize("change", [lambda data: None, without_definition])
def test_an_imported_survey_comes_back_without_its_declaration(change: Change, tmp_path: Path) -> None:
    source = tmp_path / "town.csv"
    source.write_text(SURVEY, encoding="utf-8")
    assert corpus("import", source, "-o", tmp_path / "a", "--lang", "en").code == 0
    path = tmp_path / "a" / "town.cycl"
    metadata = changed(exported(path), change)
    first = json.loads(corpus("describe", path, "--format", "json").out)["corpora"][0]
    path.unlink()
    said = corpus("from-croissant", metadata, "-o", tmp_path / "b")
    assert (said.code, said.err) == (0, "")
    absent = "note: `town.cycl` is not beside the metadata: a declaration is written from what they say"
    named = any(one["@id"] == "town.cycl" for one in json.loads(metadata.read_text())["distribution"])
    assert said.out.splitlines()[1:] == ([absent] if named else [])
    back = tmp_path / "b" / "corpus.cycl"
    text = back.read_text(encoding="utf-8")
    for line in (
        "axis age : ordinal {",
        "options  : scale(ordinal, 4..4)",
        "age    : age?",
        "weight : real?",
    ):
        assert line in text, text
    second = json.loads(corpus("describe", back, "--format", "json").out)["corpora"][0]
    counts, again = (
        [[share["n"] for share in axis["levels"]] for axis in one["people"][0]["marginals"]]
        for one in (first, second)
    )
    assert counts == again == [[2, 3], [1, 2, 1]]
    assert [item["n"] for item in first["answers"][0]["items"]] == [5, 5, 5]
    options, again = (
        [[(share["name"], share["n"]) for share in item["options"]] for item in one["answers"][0]["items"]]
        for one in (first, second)
    )
    assert options == again


def test_numbers_that_a_file_holds_as_text_are_texts(tmp_path: Path) -> None:
    metadata = changed(exported(write_corpus(tmp_path / "a", "parquet")), without_definition)

    def change(data: dict[str, Any]) -> None:
        fields = {field["@id"]: field for one in data["recordSet"] for field in one["field"]}
        del fields["towns.people/town"]["references"]
        fields["towns.people/town"]["dataType"] = "sc:Integer"

    said = corpus("from-croissant", changed(metadata, change), "-o", tmp_path / "b")
    assert said.code == 0, said.err
    assert "note: field `towns.people/town` is a number in the metadata and text in the file\n" in said.out
    assert "town    : text?" in (tmp_path / "b" / "corpus.cycl").read_text(encoding="utf-8")


def taken(id_: str, column: str, type_: object, **more: object) -> dict[str, object]:
    """A field that is a column of the one file."""
    source = {"fileObject": {"@id": "passengers"}, "extract": {"column": column}}
    return {"@id": id_, "dataType": type_, "source": source, **more}


OTHERS = {
    "@context": {"@vocab": "https://schema.org/", "sc": "https://schema.org/"},
    "@type": "https://schema.org/Dataset",
    "name": "Titanic (a part)",
    "conformsTo": ["http://mlcommons.org/croissant/1.0"],
    "license": [{"@type": "sc:CreativeWork", "name": "CC0"}],
    "version": 3,
    "distribution": [
        {
            "@type": "cr:FileObject",
            "@id": "passengers",
            "contentUrl": "https://example.org/data/passengers.csv?raw=1",
            "encodingFormat": "text/csv",
            "sha256": "",
        }
    ],
    "recordSet": [
        {
            "@type": "cr:RecordSet",
            "@id": "genders",
            "name": "genders",
            "dataType": "sc:Enumeration",
            "key": {"@id": "genders/id"},
            "field": [
                {"@id": "genders/id", "dataType": "sc:Integer"},
                {"@id": "genders/label", "name": "label"},
            ],
            "data": [
                {"genders/id": 0, "genders/label": "Male"},
                {"genders/id": 1, "genders/label": "Female"},
            ],
        },
        {
            "@type": "cr:RecordSet",
            "@id": "where",
            "name": "where",
            "field": [
                {
                    "@id": "where/file",
                    "source": {"fileObject": {"@id": "x"}, "extract": {"fileProperty": "name"}},
                }
            ],
        },
        {
            "@type": "cr:RecordSet",
            "@id": "passengers-table",
            "name": "passengers table",
            "key": [{"@id": "p/id"}],
            "field": [
                taken("p/id", "id", "sc:Integer"),
                taken("p/sex", "sex", "sc:Integer", references={"field": {"@id": "genders/id"}}),
                taken("p/name", "name", "sc:Text"),
                taken("p/home", "home/dest", "sc:Text"),
                taken("p/fare", "fare", ["sc:Float", "wd:Q1"]),
                taken("p/born", "born", "sc:Date"),
            ],
        },
    ],
}


def test_metadata_of_others_become_a_corpus_with_what_was_left_out(tmp_path: Path) -> None:
    rows = "id,sex,name,home/dest,fare,born\n1,0,Allen,St Louis,7.25,1880-01-01\n2,1,Bonnell,,26.5,\n"
    (tmp_path / "passengers.csv").write_text(rows, encoding="utf-8")
    data = json.loads(json.dumps(OTHERS))
    data["distribution"][0]["sha256"] = hashlib.sha256(rows.encode()).hexdigest()
    metadata = tmp_path / "meta.json"
    metadata.write_text(json.dumps(data), encoding="utf-8")
    said = corpus("from-croissant", metadata, "-o", tmp_path / "b")
    assert said.code == 0, said.err
    text = (tmp_path / "b" / "corpus.cycl").read_text(encoding="utf-8")
    for line in (
        'male   = "0" "Male"',
        "corpus Titanic_a_part {",
        'title   = "Titanic (a part)"',
        'release = "3"',
        'licence = "CC0"',
        "table passengers_table {",
        "id   : key",
        "sex  : genders?",
        "name : text?",
        "fare : real?",
    ):
        assert line in text, text
    notes = [line for line in said.out.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: record set `where` is left out: its fields are not columns of one file",
        "note: field `p/name` is declared as text: say `nominal`, or an axis, if it tells groups apart",
        "note: field `p/home` is left out: `home/dest` cannot be the name of a column",
        "note: field `p/born` is left out: no type of the language holds it",
    ]
    facts = json.loads(corpus("describe", tmp_path / "b/corpus.cycl", "--format", "json").out)["corpora"][0]
    assert [share["n"] for share in facts["people"][0]["marginals"][0]["levels"]] == [1, 1]
