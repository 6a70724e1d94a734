"""The facts as JSON: complete, finite, documented, and the same whatever the order of rows."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from surveys_on_disk import corpus, random_survey

from cyclspec.compiler.description import facts as module
from cyclspec.compiler.description.record import SCHEMA_VERSION

DOCS = Path(__file__).parents[2] / "docs" / "data.md"


def classes() -> list[type]:
    return [
        c
        for c in vars(module).values()
        if is_dataclass(c) and isinstance(c, type) and c.__module__ == module.__name__
    ]


def test_every_member_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8").split("## The same as JSON")[1]
    names = {field.name for cls in classes() for field in fields(cls)} - {"span"}
    assert len(names) > 50
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_a_description_holds_every_member_and_no_place_of_a_spec(tmp_path: Path) -> None:
    said = corpus("describe", random_survey(0).write(tmp_path), "--format", "json")
    data = json.loads(said.out, parse_constant=lambda name: pytest_fail(name))
    assert data["schema_version"] == SCHEMA_VERSION == 1
    (found,) = data["corpora"]
    assert set(found) == {field.name for field in fields(module.CorpusFacts)}
    assert set(found["people"][0]) == {field.name for field in fields(module.PeopleFacts)}
    assert set(found["answers"][0]["items"][0]) == {field.name for field in fields(module.ItemFacts)}
    assert "span" not in said.out
    assert str(tmp_path) not in said.out


def pytest_fail(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first = corpus("describe", random_survey(0).write(tmp_path / "a"), "--format", "json").out
    assert first == corpus("describe", random_survey(0).write(tmp_path / "b"), "--format", "json").out
