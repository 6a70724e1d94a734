"""A script in the place of the models of a method: letters, labelled answers and records, drawn from a request's key.

Some replies cannot be read, so that tries, fail columns and missing answers come up too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cyclspec
from cyclspec import pipeline
from cyclspec.compiler.plan.plan import Plan, PlannedModel
from cyclspec.compiler.plan.reads import Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.runtime.engine.writing import Written

ROOT = Path(__file__).resolve().parents[2]
VALUES = ROOT / "specs" / "corpora" / "values"


@dataclass(frozen=True)
class Script:
    """`broken` is the share of replies that cannot be read."""

    broken: float

    def answers(self, plan: Plan, model: PlannedModel, known: Mapping[str, object]) -> Iterator[Written]:
        tokenizer = Tokenizer(model.asked.checkpoint)
        for request in plan.requests:
            if request.digest == model.asked.digest and request.key not in known:
                ids = tokenizer.encode([self.text(request)], prompt="reply", plain=False)[0].ids
                yield Written(request.key, ids, "stop")

    def text(self, request: Request) -> str:
        rng = np.random.default_rng(int(request.key[:12], 16))
        assert isinstance(request.read, Writing)
        if rng.random() < self.broken:
            return "{" if request.read.record else "I cannot say."
        if request.read.record:
            return json.dumps(_record(request.read.record.json_schema, rng), separators=(",", ":"))
        place = min(int(rng.geometric(0.5)) - 1, len(request.labels) - 1)
        return f"{'ABCDEFGHIJK'[place]}\nExplanation: so it is."


def _record(schema: Mapping[str, Any], rng: np.random.Generator) -> Any:
    match schema["type"]:
        case "object":
            return {name: _record(one, rng) for name, one in schema["properties"].items()}
        case "array":
            return [_record(schema["items"], rng) for _ in range(max(1, schema["minItems"]))]
        case "number":
            return round(float(rng.uniform(schema["minimum"], schema["maximum"])), 2)
        case "string" if "enum" in schema:
            return schema["enum"][min(int(rng.geometric(0.4)) - 1, len(schema["enum"]) - 1)]
        case "string":
            return "A life"
    raise NotImplementedError(schema)


def ran(name: str, folder: Path, params: Mapping[str, str], script: Script) -> cyclspec.Run:
    """A run of a method as it is shipped, on three models that differ, with a script in their place."""
    places = {}
    for at, model in enumerate(("tiny", "a", "b")):
        places[model] = str(shutil.copytree(ROOT / "specs" / "demo", folder / model))
        _edit(folder / model / "config.json", rms_norm_eps=1e-6 * (1 + at), max_position_embeddings=4096)
        _edit(folder / model / "tokenizer_config.json", model_max_length=4096)
    spec = ROOT / "specs" / "methods" / f"{name}.cycl"
    context = pipeline.check(spec, params).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    planned = pipeline.plan(opened, places=places)
    found, _ = pipeline.run(opened, planned, folder / "out", None, script)
    found.remember(spec, params, places, opened.audit.name)
    return found


def _edit(path: Path, **facts: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | facts), encoding="utf-8")


def scales(themes: set[str]) -> dict[str, list[str]]:
    """The codes of the options that count, by item."""
    items = [json.loads(line) for line in (VALUES / "items.jsonl").read_text("utf-8").splitlines()]
    return {
        one["item"]: [option["code"] for option in one["options"] if not option.get("missing")]
        for one in items
        if one["theme"] in themes
    }


def people_answers() -> pd.DataFrame:
    """What the people of the corpus answered, beside who they are; codes as text."""
    answers = pd.read_parquet(VALUES / "answers.parquet").merge(
        pd.read_parquet(VALUES / "people.parquet"), on="person"
    )
    for column in ("item", "person", "value", "country", "sex", "age"):
        answers[column] = answers[column].astype(str)
    return answers


def shares(values: pd.Series, codes: list[str]) -> np.ndarray:
    """Shares over the options that count; NaN where nobody chose one."""
    counts = values.value_counts().reindex(codes).fillna(0).to_numpy(float)
    total = counts.sum()
    return counts / total if total else np.full(len(codes), np.nan)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Categories as text, so that groups have no empty cells."""
    for column in table.columns:
        if isinstance(table[column].dtype, pd.CategoricalDtype):
            table[column] = table[column].astype(object)
    return table
