"""Small corpora in every format, the command line in this process, and metadata changed before they are read."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import pyarrow as pa
import pytest

from cyclspec.cli import main as entry

ITEMS = [
    {
        "item": f"q{i}",
        "question": {"en": f'Is it "so"? {i}', "zh": f"是吗？{i}"},
        "options": [
            {"code": "1", "label": {"en": "yes", "zh": "是"}, "value": 1.0, "missing": False},
            {"code": "2", "label": {"en": "no", "zh": "不"}, "value": 2.0, "missing": False},
            {"code": "9", "label": {"en": "none", "zh": "无"}, "value": None, "missing": True},
        ],
    }
    for i in range(3)
]
PEOPLE = [
    {"person": f"p{i}", "town": "AB"[i % 2], "age": 20 + i, "weight": 0.5 + 0.1 * i, "hurried": i % 3 == 0}
    for i in range(8)
]
ANSWERS = [
    {"item": f"q{i}", "person": f"p{j}", "value": "129"[(i + j) % 3]} for i in range(3) for j in range(8)
]
SHARES = [
    {"item": f"q{i}", "town": town, "share": {"1": 0.25, "2": 0.5, "9": 0.25}, "n": 40 + i}
    for i in range(3)
    for town in "AB"
]

AXES = """cycl 1

## Where people live.
axis town : nominal {
  mill    = "A" {en: "the mill",    zh: "磨坊"} { side = left }
  harbour = "B" {en: "the harbour", zh: "港口"} { side = right }
}

axis age : ordinal(years) {
  young = 18..22  {en: "young", zh: "年轻"}
  older = 23..inf {en: "older", zh: "年长"}
}
"""
CORPUS = """
## What was asked in two towns.
corpus towns {{
  title    = "Two towns"
  release  = "1.0.2"
  licence  = "CC-BY-4.0"
  citation = "Nobody (2026). Two towns."
  note     = "Invented."

  ## Questions.
  table items {{
    source = {format}("data/items.{format}")

    item     : key
    question : text(en, zh)
    options  : scale(ordinal, 2..10)
  }}

  table people {{
    source = {format}("data/people.{format}")
    weight = weight

    person  : key
    town    : town
    age     : age
    weight  : real where weight >= 0
    hurried : bool
  }}

  table answers {{
    source = {format}("data/answers.{format}")

    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }}

  table shares {{
    source    = {format}("data/shares.{format}")
    tolerance = 1%

    item  : ref(items)
    town  : town
    share : dist(item.options)
    n     : count
  }}
}}
"""
FORMATS = ("parquet", "csv", "json", "jsonl", "arrow")


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Records in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".json":
            path.write_text(json.dumps(list(rows), ensure_ascii=False), encoding="utf-8")
        case ".jsonl":
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
            path.write_text("".join(lines), encoding="utf-8")
        case ".csv":
            flat = [
                {
                    k: json.dumps(v, ensure_ascii=False) if isinstance(v, list | dict) else v
                    for k, v in row.items()
                }
                for row in rows
            ]
            pd.DataFrame(flat).to_csv(path, index=False)
        case ".parquet":
            pd.DataFrame(list(rows)).to_parquet(path, index=False)
        case _:
            table = pa.Table.from_pylist(list(rows))
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)


def write_corpus(folder: Path, format_: str = "jsonl", axes: str = "") -> Path:
    """The corpus in one format; with `axes` its axes stand in a file of that name. The path of its declaration."""
    items = ITEMS
    if format_ == "csv":
        items = [
            {**{f"question_{lang}": text for lang, text in item["question"].items()}, **item}
            for item in ITEMS
        ]
        items = [{name: value for name, value in item.items() if name != "question"} for item in items]
    for name, rows in (("items", items), ("people", PEOPLE), ("answers", ANSWERS), ("shares", SHARES)):
        write_rows(folder / "data" / f"{name}.{format_}", rows)
    corpus = CORPUS.format(format=format_)
    if axes:
        (folder / axes).write_text(AXES, encoding="utf-8")
        corpus = f'cycl 1\n\nimport {{ town, age }} from "{axes}"\n{corpus}'
    path = folder / "towns.cycl"
    path.write_text(corpus if axes else AXES + corpus, encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


def corpus(*args: str | Path) -> Said:
    """`cyclspec corpus ...` in this process; an internal error fails the test."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["cyclspec", "corpus", *map(str, args)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        entry.main()
    assert "internal error" not in err.getvalue(), err.getvalue()
    code = ended.value.code
    return Said(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


def exported(path: Path, *options: str) -> Path:
    """The metadata of a corpus, beside its declaration."""
    out = path.parent / "croissant.json"
    said = corpus("croissant", path, "-o", out, *options)
    assert said.code == 0, said.err
    return out


def changed(metadata: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Writes changed metadata in the place of others."""
    data = copy.deepcopy(json.loads(metadata.read_text(encoding="utf-8")))
    change(data)
    metadata.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return metadata


def without_definition(data: dict[str, Any]) -> None:
    """Takes the declaration out of metadata, as in those of others."""
    data["distribution"] = [one for one in data["distribution"] if not one["@id"].endswith(".cycl")]
