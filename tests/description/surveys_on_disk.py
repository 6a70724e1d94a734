"""Invented surveys as files with their declaration, and the command line run in this process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from cyclspec.cli import main as entry

OPTIONS = [
    {"code": "1", "label": {"en": "yes", "zh": "是"}},
    {"code": "2", "label": {"en": "perhaps", "zh": "也许"}},
    {"code": "3", "label": {"en": "no", "zh": "不"}},
    {"code": "9", "label": {"en": "I do not know", "zh": "不知道"}, "missing": True},
]

SPEC = """cycl 1

axis country : nominal {
  aa = "AA" {en: "Aland",  zh: "甲国"}
  bb = "BB" {en: "Beland", zh: "乙国"}
  cc = "CC" {en: "Celand", zh: "丙国"}
}

axis age : ordinal(years) {
  young = 18..39  {en: "under 40",    zh: "40岁以下"}
  older = 40..inf {en: "40 or older", zh: "40岁及以上"}
}

corpus survey {
  title   = "An invented survey"
  release = "1.2"
  licence = "CC0-1.0"

  table items {
    source = jsonl("items.jsonl")

    item     : key
    question : text(en, zh)
    options  : scale(ordinal, 2..10)
  }

  table people {
    source  = parquet("people.parquet")
    weight  = weight
    strata  = stratum
    cluster = psu

    person  : key
    country : country
    age     : age
    stratum : nominal
    psu     : count
    weight  : real where weight >= 0
  }

  table answers {
    source = parquet("answers.parquet")

    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)?
  }
}
"""


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """The only corpus of a description in JSON."""
        return json.loads(self.out)["corpora"][0]

    @property
    def codes(self) -> list[str]:
        return [found["code"] for found in json.loads(self.out)]


def corpus(*args: str | Path) -> Said:
    """`cyclspec corpus ...` in this process; a traceback fails the test."""
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


@dataclass(frozen=True, slots=True)
class Survey:
    """The tables of a survey; `people` has the names of levels beside the codes of the files."""

    items: list[dict[str, Any]]
    people: pd.DataFrame
    answers: pd.DataFrame

    def write(self, folder: Path, spec: str = SPEC) -> Path:
        """Writes the files and their declaration, and gives the path of that."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(item, ensure_ascii=False) + "\n" for item in self.items]
        (folder / "items.jsonl").write_text("".join(lines), encoding="utf-8")
        self.people.drop(columns=["level"]).to_parquet(folder / "people.parquet", index=False)
        self.answers.to_parquet(folder / "answers.parquet", index=False)
        path = folder / "survey.cycl"
        path.write_text(spec, encoding="utf-8")
        return path


def items(n: int) -> list[dict[str, Any]]:
    """Items with three options and one that is missing."""
    return [
        {"item": f"q{i}", "question": {"en": f"Question {i}?", "zh": f"问题{i}？"}, "options": OPTIONS}
        for i in range(n)
    ]


def random_survey(seed: int, n_people: int = 400, n_items: int = 12) -> Survey:
    """People with weights around one in each country, some of them zero; some answers missing, some not asked."""
    rng = np.random.default_rng(seed)
    country = rng.choice(["AA", "BB", "CC"], n_people, p=[0.5, 0.3, 0.2])
    age = rng.integers(18, 90, n_people)
    weight = rng.lognormal(0.0, 0.6, n_people) * (rng.random(n_people) > 0.05)
    people = pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(n_people)],
            "country": country,
            "age": age,
            "stratum": [f"s{i}" for i in rng.integers(0, 7, n_people)],
            "psu": rng.integers(0, 4, n_people),
            "weight": weight / pd.Series(weight).groupby(country).transform("mean"),
            "level": np.where(age < 40, "young", "older"),
        }
    )
    rows = [(f"q{i}", f"p{j}") for i in range(n_items) for j in range(n_people) if rng.random() > 0.1]
    answers = pd.DataFrame(rows, columns=["item", "person"])
    answers["value"] = rng.choice(["1", "2", "3", "9", None], len(rows), p=[0.5, 0.25, 0.15, 0.06, 0.04])
    return Survey(items(n_items), people, answers)
