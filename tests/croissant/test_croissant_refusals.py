"""Metadata from outside may say anything: whatever does not fit is refused, and nothing is left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpora_on_disk import AXES, CORPUS, changed, corpus, exported, without_definition, write_corpus

Change = Callable[[dict[str, Any]], object]


def file(data: dict[str, Any], ends: str = "people.jsonl") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in data["distribution"] if one["contentUrl"].endswith(ends))
    return found


def field(data: dict[str, Any], id_: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for one in data["recordSet"] for f in one["field"] if f["@id"] == id_)
    return found


def update(**members: object) -> Change:
    return lambda data: file(data).update(members)


def refused(metadata: Path, said: str, *, code: str = "CY0740") -> None:
    """The metadata are refused in these words, and neither the folder nor a part of it is there."""
    to = metadata.parent.parent / "new" / "corpus"
    found = corpus("from-croissant", metadata, "-o", to)
    assert (found.code, found.out) == (1, "")
    assert f"error[{code}]" in found.err
    assert said in found.err, found.err
    # The folder that is made first is gone by now, and its name means nothing to anybody.
    assert f".{to.name}-" not in found.err, found.err
    assert not to.exists()
    assert not to.parent.exists() or list(to.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: file(d).pop("sha256"), "has no sha256 of 64 digits"),
        (update(sha256="abc"), "has no sha256 of 64 digits"),
        (lambda d: (file(d).pop("sha256"), file(d).update(md5="0" * 32)), "has no sha256 of 64 digits"),
        (update(sha256="0" * 64), "and the metadata say 000000000000"),
        (
            lambda d: (file(d).pop("sha256"), file(d).update(contentUrl="https://example.org/people.jsonl")),
            "is on another machine and has no sha256",
        ),
        (update(contentUrl="https://example.org/a/people.jsonl"), "fetch https://example.org/a/people.jsonl and"),
        (update(contentUrl="https://example.org/"), "is the address of no file"),
        (update(contentUrl="https://example.org/.."), "leads out of the folder"),
        (update(contentUrl="http://[::1"), "is no address"),
        (update(contentUrl="git+https://example.org/people"), "is reached by `git+https:`"),
        (update(contentUrl="file:///etc/passwd"), "is reached by `file:`"),
        (update(contentUrl="data:text/csv,a"), "is reached by `data:`"),
        (update(contentUrl="../people.jsonl"), "leads out of the folder"),
        (update(contentUrl="data/../../people.jsonl"), "leads out of the folder"),
        (update(contentUrl="/etc/passwd"), "leads out of the folder"),
        (update(contentUrl="data\\people.jsonl"), "leads out of the folder"),
        (update(contentUrl="C:\\people.jsonl"), "is reached by `c:`"),
        (update(contentUrl="data/people.jsonl\x00"), "leads out of the folder"),
        (update(contentUrl="."), "leads out of the folder"),
        (update(contentUrl="data/absent.jsonl"), "does not exist"),
        (update(contentUrl="data/items.jsonl"), "names `data/items.jsonl` twice"),
        (update(contentUrl=""), "has no text `contentUrl`"),
        (update(contentUrl=7), "has no text `contentUrl`"),
        (update(encodingFormat="application/zip"), "has the encoding `application/zip`, which is not read"),
        (update(encodingFormat="application/x-python-pickle"), "which is not read"),
        (lambda d: file(d).pop("encodingFormat"), "has the encoding ``, which is not read"),
        (update(containedIn={"@id": "towns.cycl"}), "has a file inside another"),
        (update(**{"@type": "cr:FileSet", "includes": "*.csv"}), "has a FileSet at distribution 2"),
        (update(**{"@id": "data/items.jsonl"}), "has two files with the id `data/items.jsonl`"),
        (lambda d: d.update(distribution=[]), "names no file"),
        (lambda d: d.update(distribution="people.csv"), "has no object at distribution 1"),
        (lambda d: d.update({"@type": "sc:Thing"}), "describes no `sc:Dataset`"),
        (lambda d: d.pop("conformsTo"), "does not say what it conforms to"),
        (lambda d: d.update(conformsTo="http://mlcommons.org/croissant/0.8"), "not to Croissant 1.0"),
        (lambda d: d.pop("name"), "has no text `name` at the metadata"),
        (lambda d: d.update(name="cities"), "brings no files that declare corpus `cities`"),
        (lambda d: d["recordSet"].append(d["recordSet"][0]), "has two record sets with the id `axis.town`"),
        (lambda d: d["recordSet"][2]["field"].append(7), "has no object at recordSet 3, field 4"),
        (lambda d: field(d, "towns.people/age").update(source=[]), "has no object at recordSet 4, field 3, source"),
        (
            lambda d: field(d, "towns.people/age").update({"@id": "towns.people/years"}),
            "other fields in the metadata than in the declaration: towns.people/age, towns.people/years",
        ),
        (
            lambda d: field(d, "towns.answers/item").update(references={"field": {"@id": "towns.people/person"}}),
            "other fields in the metadata than in the declaration: towns.answers/item",
        ),
        (
            lambda d: d["distribution"].remove(file(d)),
            "reads `data/people.jsonl`, which the metadata do not name",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(change: Change, said: str, tmp_path: Path) -> None:
    refused(changed(exported(write_corpus(tmp_path / "a")), change), said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[", "is not JSON"),
        ("7", "has no object at the metadata"),
        ("[" * 100_000, "is not JSON"),
        ('{"name": "a", "name": "b"}', "is not JSON"),
        ('{"name": NaN}', "is not JSON"),
        ('{"a": "' + "x" * (17 << 20) + '"}', "has more than 16 MiB"),
    ],
    ids=["empty", "cut", "number", "deep", "twice", "NaN", "large"],
)
def test_what_is_no_metadata_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "croissant.json").write_text(text, encoding="utf-8")
    refused(tmp_path / "a" / "croissant.json", said)


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    refused(tmp_path / "a" / "croissant.json", "does not exist")
    (tmp_path / "a" / "croissant.json").write_bytes(b"\xff\xfe{")
    refused(tmp_path / "a" / "croissant.json", "is not UTF-8")
    (tmp_path / "a" / "folder.json").mkdir()
    refused(tmp_path / "a" / "folder.json", "is not a plain file")


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(tmp_path: Path) -> None:
    metadata = exported(write_corpus(tmp_path / "a"))
    people = tmp_path / "a" / "data" / "people.jsonl"
    people.rename(tmp_path / "a" / "elsewhere.jsonl")
    people.symlink_to(tmp_path / "a" / "elsewhere.jsonl")
    assert corpus("from-croissant", metadata, "-o", tmp_path / "b").code == 0
    assert not (tmp_path / "b" / "data" / "people.jsonl").is_symlink()
    (tmp_path / "a" / "elsewhere.jsonl").rename(tmp_path / "outside.jsonl")
    people.unlink()
    people.symlink_to(tmp_path / "outside.jsonl")
    refused(metadata, "leads out of the folder of the metadata through a link")
    people.unlink()
    people.symlink_to(people)
    refused(metadata, "people.jsonl")


def test_a_pipe_and_a_folder_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    metadata = exported(write_corpus(tmp_path / "a"))
    people = tmp_path / "a" / "data" / "people.jsonl"
    people.unlink()
    os.mkfifo(people)
    refused(metadata, "is not a plain file", code="CY0707")
    people.unlink()
    people.mkdir()
    refused(metadata, "is not a plain file", code="CY0707")


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    metadata = exported(write_corpus(tmp_path / "a"))
    path = tmp_path / "a" / "data" / "answers.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"2"', b'"1"', 1))
    refused(metadata, "data/answers.jsonl` is now sha256:")


def rehash(metadata: Path, name: str) -> Path:
    """The metadata with the digest that a file has now: what somebody could do who means ill."""
    import hashlib

    content = (metadata.parent / name).read_bytes()
    return changed(metadata, lambda d: file(d, name).update(sha256=hashlib.sha256(content).hexdigest()))


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('"data/people.jsonl"', '"../a/data/people.jsonl"', "CY0740", "which the metadata do not name"),
        ('"data/people.jsonl"', '"/etc/passwd"', "CY0740", "which the metadata do not name"),
        ("corpus towns", 'import "../../x.cycl" as x\ncorpus towns', "CY0012", ""),
        ("cycl 1\n", 'cycl 1\nimport "../../x.cycl" as x\n', "CY0110", "it is outside of the project"),
        ("town    : town", "town    : twon", "CY0101", "twon"),
        ("weight >= 0", "weight >= 1", "CY0708", "does not satisfy"),
    ],
)
def test_a_declaration_that_came_along_is_not_trusted(
    old: str, new: str, code: str, said: str, tmp_path: Path
) -> None:
    path = write_corpus(tmp_path / "a")
    metadata = exported(path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    refused(rehash(metadata, "towns.cycl"), said, code=code)


def test_one_declaration_of_several_that_is_absent_is_refused(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a", axes="axes.cycl")
    metadata = exported(path)
    (tmp_path / "a" / "axes.cycl").unlink()
    refused(metadata, "`axes.cycl` does not exist")


def test_what_is_told_of_a_written_declaration_names_the_place_where_it_would_be(tmp_path: Path) -> None:
    metadata = changed(exported(write_corpus(tmp_path / "a")), without_definition)
    changed(metadata, lambda d: field(d, "towns.people/hurried").update(dataType="sc:Float"))
    refused(metadata, f"{tmp_path}/new/corpus/corpus.cycl:", code="CY0702")


def test_rows_that_do_not_fit_a_declaration_are_refused(tmp_path: Path) -> None:
    metadata = exported(write_corpus(tmp_path / "a"))
    path = tmp_path / "a" / "data" / "answers.jsonl"
    path.write_text(path.read_text().replace('"value": "2"', '"value": "7"', 1))
    refused(rehash(metadata, "data/answers.jsonl"), "is not an option", code="CY0708")


def test_names_that_mean_ill_do_not_reach_a_written_declaration(tmp_path: Path) -> None:
    metadata = changed(exported(write_corpus(tmp_path / "a")), without_definition)

    def change(data: dict[str, Any]) -> None:
        data["name"] = 'x" }\nimport "/etc/passwd" as y\x1b[2J'
        data["license"] = '"""\n} # \x00\x1b'
        data["recordSet"][0]["name"] = "corpus"
        data["recordSet"][0]["data"][0]["axis.town/label_en"] = '"}{\u202e\x07'
        data["recordSet"][0]["data"][0]["axis.town/name"] = "missing where"

    said = corpus("from-croissant", changed(metadata, change), "-o", tmp_path / "b")
    assert said.code == 0, said.err
    text = (tmp_path / "b" / "corpus.cycl").read_text(encoding="utf-8")
    assert "\nimport" not in text
    assert not any(char in text for char in "\x00\x07\x1b")
    assert "\x1b" not in said.out
    assert corpus("check", tmp_path / "b" / "corpus.cycl", "--min-n", "1").code == 0


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path) -> None:
    metadata = exported(write_corpus(tmp_path / "a"))
    (tmp_path / "b").mkdir()
    assert corpus("from-croissant", metadata, "-o", tmp_path / "b").code == 0
    before = sorted((tmp_path / "b").rglob("*"))
    said = corpus("from-croissant", metadata, "-o", tmp_path / "b")
    assert (said.code, "exists already" in said.err) == (1, True)
    assert sorted((tmp_path / "b").rglob("*")) == before
    (tmp_path / "c").symlink_to(tmp_path / "d")
    assert "exists already" in corpus("from-croissant", metadata, "-o", tmp_path / "c").err


