"""`cycl.lock` as text: what is written is read back, and what is no lock is refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec import pipeline
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.names.lock import (
    KINDS,
    FilePin,
    Lock,
    ModelPin,
    ModulePin,
    Reached,
    key_in,
    lock_of,
    model_key,
    read,
    text,
)

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
FILES = st.builds(FilePin, HEX, st.integers(0, 2**50))
MODELS = st.builds(
    ModelPin, HEX, HEX, HEX, st.none() | HEX, st.none() | HEX, st.none() | HEX.map(lambda h: h[:40])
)
MODULES = st.builds(ModulePin, HEX, st.integers(1, 3), st.none() | NAMES)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    pins = {
        kind: draw(st.dictionaries(NAMES, made, max_size=3))
        for kind, made in zip(KINDS, (MODULES, FILES, FILES, MODELS), strict=True)
    }

    def some(kind: str) -> st.SearchStrategy[dict[str, str]]:
        keys = sorted(pins[kind])
        return st.dictionaries(NAMES, st.sampled_from(keys), max_size=3) if keys else st.just({})

    def reached() -> Reached:
        modules = tuple(sorted(pins["modules"]))[: draw(st.integers(0, 3))]
        return Reached(1, modules, draw(some("data")), draw(some("metrics")), draw(some("models")))

    audits = {name: reached() for name in draw(st.lists(NAMES, max_size=2, unique=True))}
    return Lock(audits=audits, **pins)


@given(locks())
def test_a_lock_is_read_as_it_was_written(lock: Lock) -> None:
    written = text(lock)
    assert read(written) == lock
    assert text(read(written)) == written
    assert list(json.loads(written)) == sorted(json.loads(written))


@pytest.mark.parametrize("written", ["", "\n\n", "# the root of a project\n", "  # a\n\n# b"])
def test_a_file_of_comments_locks_nothing(written: str) -> None:
    assert read(written) == Lock()


GOOD = json.loads(
    text(
        Lock(
            audits={"a.cycl": Reached(1, ("std.metrics",), {"c.t": "t.csv"}, {}, {"p.m": "demo"})},
            modules={"std.metrics": ModulePin("a" * 64, 1, "1")},
            data={"t.csv": FilePin("b" * 64, 3)},
            models={"demo": ModelPin("c" * 64, "d" * 64, "e" * 64)},
        )
    )
)


def changed(path: str, value: object) -> str:
    data = json.loads(json.dumps(GOOD))
    *above, last = path.split("/")
    at = data
    for part in above:
        at = at[part]
    at[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "is not JSON"),
        ("<<<<<<< mine\n{}\n", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "has no object at `its root`"),
        ("{}", "is of version None"),
        ('{"version": 1, "version": 1}', "gives a member twice"),
        (changed("version", 2), "is of version 2, and this program reads version 1"),
        (changed("more", {}), "has an unknown member `more` at `its root`"),
        (changed("data/t.csv/sha256", "b" * 63), "has no digest of 64 hexadecimal digits at `data.t.csv`"),
        (changed("data/t.csv/bytes", -1), "has no count at `data.t.csv`"),
        (changed("data/t.csv/bytes", True), "has no count at `data.t.csv`"),
        (changed("data/t.csv", 3), "has no object at `data.t.csv`"),
        (changed("data/t.csv/more", 3), "has an unknown member `more` at `data.t.csv`"),
        (changed("modules/std.metrics/edition", "1"), "has no count at `modules.std.metrics`"),
        (changed("models/demo/revision", "main"), "has no commit of 40 hexadecimal digits at `models.demo`"),
        (changed("audits/a.cycl/modules", "std.metrics"), "has no list at `audits.a.cycl`"),
        (
            changed("audits/a.cycl/data", {"c.t": "other.csv"}),
            "names `other.csv` for `a.cycl` and does not pin it",
        ),
        (changed("data/a\nb", {"sha256": "b" * 64, "bytes": 1}), "has no text at `data`"),
    ],
)
def test_what_is_no_lock_is_refused_in_words(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "cycl.lock").write_text(written)
    found = lock_of(tmp_path)
    assert isinstance(found, Diagnostic)
    assert found.code == "CY0901"
    assert said in found.message
    (tmp_path / "a.cycl").write_text("cycl 1\n")
    (told,) = pipeline.check(tmp_path / "a.cycl").diagnostics
    assert told == found


def test_a_lock_that_is_no_file_is_refused(tmp_path: Path) -> None:
    assert lock_of(tmp_path) == Lock()
    (tmp_path / "cycl.lock").write_bytes(b"\xff\xfe")
    found = lock_of(tmp_path)
    assert isinstance(found, Diagnostic) and "is not UTF-8" in found.message
    with (tmp_path / "cycl.lock").open("wb") as file:
        file.truncate(20 << 20)
    found = lock_of(tmp_path)
    assert isinstance(found, Diagnostic) and "more than 16 MiB" in found.message


@pytest.mark.parametrize(
    ("source", "location", "folder", "revision", "key"),
    [
        ("demo", "", "/p/lib", None, "demo"),
        ("hf", "org/name", "/p/lib", None, "org/name"),
        ("hf", "org/name", "/p/lib", "main", "org/name@main"),
        ("local", "mine", "/p/lib", None, "./lib/mine"),
        ("local", "../mine", "/p/lib", None, "./mine"),
        ("local", "/models/mine", "/p/lib", None, "/models/mine"),
        ("openai", "some", "/p/lib", None, None),
    ],
)
def test_a_model_is_known_by_its_place_from_the_root_of_the_project(
    source: str, location: str, folder: str, revision: str | None, key: str | None
) -> None:
    assert model_key(Path("/p"), source, location, folder, revision) == key


def test_a_file_is_known_by_its_path_from_the_root(tmp_path: Path) -> None:
    assert key_in(Path("/p/q"), Path("/p/q/data/x.csv")) == "data/x.csv"
    assert key_in(Path("/p/q"), Path("/p/data/x.csv")) == "../data/x.csv"
    assert key_in(Path("/p/q"), Path("/p/q/lib/../data/x.csv")) == "data/x.csv"
