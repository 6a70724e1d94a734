"""WorldValuesBench: recorded answers of two models, with what is missing by reason and what it could change.

    python scripts/realdata/worldvalues.py ../shared/data/worldvaluesbench OUT

writes the tables of `worldvalues.cycl` to OUT, runs its audit there, and prints its measures. The files are those of
github.com/Demon702/WorldValuesBench: the probe set with its metadata, and the answers of the models. The answers of
people are not published with them.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from comparison import laid_out

import cyclspec

MODELS = {
    "gpt-3.5": ("gpt", "nothing"),
    "gpt-3.5_with_demographics": ("gpt", "demographics"),
    "mixtral": ("mixtral", "nothing"),
    "mixtral_with_demographics": ("mixtral", "demographics"),
}
HEAD = (
    "measure",
    "base",
    "told",
    "continent",
    "value",
    "low",
    "high",
    "bounds",
    "used",
    "off scale",
    "absent",
)
EDUCATION = {
    "Primary or No Education": "primary",
    "Lower Secondary": "lower",
    "Upper to Post Secondary": "upper",
    "Tertiary": "tertiary",
}


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a file with tabs."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def items(data: Path, asked: set[str]) -> Iterator[dict[str, Any]]:
    """The questions of the probe set, with every step of their scale as an option."""
    known = json.loads((data / "question_metadata.json").read_text(encoding="utf-8"))
    for name in sorted(asked):
        steps = range(int(known[name]["answer_scale_min"]), int(known[name]["answer_scale_max"]) + 1)
        yield {"item": name, "question": known[name]["question"], "options": [str(step) for step in steps]}


def scores(data: Path, scales: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    """One row an answer; one that is no step of its scale has the reason why it is none."""
    samples = {(row["Question"], row["D_INTERVIEW"]): row for row in table(data / "samples.tsv")}
    for model, (base, told) in MODELS.items():
        repeats: Counter[tuple[str, ...]] = Counter()
        for row in table(data / "model_outputs" / f"{model}.tsv"):
            person = samples[row["QUESTION_ID"], row["PARTICIPANT_ID"]]
            cell = (row["QUESTION_ID"], person["Continent"], person["Education"])
            repeats[cell] += 1
            said = row["SCORE"].strip().removesuffix(".0")
            there = said in scales[row["QUESTION_ID"]]
            yield {
                "item": row["QUESTION_ID"],
                "continent": person["Continent"].lower().replace(" ", "_"),
                "education": EDUCATION[person["Education"]],
                "base": base,
                "told": told,
                "repeat": repeats[cell],
                "score": said if there else None,
                "why": None if there else "off scale" if said.isdecimal() else "unreadable",
            }


def write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Rows as lines of JSON."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def run(data: Path, folder: Path) -> Any:
    """Writes the tables, and runs the audit."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = list(items(data, {row["Question"] for row in table(data / "samples.tsv")}))
    write(folder / "items.jsonl", iter(asked))
    write(folder / "scores.jsonl", scores(data, {one["item"]: one["options"] for one in asked}))
    spec = folder / "worldvalues.cycl"
    shutil.copyfile(Path(__file__).with_name("worldvalues.cycl"), spec)
    return cyclspec.load(spec).run(out=folder / "runs")


def shown(found: Any) -> Iterator[tuple[str, ...]]:
    """The measures, a row each."""
    for row in found.measures.to_pylist():
        interval = tuple("" if row[end] is None else f"{row[end]:.4f}" for end in ("low", "high"))
        bounds = "" if row["bound_low"] is None else f"{row['bound_low']:.4f} to {row['bound_high']:.4f}"
        counts = (str(row[name]) for name in ("n_used", "n_off_scale", "n_absent"))
        names = (row[axis] or "" for axis in ("base", "told", "continent"))
        yield (row["measure"], *names, f"{row['value']:.4f}", *interval, bounds, *counts)


def main(data: str, folder: str) -> None:
    print(laid_out([HEAD, *shown(run(Path(data), Path(folder)))]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