# ---- what is not exported


def test_a_file_above_the_metadata_is_refused_with_a_place_that_fits(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a")
    (tmp_path / "a" / "meta").mkdir()
    said = corpus("croissant", path, "-o", tmp_path / "a" / "meta" / "croissant.json")
    assert said.code == 1
    assert "does not lie beside or below the metadata" in said.err
    assert not (tmp_path / "a" / "meta" / "croissant.json").exists()


def test_code_does_not_travel_with_data(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a")
    (tmp_path / "a" / "own.py").write_text("def half(x):\n    return x / 2\n", encoding="utf-8")
    metric = '\nmetric half(x: real) -> real = python "own:half"\n'
    path.write_text(path.read_text(encoding="utf-8") + metric, encoding="utf-8")
    said = corpus("croissant", path, "-o", tmp_path / "a" / "croissant.json")
    assert said.code == 1
    found = said.err.split("sha256:")[1][:64].split("`")[0] if "sha256:" in said.err else ""
    if found:
        pinned = metric.replace('"own:half"', f'"own:half" hash sha256:{found}')
        path.write_text(path.read_text(encoding="utf-8").replace(metric, pinned), encoding="utf-8")
        said = corpus("croissant", path, "-o", tmp_path / "a" / "croissant.json")
    assert "code does not travel with data" in said.err, said.err


def test_two_axes_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a")
    (tmp_path / "a" / "other.cycl").write_text(
        "cycl 1\n\naxis town : nominal { A, B, C }\n", encoding="utf-8"
    )
    text = CORPUS.format(format="jsonl").replace("    town  : town\n", "    town  : o.town\n")
    spec = AXES.replace("cycl 1\n", 'cycl 1\n\nimport "other.cycl" as o\n') + text
    path.write_text(spec, encoding="utf-8")
    said = corpus("croissant", path, "-o", tmp_path / "a" / "croissant.json")
    assert (said.code, "uses two vocabularies named `town`" in said.err) == (1, True), said.err


def test_refused_data_have_no_metadata(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a")
    people = tmp_path / "a" / "data" / "people.jsonl"
    people.write_text(people.read_text().replace('"A"', '"Z"', 1))
    said = corpus("croissant", path, "-o", tmp_path / "a" / "croissant.json")
    assert (said.code, "error[CY0708]" in said.err) == (1, True)
    assert not (tmp_path / "a" / "croissant.json").exists()


def test_several_corpora_and_wrong_options_are_a_matter_of_usage(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "a")
    second = '\ncorpus more {\n  table people {\n    source = jsonl("data/people.jsonl")\n    person : key\n  }\n}\n'
    path.write_text(path.read_text(encoding="utf-8") + second, encoding="utf-8")
    out = tmp_path / "a" / "croissant.json"
    assert "choose with --corpus one of towns, more" in corpus("croissant", path, "-o", out).err
    assert corpus("croissant", path, "-o", out, "--corpus", "more").code == 0
    assert json.loads(out.read_text())["name"] == "more"
    assert corpus("croissant", path, "-o", tmp_path / "none" / "croissant.json").code == 2
    assert corpus("croissant", path, "-o", out, "--published", "yesterday").code == 2
