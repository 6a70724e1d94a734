"""SCRUPLES: how near to five annotators a perfect model could be, beside a simulation by NumPy.

    python scripts/realdata/scruples.py ../shared/data/scruples_human_label_counts OUT

writes the tables of `scruples.cycl` to OUT, runs its audit there, and prints its measures with their noise ceiling. The
file is `dev.scruples-dilemmas_label-counts.json` of github.com/allenai/scruples: counts of labels, in the order of the
development set.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from comparison import laid_out
from scipy.spatial.distance import jensenshannon

import cyclspec

FILE = "dev.scruples-dilemmas_label-counts.json"
HEAD = ("measure", "all labels alike", "uniform", "ceiling", "simulated", "dilemmas")


def write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Rows as lines of JSON."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run(data: Path, folder: Path) -> tuple[np.ndarray, Any]:
    """The counts, and the run of the audit on tables of them: one row a label."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = np.array(json.loads((data / FILE).read_text(encoding="utf-8")))
    overall = (counts.sum(axis=0) / counts.sum()).tolist()
    items = range(len(counts))
    write(folder / "items.jsonl", ({"item": f"d{at}", "options": ["first", "second"]} for at in items))
    # A file of counts does not say who judged what: each dilemma has a first, second .. label.
    write(folder / "people.jsonl", ({"person": f"p{at}"} for at in range(int(counts.sum(axis=1).max()))))
    write(
        folder / "labels.jsonl",
        (
            {"item": f"d{at}", "person": f"p{place}", "label": label}
            for at, (first, second) in enumerate(counts.tolist())
            for place, label in enumerate(["first"] * first + ["second"] * second)
        ),
    )
    shares = dict(zip(("first", "second"), overall, strict=True))
    write(folder / "replies.jsonl", ({"item": f"d{at}", "shares": shares} for at in items))
    spec = folder / "scruples.cycl"
    shutil.copyfile(Path(__file__).with_name("scruples.cycl"), spec)
    return counts, cyclspec.load(spec).run(out=folder / "runs")


def simulated(counts: np.ndarray, draws: int = 200) -> dict[str, float]:
    """The mean closeness of p* and five labels drawn from it, p* ~ Dirichlet(counts + 1/2)."""
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"near_js": [], "near_tv": []}
    for _ in range(draws):
        gammas = rng.standard_gamma(counts + 0.5)
        truth = gammas / gammas.sum(axis=1, keepdims=True)
        labels = rng.multinomial(counts.sum(axis=1), truth) / counts.sum(axis=1, keepdims=True)
        found["near_js"].append(1.0 - float(np.mean(jensenshannon(truth, labels, base=2, axis=1))))
        found["near_tv"].append(1.0 - float(np.abs(truth - labels).sum(axis=1).mean() / 2.0))
    return {name: float(np.mean(values)) for name, values in found.items()}


def shown(counts: np.ndarray, found: Any) -> Iterator[tuple[str, ...]]:
    """By measure: a model that treats all dilemmas alike, a uniform one, and the ceiling in two ways."""
    beside = simulated(counts)
    for row in found.measures.to_pylist():
        numbers = (row["value"], row["uniform"], row["floor"], beside[row["measure"]])
        yield (row["measure"], *(f"{number:.4f}" for number in numbers), str(row["n_used"]))


def main(data: str, folder: str) -> None:
    print(laid_out([HEAD, *shown(*run(Path(data), Path(folder)))]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
